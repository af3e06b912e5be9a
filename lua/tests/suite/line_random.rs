//! Random steps of people in a line and of whoever leads it.

use std::collections::BTreeMap;

use domain::{hold::CustomerKey, id::HoldKey, queue::Lane, time::Timestamp};
use lua::{
    Claim, Error, GraceWish, HoldRequest, Join, LayLine, Laying, LineField, LinePhase, LinePlace,
    PassEnd, PassRecord, Reader, Store, Way, keyspace::Entry,
};

use crate::{
    random::Random,
    support::{EPOCH, Stage, customer, places, wants},
};

/// One step under a term, which is another one than the line's now and then.
#[derive(Clone, Debug)]
pub struct LineStep {
    pub term: u64,
    pub act: LineAct,
}

/// What is done. Few people and indexes, so that they meet often.
#[derive(Clone, Debug)]
pub enum LineAct {
    Join(Vec<Join>),
    Enter(CustomerKey, Way, LinePlace, i64),
    Renew(CustomerKey, i64),
    Leave(CustomerKey),
    Grace(Vec<GraceWish>),
    Admit(u64, [u64; 3], u32),
    Set(u64, LineField, String),
    Close(u64),
    Raise([u64; 2]),
    Lay(LayLine),
    Add(Vec<(CustomerKey, PassRecord)>),
    /// A purchase of an area's place, by a claim that is news.
    Buy(Claim),
    /// Where there is an inventory whose seats matter.
    Hold(Vec<HoldRequest>),
    Require(bool),
    Read,
}

pub const PEOPLE: u8 = 30;

pub struct LineSteps {
    pub random: Random,
    /// The line's.
    pub term: u64,
    /// The highest that the line has seen.
    pub fence: u64,
    pub claims: u32,
    /// Beyond everybody who stands there, by lane.
    ends: [u64; 2],
    /// Whether holds and the flag belong to the steps.
    pub with_holds: bool,
}

impl LineSteps {
    pub fn new(random: Random, with_holds: bool) -> Self {
        Self { random, term: 1, fence: 1, claims: 0, ends: [0; 2], with_holds }
    }

    /// `members`: who stands where, so that steps make sense most of the time.
    pub fn next(&mut self, members: &BTreeMap<CustomerKey, LinePlace>, now: i64) -> LineStep {
        for lane in Lane::ALL {
            let of_lane = members.values().filter(|place| place.lane == lane);
            let last = of_lane.map(|place| place.index + 1).max().unwrap_or(0);
            self.ends[lane.number()] = last;
        }
        let act = self.act(members, now);
        let laid = matches!(act, LineAct::Lay(_));
        let term = if !laid && self.random.chance(3) { self.term - 1 } else { self.term };
        LineStep { term, act }
    }

