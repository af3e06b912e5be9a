//! Where each role of the service listens: all at one address, or each at its own.

/// Origins, as `http://127.0.0.1:8080`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    pub engine: String,
    pub waiting_room: String,
    pub seatmap: String,
    pub payments: String,
}

impl Hosts {
    /// All roles at one address.
    pub fn one(base: &str) -> Self {
        let base = || base.to_owned();
        Self { engine: base(), waiting_room: base(), seatmap: base(), payments: base() }
    }

    /// The whole address of a path, which tells its role as an ingress reads it.
    pub fn url(&self, path: &str) -> String {
        let bare = path.split('?').next().unwrap_or_default();
        let base = match bare.strip_prefix("/v1/events/").and_then(|rest| rest.split_once('/')) {
            Some((_, rest)) if rest == "queue" || rest.starts_with("queue/") => &self.waiting_room,
            Some((_, "live")) => &self.seatmap,
            _ if bare.starts_with("/v1/orders/") && bare.ends_with("/payment") => &self.payments,
            _ => &self.engine,
        };
        format!("{base}{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_to_its_role() {
        let hosts = Hosts {
            engine: "e".into(),
            waiting_room: "w".into(),
            seatmap: "s".into(),
            payments: "p".into(),
        };
        for (path, role) in [
            ("/v1/events", 'e'),
            ("/v1/events/sale/chart", 'e'),
            ("/v1/events/queue", 'e'),
            ("/v1/events/sale/queue", 'w'),
            ("/v1/events/sale/queue/enter", 'w'),
            ("/v1/events/sale/live?since=1.2", 's'),
            ("/v1/orders", 'e'),
            ("/v1/orders/ord_1", 'e'),
            ("/v1/orders/ord_1/payment", 'p'),
            ("/v1/audit", 'e'),
        ] {
            assert_eq!(hosts.url(path), format!("{role}{path}"));
        }
    }
}
