//! The sender: delivers each webhook until it gets a 2xx, waiting longer after each failure.
//!
//! A delivery is struck off the journal only after its 2xx, so one that was cut off by a crash is sent again.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::sign::signature;
use crate::{
    Error,
    account::Shared,
    limits,
    objects::seconds,
    state::{Change, Delivery},
};

/// The client that delivers. It follows no redirect, uses no proxy and trusts no certificate: the endpoint of a
/// sandbox is on the same machine and speaks plain HTTP.
pub(crate) fn client() -> Result<reqwest::Client, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider supports the default protocol versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(limits::DELIVERY_TIMEOUT_SECONDS))
        .build()
        .map_err(Error::Client)
}

/// Delivers until told to stop; also carries out what happens by itself while nobody calls.
pub(crate) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    let mut sending = JoinSet::new();
    let mut on_their_way = HashSet::new();
    loop {
        for delivery in due(&shared, &on_their_way) {
            on_their_way.insert(delivery.id.clone());
            sending.spawn(deliver(Arc::clone(&shared), delivery));
        }
        let wait = until_next(&shared, &on_their_way);
        tokio::select! {
            () = shutdown.cancelled() => return,
            Some(ended) = sending.join_next(), if !sending.is_empty() => {
                if let Ok((delivery, accepted)) = ended {
                    on_their_way.remove(&delivery.id);
                    end(&shared, delivery, accepted);
                }
            }
            () = shared.wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// What is to be sent now, as far as there is room.
fn due(shared: &Shared, on_their_way: &HashSet<String>) -> Vec<Delivery> {
    let account = shared.settled();
    if shared.webhook_url().is_none() {
        return Vec::new();
    }
    let now = shared.now();
    account
        .state
        .deliveries_by_due()
        .take_while(|delivery| delivery.due <= now)
        .filter(|delivery| !on_their_way.contains(&delivery.id))
        .take(limits::DELIVERIES_AT_ONCE.saturating_sub(on_their_way.len()))
        .cloned()
        .collect()
}

/// How long there is nothing to do. The clock may be a settable one, so it is looked at a few times a second as
/// long as anything waits for it.
fn until_next(shared: &Shared, on_their_way: &HashSet<String>) -> Duration {
    let account = shared.account();
    let idle = Duration::from_millis(250);
    if on_their_way.len() >= limits::DELIVERIES_AT_ONCE || shared.webhook_url().is_none() {
        return idle;
    }
    let delivery = account
        .state
        .deliveries_by_due()
        .find(|delivery| !on_their_way.contains(&delivery.id))
        .map(|delivery| delivery.due);
    let object = account.state.next_due_object().map(|(due, _)| *due);
    match delivery.into_iter().chain(object).min() {
        None => idle,
        Some(due) => {
            let wait = u64::try_from(due.saturating_sub(shared.now())).unwrap_or(0);
            Duration::from_millis(wait.max(1)).min(idle)
        }
    }
}

async fn deliver(shared: Arc<Shared>, delivery: Delivery) -> (Delivery, bool) {
    let body = {
        let mut account = shared.account();
        account.counters.webhooks_sent += 1;
        let pending = account.state.pending_of_event(&delivery.event);
        // Spread over lines, as Stripe sends it: a receiver that signs its own rendering is found out.
        account
            .state
            .events
            .get(&delivery.event)
            .and_then(|event| serde_json::to_string_pretty(&event.view(pending)).ok())
    };
    let (Some(body), Some(url)) = (body, shared.webhook_url()) else { return (delivery, false) };
    let seconds = seconds(shared.now());
    let request = shared
        .client
        .post(url)
        .header("content-type", "application/json; charset=utf-8")
        .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("stripe-signature", signature(&shared.options.webhook_secret, seconds, &body))
        .body(body);
    let accepted = match request.send().await {
        Ok(response) => response.status().is_success(),
        Err(error) => {
            tracing::debug!(event = delivery.event, error = %error.without_url(), "webhook failed");
            false
        }
    };
    (delivery, accepted)
}

fn end(shared: &Shared, mut delivery: Delivery, accepted: bool) {
    let now = shared.now();
    let mut account = shared.account();
    if account.state.delivery(&delivery.id).is_none() {
        return;
    }
    let given_up = now - delivery.created >= limits::DELIVERY_GIVEN_UP_MS;
    let change = if accepted || given_up {
        if accepted {
            account.counters.webhooks_delivered += 1;
        } else {
            account.counters.webhooks_given_up += 1;
        }
        Change::DeliveryDone(delivery.id)
    } else {
        delivery.attempts += 1;
        delivery.due = now.saturating_add(wait_after(delivery.attempts));
        Change::Delivery(delivery)
    };
    shared.commit(&mut account, 0, vec![change]);
}

/// The wait after this many failures, in milliseconds.
fn wait_after(failures: u32) -> i64 {
    limits::REDELIVERY_FIRST_MS
        .saturating_mul(1 << failures.saturating_sub(1).min(20))
        .min(limits::REDELIVERY_LAST_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_a_second_to_five_minutes() {
        assert_eq!(
            [1, 2, 3, 9, 10, 90].map(wait_after),
            [1000, 2000, 4000, 256_000, 300_000, 300_000]
        );
    }
}
