//! Random steps against a plain model of a line, and against what must hold of any line: an index
//! is given once, densely, and only to who is not refused; who stands there keeps the place; the
//! cursors go forward; a person has one live pass, a place one in all.

use std::collections::{BTreeMap, BTreeSet};

use domain::{hold::CustomerKey, queue::Lane, time::Timestamp};
use lua::{
    Admitted, BatchMark, ClaimReply, Controlled, EndedMark, Entered, EnteredMark, EnteredWay,
    GraceWish, Graced, Join, JoinReply, Joined, Laid, LayLine, Left, LineField, LinePhase,
    LinePlace, LineRead, ListPart, PassEnd, PassRecord, Reply, Termed, Way,
};

use crate::{
    line_random::{LineAct, LineStep, LineSteps, members, run, told},
    line_support::termed,
    random::Random,
    support::Stage,
};

const STEPS: usize = 5_000;

struct Model {
    now: Timestamp,
    term: u64,
    fence: u64,
    phase: LinePhase,
    joined: [u64; 2],
    ceiling: [u64; 2],
    size: [u64; 2],
    cursors: [u64; 3],
    waiting_max: u64,
    draw: Option<String>,
    notes: Option<String>,
    members: BTreeMap<CustomerKey, LinePlace>,
    entries: [Vec<Option<CustomerKey>>; 2],
    passes: BTreeMap<CustomerKey, PassRecord>,
    graced: Vec<CustomerKey>,
    ended: Vec<EndedMark>,
    entered: Vec<EnteredMark>,
    batches: Vec<BatchMark>,
}

/// Whether an ended pass says that a place which is not the person's is used up or given up.
fn uses_up(ended: LinePlace, place: LinePlace) -> bool {
    ended.lane != place.lane || ended.index >= place.index
}

impl Model {
    fn new(now: Timestamp, line: &LayLine) -> Self {
        let mut model = Self {
            now,
            term: 0,
            fence: 0,
            phase: LinePhase::Early,
            joined: [0; 2],
            ceiling: [0; 2],
            size: [0; 2],
            cursors: [0; 3],
            waiting_max: 0,
            draw: None,
            notes: None,
            members: BTreeMap::new(),
            entries: [vec![], vec![]],
            passes: BTreeMap::new(),
            graced: vec![],
            ended: vec![],
            entered: vec![],
            batches: vec![],
        };
        model.lay(line);
        model
    }

    fn ended_place(&self, person: CustomerKey) -> Option<LinePlace> {
        match self.passes.get(&person) {
            Some(PassRecord::Ended { place, .. }) => Some(*place),
            _ => None,
        }
    }

    fn put_entry(&mut self, place: LinePlace, person: CustomerKey) {
        let entries = &mut self.entries[place.lane.number()];
        let index = place.index as usize;
        if entries.len() <= index {
            entries.resize(index + 1, None);
        }
        entries[index] = entries[index].or(Some(person));
    }

    fn join(&mut self, join: &Join) -> Joined {
        let (person, lane) = (join.person, join.lane.number());
        let ended = self.ended_place(person);
        let member = self.members.get(&person).copied();
        let mut known = member.filter(|place| ended != Some(*place));
        if let (None, Some(index)) = (member, join.place) {
            let place = LinePlace { lane: join.lane, index };
            if !ended.is_some_and(|ended| uses_up(ended, place)) {
                self.members.insert(person, place);
                self.put_entry(place, person);
                known = Some(place);
            }
        }
        if let Some(LinePlace { lane, index }) = known {
            let joined = &mut self.joined[lane.number()];
            *joined = (*joined).max(index + 1);
            return Joined::Known { lane, index };
        }
        if matches!(self.phase, LinePhase::Draining | LinePhase::Closed) {
            return Joined::Closed;
        }
        let waiting = self.joined[0] + self.joined[1];
        let waiting = waiting as i64 - (self.cursors[0] + self.cursors[1]) as i64;
        if self.waiting_max > 0 && waiting >= self.waiting_max as i64 {
            return Joined::Full;
        }
        if self.joined[lane] >= self.ceiling[lane] {
            return Joined::Ceiling;
        }
        let place = LinePlace { lane: join.lane, index: self.joined[lane] };
        self.joined[lane] += 1;
        self.members.insert(person, place);
        self.put_entry(place, person);
        Joined::New { lane: place.lane, index: place.index }
    }

