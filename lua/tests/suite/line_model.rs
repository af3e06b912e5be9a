//! A plain model of a line: what every step must answer, and leave behind.

mod answers;

use std::collections::BTreeMap;

use domain::{hold::CustomerKey, queue::Lane, time::Timestamp};
use lua::{
    Admitted, BatchMark, EndedMark, Entered, EnteredMark, EnteredWay, GraceWish, Graced, Join,
    Joined, Laid, LayLine, Left, LineField, LinePhase, LinePlace, PassEnd, PassRecord, Way,
};

pub struct Model {
    pub now: Timestamp,
    pub term: u64,
    fence: u64,
    phase: LinePhase,
    joined: [u64; 2],
    ceiling: [u64; 2],
    size: [u64; 2],
    cursors: [u64; 3],
    waiting_max: u64,
    draw: Option<String>,
    notes: Option<String>,
    pub members: BTreeMap<CustomerKey, LinePlace>,
    pub entries: [Vec<Option<CustomerKey>>; 2],
    pub passes: BTreeMap<CustomerKey, PassRecord>,
    /// The pass that ended before a person came to wait in the grace.
    before_grace: BTreeMap<CustomerKey, (PassEnd, LinePlace)>,
    graced: Vec<CustomerKey>,
    ended: Vec<EndedMark>,
    entered: Vec<EnteredMark>,
    batches: Vec<BatchMark>,
}

/// Whether an ended pass says that a place which is not the person's is used up or given up.
fn uses_up(ended: LinePlace, place: LinePlace) -> bool {
    ended.lane != place.lane || ended.index >= place.index
}

/// Whether a person who stands elsewhere has that instead. Of two places that were both given, because
/// the store had forgotten the first, the earlier counts.
pub fn stands_elsewhere(member: Option<LinePlace>, place: LinePlace) -> bool {
    member.is_some_and(|member| member.lane != place.lane || member.index < place.index)
}

impl Model {
    pub fn new(now: Timestamp, line: &LayLine) -> Self {
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
            before_grace: BTreeMap::new(),
            graced: vec![],
            ended: vec![],
            entered: vec![],
            batches: vec![],
        };
        model.lay(line);
        model
    }

    /// The last pass of a person that ended, as long as they have no other.
    fn ended_pass(&self, person: CustomerKey) -> Option<(PassEnd, LinePlace)> {
        match self.passes.get(&person) {
            Some(PassRecord::Ended { reason, place }) => Some((*reason, *place)),
            Some(PassRecord::Graced { .. }) => self.before_grace.get(&person).copied(),
            _ => None,
        }
    }

    fn ended_place(&self, person: CustomerKey) -> Option<LinePlace> {
        self.ended_pass(person).map(|(_, place)| place)
    }

    fn put_entry(&mut self, place: LinePlace, person: CustomerKey) {
        let entries = &mut self.entries[place.lane.number()];
        let index = place.index as usize;
        if entries.len() <= index {
            entries.resize(index + 1, None);
        }
        entries[index] = entries[index].or(Some(person));
    }

    fn clear_entry(&mut self, place: LinePlace, person: CustomerKey) {
        let entry = self.entries[place.lane.number()].get_mut(place.index as usize);
        if let Some(entry) = entry.filter(|entry| **entry == Some(person)) {
            *entry = None;
        }
    }

    fn is_inside_with(&self, person: CustomerKey, place: Option<LinePlace>) -> bool {
        let pass = self.passes.get(&person);
        matches!(pass, Some(PassRecord::Live { place: of_pass, .. }) if Some(*of_pass) == place)
    }

    /// Whether a place that the person does not stand at can no longer be had.
    fn is_used_up(&self, person: CustomerKey, place: LinePlace) -> bool {
        self.ended_place(person).is_some_and(|ended| uses_up(ended, place))
    }

    fn join(&mut self, join: &Join) -> Joined {
        let (person, lane) = (join.person, join.lane.number());
        let ended = self.ended_place(person);
        let member = self.members.get(&person).copied();
        let mut known = member.filter(|place| ended != Some(*place));
        if let Some(index) = join.place
            && (member.is_none() || known.is_some())
        {
            let place = LinePlace { lane: join.lane, index };
            let is_earlier = member != Some(place) && !stands_elsewhere(member, place);
            if is_earlier && !self.is_inside_with(person, member) && !self.is_used_up(person, place)
            {
                if let Some(later) = member.filter(|_| self.phase == LinePhase::Early) {
                    self.clear_entry(later, person);
                }
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
        if stands_elsewhere(member, place) {
            return ended(PassEnd::Left);
        }
        if let Some((reason, old)) = self.ended_pass(person)
            && (old == place || (member != Some(place) && uses_up(old, place)))
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
                match self.before_grace.get(&person) {
                    Some(&(reason, place)) => {
                        self.passes.insert(person, PassRecord::Ended { reason, place });
                    }
                    None => drop(self.passes.remove(&person)),
                }
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
        if stands_elsewhere(member, wish.place) {
            return Graced::Ended { reason: PassEnd::Left };
        }
        let ended = self.ended_pass(wish.person);
        if let Some((reason, old)) = ended
            && (old == wish.place || (member != Some(wish.place) && uses_up(old, wish.place)))
        {
            return Graced::Ended { reason };
        }
        if let Some(PassRecord::Graced { number }) = self.passes.get(&wish.person).copied()
            && number >= self.cursors[2]
        {
            return Graced::Waiting { number };
        }
        match ended {
            Some(ended) => drop(self.before_grace.insert(wish.person, ended)),
            None => drop(self.before_grace.remove(&wish.person)),
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
        (self.passes, self.before_grace) = (BTreeMap::new(), BTreeMap::new());
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
            let is_new = match (self.passes.get(person), record) {
                (None | Some(PassRecord::Graced { .. }), _) => true,
                (
                    Some(PassRecord::Ended { place: old, .. }),
                    PassRecord::Live { place, .. } | PassRecord::Ended { place, .. },
                ) => place.number() > old.number(),
                _ => false,
            };
            if is_new {
                laid += 1;
                self.passes.insert(*person, *record);
                if let PassRecord::Ended { reason, place } = record {
                    self.ended.push(EndedMark { person: *person, place: *place, reason: *reason });
                }
            }
        }
        laid
    }
}
