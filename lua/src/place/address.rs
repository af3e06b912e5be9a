//! The addresses that `HOLDFAST_REDIS_URL` takes.

use redis::{ConnectionInfo, IntoConnectionInfo};

use crate::error::Error;

/// Where the store is.
pub(crate) enum Address {
    InProcess,
    Standalone(Box<ConnectionInfo>),
    Sentinel(Box<Sentinels>),
    Cluster(Vec<ConnectionInfo>),
}

/// Who knows which server is the master, and how to talk to that one.
pub(crate) struct Sentinels {
    pub sentinels: Vec<ConnectionInfo>,
    pub master: String,
    /// Its host and port are replaced by what the Sentinels say.
    pub template: ConnectionInfo,
}

impl Address {
    /// Reads an address. User and password, if any, are those of the servers that keep the data;
    /// Sentinels are asked without.
    pub fn parse(url: &str) -> Result<Self, Error> {
        if url.is_empty() {
            return Ok(Self::InProcess);
        }
        let (scheme, rest) = url.split_once("://").ok_or(Error::Address("it has no scheme"))?;
        match scheme {
            "redis" | "rediss" => Ok(Self::Standalone(Box::new(node(url)?))),
            "redis+sentinel" => {
                let (login, hosts, path) = parts(rest);
                let (master, database) = path.split_once('/').unwrap_or((path, ""));
                if master.is_empty() {
                    return Err(Error::Address("it names no master"));
                }
                let sentinel = |host: &str| node(&format!("redis://{}", with_port(host, 26_379)));
                let sentinels = hosts.map(sentinel).collect::<Result<Vec<_>, _>>()?;
                let template = node(&format!("redis://{login}master/{database}"))?;
                let master = master.to_owned();
                Ok(Self::Sentinel(Box::new(Sentinels { sentinels, master, template })))
            }
            "redis+cluster" => {
                let (login, hosts, _) = parts(rest);
                let host = |host: &str| node(&format!("redis://{login}{host}"));
                Ok(Self::Cluster(hosts.map(host).collect::<Result<Vec<_>, _>>()?))
            }
            _ => Err(Error::Address("its scheme is not known")),
        }
    }
}

/// Login with its `@`, hosts, and what follows the first slash.
fn parts(rest: &str) -> (String, impl Iterator<Item = &str>, &str) {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), authority),
    };
    (login, hosts.split(','), path)
}

fn with_port(host: &str, port: u16) -> String {
    let after_address = host.rsplit_once(']').map_or(host, |(_, rest)| rest);
    if after_address.contains(':') { host.to_owned() } else { format!("{host}:{port}") }
}

/// One server. Small commands that wait for each other are what `TCP_NODELAY` is for; the client
/// leaves it off.
fn node(url: &str) -> Result<ConnectionInfo, Error> {
    let info = url.into_connection_info();
    // The client's error may show the address, and with it a password.
    let info = info.map_err(|_| Error::Address("host, port, user or database"))?;
    let settings = info.tcp_settings().clone().set_nodelay(true);
    Ok(info.set_tcp_settings(settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(nodes: &[ConnectionInfo]) -> Vec<String> {
        nodes.iter().map(|node| node.addr().to_string()).collect()
    }

    #[test]
    fn every_form_of_an_address_is_read() {
        assert!(matches!(Address::parse("").unwrap(), Address::InProcess));
        let Address::Standalone(node) = Address::parse("redis://u:p%40@h:7/3").unwrap() else {
            panic!()
        };
        assert!(node.tcp_settings().nodelay());
        assert_eq!(node.redis_settings().password(), Some("p@"));
        let url = "redis+sentinel://:secret@a:1,b,[::1]:3/main/2";
        let Address::Sentinel(group) = Address::parse(url).unwrap() else { panic!() };
        assert_eq!(hosts(&group.sentinels), ["a:1", "b:26379", "::1:3"]);
        assert_eq!(group.sentinels[0].redis_settings().password(), None);
        assert_eq!(group.master, "main");
        assert_eq!(group.template.redis_settings().password(), Some("secret"));
        assert_eq!(group.template.redis_settings().db(), 2);
        let Address::Cluster(nodes) = Address::parse("redis+cluster://a:1,b:2").unwrap() else {
            panic!()
        };
        assert_eq!(hosts(&nodes), ["a:1", "b:2"]);
    }

    #[test]
    fn an_address_that_is_not_understood_is_never_shown() {
        for url in ["nonsense", "http://h", "redis://:secret@h:x", "redis+sentinel://:secret@h"] {
            let Err(error) = Address::parse(url) else { panic!("{url}") };
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }
}
