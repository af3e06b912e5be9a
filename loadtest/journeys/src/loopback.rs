//! Load goes to this machine only: an address anywhere else is refused before anything is sent.

use anyhow::{Result, bail};
use reqwest::Url;

/// The origin that `address` names, `http://127.0.0.1:8080`, when it is on the loopback.
///
/// A name is not looked up: who may answer for it is not known here. `localhost` is taken for
/// 127.0.0.1.
pub fn check(address: &str) -> Result<String> {
    let Ok(url) = Url::parse(address) else { bail!("{address} is no address") };
    let host = match url.host_str() {
        Some("localhost") => "127.0.0.1",
        Some(host) => host,
        None => "",
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    if url.scheme() != "http" || !is_loopback {
        bail!("{address} is not on the loopback: load goes to this machine only");
    }
    Ok(format!("http://{host}:{}", url.port_or_known_default().unwrap_or(80)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_taken() {
        for (address, origin) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.0.0.7:81/", "http://127.0.0.7:81"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://localhost:8080", "http://127.0.0.1:8080"),
        ] {
            assert_eq!(check(address).ok().as_deref(), Some(origin));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for address in [
            "http://192.0.2.1:8080",
            "http://0.0.0.0:8080",
            "http://example.org",
            "http://127.0.0.1.example.org",
            "http://127.0.0.1@192.0.2.1/",
            "https://127.0.0.1:8080",
            "https://api.stripe.com",
            "127.0.0.1:8080",
            "",
        ] {
            assert!(check(address).is_err(), "{address}");
        }
    }
}