    fn act(&mut self, members: &BTreeMap<CustomerKey, LinePlace>, now: i64) -> LineAct {
        match self.random.below(100) {
            0..30 => {
                let most = if self.random.chance(20) { 20 } else { 3 };
                let many = 1 + self.random.below(most);
                LineAct::Join((0..many).map(|_| self.join()).collect())
            }
            30..48 => {
                let person = self.person();
                let place = self.place_of(person, members);
                let position = if self.random.chance(70) {
                    place.index
                } else {
                    self.random.below(self.ends[0] + 1)
                };
                let way = match place.lane {
                    _ if self.random.chance(25) => Way::Grace { number: self.random.below(6) },
                    Lane::General => Way::General { position },
                    Lane::Priority => Way::Priority { position },
                };
                LineAct::Enter(person, way, place, self.life())
            }
            48..52 => LineAct::Renew(self.person(), self.life()),
            52..59 => LineAct::Leave(self.person()),
            59..65 => {
                let many = 1 + self.random.below(3);
                let wishes = (0..many).map(|_| {
                    let person = self.person();
                    GraceWish { person, place: self.place_of(person, members) }
                });
                LineAct::Grace(wishes.collect())
            }
            65..79 => {
                let [end, end_priority] = self.ends;
                let grace = if self.random.chance(30) { 1_000 } else { 20 };
                let cursors = [end + 3, end_priority + 2, grace];
                let cursors = cursors.map(|most| self.random.below(most));
                LineAct::Admit(self.fence(), cursors, self.random.below(4) as u32)
            }
            79..83 => {
                let fence = self.fence();
                let (field, value) = self.field();
                LineAct::Set(fence, field, value)
            }
            83..85 => LineAct::Close(self.fence()),
            85..88 => LineAct::Raise(self.ends.map(|end| end + self.random.below(10))),
            88 => LineAct::Lay(self.line(now)),
            89 => LineAct::Add(self.passes(now)),
            90..95 => {
                self.claims += 1;
                let mut key = HoldKey([0xCC; 12]);
                key.0[..4].copy_from_slice(&self.claims.to_be_bytes());
                LineAct::Buy(Claim {
                    key,
                    created: Timestamp(1_790_000_000_000),
                    claim_number: u64::from(self.claims),
                    customer: self.person(),
                    seats: vec![],
                    areas: vec![places(0, 1)],
                })
            }
            95..98 if self.with_holds => {
                let many = 1 + self.random.below(3);
                LineAct::Hold((0..many).map(|_| self.hold()).collect())
            }
            98 if self.with_holds => LineAct::Require(self.random.chance(70)),
            _ => LineAct::Read,
        }
    }

    fn person(&mut self) -> CustomerKey {
        let number = 1 + self.random.below(u64::from(PEOPLE)) as u8;
        let mut person = customer(number);
        // Some share a bucket.
        person.0[..2].copy_from_slice(&[number / 3, 0]);
        person
    }

    fn lane(&mut self) -> Lane {
        if self.random.chance(75) { Lane::General } else { Lane::Priority }
    }

    fn join(&mut self) -> Join {
        let shows = self.random.chance(15);
        Join {
            person: self.person(),
            lane: self.lane(),
            place: shows.then(|| self.random.below(self.ends[0] + 3)),
        }
    }

    fn place_of(
        &mut self,
        person: CustomerKey,
        members: &BTreeMap<CustomerKey, LinePlace>,
    ) -> LinePlace {
        match members.get(&person) {
            Some(place) if self.random.chance(85) => *place,
            _ => LinePlace { lane: self.lane(), index: self.random.below(self.ends[0] + 1) },
        }
    }

    fn life(&mut self) -> i64 {
        if self.random.chance(80) { 300 } else { 1 + self.random.below(100) as i64 }
    }

    fn fence(&mut self) -> u64 {
        match self.random.below(20) {
            0 => self.fence.saturating_sub(1),
            1 => {
                self.fence += 1;
                self.fence
            }
            _ => self.fence,
        }
    }

    fn field(&mut self) -> (LineField, String) {
        match self.random.below(10) {
            0 => (LineField::WaitingMax, (self.random.below(5) * 8).to_string()),
            1 => (LineField::Draw, "{\"seed\":\"ab\"}".to_owned()),
            2 => (LineField::Notes, self.random.below(9).to_string()),
            3..8 => (LineField::Phase, LinePhase::Open.as_str().to_owned()),
            _ => (LineField::Phase, self.phase().as_str().to_owned()),
        }
    }

    fn phase(&mut self) -> LinePhase {
        LinePhase::ALL[self.random.below(6) as usize]
    }

    fn line(&mut self, now: i64) -> LayLine {
        let again = self.random.chance(20);
        self.term += u64::from(!again);
        self.fence = if again { self.fence } else { 1 + self.random.below(5) };
        LayLine {
            term: self.term,
            fence: self.fence,
            phase: if self.random.chance(60) { LinePhase::Open } else { self.phase() },
            joined: self.ends.map(|end| end + self.random.below(3)),
            ceiling: self.ends.map(|end| end + self.random.below(20)),
            size: [self.random.below(10), 0],
            cursors: [self.ends[0] + 1, self.ends[1] + 1, 5].map(|most| self.random.below(most)),
            waiting_max: if self.random.chance(50) { 0 } else { 10 + self.random.below(20) },
            batches: Vec::new(),
            draw: self.random.chance(30).then(|| "{,\n}".to_owned()),
            passes: self.passes(now),
        }
    }

