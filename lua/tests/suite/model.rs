//! Random sequences against a plain model: a list of holds that is looked through for every
//! question, with none of the layout's cleverness.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    hold::{CustomerKey, HoldStatus},
    id::HoldKey,
    seat::{AreaQuantity, SeatIndex},
    time::Timestamp,
};
use lua::{CellState, Claim, HoldChange, HoldRequest, Operation};

use crate::{
    differential::laid,
    random::{Random, SEATS, Step, Steps},
    support::{EPOCH, Stage, done, partition},
};

const STEPS: usize = 20_000;
const CAPACITIES: [i64; 2] = [6, 4];

#[derive(Clone, Debug)]
struct Hold {
    status: HoldStatus,
    deadline: i64,
    created: Timestamp,
    fingerprint: [u8; 8],
    customer: CustomerKey,
    address: Option<(CustomerKey, u32)>,
    extensions: u32,
    number: u64,
    seats: BTreeSet<SeatIndex>,
    areas: BTreeMap<u16, i64>,
    operations: Vec<Operation>,
}

impl Hold {
    fn count(&self) -> i64 {
        self.seats.len() as i64 + self.areas.values().sum::<i64>()
    }
}

struct Model {
    now: i64,
    holds: BTreeMap<HoldKey, Hold>,
    blocked: BTreeSet<SeatIndex>,
}

fn areas_of(areas: &[AreaQuantity]) -> BTreeMap<u16, i64> {
    areas.iter().map(|area| (area.area, i64::from(area.quantity))).collect()
}

impl Model {
    /// Active past the deadline is expired, always and everywhere.
    fn judge(&mut self) {
        for hold in self.holds.values_mut() {
            if hold.status == HoldStatus::Active && hold.deadline <= self.now {
                hold.status = HoldStatus::Expired;
            }
        }
    }

    fn live(&self) -> impl Iterator<Item = (&HoldKey, &Hold)> {
        use HoldStatus::{Active, Paying, Sold};
        self.holds.iter().filter(|(_, hold)| matches!(hold.status, Active | Paying | Sold))
    }

    fn owner(&self, seat: SeatIndex) -> Option<HoldKey> {
        let mut owners = self.live().filter(|(_, hold)| hold.seats.contains(&seat));
        let owner = owners.next().map(|(key, _)| *key);
        assert!(owners.next().is_none(), "seat {seat} has two owners");
        owner
    }

    fn is_free(&self, seat: SeatIndex) -> bool {
        self.owner(seat).is_none() && !self.blocked.contains(&seat)
    }

    fn of_customer(&self, customer: CustomerKey, but: HoldKey) -> i64 {
        let theirs = self.live().filter(|(key, hold)| hold.customer == customer && **key != but);
        theirs.map(|(_, hold)| hold.count()).sum()
    }

    fn of_address(&self, address: CustomerKey, but: HoldKey) -> i64 {
        let theirs = self.live().filter(|(key, hold)| {
            hold.address.is_some_and(|(whose, _)| whose == address)
                && **key != but
                && hold.status != HoldStatus::Sold
        });
        theirs.map(|(_, hold)| hold.count()).sum()
    }

    fn room(&self, area: u16) -> i64 {
        let taken: i64 = self.live().filter_map(|(_, hold)| hold.areas.get(&area)).sum();
        CAPACITIES.get(usize::from(area)).map_or(0, |capacity| capacity - taken)
    }

    fn hold(&mut self, request: &HoldRequest) -> String {
        if let Some((_, hold)) = self.live().find(|(key, _)| **key == request.key) {
            let same = hold.fingerprint == request.fingerprint;
            return if same { "Replayed" } else { "KeyReused" }.to_owned();
        }
        let areas = areas_of(&request.areas);
        let seats = request.candidates.first().map_or(0, Vec::len) as i64;
        let count = seats + areas.values().sum::<i64>();
        let limit = i64::from(request.customer_limit);
        if self.of_customer(request.customer, request.key) + count > limit {
            return "CustomerLimit".to_owned();
        }
        if let Some((address, cap)) = request.address
            && self.of_address(address, request.key) + count > i64::from(cap)
        {
            return "AddressLimit".to_owned();
        }
        let free = |seats: &&Vec<SeatIndex>| seats.iter().all(|seat| self.is_free(*seat));
        let chosen = request.candidates.iter().find(free);
        if chosen.is_none() && !request.candidates.is_empty() {
            let last = request.candidates.last().unwrap().iter().copied();
            let mut lost: Vec<_> = last.filter(|seat| !self.is_free(*seat)).collect();
            lost.sort_unstable();
            return format!("Taken {lost:?}");
        }
        let short = areas.iter().filter(|(area, quantity)| self.room(**area) < **quantity);
        let short: Vec<u16> = short.map(|(area, _)| *area).collect();
        if !short.is_empty() {
            return format!("AreasShort {short:?}");
        }
        let hold = Hold {
            status: HoldStatus::Active,
            deadline: self.now + request.ttl_ms,
            created: request.created,
            fingerprint: request.fingerprint,
            customer: request.customer,
            address: request.address,
            extensions: 0,
            number: 0,
            seats: chosen.into_iter().flatten().copied().collect(),
            areas,
            operations: vec![],
        };
        let told = format!("Held {:?}", hold.seats);
        self.holds.insert(request.key, hold);
        told
    }

