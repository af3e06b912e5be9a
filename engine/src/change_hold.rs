//! Adds seats to a hold, takes seats out of it, sets quantities of areas: all of it or nothing.

use inventory::ChangeAnswer;
use lua::{HoldChange, Operation};
use platform::http::{BodyDigest, IdempotencyKey, digest};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    Engine,
    error::Refusal,
    hold_seats::{check_window, first_bytes, hold_view},
    owners::OwnedHold,
    replies::Once,
    views::hold::HoldView,
    wish::{self, AreaBody},
};

/// At least one of the three.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = HoldChange)]
#[serde(deny_unknown_fields)]
pub struct ChangeBody {
    /// Labels, each once.
    #[schema(max_items = 50)]
    pub add: Option<Vec<String>>,
    /// Labels of the hold's seats, each once.
    #[schema(max_items = 50)]
    pub remove: Option<Vec<String>>,
    /// New quantities; 0 takes the area out.
    #[schema(max_items = 64)]
    pub areas: Option<Vec<AreaBody>>,
}

impl ChangeBody {
    /// All that the body alone tells.
    pub fn check(&self) -> Result<(), Refusal> {
        let (add, remove) = (self.add(), self.remove());
        wish::check_labels("add", add)?;
        wish::check_labels("remove", remove)?;
        wish::check_distinct("add, remove", add.iter().chain(remove).map(String::as_str))?;
        wish::check_areas(self.areas(), 0)?;
        if add.is_empty() && remove.is_empty() && self.areas().is_empty() {
            return Err(Refusal::invalid("body: needs add, remove or areas"));
        }
        Ok(())
    }

    fn add(&self) -> &[String] {
        self.add.as_deref().unwrap_or_default()
    }

    fn remove(&self) -> &[String] {
        self.remove.as_deref().unwrap_or_default()
    }

    fn areas(&self) -> &[AreaBody] {
        self.areas.as_deref().unwrap_or_default()
    }

    /// Whether it may ask for more than the hold has.
    fn takes(&self) -> bool {
        !self.add().is_empty() || self.areas().iter().any(|area| area.quantity > 0)
    }
}

/// The sale window is asked only for what takes more; giving back is always possible. The deadline
/// stays as it is.
pub async fn change_hold(
    engine: &Engine,
    hold: &OwnedHold,
    body: &ChangeBody,
    operation: Operation,
) -> Result<Once<HoldView>, Refusal> {
    let (event, chart) = (&hold.at_work.event, &hold.at_work.chart);
    if body.takes() {
        check_window(event.sale_window(engine.clock.now()))?;
    }
    let change = HoldChange {
        add: wish::resolve_seats(chart, body.add())?,
        remove: wish::resolve_seats(chart, body.remove())?,
        areas: wish::resolve_areas(chart, body.areas())?,
        customer_limit: event.sale.max_per_customer,
        operation,
    };
    let view = |record, version| hold_view(engine, &hold.at_work, record, version);
    match engine.inventory.change_hold(&hold.at_work, &hold.id, change).await? {
        ChangeAnswer::Changed { version, record } => Ok(Once::First(view(&record, version))),
        ChangeAnswer::Replayed { version, record } => Ok(Once::Replayed(view(&record, version))),
        ChangeAnswer::KeyReused => Err(Refusal::KeyReused),
        ChangeAnswer::Gone | ChangeAnswer::Expired | ChangeAnswer::Released => {
            Err(Refusal::HoldExpired)
        }
        ChangeAnswer::InPayment => Err(Refusal::HoldInPayment),
        ChangeAnswer::NotInHold(_) => {
            Err(Refusal::invalid("remove: names a seat that is not in the hold"))
        }
        ChangeAnswer::AlreadyInHold => {
            Err(Refusal::invalid("add: names a seat that is in the hold already"))
        }
        ChangeAnswer::Empty => {
            Err(Refusal::invalid("body: nothing would be left; release the hold instead"))
        }
        ChangeAnswer::SeatsTaken { version, seats } => {
            Err(Refusal::seats_unavailable(chart, &seats, version))
        }
        ChangeAnswer::AreasShort { version, .. } => Err(Refusal::SoldOut { version }),
        ChangeAnswer::CustomerLimit => Err(Refusal::CustomerLimit),
        ChangeAnswer::AddressLimit => Err(Refusal::AddressLimit),
    }
}

/// An operation on a hold as its record remembers it. The record is the owner's alone, so that the
/// key needs no principal.
pub fn operation(name: &str, key: &IdempotencyKey, body: &BodyDigest) -> Operation {
    let key = digest(&[name, "\0", &key.key]);
    Operation { key: first_bytes(&key), fingerprint: first_bytes(body) }
}
