//! What the role is told at start, and what it refuses to start with.

use std::fmt;

use crate::{
    signature::Secrets,
    stripe::{Rate, TransportSettings},
};

/// The role's settings. Debug never shows a secret.
#[derive(Clone)]
pub struct PaymentsSettings {
    /// `STRIPE_SECRET_KEY`
    pub secret_key: String,
    /// `STRIPE_PUBLISHABLE_KEY`, handed to the buyer's browser.
    pub publishable_key: String,
    /// `STRIPE_WEBHOOK_SECRET`, several while they are being rotated.
    pub webhook_secrets: Vec<String>,
    /// `STRIPE_API_BASE`, with or without `/v1`.
    pub api_base: String,
    /// `HOLDFAST_STRIPE_RATE`
    pub rate: Rate,
    /// `HOLDFAST_SANDBOX`: the payment sandbox is served by this process.
    pub sandbox: bool,
}

/// Settings under which no money may be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("HOLDFAST_SANDBOX is refused beside a live Stripe key")]
    SandboxBesideLiveKey,
    #[error("STRIPE_SECRET_KEY is missing beside the other settings of Stripe or the sandbox")]
    SecretKeyMissing,
    #[error("STRIPE_SECRET_KEY and STRIPE_PUBLISHABLE_KEY are of different modes, live and test")]
    ModesDiffer,
    #[error("STRIPE_PUBLISHABLE_KEY is missing: no browser could pay")]
    PublishableKeyMissing,
    #[error("STRIPE_WEBHOOK_SECRET is missing: every webhook would be refused")]
    WebhookSecretMissing,
    #[error("STRIPE_API_BASE must be https beside a live key")]
    PlainBase,
}

/// Whether a key of Stripe's moves real money.
pub fn is_live(key: &str) -> bool {
    ["sk_live_", "rk_live_", "pk_live_"].iter().any(|prefix| key.starts_with(prefix))
}

/// Refuses settings that could charge real cards by mistake or never learn of a payment. No
/// settings of Stripe at all are fine: then only what is free can be had, and pressing Pay is
/// answered with `payment_provider_unavailable`.
pub fn check_settings(settings: &PaymentsSettings) -> Result<(), SettingsError> {
    let live = settings.livemode();
    if settings.sandbox && (live || is_live(&settings.publishable_key)) {
        return Err(SettingsError::SandboxBesideLiveKey);
    }
    if !settings.is_configured() && !settings.sandbox {
        return Ok(());
    }
    if settings.secret_key.is_empty() {
        return Err(SettingsError::SecretKeyMissing);
    }
    if settings.publishable_key.is_empty() {
        return Err(SettingsError::PublishableKeyMissing);
    }
    if live != is_live(&settings.publishable_key) {
        return Err(SettingsError::ModesDiffer);
    }
    if settings.webhook_secrets.iter().all(String::is_empty) {
        return Err(SettingsError::WebhookSecretMissing);
    }
    if live && !settings.api_base.starts_with("https://") {
        return Err(SettingsError::PlainBase);
    }
    Ok(())
}

impl PaymentsSettings {
    /// Any of Stripe's keys is there.
    pub fn is_configured(&self) -> bool {
        !self.secret_key.is_empty()
            || !self.publishable_key.is_empty()
            || !self.webhook_secrets.iter().all(String::is_empty)
    }

    /// Real money is moved.
    pub fn livemode(&self) -> bool {
        is_live(&self.secret_key)
    }

    pub(crate) fn secrets(&self) -> Secrets {
        Secrets::new(self.webhook_secrets.iter().cloned())
    }

    pub(crate) fn transport(&self) -> TransportSettings {
        TransportSettings { api_base: self.api_base.clone(), secret_key: self.secret_key.clone() }
    }
}

/// What is not configured is empty here: [`check_settings`] names it, unless whoever starts the
/// sandbox fills in the sandbox's own keys first.
impl From<&platform::Settings> for PaymentsSettings {
    fn from(settings: &platform::Settings) -> Self {
        let stripe = &settings.stripe;
        let secret_key = stripe.secret_key.as_ref().map(|key| key.expose().to_owned());
        Self {
            secret_key: secret_key.unwrap_or_default(),
            publishable_key: stripe.publishable_key.clone().unwrap_or_default(),
            webhook_secrets: stripe
                .webhook_secrets
                .iter()
                .map(|secret| secret.expose().to_owned())
                .collect(),
            api_base: stripe.api_base.clone(),
            rate: stripe
                .rate
                .map_or(Rate::OFF, |rate| Rate { account: rate.account, endpoint: rate.endpoint }),
            sandbox: settings.sandbox,
        }
    }
}

impl fmt::Debug for PaymentsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PaymentsSettings")
            .field("api_base", &self.api_base)
            .field("livemode", &self.livemode())
            .field("rate", &self.rate)
            .field("sandbox", &self.sandbox)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(mode: &str) -> PaymentsSettings {
        PaymentsSettings {
            secret_key: format!("sk_{mode}_secret"),
            publishable_key: format!("pk_{mode}_public"),
            webhook_secrets: vec!["whsec_hidden".to_owned()],
            api_base: "https://api.stripe.com".to_owned(),
            rate: Rate::DEFAULT,
            sandbox: false,
        }
    }

    #[test]
    fn the_sandbox_beside_a_live_key_is_refused() {
        let mut settings = settings("live");
        assert_eq!(check_settings(&settings), Ok(()));
        settings.sandbox = true;
        assert_eq!(check_settings(&settings), Err(SettingsError::SandboxBesideLiveKey));
        settings.secret_key = "rk_live_x".to_owned();
        assert_eq!(check_settings(&settings), Err(SettingsError::SandboxBesideLiveKey));
    }

    #[test]
    fn keys_that_do_not_fit_each_other_are_refused() {
        let good = settings("test");
        assert_eq!(check_settings(&good), Ok(()));
        type Change = fn(&mut PaymentsSettings);
        let cases: [(Change, SettingsError); 5] = [
            (|s| s.secret_key.clear(), SettingsError::SecretKeyMissing),
            (|s| s.publishable_key.clear(), SettingsError::PublishableKeyMissing),
            (|s| s.publishable_key = "pk_live_x".into(), SettingsError::ModesDiffer),
            (|s| s.webhook_secrets = vec![String::new()], SettingsError::WebhookSecretMissing),
            (
                |s| {
                    *s = settings("live");
                    s.api_base = "http://api.stripe.com".into();
                },
                SettingsError::PlainBase,
            ),
        ];
        for (change, expected) in cases {
            let mut changed = good.clone();
            change(&mut changed);
            assert_eq!(check_settings(&changed), Err(expected));
        }
    }

    #[test]
    fn without_any_key_the_role_starts_unless_the_sandbox_is_on() {
        let mut none = settings("test");
        (none.secret_key, none.publishable_key) = (String::new(), String::new());
        none.webhook_secrets.clear();
        assert_eq!(check_settings(&none), Ok(()));
        none.sandbox = true;
        assert_eq!(check_settings(&none), Err(SettingsError::SecretKeyMissing));
    }

    #[test]
    fn no_secret_is_printed() {
        let text = format!("{:?}", settings("test"));
        assert!(!text.contains("secret") && !text.contains("hidden") && !text.contains("pk_"));
    }
}