    /// Why an operation on a hold is not done: it was done before, or the hold is not active.
    fn hindrance(&self, key: HoldKey, operation: Operation) -> Option<&'static str> {
        let Some(hold) = self.holds.get(&key) else { return Some("Missing") };
        if let Some(known) = hold.operations.iter().find(|known| known.key == operation.key) {
            let same = known.fingerprint == operation.fingerprint;
            return Some(if same { "Replayed" } else { "KeyReused" });
        }
        match hold.status {
            HoldStatus::Active => None,
            HoldStatus::Expired => Some("Expired"),
            HoldStatus::Released => Some("Released"),
            HoldStatus::Paying | HoldStatus::Sold => Some("InPayment"),
        }
    }

    fn change(&mut self, key: HoldKey, change: &HoldChange) -> String {
        if let Some(hindrance) = self.hindrance(key, change.operation) {
            return hindrance.to_owned();
        }
        let hold = self.holds[&key].clone();
        if change.remove.iter().any(|seat| !hold.seats.contains(seat)) {
            return "NotInHold".to_owned();
        }
        if change.add.iter().any(|seat| hold.seats.contains(seat)) {
            return "AlreadyInHold".to_owned();
        }
        let mut new = hold.clone();
        new.seats.retain(|seat| !change.remove.contains(seat));
        new.seats.extend(&change.add);
        new.areas.extend(areas_of(&change.areas));
        new.areas.retain(|_, quantity| *quantity > 0);
        if new.count() == 0 {
            return "Empty".to_owned();
        }
        if new.count() > hold.count() {
            let limit = i64::from(change.customer_limit);
            if self.of_customer(hold.customer, key) + new.count() > limit {
                return "CustomerLimit".to_owned();
            }
            if let Some((address, cap)) = hold.address
                && self.of_address(address, key) + new.count() > i64::from(cap)
            {
                return "AddressLimit".to_owned();
            }
        }
        if change.add.iter().any(|seat| !self.is_free(*seat)) {
            return "Taken".to_owned();
        }
        let old = |area: &u16| hold.areas.get(area).copied().unwrap_or(0);
        let is_short = |(area, quantity): (&u16, &i64)| {
            *quantity > old(area) && self.room(*area) < quantity - old(area)
        };
        if new.areas.iter().any(is_short) {
            return "AreasShort".to_owned();
        }
        remember(&mut new, change.operation);
        self.holds.insert(key, new);
        "Changed".to_owned()
    }

    fn extend(&mut self, key: HoldKey, extension: i64, max: u32, operation: Operation) -> String {
        if let Some(hindrance) = self.hindrance(key, operation) {
            return hindrance.to_owned();
        }
        let hold = self.holds.get_mut(&key).unwrap();
        if hold.extensions >= max {
            return "LimitReached".to_owned();
        }
        hold.deadline += extension;
        hold.extensions += 1;
        remember(hold, operation);
        "Extended".to_owned()
    }

    fn release(&mut self, key: HoldKey) -> String {
        match self.holds.get_mut(&key) {
            None => "Missing".to_owned(),
            Some(hold) => match hold.status {
                HoldStatus::Active => {
                    hold.status = HoldStatus::Released;
                    "Released".to_owned()
                }
                HoldStatus::Paying | HoldStatus::Sold => "InPayment".to_owned(),
                HoldStatus::Released | HoldStatus::Expired => "AlreadyEnded".to_owned(),
            },
        }
    }

    fn lay(&mut self, claim: &Claim, sold: bool) -> &'static str {
        use HoldStatus::{Expired, Paying, Released, Sold};
        let to = if sold { Sold } else { Paying };
        let old = self.holds.get(&claim.key).cloned();
        if let Some(old) = &old {
            let given_back = old.status == Released && old.number == 0;
            if !sold && given_back && old.created == claim.created {
                return "HoldReleased";
            }
            let ended = matches!(old.status, Released | Expired);
            if old.number > claim.claim_number || (old.number == claim.claim_number && ended) {
                return "Stale";
            }
            if old.number == claim.claim_number && (old.status == Sold || old.status == to) {
                return "Already";
            }
        }
        let owners = claim.seats.iter().filter_map(|seat| self.owner(*seat));
        let others: BTreeSet<_> = owners.filter(|owner| *owner != claim.key).collect();
        if others.iter().any(|other| self.holds[other].number > claim.claim_number) {
            return "Stale";
        }
        for other in others {
            self.holds.get_mut(&other).unwrap().status = Expired;
        }
        for seat in &claim.seats {
            self.blocked.remove(seat);
        }
        let same = old.filter(|old| old.created == claim.created);
        let hold = Hold {
            status: to,
            deadline: same.as_ref().map_or(self.now, |old| old.deadline),
            created: claim.created,
            fingerprint: same.as_ref().map_or([0; 8], |old| old.fingerprint),
            customer: claim.customer,
            address: same.as_ref().and_then(|old| old.address),
            extensions: same.as_ref().map_or(0, |old| old.extensions),
            number: claim.claim_number,
            seats: claim.seats.iter().copied().collect(),
            areas: areas_of(&claim.areas),
            operations: same.map_or(vec![], |old| old.operations),
        };
        self.holds.insert(claim.key, hold);
        "Changed"
    }

    fn unclaim(&mut self, claim: &Claim) -> &'static str {
        let Some(hold) = self.holds.get_mut(&claim.key) else { return "Already" };
        match hold.status {
            HoldStatus::Active if hold.created == claim.created => {
                hold.number = claim.claim_number;
                hold.status = HoldStatus::Released;
                "Changed"
            }
            HoldStatus::Paying | HoldStatus::Sold if hold.number == claim.claim_number => {
                hold.status = HoldStatus::Released;
                "Changed"
            }
            HoldStatus::Paying | HoldStatus::Sold if hold.number > claim.claim_number => "Stale",
            _ => "Already",
        }
    }

    fn block(&mut self, block: &[SeatIndex], unblock: &[SeatIndex]) -> String {
        let mut refused: Vec<_> =
            block.iter().copied().filter(|seat| self.owner(*seat).is_some()).collect();
        refused.sort_unstable();
        if refused.is_empty() {
            let back: Vec<_> =
                unblock.iter().filter(|seat| self.blocked.contains(seat)).copied().collect();
            self.blocked.extend(block);
            self.blocked.retain(|seat| !back.contains(seat));
        }
        format!("{refused:?}")
    }

    fn run(&mut self, step: &Step) -> String {
        self.judge();
        match step {
            Step::Hold(requests) => {
                requests.iter().map(|request| self.hold(request)).collect::<Vec<_>>().join(" ")
            }
            Step::Change(key, change) => self.change(*key, change),
            Step::Extend(key, extension, max, operation) => {
                self.extend(*key, *extension, *max, *operation)
            }
            Step::Release(key) => self.release(*key),
            Step::Promote(told) => each(told, |claim| self.lay(claim, false)),
            Step::Commit(told) => each(told, |claim| self.lay(claim, true)),
            Step::Unclaim(told) => each(told, |claim| self.unclaim(claim)),
            Step::Block(block, unblock) => self.block(block, unblock),
            Step::Read(_) | Step::Sweep(_) | Step::Rebuild(_) => String::new(),
        }
    }

    fn state(&self, seat: SeatIndex) -> CellState {
        match self.owner(seat).map(|owner| self.holds[&owner].status) {
            Some(HoldStatus::Paying) => CellState::Claimed,
            Some(HoldStatus::Sold) => CellState::Sold,
            Some(_) => CellState::Held,
            None if self.blocked.contains(&seat) => CellState::Blocked,
            None => CellState::Free,
        }
    }
}

