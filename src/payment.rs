//! Which Stripe the payments role speaks to: the real one, or the sandbox inside this process.

use std::sync::Arc;

use anyhow::Result;
use domain::time::Clock;
use payments::PaymentsSettings;
use platform::Settings;
use sandbox::{Sandbox, SandboxOptions};

use crate::address::reachable;

/// Keys of the sandbox's one account. They open nothing but the sandbox, which moves no money.
const SANDBOX_SECRET_KEY: &str = "sk_test_holdfast_sandbox";
const SANDBOX_PUBLISHABLE_KEY: &str = "pk_test_holdfast_sandbox";
const SANDBOX_WEBHOOK_SECRET: &str = "whsec_holdfast_sandbox";
/// Where the sandbox stands on the listener.
pub const SANDBOX_PATH: &str = "/sandbox/stripe";

/// The payments role's settings, checked. With the sandbox on, what Stripe's settings leave out
/// points at the sandbox.
pub fn settings(settings: &Settings) -> Result<PaymentsSettings> {
    let mut payments = PaymentsSettings::from(settings);
    if settings.sandbox {
        payments.api_base = format!("http://{}{SANDBOX_PATH}", reachable(settings.listen));
        fill(&mut payments.secret_key, SANDBOX_SECRET_KEY);
        fill(&mut payments.publishable_key, SANDBOX_PUBLISHABLE_KEY);
        if payments.webhook_secrets.is_empty() {
            payments.webhook_secrets.push(SANDBOX_WEBHOOK_SECRET.to_owned());
        }
    }
    payments::check_settings(&payments)?;
    Ok(payments)
}

fn fill(text: &mut String, value: &str) {
    if text.is_empty() {
        value.clone_into(text);
    }
}

/// The sandbox that `settings` (of [`settings`]) point at, its state in the data directory.
pub fn open_sandbox(
    settings: &Settings,
    payments: &PaymentsSettings,
    clock: Arc<dyn Clock>,
) -> Result<Sandbox> {
    Ok(Sandbox::open(SandboxOptions {
        data_dir: settings.data_dir.clone(),
        secret_key: payments.secret_key.clone(),
        publishable_key: payments.publishable_key.clone(),
        webhook_secret: payments.webhook_secrets[0].clone(),
        webhook_url: Some(format!("http://{}/v1/stripe/webhook", reachable(settings.listen))),
        enabled_events: &payments::stripe::EVENT_TYPES,
        now: Arc::new(move || clock.now().as_millis()),
        rate: sandbox::Rate::default(),
    })?)
}
