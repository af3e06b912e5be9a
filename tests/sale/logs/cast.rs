//! Who takes part, and everything about them that no log may hold.

use super::{scanner::Scanner, visitors::KEYS};
use crate::support::{ORGANIZER_TOKEN, ServerOptions, random_text};

pub const SIGNING_KEY: &str = "the signing key of the log test and of nobody else";
pub const STRIPE_KEY: &str = "sk_test_51OfTheLogTestOnlyQqZ";
pub const WEBHOOK_SECRET: &str = "whsec_OfTheLogTestOnlyAndOfNobodyElse";
pub const REDIS_PASSWORD: &str = "redis-Passw0rd-of-the-log-test";
pub const DATABASE_PASSWORD: &str = "postgres-Passw0rd-of-the-log-test";
/// While a store is to be kept away from its users.
pub const OTHER_PASSWORD: &str = "another-Passw0rd-for-a-moment";

/// Stripe's test cards.
pub const CARD_THAT_WORKS: &str = "4242424242424242";
pub const CARD_THAT_IS_DECLINED: &str = "4000000000000002";

/// Everything that an operator sets, as talkative as it can be set.
pub fn settings() -> ServerOptions {
    ServerOptions::default()
        .with("HOLDFAST_LOG", "trace")
        .with("HOLDFAST_SIGNING_KEY", SIGNING_KEY)
        .with("STRIPE_SECRET_KEY", STRIPE_KEY)
        .with("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
}

/// A scanner that knows what the operator set.
pub fn secrets_of_the_house() -> Scanner {
    let mut scanner = Scanner::default();
    for (what, text) in [
        ("the organizer's token", ORGANIZER_TOKEN),
        ("the signing key", SIGNING_KEY),
        ("Stripe's secret key", STRIPE_KEY),
        ("the webhook secret", WEBHOOK_SECRET),
        ("the password of Redis", REDIS_PASSWORD),
        ("the password of Postgres", DATABASE_PASSWORD),
        ("the other password", OTHER_PASSWORD),
        ("an idempotency key", KEYS),
        ("a card's number", CARD_THAT_WORKS),
        ("a declined card's number", CARD_THAT_IS_DECLINED),
    ] {
        scanner.hunt(what, text);
    }
    scanner
}

/// A buyer: a device, an address, a name.
pub struct Person {
    pub device: String,
    pub email: String,
    pub name: String,
}

impl Person {
    pub fn new(scanner: &mut Scanner) -> Self {
        let person = Self {
            device: random_text(),
            email: "zora.quillfeather+balcony@mail-of-zora.example".to_owned(),
            name: "Zora Quillfeather-Ångström".to_owned(),
        };
        scanner.hunt("the device key", &person.device);
        scanner.hunt("the e-mail address", &person.email);
        scanner.hunt("the local part", "zora.quillfeather+balcony");
        scanner.hunt("the domain", "mail-of-zora.example");
        scanner.hunt("the name", &person.name);
        scanner.hunt("the family name", "Quillfeather");
        scanner.hunt("the other family name", "Ångström");
        person
    }
}