fn each(claims: &[Claim], tell: impl FnMut(&Claim) -> &'static str) -> String {
    claims.iter().map(tell).collect::<Vec<_>>().join(" ")
}

fn remember(hold: &mut Hold, operation: Operation) {
    hold.operations.push(operation);
    let more = hold.operations.len().saturating_sub(16);
    hold.operations.drain(..more);
}

/// The first word of a reply, with what the model tells as well.
fn word(debug: &str) -> String {
    debug.split([' ', '{', '(']).next().unwrap().to_owned()
}

async fn run(stage: &Stage, step: &Step) -> String {
    use lua::HoldReply;
    let (store, partition) = (&stage.store, &stage.partition);
    match step {
        Step::Hold(requests) => {
            let replies = stage.hold_all(requests).await;
            let tell = |reply: &HoldReply| match reply {
                HoldReply::Held { record } => {
                    format!("Held {:?}", record.seats.iter().collect::<BTreeSet<_>>())
                }
                HoldReply::Taken { seats, .. } => format!("Taken {seats:?}"),
                HoldReply::AreasShort { areas } => format!("AreasShort {areas:?}"),
                other => word(&format!("{other:?}")),
            };
            replies.iter().map(tell).collect::<Vec<_>>().join(" ")
        }
        Step::Change(key, change) => {
            let reply = store.change_hold(partition, EPOCH, key, change).await;
            word(&format!("{:?}", done(reply.unwrap())))
        }
        Step::Extend(key, extension, max, operation) => {
            let reply = store.extend_hold(partition, EPOCH, key, *extension, *max, operation).await;
            word(&format!("{:?}", done(reply.unwrap())))
        }
        Step::Release(key) => {
            let reply = store.release_hold(partition, EPOCH, key).await;
            word(&format!("{:?}", done(reply.unwrap())))
        }
        Step::Promote(claims) | Step::Commit(claims) | Step::Unclaim(claims) => {
            let replies = match step {
                Step::Promote(_) => store.promote_holds(partition, EPOCH, claims).await,
                Step::Commit(_) => store.commit_claims(partition, EPOCH, claims).await,
                _ => store.release_claims(partition, EPOCH, claims).await,
            };
            let words: Vec<_> =
                done(replies.unwrap()).iter().map(|reply| format!("{reply:?}")).collect();
            words.join(" ")
        }
        Step::Block(block, unblock) => format!("{:?}", stage.block(block, unblock).await.refused),
        Step::Sweep(limit) => {
            stage.sweep(*limit).await;
            String::new()
        }
        Step::Read(_) | Step::Rebuild(_) => String::new(),
    }
}

