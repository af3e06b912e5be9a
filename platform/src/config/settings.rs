//! The settings as types.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, str::FromStr, thread};

use super::{ConfigError, SETTINGS, SettingFlags, file, secret_file};
use crate::{
    Secret,
    http::{CorsOrigins, IpNetwork},
    keys::SIGNING_KEY_BYTES_MIN,
};

/// What the program was told. Prints without its secrets.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    /// That serve; at least one.
    pub threads: usize,
    pub data_dir: PathBuf,
    /// Empty: in process. May carry a password.
    pub redis_url: Secret,
    /// Empty: an SQLite file in the data directory. May carry a password.
    pub database_url: Secret,
    /// Through [`Settings::signing_keys`], which makes one when there is none.
    pub(super) configured_signing_keys: Vec<Secret>,
    /// Through [`Settings::organizer_token`].
    pub(super) configured_organizer_token: Option<Secret>,
    /// 0: every limit and cap per address is off.
    pub rate_limit_per_minute: u32,
    /// 0: no cap. Already 0 when `rate_limit_per_minute` is.
    pub held_seats_per_address: u32,
    /// Off, too, when `rate_limit_per_minute` is 0.
    pub proof_of_work: bool,
    /// Where the draw finds public randomness.
    pub draw_beacon: Option<String>,
    pub trusted_proxies: Vec<IpNetwork>,
    pub cors_origins: CorsOrigins,
    pub stripe: StripeSettings,
    pub sandbox: bool,
    /// Filter of what is logged.
    pub log: String,
    pub otlp_endpoint: Option<String>,
}

/// How to reach Stripe.
#[derive(Clone, Debug)]
pub struct StripeSettings {
    pub secret_key: Option<Secret>,
    pub publishable_key: Option<String>,
    /// Several while one is being exchanged.
    pub webhook_secrets: Vec<Secret>,
    /// Without `/v1` and without a slash at its end.
    pub api_base: String,
    /// `None`: no limit.
    pub rate: Option<StripeRate>,
}

/// Requests a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StripeRate {
    pub account: u32,
    pub endpoint: u32,
}

impl Settings {
    /// From the flags, the process's environment and the file that either names.
    pub fn load(flags: &SettingFlags) -> Result<Self, ConfigError> {
        Self::read(flags, |name| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()))
    }

    /// The same from any environment.
    pub fn read(
        flags: &SettingFlags,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let given = |name: &str| flags.0.get(name).cloned().or_else(|| environment(name));
        let path = given("HOLDFAST_CONFIG").filter(|path| !path.is_empty());
        let file = path.map_or_else(|| Ok(BTreeMap::new()), |path| file::read(&path))?;
        let values = SETTINGS.iter().map(|setting| {
            let value = match setting.secret {
                true => secret_file::read(setting, &environment)?,
                false => given(setting.name),
            };
            let value = value.or_else(|| file.get(setting.name).cloned());
            let value = value.map(|value| value.trim().to_owned()).filter(|v| !v.is_empty());
            Ok((setting.name, value.unwrap_or_else(|| setting.default.to_owned())))
        });
        Values(values.collect::<Result<_, _>>()?).check()
    }
}