    fn enter(&mut self, person: CustomerKey, way: Way, place: LinePlace, life: i64) -> Entered {
        let record = self.passes.get(&person).copied();
        let ended = |reason| Entered::Ended { reason };
        if let Some(PassRecord::Live { place: of_pass, .. }) = record {
            return if of_pass == place { self.renew(person, life) } else { ended(PassEnd::Left) };
        }
        let member = self.members.get(&person).copied();
        if member.is_some_and(|member| member != place) {
            return ended(PassEnd::Left);
        }
        if let Some(PassRecord::Ended { reason, place: old }) = record
            && (old == place || (member.is_none() && uses_up(old, place)))
        {
            return ended(reason);
        }
        if self.phase == LinePhase::Closed {
            return ended(PassEnd::Closed);
        }
        let (way, position, cursor) = match (record, way) {
            (Some(PassRecord::Graced { number }), _) => {
                (EnteredWay::Grace, number, self.cursors[2])
            }
            (_, Way::Grace { .. }) => return Entered::NotYet,
            (_, Way::General { position }) => {
                (EnteredWay::Lane(Lane::General), position, self.cursors[0])
            }
            (_, Way::Priority { position }) => {
                (EnteredWay::Lane(Lane::Priority), position, self.cursors[1])
            }
        };
        if position >= cursor {
            return Entered::NotYet;
        }
        let expires_at = self.now.plus_millis(life);
        self.passes.insert(person, PassRecord::Live { expires_at, place });
        self.members.insert(person, place);
        self.entered.push(EnteredMark { way, position, at: self.now });
        Entered::New { expires_at }
    }

    fn renew(&mut self, person: CustomerKey, life: i64) -> Entered {
        match self.passes.get_mut(&person) {
            Some(PassRecord::Live { expires_at, .. }) if *expires_at <= self.now => {
                Entered::Ended { reason: PassEnd::Idle }
            }
            Some(PassRecord::Live { expires_at, .. }) => {
                *expires_at = (*expires_at).max(self.now.plus_millis(life));
                Entered::Renewed { expires_at: *expires_at }
            }
            Some(PassRecord::Ended { reason, .. }) => Entered::Ended { reason: *reason },
            _ => Entered::NotYet,
        }
    }

    fn end(&mut self, person: CustomerKey, reason: PassEnd, place: LinePlace) {
        self.passes.insert(person, PassRecord::Ended { reason, place });
        self.ended.push(EndedMark { person, place, reason });
    }

    fn leave(&mut self, person: CustomerKey) -> Left {
        let member = self.members.get(&person).copied();
        let (place, reason, had_pass) = match self.passes.get(&person).copied() {
            Some(PassRecord::Live { expires_at, place }) => {
                let lives = expires_at > self.now;
                (Some(place), if lives { PassEnd::Left } else { PassEnd::Idle }, lives)
            }
            Some(PassRecord::Ended { place, .. }) => {
                (member.filter(|member| *member != place), PassEnd::Left, false)
            }
            Some(PassRecord::Graced { .. }) if member.is_none() => {
                self.passes.remove(&person);
                return Left { had_pass: false, had_place: true };
            }
            _ => (member, PassEnd::Left, false),
        };
        let Some(place) = place else { return Left { had_pass: false, had_place: false } };
        self.end(person, reason, place);
        if let Some(member) = self.members.remove(&person)
            && self.phase == LinePhase::Early
        {
            let entry = self.entries[member.lane.number()].get_mut(member.index as usize);
            if let Some(entry) = entry.filter(|entry| **entry == Some(person)) {
                *entry = None;
            }
        }
        Left { had_pass, had_place: true }
    }

    fn grace(&mut self, wish: &GraceWish) -> Graced {
        match self.passes.get(&wish.person).copied() {
            Some(PassRecord::Live { expires_at, .. }) if expires_at > self.now => {
                return Graced::Inside { expires_at };
            }
            Some(PassRecord::Live { .. }) => return Graced::Ended { reason: PassEnd::Idle },
            _ => {}
        }
        let member = self.members.get(&wish.person).copied();
        if member.is_some_and(|member| member != wish.place) {
            return Graced::Ended { reason: PassEnd::Left };
        }
        match self.passes.get(&wish.person).copied() {
            Some(PassRecord::Ended { reason, place })
                if place == wish.place || (member.is_none() && uses_up(place, wish.place)) =>
            {
                return Graced::Ended { reason };
            }
            Some(PassRecord::Graced { number }) if number >= self.cursors[2] => {
                return Graced::Waiting { number };
            }
            _ => {}
        }
        self.members.insert(wish.person, wish.place);
        let number = self.graced.len() as u64;
        self.graced.push(wish.person);
        self.passes.insert(wish.person, PassRecord::Graced { number });
        Graced::Waiting { number }
    }

