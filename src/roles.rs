//! The roles of one image; a process runs one, some or all of them.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// One part of the service. Which route belongs to which role stands in its router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Engine,
    WaitingRoom,
    SeatmapWs,
    Payments,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Engine, Self::WaitingRoom, Self::SeatmapWs, Self::Payments];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::WaitingRoom => "waiting-room",
            Self::SeatmapWs => "seatmap-ws",
            Self::Payments => "payments",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no role {text:?}; roles are {known}")
        })
    }
}

/// The roles of a process; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Those named; all of them when none is.
    pub fn new(named: &[Role]) -> Self {
        let named = if named.is_empty() { &Role::ALL } else { named };
        Self(named.iter().copied().collect())
    }

    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    pub fn are_all(&self) -> bool {
        self.0.len() == Role::ALL.len()
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().map(|role| role.as_str()).collect();
        f.write_str(&names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_name_a_process_runs_all_roles() {
        assert!(Roles::new(&[]).are_all());
        let engine = Roles::new(&["engine".parse().unwrap()]);
        assert!(engine.has(Role::Engine) && !engine.has(Role::Payments) && !engine.are_all());
        assert!(
            "kitchen"
                .parse::<Role>()
                .unwrap_err()
                .contains("engine, waiting-room, seatmap-ws, payments")
        );
    }
}
