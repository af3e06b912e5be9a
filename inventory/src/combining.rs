//! The queue of one partition: concurrent holds go to the store together, in order of arrival.
//!
//! Natural batching: what waits when a call may start goes with it, up to
//! [`HOLDS_PER_CALL_MAX`]; two calls are in flight at most; there is no timer, so that a lone hold
//! goes out at once. Best-available wishes get their candidates when their call is formed. One that
//! finds none is *parked* until the mirror was refreshed (with a sweep) after its arrival, and until
//! no call in flight proposes seats it could have: only then is it told that there are none.

use std::{collections::VecDeque, sync::Arc};

use domain::{
    limits::HOLDS_PER_CALL_MAX,
    seat::{AreaIndex, AreaQuantity, SeatIndex},
};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use lua::{HoldReply, HoldRequest, HoldSeats};
use tokio::sync::{mpsc, oneshot};
use tracing::{Instrument, Span};

use crate::{
    BestAvailable, HoldAnswer, HoldWish, SeatWish, Unavailable, meters,
    partition::{PartitionAtWork, WAITING_HOLDS_MAX},
    proposing::{Proposals, Proposed, Shortage},
};

/// Script calls of one partition in flight.
const CALLS_IN_FLIGHT_MAX: usize = 2;
/// How often a best-available wish may lose all its candidates to other processes. Each time at
/// least one of them won, so that only a pathological crowd gets so far.
const ROUNDS_MAX: u32 = 16;

/// No event has so many areas: all of its places are always taken.
const NO_AREA: AreaIndex = AreaIndex::MAX;

/// A hold that waits for its call.
pub(crate) struct Waiting {
    wish: HoldWish,
    ttl_ms: i64,
    reply: oneshot::Sender<Result<HoldAnswer, Unavailable>>,
    /// Of the request.
    span: Span,
    rounds: u32,
    /// Place in the order of arrival (and of return to the queue).
    stamp: u64,
    /// Its candidates were lost: searching before the next refresh would find them again.
    wants_fresh_mirror: bool,
}

impl Waiting {
    pub(crate) fn new(
        wish: HoldWish,
        ttl_ms: i64,
    ) -> (Self, oneshot::Receiver<Result<HoldAnswer, Unavailable>>) {
        let (reply, answer) = oneshot::channel();
        let span = Span::current();
        (Self { wish, ttl_ms, reply, span, rounds: 0, stamp: 0, wants_fresh_mirror: false }, answer)
    }

    fn answer(self, answer: Result<HoldAnswer, Unavailable>) {
        meters::hold_answered(&answer);
        // Whoever hung up finds their hold under the same idempotency key.
        let _ = self.reply.send(answer);
    }
}

/// One script call.
#[derive(Default)]
struct Call {
    holds: Vec<(Waiting, Option<Shortage>)>,
    requests: Vec<HoldRequest>,
    proposed: Vec<SeatIndex>,
}

impl Call {
    /// In the trace of the first request; those of the others refer to it.
    fn span(&self) -> Span {
        let mut requests = self.holds.iter().map(|(waiting, _)| &waiting.span);
        let first = requests.next().and_then(Span::id);
        let span = tracing::debug_span!(parent: first, "hold together", holds = self.holds.len());
        for request in requests {
            request.follows_from(&span);
        }
        span
    }
}

type Outcome = Result<(u64, HoldSeats), Unavailable>;

struct Actor {
    work: Arc<PartitionAtWork>,
    /// In order of arrival.
    queue: VecDeque<Waiting>,
    /// In order of arrival; all of them arrived before those in `queue` that wait for their first
    /// call.
    parked: VecDeque<Waiting>,
    last_stamp: u64,
    /// The mirror is as fresh as the arrival of this stamp.
    fresh_up_to: u64,
    calls: FuturesUnordered<BoxFuture<'static, (Call, Outcome)>>,
    refresh: FuturesUnordered<BoxFuture<'static, (u64, Result<(), Unavailable>)>>,
}