    fn inside(&self) -> u64 {
        let live = |record: &&PassRecord| matches!(record, PassRecord::Live { .. });
        self.passes.values().filter(live).count() as u64
    }

    fn admit(&mut self, fence: u64, wanted: [u64; 3], sweep: u32) -> Admitted {
        self.fence = fence;
        let ends = [self.joined[0], self.joined[1], self.graced.len() as u64];
        let before = self.cursors;
        if !matches!(self.phase, LinePhase::Early | LinePhase::Drawing) {
            for way in 0..3 {
                self.cursors[way] = before[way].max(wanted[way].min(ends[way]));
            }
        }
        if self.cursors != before {
            self.batches.push(BatchMark { at: self.now, cursors: self.cursors });
        }
        let idle = self.passes.iter().filter_map(|(person, record)| match record {
            PassRecord::Live { expires_at, place } if *expires_at <= self.now => {
                Some((*expires_at, *person, *place))
            }
            _ => None,
        });
        let mut idle: Vec<_> = idle.collect();
        idle.sort_unstable();
        idle.truncate(sweep as usize);
        for (_, person, place) in &idle {
            self.end(*person, PassEnd::Idle, *place);
        }
        Admitted {
            now: self.now,
            inside: self.inside(),
            ended_now: idle.into_iter().map(|(_, person, _)| person).collect(),
            joined: self.joined,
            cursors: self.cursors,
        }
    }

    fn set(&mut self, fence: u64, field: LineField, value: &str) {
        self.fence = fence;
        match field {
            LineField::Phase => self.phase = LinePhase::parse(value).unwrap(),
            LineField::WaitingMax => self.waiting_max = value.parse().unwrap(),
            LineField::Draw => self.draw = Some(value.to_owned()),
            LineField::Notes => self.notes = Some(value.to_owned()),
        }
    }

    fn close(&mut self, fence: u64) -> [u64; 2] {
        if self.phase == LinePhase::Early {
            (self.phase, self.size, self.fence) = (LinePhase::Drawing, self.joined, fence);
        }
        self.size
    }

    fn lay(&mut self, line: &LayLine) -> Laid {
        (self.term, self.fence, self.phase) = (line.term, line.fence, line.phase);
        for lane in 0..2 {
            self.joined[lane] = line.joined[lane].max(self.entries[lane].len() as u64);
        }
        (self.ceiling, self.size, self.cursors) = (line.ceiling, line.size, line.cursors);
        (self.waiting_max, self.draw, self.notes) = (line.waiting_max, line.draw.clone(), None);
        (self.ended, self.entered, self.batches) = (vec![], vec![], vec![]);
        self.passes = BTreeMap::new();
        for (number, person) in self.graced.iter().enumerate() {
            if number as u64 >= line.cursors[2] {
                self.passes.insert(*person, PassRecord::Graced { number: number as u64 });
            }
        }
        let released = self.graced.len().max(line.cursors[2] as usize);
        self.graced.resize(released, CustomerKey([0; 12]));
        for (person, record) in &line.passes {
            self.passes.insert(*person, *record);
            if let PassRecord::Ended { reason, place } = record {
                self.ended.push(EndedMark { person: *person, place: *place, reason: *reason });
            }
        }
        self.batches.clone_from(&line.batches);
        let told = self.batches.last().map_or([0; 3], |mark| mark.cursors);
        if told != self.cursors {
            self.batches.push(BatchMark { at: self.now, cursors: self.cursors });
        }
        Laid { now: self.now, joined: self.joined }
    }

    fn add(&mut self, passes: &[(CustomerKey, PassRecord)]) -> u64 {
        let mut laid = 0;
        for (person, record) in passes {
            if matches!(self.passes.get(person), None | Some(PassRecord::Graced { .. })) {
                laid += 1;
                self.passes.insert(*person, *record);
                if let PassRecord::Ended { reason, place } = record {
                    self.ended.push(EndedMark { person: *person, place: *place, reason: *reason });
                }
            }
        }
        laid
    }

    fn read(&self) -> LineRead {
        fn all<T: Clone>(items: &[T]) -> ListPart<T> {
            ListPart { total: items.len() as u64, from: 0, items: items.to_vec() }
        }
        LineRead {
            now: self.now,
            term: self.term,
            fence: self.fence,
            phase: self.phase,
            joined: self.joined,
            ceiling: self.ceiling,
            size: self.size,
            cursors: self.cursors,
            waiting_max: self.waiting_max,
            inside: self.inside(),
            draw: self.draw.clone(),
            notes: self.notes.clone(),
            batches: all(&self.batches),
            graced: all(&self.graced),
            ended: all(&self.ended),
            entered: all(&self.entered),
        }
    }