#[tokio::test]
async fn random_sequences_end_as_a_plain_model_says() {
    let stage = Stage::new().await;
    let stage = Stage { partition: partition(), ..stage };
    let base = laid(EPOCH, vec![]);
    done(stage.store.rebuild(&stage.partition, &base).await.unwrap());
    let blocked = base.blocked.iter().copied().collect();
    let mut model = Model { now: stage.clock_now().as_millis(), holds: BTreeMap::new(), blocked };
    let mut steps = Steps::new(Random::seeded("model"), &[60, 5, 150]);
    let mut version = 1;
    for number in 0..STEPS {
        let pause = steps.random.below(6) as i64;
        stage.pass_time(pause);
        model.now += pause;
        let step = steps.next();
        let expected = model.run(&step);
        let told = run(&stage, &step).await;
        assert_eq!(told, expected, "step {number}: {step:?}");
        let next = stage.version().await;
        assert!(next == version || next == version + 1, "step {number}: more than one delta");
        version = next;
        if number % 10 == 0 {
            compare(&stage, &mut model, number).await;
        }
    }
}

/// Every record, seat and area, on a copy from which everything past its deadline is swept.
async fn compare(stage: &Stage, model: &mut Model, number: usize) {
    model.judge();
    for (key, hold) in &model.holds {
        let record = stage.store.read_hold(&stage.partition, EPOCH, key).await.unwrap();
        let record = done(record).unwrap_or_else(|| panic!("step {number}: {key:?} is gone"));
        let told = (record.status, record.claim_number.unwrap_or(0), record.extensions);
        assert_eq!(told, (hold.status, hold.number, hold.extensions), "step {number}: {key:?}");
        assert_eq!(record.seats, hold.seats.iter().copied().collect::<Vec<_>>(), "step {number}");
        assert_eq!(areas_of(&record.areas), hold.areas, "step {number}");
    }
    let place = stage.store.simulation().unwrap();
    let kept = place.keyspace();
    while stage.sweep(100).await.more {}
    let snapshot = stage.snapshot().await;
    for seat in 0..SEATS {
        assert_eq!(snapshot.states[seat as usize], model.state(seat), "step {number}: seat {seat}");
    }
    for (area, counts) in snapshot.areas.iter().enumerate() {
        let room = i64::from(counts.capacity) - i64::from(counts.held) - i64::from(counts.sold);
        assert_eq!(room, model.room(area as u16), "step {number}: area {area}");
    }
    place.rewind(kept);
}
