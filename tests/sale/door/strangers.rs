//! Who somebody is: the address that a limit strikes is the peer's, or what a trusted proxy says.

use std::net::Ipv4Addr;

use super::{
    server,
    wire::{Door, Heard, get},
};
use crate::support::ServerOptions;

const LIMIT: usize = 10;
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 8);
const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

fn limited() -> ServerOptions {
    ServerOptions::default()
        .with("HOLDFAST_RATE_LIMIT_PER_MINUTE", &LIMIT.to_string())
        .with("HOLDFAST_TRUSTED_PROXIES", &PROXY.to_string())
}

/// What an address has left after this request.
fn remaining(heard: &Heard) -> usize {
    let text = heard.header("ratelimit-remaining").unwrap_or_else(|| panic!("{}", heard.0));
    text.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_claims_many_addresses_is_limited_as_one() {
    let server = server(limited()).await;
    let door = Door::of(&server);
    let claims = [
        "X-Forwarded-For: 198.51.100.N",
        "X-Forwarded-For: 198.51.100.N, 127.0.0.9",
        "Forwarded: for=198.51.100.N;proto=https",
        "X-Real-IP: 198.51.100.N",
        "True-Client-IP: 198.51.100.N\r\nCF-Connecting-IP: 198.51.100.N",
    ];
    for number in 0..LIMIT {
        let claim = claims[number % claims.len()].replace('N', &number.to_string());
        let request = get("/v1/events", &format!("{claim}\r\n"));
        let heard = door.exchange_from(STRANGER, request).await;
        assert_eq!(heard.statuses(), [200], "{}", heard.0);
        assert_eq!(remaining(&heard), LIMIT - 1 - number, "{claim}");
    }
    for claim in claims {
        let request = get("/v1/events", &format!("{}\r\n", claim.replace('N', "200")));
        let heard = door.exchange_from(STRANGER, request).await;
        heard.expect_refusal(429, "rate_limited");
        assert!(heard.header("retry-after").is_some(), "{}", heard.0);
    }
    // Nobody else pays for it, nor the address that was claimed.
    let other = door.exchange_from(Ipv4Addr::new(127, 0, 0, 10), get("/v1/events", "")).await;
    assert_eq!(remaining(&other), LIMIT - 1);
    let claimed = get("/v1/events", "X-Forwarded-For: 198.51.100.1\r\n");
    assert_eq!(remaining(&door.exchange_from(PROXY, claimed).await), LIMIT - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_tells_clients_apart_and_passes_no_forgery_on() {
    let server = server(limited()).await;
    let door = Door::of(&server);
    let ask = async |forwarded: &str| {
        let heard = door.exchange_from(PROXY, get("/v1/events", &format!("{forwarded}\r\n"))).await;
        assert_eq!(heard.statuses(), [200], "{}", heard.0);
        remaining(&heard)
    };
    for client in 1..=20 {
        let forwarded = format!("X-Forwarded-For: 198.51.100.{client}");
        assert_eq!(ask(&forwarded).await, LIMIT - 1, "{forwarded}");
    }
    // The same client, whatever it put in front.
    for (number, forged) in ["203.0.113.1, ", "127.0.0.9, ", "unknown, ", ", "].iter().enumerate() {
        let forwarded = format!("X-Forwarded-For: {forged}198.51.100.1");
        assert_eq!(ask(&forwarded).await, LIMIT - 2 - number, "{forwarded}");
    }
    // Not the header that this proxy was trusted to write: all of them are the proxy's own.
    for (number, forged) in
        ["Forwarded: for=198.51.100.99", "X-Real-IP: 198.51.100.99"].iter().enumerate()
    {
        assert_eq!(ask(forged).await, LIMIT - 1 - number, "{forged}");
    }
}
