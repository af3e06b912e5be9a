//! Misbehaviour on order: which webhooks come late, twice, mixed up or never, and which calls are answered with
//! an error. Settings come from `POST /control` and are kept; the draws follow the seed when one is given.

use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use crate::{Rate, limits};

/// Everything `POST /control` can set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) webhooks: WebhookSettings,
    pub(crate) answers: AnswerSettings,
    pub(crate) payments: PaymentSettings,
    /// `None`: as the sandbox was started.
    pub(crate) rate: Option<Rate>,
    /// Makes the draws the same in every run.
    pub(crate) seed: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookSettings {
    /// How long after the event its webhooks set out.
    pub(crate) delay_ms: u64,
    /// Share of the events that no webhook is ever sent for, 0 to 1.
    pub(crate) drop: f64,
    /// How many more times each webhook is sent than once.
    #[serde(deserialize_with = "number_or_flag")]
    pub(crate) repeat: u32,
    /// Whether webhooks overtake each other.
    #[serde(deserialize_with = "flag_or_number")]
    pub(crate) shuffle: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerSettings {
    /// The status of the wrong answers, 400 to 599, or 0: the connection breaks instead.
    pub(crate) status: u16,
    /// Share of the API calls that get it, 0 to 1.
    pub(crate) share: f64,
    /// Whether the call has had its effect by then.
    pub(crate) when: When,
    /// Whether a wrong answer given before the effect is kept under the idempotency key; `null`: as Stripe does,
    /// a 500 is, any other status is not.
    pub(crate) stored: Option<bool>,
    /// With status 429: `lock_timeout` instead of `rate_limit`.
    pub(crate) lock: bool,
    /// How long every call takes before it has its effect.
    pub(crate) delay_ms: u64,
}

impl Default for AnswerSettings {
    fn default() -> Self {
        Self { status: 500, share: 0.0, when: When::Before, stored: None, lock: false, delay_ms: 0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum When {
    Before,
    After,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentSettings {
    /// How long a confirmed payment stays `processing`; 0: not at all.
    pub(crate) processing_ms: u64,
}

fn number_or_flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Number(number) => number,
        Loose::Flag(flag) => u32::from(flag),
    })
}

fn flag_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Number(number) => number > 0,
        Loose::Flag(flag) => flag,
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u32),
    Flag(bool),
}

impl Settings {
    /// The first value that is out of its range, in words.
    pub(crate) fn check(&self) -> Result<(), String> {
        let share = |name: &str, value: f64| {
            (0.0..=1.0).contains(&value).then_some(()).ok_or(format!("{name} must be 0 to 1"))
        };
        share("webhooks.drop", self.webhooks.drop)?;
        share("answers.share", self.answers.share)?;
        if self.answers.status != 0 && !(400..=599).contains(&self.answers.status) {
            return Err("answers.status must be 400 to 599, or 0".to_owned());
        }
        if self.webhooks.repeat > limits::CONTROL_REPEAT_MAX {
            return Err(format!("webhooks.repeat must be at most {}", limits::CONTROL_REPEAT_MAX));
        }
        for (name, delay) in [
            ("webhooks.delay_ms", self.webhooks.delay_ms),
            ("answers.delay_ms", self.answers.delay_ms),
            ("payments.processing_ms", self.payments.processing_ms),
        ] {
            if delay > limits::CONTROL_DELAY_MS_MAX {
                return Err(format!("{name} must be at most {}", limits::CONTROL_DELAY_MS_MAX));
            }
        }
        Ok(())
    }
}

/// Draws from 0 to 1, by counting through SHA-256 of a seed.
pub(crate) struct Draws {
    seed: [u8; 32],
    counter: u64,
}

impl Draws {
    /// Two purposes with one seed draw independently of each other.
    pub(crate) fn new(seed: &[u8], purpose: &str) -> Self {
        let digest = Sha256::new().chain_update(purpose).chain_update([0]).chain_update(seed);
        Self { seed: digest.finalize().into(), counter: 0 }
    }

    /// 0 included, 1 not.
    pub(crate) fn next(&mut self) -> f64 {
        let digest = Sha256::new()
            .chain_update(self.seed)
            .chain_update(self.counter.to_be_bytes())
            .finalize();
        self.counter += 1;
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        // The upper 53 bits: as many as a float holds.
        (u64::from_be_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// When the webhooks of one event set out, counted in milliseconds from now; none when it is dropped.
pub(crate) fn plan_deliveries(settings: &WebhookSettings, draws: &mut Draws) -> Vec<i64> {
    if settings.drop > 0.0 && draws.next() < settings.drop {
        return Vec::new();
    }
    let delay = i64::try_from(settings.delay_ms).unwrap_or(i64::MAX);
    (0..=settings.repeat)
        .map(|_| {
            if settings.shuffle {
                delay + (draws.next() * limits::SHUFFLE_WINDOW_MS as f64) as i64
            } else {
                delay
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_drops_the_same_events() {
        let settings = WebhookSettings { drop: 0.5, repeat: 2, shuffle: true, delay_ms: 10 };
        let run = || {
            let mut draws = Draws::new(&7u64.to_be_bytes(), "webhooks");
            (0..100).map(|_| plan_deliveries(&settings, &mut draws)).collect::<Vec<_>>()
        };
        let plans = run();
        assert_eq!(plans, run());
        let dropped = plans.iter().filter(|plan| plan.is_empty()).count();
        assert!((20..80).contains(&dropped), "{dropped}");
        assert!(plans.iter().flatten().all(|due| (10..=510).contains(due)));
    }

    #[test]
    fn values_out_of_range_are_named() {
        let mut settings = Settings::default();
        assert_eq!(settings.check(), Ok(()));
        settings.webhooks.drop = 1.5;
        assert!(settings.check().unwrap_err().contains("webhooks.drop"));
        settings = Settings::default();
        settings.answers.status = 200;
        assert!(settings.check().unwrap_err().contains("answers.status"));
    }
}