/// Values by name, defaults filled in.
struct Values(BTreeMap<&'static str, String>);

impl Values {
    fn check(&self) -> Result<Settings, ConfigError> {
        let rate_limit_per_minute = self.number("HOLDFAST_RATE_LIMIT_PER_MINUTE")?;
        let held_seats = self.number("HOLDFAST_HELD_SEATS_PER_ADDRESS")?;
        let settings = Settings {
            listen: self.parse("HOLDFAST_LISTEN", "must be an address with a port")?,
            threads: self.threads()?,
            data_dir: PathBuf::from(self.text("HOLDFAST_DATA_DIR")),
            redis_url: self.url(
                "HOLDFAST_REDIS_URL",
                &["redis://", "rediss://", "redis+sentinel://", "redis+cluster://"],
            )?,
            database_url: self
                .url("HOLDFAST_DATABASE_URL", &["postgres://", "postgresql://", "sqlite:"])?,
            configured_signing_keys: self.signing_keys()?,
            configured_organizer_token: self.organizer_token()?,
            rate_limit_per_minute,
            held_seats_per_address: if rate_limit_per_minute == 0 { 0 } else { held_seats },
            proof_of_work: rate_limit_per_minute > 0 && self.switch("HOLDFAST_PROOF_OF_WORK")?,
            draw_beacon: self.beacon()?,
            trusted_proxies: self
                .list("HOLDFAST_TRUSTED_PROXIES")
                .map(|text| parse("HOLDFAST_TRUSTED_PROXIES", text))
                .collect::<Result<_, _>>()?,
            cors_origins: parse("HOLDFAST_CORS_ORIGINS", self.text("HOLDFAST_CORS_ORIGINS"))?,
            stripe: StripeSettings {
                secret_key: self.optional("STRIPE_SECRET_KEY").map(Secret::new),
                publishable_key: self.optional("STRIPE_PUBLISHABLE_KEY"),
                webhook_secrets: self.list("STRIPE_WEBHOOK_SECRET").map(Secret::new).collect(),
                api_base: self.api_base()?,
                rate: self.stripe_rate()?,
            },
            sandbox: self.switch("HOLDFAST_SANDBOX")?,
            log: self.text("HOLDFAST_LOG").to_owned(),
            otlp_endpoint: self.optional("OTEL_EXPORTER_OTLP_ENDPOINT"),
        };
        let is_live = |key: &str| key.starts_with("sk_live_") || key.starts_with("rk_live_");
        let live_key = settings.stripe.secret_key.as_ref().is_some_and(|key| is_live(key.expose()));
        let live_publishable =
            settings.stripe.publishable_key.as_ref().is_some_and(|key| key.starts_with("pk_live_"));
        if settings.sandbox && (live_key || live_publishable) {
            return Err(invalid("HOLDFAST_SANDBOX", "must be off beside a live Stripe key"));
        }
        Ok(settings)
    }

    fn text(&self, name: &'static str) -> &str {
        &self.0[name]
    }

    fn optional(&self, name: &'static str) -> Option<String> {
        Some(self.text(name).to_owned()).filter(|text| !text.is_empty())
    }

    fn list(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.text(name).split(',').map(str::trim).filter(|item| !item.is_empty())
    }

    fn parse<T: FromStr>(&self, name: &'static str, reason: &str) -> Result<T, ConfigError> {
        self.text(name).parse().map_err(|_| invalid(name, reason))
    }

    fn number(&self, name: &'static str) -> Result<u32, ConfigError> {
        self.parse(name, "must be a whole number, 0 or more")
    }

    /// One core is left to the stores, to the kernel's work for sockets and to the database's threads:
    /// with a worker on each, a request that finds all of them asleep wakes several.
    fn threads(&self) -> Result<usize, ConfigError> {
        match self.number("HOLDFAST_THREADS")? {
            0 => Ok(thread::available_parallelism().map_or(1, |cores| cores.get() - 1).max(1)),
            threads => Ok(threads as usize),
        }
    }

    fn switch(&self, name: &'static str) -> Result<bool, ConfigError> {
        match self.text(name) {
            "1" | "true" | "on" => Ok(true),
            "0" | "false" | "off" => Ok(false),
            _ => Err(invalid(name, "must be 1 or 0")),
        }
    }

    /// Checks the scheme and nothing else: the door to the store knows the rest.
    fn url(&self, name: &'static str, schemes: &[&str]) -> Result<Secret, ConfigError> {
        let text = self.text(name);
        if text.is_empty() || schemes.iter().any(|scheme| text.starts_with(scheme)) {
            return Ok(Secret::new(text));
        }
        Err(invalid(name, &format!("must be empty or begin with one of {}", schemes.join(", "))))
    }

    fn signing_keys(&self) -> Result<Vec<Secret>, ConfigError> {
        let name = "HOLDFAST_SIGNING_KEY";
        let keys: Vec<Secret> = self.list(name).map(Secret::new).collect();
        if keys.iter().any(|key| key.expose().len() < SIGNING_KEY_BYTES_MIN) {
            let reason = format!("each key must have at least {SIGNING_KEY_BYTES_MIN} bytes");
            return Err(invalid(name, &reason));
        }
        Ok(keys)
    }

    fn organizer_token(&self) -> Result<Option<Secret>, ConfigError> {
        let name = "HOLDFAST_ORGANIZER_TOKEN";
        let token = self.optional(name);
        if let Some(token) = &token {
            // It has to travel in a header.
            if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(invalid(name, "must be printable ASCII, without spaces"));
            }
        }
        Ok(token.map(Secret::new))
    }

    fn api_base(&self) -> Result<String, ConfigError> {
        let name = "STRIPE_API_BASE";
        let base = self.text(name).trim_end_matches('/').trim_end_matches("/v1");
        if !base.starts_with("https://") && !base.starts_with("http://") {
            return Err(invalid(name, "must begin with https:// or http://"));
        }
        Ok(base.to_owned())
    }

    fn beacon(&self) -> Result<Option<String>, ConfigError> {
        let name = "HOLDFAST_DRAW_BEACON";
        let url = self.optional(name);
        match &url {
            Some(url) if !url.starts_with("https://") && !url.starts_with("http://") => {
                Err(invalid(name, "must be empty or begin with https:// or http://"))
            }
            _ => Ok(url),
        }
    }

    fn stripe_rate(&self) -> Result<Option<StripeRate>, ConfigError> {
        let name = "HOLDFAST_STRIPE_RATE";
        let text = self.text(name);
        if text == "0" {
            return Ok(None);
        }
        let rate = text.split_once('/').and_then(|(account, endpoint)| {
            let account: u32 = account.trim().parse().ok()?;
            let endpoint: u32 = endpoint.trim().parse().ok()?;
            (account > 0 && endpoint > 0).then_some(StripeRate { account, endpoint })
        });
        rate.map(Some).ok_or_else(|| invalid(name, "must be as 100/25, or 0"))
    }
}

fn parse<T: FromStr<Err: std::fmt::Display>>(
    name: &'static str,
    text: &str,
) -> Result<T, ConfigError> {
    text.parse().map_err(|error: T::Err| invalid(name, &format!("{text:?} is {error}")))
}

fn invalid(name: &'static str, reason: &str) -> ConfigError {
    ConfigError::Invalid { name, reason: reason.to_owned() }
}