    fn passes(&mut self, now: i64) -> Vec<(CustomerKey, PassRecord)> {
        let mut passes = BTreeMap::new();
        for _ in 0..self.random.below(4) {
            let place = LinePlace { lane: self.lane(), index: self.random.below(self.ends[0] + 1) };
            let reason = [PassEnd::Bought, PassEnd::Left, PassEnd::Idle, PassEnd::Closed];
            let reason = reason[self.random.below(4) as usize];
            let expires_at = Timestamp(now + self.random.below(60) as i64);
            let record = match self.random.below(2) {
                0 => PassRecord::Live { expires_at, place },
                _ => PassRecord::Ended { reason, place },
            };
            passes.insert(self.person(), record);
        }
        passes.into_iter().collect()
    }

    fn hold(&mut self) -> HoldRequest {
        let seat = self.random.below(20) as u32;
        let mut request = wants(1 + self.random.below(200) as u8, &[seat]);
        request.customer = self.person();
        request.ttl_ms = 30;
        request.has_pass = self.random.chance(70);
        request
    }
}

/// Who stands where, from the keys of the in-process place.
pub fn members(stage: &Stage) -> BTreeMap<CustomerKey, LinePlace> {
    let mut members = BTreeMap::new();
    for (key, entry) in stage.dump().iter() {
        let name = String::from_utf8_lossy(key).into_owned();
        let (Some((_, bucket)), Entry::Hash(hash)) = (name.split_once(":members:"), entry) else {
            continue;
        };
        let bucket = u16::from_str_radix(bucket, 16).expect("four digits");
        for (rest, number) in hash {
            let mut person = CustomerKey([0; 12]);
            person.0[..2].copy_from_slice(&bucket.to_be_bytes());
            person.0[2..].copy_from_slice(rest);
            let number = String::from_utf8_lossy(number).parse().expect("a number");
            members.insert(person, LinePlace::from_number(number));
        }
    }
    members
}

/// What a reply says, as a text.
pub fn told<T: std::fmt::Debug>(reply: Result<T, Error>) -> String {
    format!("{:?}", reply.map_err(|error| error.to_string()))
}

/// Does a step, and answers the reply as a text.
pub async fn run(store: &Store, stage: &Stage, step: &LineStep) -> String {
    let (at, term) = (&stage.partition, step.term);
    match &step.act {
        LineAct::Join(joins) => told(store.join_line(at, term, joins).await),
        LineAct::Enter(person, way, place, life) => {
            told(store.enter_line(at, term, *person, *way, *place, *life).await)
        }
        LineAct::Renew(person, life) => told(store.renew_pass(at, term, *person, *life).await),
        LineAct::Leave(person) => told(store.leave_line(at, term, *person).await),
        LineAct::Grace(wishes) => told(store.join_grace(at, term, wishes).await),
        LineAct::Admit(fence, cursors, sweep) => {
            told(store.admit(at, term, *fence, *cursors, *sweep).await)
        }
        LineAct::Set(fence, field, value) => {
            told(store.set_line(at, term, *fence, &[(*field, value.clone())]).await)
        }
        LineAct::Close(fence) => told(store.close_entries(at, term, *fence).await),
        LineAct::Raise(ceilings) => told(store.raise_ceilings(at, term, *ceilings).await),
        LineAct::Lay(line) => told(store.lay_line(at, line).await),
        LineAct::Add(passes) => told(store.add_passes(at, term, passes, Laying::Ends).await),
        LineAct::Buy(claim) => {
            told(store.commit_claims(at, EPOCH, std::slice::from_ref(claim)).await)
        }
        LineAct::Hold(requests) => told(store.hold_seats(at, EPOCH, requests).await),
        LineAct::Require(required) => told(store.require_pass(at, EPOCH, *required).await),
        LineAct::Read => {
            let reader = Reader { wants_entered: true, ..Reader::default() };
            told(store.read_line(at, &reader).await)
        }
    }
}