    fn in_term<T: std::fmt::Debug>(
        &mut self,
        term: u64,
        act: impl FnOnce(&mut Self) -> T,
    ) -> String {
        told(Ok(match term == self.term {
            true => Termed::Done(act(self)),
            false => Termed::OtherTerm { current: Some(self.term) },
        }))
    }

    fn led<T: std::fmt::Debug>(
        &mut self,
        term: u64,
        fence: u64,
        act: impl FnOnce(&mut Self) -> T,
    ) -> String {
        told(Ok(match term == self.term {
            false => Controlled::OtherTerm { current: Some(self.term) },
            true if fence < self.fence => Controlled::Fenced { fence: self.fence },
            true => Controlled::Done(act(self)),
        }))
    }

    /// What the reply must be.
    fn run(&mut self, step: &LineStep) -> String {
        let term = step.term;
        match &step.act {
            LineAct::Join(joins) => self.in_term(term, |line| {
                let replies = joins.iter().map(|join| line.join(join)).collect();
                JoinReply { now: line.now, joined: line.joined, replies }
            }),
            LineAct::Enter(person, way, place, life) => {
                self.in_term(term, |line| line.enter(*person, *way, *place, *life))
            }
            LineAct::Renew(person, life) => self.in_term(term, |line| line.renew(*person, *life)),
            LineAct::Leave(person) => self.in_term(term, |line| line.leave(*person)),
            LineAct::Grace(wishes) => self.in_term(term, |line| {
                wishes.iter().map(|wish| line.grace(wish)).collect::<Vec<_>>()
            }),
            LineAct::Admit(fence, cursors, sweep) => {
                self.led(term, *fence, |line| line.admit(*fence, *cursors, *sweep))
            }
            LineAct::Set(fence, field, value) => {
                self.led(term, *fence, |line| line.set(*fence, *field, value))
            }
            LineAct::Close(fence) => self.led(term, *fence, |line| line.close(*fence)),
            LineAct::Raise(ceilings) => self.in_term(term, |line| {
                for (ceiling, raised) in line.ceiling.iter_mut().zip(ceilings) {
                    *ceiling = (*ceiling).max(*raised);
                }
                line.ceiling
            }),
            LineAct::Lay(line) if line.term <= self.term => {
                let current = Some(self.term);
                told(Ok(Termed::<Laid>::OtherTerm { current }))
            }
            LineAct::Lay(line) => told(Ok(Termed::Done(self.lay(line)))),
            LineAct::Add(passes) => self.in_term(term, |line| line.add(passes)),
            LineAct::Buy(claim) => {
                if let Some(PassRecord::Live { place, .. }) = self.passes.get(&claim.customer) {
                    let place = *place;
                    self.end(claim.customer, PassEnd::Bought, place);
                }
                told(Ok(Reply::Done(vec![ClaimReply::Changed])))
            }
            LineAct::Read => told(Ok(Some(self.read()))),
            LineAct::Hold(_) | LineAct::Require(_) => unreachable!("no steps of this test"),
        }
    }
}

/// What must hold of any line, whatever the model thinks; told by replies alone.
#[derive(Default)]
struct Laws {
    /// Of the term: by lane, the next index.
    next: [u64; 2],
    given: BTreeSet<LinePlace>,
    places: BTreeMap<CustomerKey, LinePlace>,
    used: BTreeSet<(CustomerKey, LinePlace)>,
    cursors: [u64; 3],
}

impl Laws {
    fn laid(&mut self, laid: &Laid, cursors: [u64; 3]) {
        let places = std::mem::take(&mut self.places);
        *self = Self { next: laid.joined, places, cursors, ..Self::default() };
    }

    async fn joined(&mut self, stage: &Stage, term: u64, joins: &[Join], reply: &JoinReply) {
        for (join, joined) in joins.iter().zip(&reply.replies) {
            let before = self.places.get(&join.person).copied();
            match *joined {
                Joined::New { lane, index } => {
                    let place = LinePlace { lane, index };
                    assert_eq!(index, self.next[lane.number()], "indexes are dense");
                    assert!(self.given.insert(place), "{place:?} is given twice");
                    self.next[lane.number()] += 1;
                    if let Some(before) = before {
                        let state = stage.store.pass_state(&stage.partition, term, join.person);
                        let record = termed(state.await.unwrap()).1;
                        let used = matches!(record, Some(PassRecord::Ended { place, .. }) if place == before);
                        assert!(used, "{before:?} was lost, and {record:?}");
                    }
                    self.places.insert(join.person, place);
                }
                Joined::Known { lane, index } => {
                    let place = LinePlace { lane, index };
                    assert_eq!(before.unwrap_or(place), place, "who stands there stays");
                    self.next[lane.number()] = self.next[lane.number()].max(index + 1);
                    self.places.insert(join.person, place);
                }
                Joined::Full | Joined::Closed | Joined::Ceiling => {}
            }
        }
        assert_eq!(self.next, reply.joined, "who is refused costs no index");
    }

