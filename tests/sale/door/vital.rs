//! What must be answered whatever else goes on: a webhook that Stripe has signed, and the probes.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use super::wire::{Door, get};
use crate::support::{ServerOptions, random_text, wait_for};

const WEBHOOK_SECRET: &str = "whsec_that_only_this_test_suite_uses";

/// A server that knows the secret.
pub fn options() -> ServerOptions {
    ServerOptions::default().with("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
}

/// A delivery as Stripe makes it, of an event that is kept and asks for nothing.
pub fn signed_webhook() -> String {
    let event = json!({
        "id": format!("evt_{}", random_text()), "object": "event", "type": "product.created",
        "created": 1, "livemode": false, "data": {"object": {"id": "prod_1", "object": "product"}},
    });
    let body = event.to_string();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut digest = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("a key");
    digest.update(format!("{now}.{body}").as_bytes());
    let signature = HEXLOWER.encode(&digest.finalize().into_bytes());
    format!(
        "POST /v1/stripe/webhook HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\
         Content-Type: application/json\r\nStripe-Signature: t={now},v1={signature}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Each is answered. A ledger or a probe that says it is slow just now is asked again, as Stripe and
/// orchestrators do, and so is a door that had to cut off somebody for another; how often is told. One
/// that has no place for it is at fault.
pub async fn assert_vital_is_answered(door: Door) -> usize {
    let stored = |answer: &str| answer.contains(r#"{"received":true}"#);
    let cut_off = AtomicUsize::new(0);
    for (request, is_right) in [
        (signed_webhook(), &stored as &(dyn Fn(&str) -> bool + Sync)),
        (get("/livez", ""), &|_| true),
        (get("/readyz", ""), &|_| true),
        (get("/metrics", ""), &|answer| answer.contains("holdfast_http_requests_total")),
    ] {
        let answer = wait_for("an answer", 60, || async {
            let heard = door.exchange(&request).await;
            assert_ne!(heard.json()["code"], "overloaded", "{request}");
            match heard.statuses()[..] {
                [] => {
                    cut_off.fetch_add(1, Ordering::Relaxed);
                    None
                }
                [503] => None,
                _ => Some(heard),
            }
        })
        .await;
        assert_eq!(answer.statuses(), [200], "{request}: {}", answer.0);
        assert!(is_right(&answer.0), "{request}: {}", answer.0);
    }
    cut_off.into_inner()
}
