//! What an event may look like: the bounds of each field, and how a partial change of the sale's
//! and the queue's rules is laid over what stands.
//!
//! Pure. A refusal names the field; it never repeats what was sent.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    chart::Chart,
    event::{Event, OutOfBounds, Queue, Sale},
    label::check_label,
    limits::{
        EVENT_CATEGORIES_MAX, EVENT_DESCRIPTION_LENGTH_MAX, EVENT_NAME_LENGTH_MAX, EXTENSIONS_MAX,
        HOLD_SECONDS_MAX, PAY_SECONDS_MAX, PAY_SECONDS_MIN, PRICE_MAX, SEATS_PER_HOLD_MAX,
        SLUG_LENGTH_MAX,
    },
    money::MinorUnits,
    slug::is_slug,
    time::Timestamp,
};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::error::Refusal;

/// The rules of the sale, each optional: what is absent keeps its value or takes its default.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaleChange {
    /// Default, also by null: the moment of publication.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub opens_at: Option<Option<Timestamp>>,
    /// Default, also by null: the start of the event. Never after it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closes_at: Option<Option<Timestamp>>,
    /// How long a hold lives. Default 600.
    #[schema(minimum = 1, maximum = 1800)]
    pub hold_seconds: Option<i64>,
    /// How often one hold may be extended. Default 1.
    #[schema(maximum = 10)]
    pub extensions: Option<u32>,
    /// Default 60.
    #[schema(minimum = 1, maximum = 1800)]
    pub extension_seconds: Option<i64>,
    /// How long an order may stay unpaid. Default 600.
    #[schema(minimum = 30, maximum = 1800)]
    pub pay_seconds: Option<i64>,
    /// Seats and places that one customer may hold and own. Default 8.
    #[schema(minimum = 1, maximum = 50)]
    pub max_per_customer: Option<u32>,
}

/// The rules of the waiting room, each optional: what is absent keeps its value or takes its
/// default.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueChange {
    /// Default false.
    pub enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub opens_at: Option<Option<Timestamp>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    pub admit_per_minute: Option<Option<u32>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    pub max_inside: Option<Option<u32>>,
    /// Default 600.
    #[schema(minimum = 1, maximum = 86_400)]
    pub pass_seconds: Option<i64>,
    /// Default 120.
    #[schema(minimum = 1, maximum = 86_400)]
    pub turn_seconds: Option<i64>,
    /// People in line at one time; who comes then is refused. Default, also by null: no limit.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 10_000_000)]
    pub max_waiting: Option<Option<u32>>,
    /// Only whoever has a code may join. Default false.
    pub invite_only: Option<bool>,
    /// Percent of admissions that go to people with a priority code while they wait. Default 20.
    #[schema(maximum = 50)]
    pub priority_share: Option<u32>,
    /// Whether joining may ask for work when many join. Default true.
    pub proof_of_work: Option<bool>,
}

/// Tells an absent field (`None`) from one that is null (`Some(None)`).
pub fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

impl SaleChange {
    pub fn over(&self, sale: &Sale) -> Sale {
        Sale {
            opens_at: self.opens_at.unwrap_or(sale.opens_at),
            closes_at: self.closes_at.unwrap_or(sale.closes_at),
            hold_seconds: self.hold_seconds.unwrap_or(sale.hold_seconds),
            extensions: self.extensions.unwrap_or(sale.extensions),
            extension_seconds: self.extension_seconds.unwrap_or(sale.extension_seconds),
            pay_seconds: self.pay_seconds.unwrap_or(sale.pay_seconds),
            max_per_customer: self.max_per_customer.unwrap_or(sale.max_per_customer),
        }
    }
}

impl QueueChange {
    pub fn over(&self, queue: &Queue) -> Queue {
        Queue {
            enabled: self.enabled.unwrap_or(queue.enabled),
            opens_at: self.opens_at.unwrap_or(queue.opens_at),
            admit_per_minute: self.admit_per_minute.unwrap_or(queue.admit_per_minute),
            max_inside: self.max_inside.unwrap_or(queue.max_inside),
            pass_seconds: self.pass_seconds.unwrap_or(queue.pass_seconds),
            turn_seconds: self.turn_seconds.unwrap_or(queue.turn_seconds),
            max_waiting: self.max_waiting.unwrap_or(queue.max_waiting),
            invite_only: self.invite_only.unwrap_or(queue.invite_only),
            priority_share: self.priority_share.unwrap_or(queue.priority_share),
            proof_of_work: self.proof_of_work.unwrap_or(queue.proof_of_work),
        }
    }
}

