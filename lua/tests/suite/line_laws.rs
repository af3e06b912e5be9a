//! Random steps against the plain model of a line, and against what must hold of any line: an index
//! is given once, densely, and only to who is not refused; who stands there keeps the place; the
//! cursors go forward; a person has one live pass, a place one in all.

use std::collections::{BTreeMap, BTreeSet};

use domain::{hold::CustomerKey, queue::Lane};
use lua::{
    Controlled, Entered, Join, JoinReply, Joined, Laid, LayLine, Left, LinePlace, PassRecord,
    Termed,
};

use crate::{
    line_model::{Model, stands_elsewhere},
    line_random::{LineAct, LineStep, LineSteps, members, run, told},
    line_support::termed,
    random::Random,
    support::Stage,
};

const STEPS: usize = 5_000;

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
                    let is_earlier = join.place == Some(index) && !stands_elsewhere(before, place);
                    let stays = before.is_none_or(|before| before == place) || is_earlier;
                    assert!(stays, "{before:?} became {place:?} for {join:?}");
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
        LineAct::Grace(_) => {
            let told = run(store, stage, step).await;
            // Whoever was forgotten, or shows an earlier place, has that one from then on.
            laws.places.extend(members(stage));
            told
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