/// The actor of a partition; ends when the queue's last sender is gone.
pub(crate) async fn run(work: Arc<PartitionAtWork>, mut inbox: mpsc::Receiver<Waiting>) {
    let mut actor = Actor {
        work,
        queue: VecDeque::new(),
        parked: VecDeque::new(),
        last_stamp: 0,
        fresh_up_to: 0,
        calls: FuturesUnordered::new(),
        refresh: FuturesUnordered::new(),
    };
    loop {
        while actor.has_room()
            && let Ok(waiting) = inbox.try_recv()
        {
            actor.enqueue(waiting);
        }
        actor.start_calls();
        actor.start_refresh();
        tokio::select! {
            Some((call, outcome)) = actor.calls.next() => actor.finish_call(call, outcome),
            Some((stamp, done)) = actor.refresh.next() => actor.finish_refresh(stamp, done),
            waiting = inbox.recv(), if actor.has_room() => match waiting {
                Some(waiting) => actor.enqueue(waiting),
                None if actor.is_idle() => return,
                None => actor.finish_rest().await,
            },
        }
    }
}

impl Actor {
    fn has_room(&self) -> bool {
        self.queue.len() + self.parked.len() < WAITING_HOLDS_MAX
    }

    fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.refresh.is_empty()
    }

    /// Nobody can ask any more: whatever is in flight ends, the rest is told to come again.
    async fn finish_rest(&mut self) {
        while let Some((call, outcome)) = self.calls.next().await {
            self.finish_call(call, outcome);
        }
        self.refresh.clear();
        for waiting in self.parked.drain(..).chain(self.queue.drain(..)) {
            waiting.answer(Err(Unavailable::INVENTORY));
        }
    }

    fn next_stamp(&mut self) -> u64 {
        self.last_stamp += 1;
        self.last_stamp
    }

    fn enqueue(&mut self, mut waiting: Waiting) {
        waiting.stamp = self.next_stamp();
        self.queue.push_back(waiting);
    }

    /// What was parked is looked at again, before those who came later.
    fn unpark(&mut self) {
        while let Some(waiting) = self.parked.pop_back() {
            self.queue.push_front(waiting);
        }
    }

    fn start_calls(&mut self) {
        while self.calls.len() < CALLS_IN_FLIGHT_MAX
            && let Some(call) = self.form_call()
        {
            meters::call_started(call.requests.len());
            self.calls.push(Box::pin(send(self.work.clone(), call)));
        }
    }

    /// Takes holds from the queue's front until a call is full; none when nothing can be sent.
    fn form_call(&mut self) -> Option<Call> {
        let mut call = Call::default();
        let work = self.work.clone();
        let mut mirror = work.mirror();
        let mut proposals = Proposals::new(&mut mirror);
        while call.holds.len() < HOLDS_PER_CALL_MAX
            && let Some(waiting) = self.queue.pop_front()
        {
            if waiting.reply.is_closed() {
                continue;
            }
            let fresh = waiting.stamp <= self.fresh_up_to;
            let (candidates, shortage) = match &waiting.wish.wish {
                SeatWish::None => (Vec::new(), None),
                SeatWish::Seats(seats) => (vec![seats.clone()], None),
                SeatWish::BestAvailable(_) if waiting.wants_fresh_mirror && !fresh => {
                    self.parked.push_back(waiting);
                    continue;
                }
                SeatWish::BestAvailable(wish) => match proposals.propose(wish, waiting.rounds) {
                    Proposed::Candidates(candidates) => (candidates, None),
                    Proposed::Short(shortage) if fresh => (Vec::new(), Some(shortage)),
                    Proposed::Short(_) | Proposed::InFlight => {
                        self.parked.push_back(waiting);
                        continue;
                    }
                },
            };
            call.requests.push(request(&waiting, candidates, shortage.is_some()));
            call.holds.push((waiting, shortage));
        }
        call.proposed = proposals.finish();
        (!call.holds.is_empty()).then_some(call)
    }

    /// One refresh for all who are parked and arrived before it begins.
    fn start_refresh(&mut self) {
        let stale = |waiting: &Waiting| waiting.stamp > self.fresh_up_to;
        if self.refresh.is_empty() && self.parked.iter().any(stale) {
            let (work, stamp) = (self.work.clone(), self.last_stamp);
            self.refresh.push(Box::pin(async move { (stamp, work.refresh_swept().await) }));
        }
    }

    fn finish_refresh(&mut self, stamp: u64, done: Result<(), Unavailable>) {
        match done {
            Ok(()) => self.fresh_up_to = stamp,
            Err(error) => {
                let parked = std::mem::take(&mut self.parked);
                for waiting in parked {
                    if waiting.stamp > self.fresh_up_to && waiting.stamp <= stamp {
                        waiting.answer(Err(error));
                    } else {
                        self.parked.push_back(waiting);
                    }
                }
            }
        }
        self.unpark();
    }

    fn finish_call(&mut self, call: Call, outcome: Outcome) {
        match outcome {
            Ok((epoch, done)) => self.settle(epoch, call, done),
            Err(error) => {
                self.work.mirror().withdraw(&call.proposed);
                for (waiting, _) in call.holds {
                    waiting.answer(Err(error));
                }
            }
        }
        self.unpark();
    }

    fn settle(&mut self, epoch: u64, call: Call, done: HoldSeats) {
        {
            let mut mirror = self.work.mirror();
            for reply in &done.replies {
                match reply {
                    HoldReply::Held { record } => {
                        mirror.learn(epoch, done.version, &record.seats, false);
                    }
                    HoldReply::Taken { seats, .. } => {
                        mirror.learn(epoch, done.version, seats, false);
                    }
                    _ => {}
                }
            }
            mirror.withdraw(&call.proposed);
        }
        let version = done.version;
        let mut lost = Vec::new();
        for ((waiting, shortage), reply) in call.holds.into_iter().zip(done.replies) {
            if matches!(reply, HoldReply::Held { .. }) {
                self.work.note_click(epoch, version, || waiting.span.clone());
            }
            let answer = match (reply, shortage) {
                (HoldReply::Held { record }, _) => HoldAnswer::Held { version, record },
                (HoldReply::Replayed { record }, _) => HoldAnswer::Replayed { version, record },
                (HoldReply::KeyReused, _) => HoldAnswer::KeyReused,
                (HoldReply::CustomerLimit, _) => HoldAnswer::CustomerLimit,
                (HoldReply::AddressLimit, _) => HoldAnswer::AddressLimit,
                (HoldReply::PassRequired, _) => HoldAnswer::PassRequired,
                (HoldReply::PassEnded, _) => HoldAnswer::PassExpired,
                (_, Some(Shortage::SoldOut)) => HoldAnswer::SoldOut { version },
                (_, Some(Shortage::NotEnoughAdjacent)) => HoldAnswer::NotEnoughAdjacent { version },
                (HoldReply::AreasShort { areas }, None) => {
                    HoldAnswer::AreasShort { version, areas }
                }
                (HoldReply::Taken { seats, .. }, None) => {
                    if matches!(waiting.wish.wish, SeatWish::BestAvailable(_)) {
                        lost.push(waiting);
                        continue;
                    }
                    HoldAnswer::SeatsTaken { version, seats }
                }
            };
            waiting.answer(Ok(answer));
        }
        self.try_again(lost);
    }

    /// Wishes that lost all candidates: once more with fresh ones, before who came later.
    fn try_again(&mut self, lost: Vec<Waiting>) {
        meters::candidates_lost(lost.len());
        for mut waiting in lost.into_iter().rev() {
            waiting.rounds += 1;
            if waiting.rounds >= ROUNDS_MAX {
                waiting.answer(Err(Unavailable::INVENTORY));
                continue;
            }
            waiting.wants_fresh_mirror = true;
            waiting.stamp = self.next_stamp();
            self.parked.push_front(waiting);
        }
    }
}