/// Checks all that does not need the chart.
pub fn check_event(event: &Event) -> Result<(), Refusal> {
    check_text("name", &event.name, 1, EVENT_NAME_LENGTH_MAX, |c| c.is_control())?;
    if event.name.trim().is_empty() {
        return Err(Refusal::invalid("name: must not be blank"));
    }
    if let Some(description) = &event.description {
        let refused = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        check_text("description", description, 0, EVENT_DESCRIPTION_LENGTH_MAX, refused)?;
    }
    check_slug(&event.slug)?;
    check_prices(&event.prices)?;
    check_sale(&event.sale, event.starts_at)?;
    check_queue(&event.queue)
}

/// `starts_at` lies in the future.
pub fn check_start(starts_at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if starts_at <= now {
        return Err(Refusal::invalid("starts_at: must be in the future"));
    }
    Ok(())
}

/// Each category that a seat or an area uses has a price.
pub fn check_priced(chart: &Chart, prices: &BTreeMap<String, MinorUnits>) -> Result<(), Refusal> {
    let used: BTreeSet<u16> = (chart.seats.iter().map(|seat| seat.category))
        .chain(chart.areas.iter().map(|area| area.category))
        .collect();
    for category in used {
        let name = &chart.category(category).name;
        if !prices.contains_key(name) {
            return Err(Refusal::invalid(format!("prices: category \"{name}\" has no price")));
        }
    }
    Ok(())
}

fn check_text(
    field: &str,
    text: &str,
    length_min: usize,
    length_max: usize,
    refused: impl Fn(char) -> bool,
) -> Result<(), Refusal> {
    if !(length_min..=length_max).contains(&text.chars().count()) {
        let detail = format!("{field}: must have {length_min} to {length_max} characters");
        return Err(Refusal::invalid(detail));
    }
    if text.chars().any(refused) {
        return Err(Refusal::invalid(format!("{field}: must not contain control characters")));
    }
    Ok(())
}

fn check_slug(slug: &str) -> Result<(), Refusal> {
    if !is_slug(slug) {
        return Err(Refusal::invalid(format!(
            "slug: must be lower-case letters, digits and single hyphens, at most {SLUG_LENGTH_MAX}"
        )));
    }
    Ok(())
}

fn check_prices(prices: &BTreeMap<String, MinorUnits>) -> Result<(), Refusal> {
    if prices.len() > EVENT_CATEGORIES_MAX {
        let detail = format!("prices: at most {EVENT_CATEGORIES_MAX} categories");
        return Err(Refusal::invalid(detail));
    }
    for (category, price) in prices {
        check_label(category)
            .map_err(|problem| Refusal::invalid(format!("prices: a category {problem}")))?;
        if !(0..=PRICE_MAX).contains(price) {
            let detail = format!("prices: each must be 0 to {PRICE_MAX} minor units");
            return Err(Refusal::invalid(detail));
        }
    }
    Ok(())
}

fn check_sale(sale: &Sale, starts_at: Timestamp) -> Result<(), Refusal> {
    check_range("sale.hold_seconds", sale.hold_seconds, 1, HOLD_SECONDS_MAX)?;
    check_range("sale.extensions", sale.extensions.into(), 0, EXTENSIONS_MAX.into())?;
    check_range("sale.extension_seconds", sale.extension_seconds, 1, HOLD_SECONDS_MAX)?;
    check_range("sale.pay_seconds", sale.pay_seconds, PAY_SECONDS_MIN, PAY_SECONDS_MAX)?;
    let most = SEATS_PER_HOLD_MAX.into();
    check_range("sale.max_per_customer", sale.max_per_customer.into(), 1, most)?;
    let closes_at = sale.closes_at.unwrap_or(starts_at);
    if closes_at > starts_at {
        return Err(Refusal::invalid("sale.closes_at: must not be after starts_at"));
    }
    if sale.opens_at.is_some_and(|opens_at| opens_at >= closes_at) {
        return Err(Refusal::invalid("sale.opens_at: must be before the sale closes"));
    }
    Ok(())
}

fn check_queue(queue: &Queue) -> Result<(), Refusal> {
    match queue.out_of_bounds() {
        Some(OutOfBounds { field, least, most }) => {
            Err(Refusal::invalid(format!("queue.{field}: must be {least} to {most}")))
        }
        None => Ok(()),
    }
}

fn check_range(field: &str, value: i64, least: i64, most: i64) -> Result<(), Refusal> {
    if !(least..=most).contains(&value) {
        return Err(Refusal::invalid(format!("{field}: must be {least} to {most}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_rule_keeps_its_value_and_a_null_one_takes_its_default() {
        let standing = Sale { opens_at: Some(Timestamp(5)), hold_seconds: 30, ..Sale::default() };
        let change: SaleChange = serde_json::from_str("{}").expect("an empty change");
        assert_eq!(change.over(&standing), standing);
        let change: SaleChange = serde_json::from_str(r#"{"opens_at":null}"#).expect("a change");
        assert_eq!(change.over(&standing), Sale { opens_at: None, ..standing });
    }
}
