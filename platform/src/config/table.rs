//! Every setting: its name in the environment, its default, its meaning.

use std::fmt::Write;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// The flag, without its dashes. In the TOML file `_` stands for `-`.
    pub flag: &'static str,
    pub default: &'static str,
    pub meaning: &'static str,
    /// Not a flag, and its value is never shown.
    pub secret: bool,
}

const fn open(
    name: &'static str,
    flag: &'static str,
    default: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting { name, flag, default, meaning, secret: false }
}

const fn secret(name: &'static str, flag: &'static str, meaning: &'static str) -> Setting {
    Setting { name, flag, default: "", meaning, secret: true }
}

impl Setting {
    /// Name in the TOML file.
    pub fn file_key(&self) -> String {
        self.flag.replace('-', "_")
    }
}

/// All settings, in the order in which they are listed.
pub const SETTINGS: &[Setting] = &[
    open("HOLDFAST_CONFIG", "config", "", "a TOML file with settings"),
    open("HOLDFAST_LISTEN", "listen", "127.0.0.1:8080", "address and port to listen on"),
    open(
        "HOLDFAST_THREADS",
        "threads",
        "0",
        "threads that serve; 0: one fewer than there are cores, at least one",
    ),
    open(
        "HOLDFAST_DATA_DIR",
        "data-dir",
        "holdfast-data",
        "directory for the SQLite ledger, the sandbox and generated keys",
    ),
    secret(
        "HOLDFAST_REDIS_URL",
        "redis-url",
        "where inventory lives: redis://, rediss://, redis+sentinel://host:port,…/master or \
         redis+cluster://host:port,…; empty: in this process",
    ),
    secret(
        "HOLDFAST_DATABASE_URL",
        "database-url",
        "the ledger: postgres:// or sqlite:PATH; empty: an SQLite file in the data directory",
    ),
    secret(
        "HOLDFAST_SIGNING_KEY",
        "signing-key",
        "text of 32 bytes or more, several comma-separated, the first signs; all keys are derived \
         from it; empty: made once and kept in the data directory",
    ),
    secret(
        "HOLDFAST_ORGANIZER_TOKEN",
        "organizer-token",
        "bearer token of the organizer, printable ASCII; empty: made once and kept in the data \
         directory",
    ),
    open(
        "HOLDFAST_RATE_LIMIT_PER_MINUTE",
        "rate-limit-per-minute",
        "100",
        "requests a minute from one address; 0 switches off every limit and cap per address",
    ),
    open(
        "HOLDFAST_HELD_SEATS_PER_ADDRESS",
        "held-seats-per-address",
        "200",
        "seats held at once from one address without pass or account; 0: no cap",
    ),
    open(
        "HOLDFAST_PROOF_OF_WORK",
        "proof-of-work",
        "1",
        "1: joining a waiting room costs a client computing time when many join at once; 0: never",
    ),
    open(
        "HOLDFAST_DRAW_BEACON",
        "draw-beacon",
        "",
        "address of a drand chain (it answers under /info and /public/<round>), a round of which \
         goes into the draw of a waiting room; empty: none",
    ),
    open(
        "HOLDFAST_TRUSTED_PROXIES",
        "trusted-proxies",
        "",
        "addresses and networks, comma-separated, whose X-Forwarded-For is believed",
    ),
    open(
        "HOLDFAST_CORS_ORIGINS",
        "cors-origins",
        "",
        "origins, comma-separated, whose pages may call from a browser; * allows all",
    ),
    open(
        "HOLDFAST_STRIPE_RATE",
        "stripe-rate",
        "100/25",
        "requests a second to Stripe, for the account and for one endpoint; 0: no limit",
    ),
    open(
        "HOLDFAST_SANDBOX",
        "sandbox",
        "0",
        "1: the payment sandbox is on; refused beside a live Stripe key",
    ),
    secret(
        "STRIPE_SECRET_KEY",
        "stripe-secret-key",
        "secret or restricted key of the Stripe account",
    ),
    open(
        "STRIPE_PUBLISHABLE_KEY",
        "stripe-publishable-key",
        "",
        "publishable key, handed to browsers",
    ),
    secret(
        "STRIPE_WEBHOOK_SECRET",
        "stripe-webhook-secret",
        "signing secrets of the webhook endpoint, comma-separated",
    ),
    open(
        "STRIPE_API_BASE",
        "stripe-api-base",
        "https://api.stripe.com",
        "where Stripe's API is, without /v1",
    ),
    open(
        "HOLDFAST_LOG",
        "log",
        "info",
        "what is logged: a level, or filters as in info,ledger=debug",
    ),
    open(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "otel-exporter-otlp-endpoint",
        "",
        "collector to which traces are sent by OTLP over HTTP, without /v1/traces; empty: none",
    ),
];

/// The table as text: name, default and meaning of every setting.
pub fn listing() -> String {
    let width = SETTINGS.iter().map(|setting| setting.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { "(empty)" } else { setting.default };
        writeln!(text, "{:width$}  {:22}  {}", setting.name, default, setting.meaning)
            .expect("a string takes any text");
    }
    text
}