async fn send(work: Arc<PartitionAtWork>, call: Call) -> (Call, Outcome) {
    let (store, partition) = (&work.stores.store, &work.partition);
    let script = |epoch| store.hold_seats(partition, epoch, &call.requests);
    let outcome = work
        .call("hold_seats", script, |done: &HoldSeats| Some(done.version))
        .instrument(call.span())
        .await;
    (call, outcome)
}

/// A best-available wish for which there is nothing is sent all the same, because the script alone
/// knows whether it is a repeated request, or beyond a limit, and both are told before a shortage:
/// instead of seats it asks for as many places of [`NO_AREA`].
fn request(waiting: &Waiting, candidates: Vec<Vec<SeatIndex>>, is_short: bool) -> HoldRequest {
    let wish = &waiting.wish;
    let mut areas = wish.areas.clone();
    if is_short && let SeatWish::BestAvailable(BestAvailable { quantity, .. }) = wish.wish {
        areas.push(AreaQuantity { area: NO_AREA, quantity });
    }
    HoldRequest {
        key: wish.key,
        created: wish.created,
        ttl_ms: waiting.ttl_ms,
        fingerprint: wish.fingerprint,
        customer: wish.customer,
        customer_limit: wish.customer_limit,
        address: wish.address,
        candidates,
        areas,
        has_pass: wish.has_pass,
    }
}
