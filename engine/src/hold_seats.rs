//! Puts seats and places under a hold: checks in the contract's order, then the inventory decides.

use domain::{
    event::{Event, SaleWindow},
    hold::CustomerKey,
    id::{HoldId, HoldKey},
};
use inventory::{EventAtWork, HoldAnswer, HoldWish};
use lua::HoldRecord;
use platform::{
    http::{
        BodyDigest, ClientAddress, Device, IdempotencyKey, PassToken, Principal, address_key,
        customer_key, digest,
    },
    tokens::QueueToken,
};

use crate::{
    Engine,
    error::Refusal,
    events::Viewer,
    replies::Once,
    views::hold::{HoldFacts, HoldView},
    wish::HoldBody,
};

/// Who asks for a hold.
pub struct Asker {
    pub key: IdempotencyKey,
    pub address: ClientAddress,
    pub pass: PassToken,
    pub device: Device,
}

/// The same key and body again is answered with the hold as it stands, for as long as it lives.
pub async fn hold_seats(
    engine: &Engine,
    event: &str,
    asker: &Asker,
    body: &HoldBody,
    digest: &BodyDigest,
) -> Result<Once<HoldView>, Refusal> {
    body.check()?;
    let at_work = engine.event(event, Viewer::Public).await?;
    let now = engine.clock.now();
    check_window(at_work.event.sale_window(now))?;
    let pass = engine.check_pass(&at_work.event, asker)?;
    let wish = body.resolve(&at_work.chart)?;
    let customer_limit = at_work.event.sale.max_per_customer;
    if wish.quantity > customer_limit {
        return Err(Refusal::CustomerLimit);
    }

    let wish = HoldWish {
        key: hold_key(&at_work.event, &asker.key),
        created: now,
        fingerprint: first_bytes(digest),
        customer: customer(asker, pass.as_ref()),
        customer_limit,
        address: engine
            .address_cap(asker, pass.as_ref())
            .map(|cap| (address_key(&asker.address), cap)),
        wish: wish.seats,
        areas: wish.areas,
        has_pass: pass.is_some(),
    };
    let view = |record, version| hold_view(engine, &at_work, record, version);
    match engine.inventory.hold(&at_work, wish).await? {
        HoldAnswer::Held { version, record } => Ok(Once::First(view(&record, version))),
        HoldAnswer::Replayed { version, record } => Ok(Once::Replayed(view(&record, version))),
        HoldAnswer::KeyReused => Err(Refusal::KeyReused),
        HoldAnswer::SeatsTaken { version, seats } => {
            Err(Refusal::seats_unavailable(&at_work.chart, &seats, version))
        }
        HoldAnswer::AreasShort { version, .. } | HoldAnswer::SoldOut { version } => {
            Err(Refusal::SoldOut { version })
        }
        HoldAnswer::NotEnoughAdjacent { version } => {
            Err(Refusal::NotEnoughAdjacentSeats { version })
        }
        HoldAnswer::CustomerLimit => Err(Refusal::CustomerLimit),
        HoldAnswer::AddressLimit => Err(Refusal::AddressLimit),
        HoldAnswer::PassRequired => Err(Refusal::PassRequired),
        HoldAnswer::PassExpired => Err(Refusal::PassExpired),
    }
}

/// Whether seats may be taken at all.
pub fn check_window(window: SaleWindow) -> Result<(), Refusal> {
    match window {
        SaleWindow::Open => Ok(()),
        SaleWindow::NotOpen => Err(Refusal::SaleNotOpen),
        SaleWindow::Closed => Err(Refusal::SaleClosed),
    }
}

/// Account, else the person of the pass, else device, else address.
fn customer(asker: &Asker, pass: Option<&QueueToken>) -> CustomerKey {
    match (&asker.key.principal, pass) {
        (Principal::Account(_), _) | (_, None) => {
            customer_key(&asker.key.principal, &asker.address)
        }
        (_, Some(pass)) => pass.person,
    }
}

impl Engine {
    /// With the queue on, only who comes through it takes seats; with the queue off a pass means
    /// nothing. Whether a genuine pass has ended before its time the script decides.
    fn check_pass(&self, event: &Event, asker: &Asker) -> Result<Option<QueueToken>, Refusal> {
        if !event.queue.enabled {
            return Ok(None);
        }
        let now = self.clock.now();
        let read = asker.pass.read(&self.keys, &event.id, &asker.device, now);
        let pass = read.map_err(|problem| match problem.code {
            "pass_bound" => Refusal::PassBound,
            _ => Refusal::TokenInvalid,
        })?;
        match pass {
            None => Err(Refusal::PassRequired),
            Some(pass) if pass.has_expired(now) => Err(Refusal::PassExpired),
            Some(pass) => Ok(Some(pass)),
        }
    }

    /// Accounts and passes answer for themselves; everybody else shares their address's cap.
    fn address_cap(&self, asker: &Asker, pass: Option<&QueueToken>) -> Option<u32> {
        let cap = self.settings.held_seats_per_address;
        let has_account = matches!(asker.key.principal, Principal::Account(_));
        (cap > 0 && !has_account && pass.is_none()).then_some(cap)
    }
}

/// A digest of who asks and of their key, so that a repeated request finds the hold it made. The
/// parts contain no zero byte. A change here makes live holds unreachable for a repetition.
fn hold_key(event: &Event, key: &IdempotencyKey) -> HoldKey {
    let [kind, name] = key.principal.parts();
    let parts = ["hold\0", event.id.as_str(), "\0", kind, name, "\0", &key.key];
    HoldKey(first_bytes(&digest(&parts)))
}

/// As many bytes of a digest as a record keeps.
pub fn first_bytes<const N: usize>(digest: &[u8; 32]) -> [u8; N] {
    digest[..N].try_into().expect("a digest has 32 bytes")
}

/// A hold with the token that owns it.
pub fn hold_view(
    engine: &Engine,
    at_work: &EventAtWork,
    record: &HoldRecord,
    version: u64,
) -> HoldView {
    let id = HoldId {
        created: record.created,
        event: at_work.event.number,
        partition: at_work.partition.index,
        key: record.key,
    };
    let facts = HoldFacts { id: id.to_string(), token: engine.keys.hold_token(&id), version };
    HoldView::of(&at_work.event, &at_work.chart, record, facts)
}