    fn entered(&mut self, person: CustomerKey, place: LinePlace, entered: Entered) {
        if let Entered::New { .. } = entered {
            assert!(self.used.insert((person, place)), "one pass for a place");
            self.places.insert(person, place);
        }
    }

    fn left(&mut self, person: CustomerKey, left: Left) {
        if left.had_place {
            self.places.remove(&person);
        }
    }

    fn moved(&mut self, cursors: [u64; 3]) {
        assert!(cursors.iter().zip(self.cursors).all(|(now, before)| *now >= before));
        self.cursors = cursors;
    }
}

/// Does a step, tells the laws, and answers the reply as a text.
async fn obey(stage: &Stage, laws: &mut Laws, step: &LineStep) -> String {
    let (store, at, term) = (&stage.store, &stage.partition, step.term);
    match &step.act {
        LineAct::Join(joins) => {
            let reply = store.join_line(at, term, joins).await;
            if let Ok(Termed::Done(reply)) = &reply {
                laws.joined(stage, term, joins, reply).await;
            }
            told(reply)
        }
        LineAct::Enter(person, way, place, life) => {
            let reply = store.enter_line(at, term, *person, *way, *place, *life).await;
            if let Ok(Termed::Done(entered)) = &reply {
                laws.entered(*person, *place, *entered);
            }
            told(reply)
        }
        LineAct::Leave(person) => {
            let reply = store.leave_line(at, term, *person).await;
            if let Ok(Termed::Done(left)) = &reply {
                laws.left(*person, *left);
            }
            told(reply)
        }
        LineAct::Admit(fence, cursors, sweep) => {
            let reply = store.admit(at, term, *fence, *cursors, *sweep).await;
            if let Ok(Controlled::Done(admitted)) = &reply {
                laws.moved(admitted.cursors);
            }
            told(reply)
        }
        LineAct::Lay(line) => {
            let reply = store.lay_line(at, line).await;
            if let Ok(Termed::Done(laid)) = &reply {
                laws.laid(laid, line.cursors);
            }
            told(reply)
        }
        LineAct::Add(passes) => {
            // What the ledger knows may be anything in this test.
            let told_of = |person: &CustomerKey| passes.iter().any(|(other, _)| other == person);
            laws.used.retain(|(person, _)| !told_of(person));
            run(store, stage, step).await
        }
        _ => run(store, stage, step).await,
    }
}

#[tokio::test]
async fn random_steps_end_as_a_plain_model_of_a_line_says() {
    let stage = Stage::new().await;
    let mut steps = LineSteps::new(Random::seeded("line model"), false);
    let first = LayLine { term: steps.term, fence: steps.fence, ..crate::line_support::line() };
    let mut model = Model::new(stage.clock_now(), &first);
    let mut laws = Laws::default();
    let laid = stage.store.lay_line(&stage.partition, &first).await.unwrap();
    laws.laid(&termed(laid), first.cursors);
    for number in 0..STEPS {
        let pause = steps.random.below(8) as i64;
        stage.pass_time(pause);
        model.now = stage.clock_now();
        let step = steps.next(&members(&stage), model.now.as_millis());
        let expected = model.run(&step);
        let told = obey(&stage, &mut laws, &step).await;
        assert_eq!(told, expected, "step {number}: {step:?}");
        if number % 10 == 0 {
            compare(&stage, &model, number).await;
        }
    }
}

/// Everything that can be read.
async fn compare(stage: &Stage, model: &Model, number: usize) {
    assert_eq!(stage.line().await, model.read(), "step {number}");
    assert_eq!(members(stage), model.members, "step {number}");
    for lane in Lane::ALL {
        assert_eq!(stage.entries(lane).await, model.entries[lane.number()], "step {number}");
    }
    for person in model.members.keys() {
        let state = stage.store.pass_state(&stage.partition, model.term, *person).await;
        let record = termed(state.unwrap()).1;
        assert_eq!(record.as_ref(), model.passes.get(person), "step {number}: {person:?}");
    }
}
