//! Every run of the protocol for two buyers and one seat, explored to the last state.
//!
//! The payment provider is abstract: an intent with its states, which decides for itself, and facts
//! that, once true, may be told at any later time, in any order and any number of times, or never.
//! Calls to it may arrive late, twice, or never. A declined attempt changes nothing anywhere, so
//! none is made here; the table of `order_rules` says so. The ledger does what its contract says: facts of
//! another than the current intent are dropped, a step and its effects are one.
//!
//! Proven in every state that can be reached: at most one order has the seat; a claim is released
//! only when its intent cannot bring money; a capture is asked for only when the claim is sold;
//! nothing is charged and then refunded; nothing needs a person. And from every such state, once
//! the poller, the workers and the deadline are let run, each order ends, the paid ones with
//! tickets and the others without the seat.

use std::collections::{HashSet, VecDeque};

use domain::order::{Effect, EndReason, Fact, OrderState, Progress, ReleaseProof, Step, learn};

/// What decides: the real one, or one that is wrong on purpose.
type Rule = fn(Progress, Fact) -> Step;

/// Intents that an order may have, one after the other.
const INTENTS_MAX: u8 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Intent {
    None,
    /// Waits for a payment method.
    Open,
    /// 3-D Secure is under way.
    Authenticating,
    Authorised,
    Paid,
    Void,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Order {
    progress: Progress,
    intent: Intent,
    intents: u8,
    /// Facts of the current intent that became true: one bit each.
    true_facts: u16,
    capture_queued: bool,
    cancel_queued: bool,
    /// A cancel is on its way and may arrive, again and again.
    cancel_under_way: bool,
    ticketed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Claim {
    Free,
    Live(usize),
    Sold(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct World {
    orders: [Option<Order>; 2],
    claim: Claim,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Create(usize),
    StoreIntent(usize),
    Challenge(usize),
    /// The buyer's money is reserved; capture is ours to ask for.
    Authorise(usize),
    /// A method without a separate capture: the money is there at once.
    PayAtOnce(usize),
    /// Cancelled by the provider or from its dashboard, or the authorisation lapsed.
    Lapse(usize),
    Tell(usize, Fact),
    SendCancel(usize),
    CancelArrives(usize),
    CaptureArrives(usize),
}

fn bit(fact: Fact) -> u16 {
    1 << Fact::ALL.iter().position(|known| *known == fact).unwrap()
}

impl Order {
    fn tell(&mut self, intent: Intent, fact: Fact) {
        self.intent = intent;
        self.true_facts |= bit(fact);
    }

    fn is_payable(&self) -> bool {
        matches!(self.intent, Intent::Open | Intent::Authenticating)
    }
}

impl World {
    fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for (buyer, order) in self.orders.iter().enumerate() {
            let Some(order) = order else {
                // Buyers are alike: the second comes after the first.
                if self.claim == Claim::Free && (buyer == 0 || self.orders[0].is_some()) {
                    events.push(Event::Create(buyer));
                }
                continue;
            };
            if order.progress.state == OrderState::New && order.intents < INTENTS_MAX {
                events.push(Event::StoreIntent(buyer));
            }
            if order.is_payable() {
                events.extend([
                    Event::Challenge(buyer),
                    Event::Authorise(buyer),
                    Event::PayAtOnce(buyer),
                ]);
            }
            if order.is_payable() || order.intent == Intent::Authorised {
                events.push(Event::Lapse(buyer));
            }
            let ours = [Fact::DeadlinePassed, Fact::CancelAsked];
            let told = Fact::ALL.into_iter().filter(|fact| order.true_facts & bit(*fact) != 0);
            events.extend(told.chain(ours).map(|fact| Event::Tell(buyer, fact)));
            if order.cancel_queued {
                events.push(Event::SendCancel(buyer));
            }
            if order.cancel_under_way {
                events.push(Event::CancelArrives(buyer));
            }
            if order.capture_queued {
                events.push(Event::CaptureArrives(buyer));
            }
        }
        events
    }

    fn after(mut self, event: Event, rule: Rule) -> World {
        match event {
            Event::Create(buyer) => {
                assert_eq!(self.claim, Claim::Free);
                self.claim = Claim::Live(buyer);
                self.orders[buyer] = Some(Order {
                    progress: Progress {
                        state: OrderState::New,
                        end_reason: None,
                        cancel_sent: false,
                        deadline_extended: false,
                        intent_exposed: false,
                    },
                    intent: Intent::None,
                    intents: 0,
                    true_facts: 0,
                    capture_queued: false,
                    cancel_queued: false,
                    cancel_under_way: false,
                    ticketed: false,
                });
            }
            Event::StoreIntent(buyer) => {
                let order = self.order(buyer);
                assert!(
                    matches!(order.intent, Intent::None | Intent::Void),
                    "a second intent while the first may bring money"
                );
                order.intent = Intent::Open;
                order.intents += 1;
                order.true_facts = 0;
                order.cancel_queued = false;
                order.cancel_under_way = false;
                order.progress.cancel_sent = false;
                self.learn(buyer, Fact::IntentStored, rule);
                self.order(buyer).progress.intent_exposed = true;
            }
            Event::Challenge(buyer) => {
                self.order(buyer).tell(Intent::Authenticating, Fact::AuthenticationStarted);
            }
            Event::Authorise(buyer) => {
                self.order(buyer).tell(Intent::Authorised, Fact::Authorised);
            }
            Event::PayAtOnce(buyer) => self.order(buyer).tell(Intent::Paid, Fact::Paid),
            Event::Lapse(buyer) => self.order(buyer).tell(Intent::Void, Fact::Void),
            Event::Tell(buyer, fact) => self.learn(buyer, fact, rule),
            Event::SendCancel(buyer) => {
                let order = self.order(buyer);
                order.cancel_queued = false;
                // One conditional update: whoever comes too late sends nothing.
                if order.progress.state == OrderState::Cancelling {
                    order.progress.cancel_sent = true;
                    order.cancel_under_way = true;
                }
                if matches!(order.progress.state, OrderState::Expired | OrderState::Cancelled) {
                    order.cancel_under_way = true;
                }
            }
            Event::CancelArrives(buyer) => {
                let order = self.order(buyer);
                if order.is_payable() || order.intent == Intent::Authorised {
                    order.tell(Intent::Void, Fact::Void);
                }
            }
            Event::CaptureArrives(buyer) => {
                assert_eq!(self.claim, Claim::Sold(buyer), "I3: captured what is not sold");
                let order = self.order(buyer);
                if order.intent == Intent::Authorised {
                    order.tell(Intent::Paid, Fact::Paid);
                }
            }
        }
        self
    }

    fn order(&mut self, buyer: usize) -> &mut Order {
        self.orders[buyer].as_mut().expect("the order is there")
    }

    fn learn(&mut self, buyer: usize, fact: Fact, rule: Rule) {
        let order = self.order(buyer);
        let step = rule(order.progress, fact);
        order.progress.state = step.state;
        order.progress.end_reason = step.end_reason;
        for effect in step.effects {
            let claim = self.claim;
            let order = self.order(buyer);
            match effect {
                Effect::ExtendDeadline => order.progress.deadline_extended = true,
                Effect::QueueCapture => order.capture_queued = true,
                Effect::QueueCancel => order.cancel_queued = true,
                Effect::WithdrawCancel => order.cancel_queued = false,
                Effect::SellClaims => {
                    assert_eq!(claim, Claim::Live(buyer), "I1: sold what it does not have");
                    self.claim = Claim::Sold(buyer);
                }
                Effect::IssueTickets => {
                    assert!(!order.ticketed, "issued twice");
                    assert_eq!(order.intent, Intent::Paid, "I2: a ticket without money");
                    order.ticketed = true;
                    assert_eq!(claim, Claim::Sold(buyer), "I2: a ticket without a seat");
                }
                Effect::ReleaseClaims(proof) => {
                    let proven = match proof {
                        ReleaseProof::NoIntent => order.intent == Intent::None,
                        ReleaseProof::IntentCancelled => order.intent == Intent::Void,
                        ReleaseProof::Refunded => false,
                    };
                    assert!(proven, "I4: released while money may arrive: {order:?}");
                    assert!(
                        matches!(claim, Claim::Live(owner) | Claim::Sold(owner) if owner == buyer)
                    );
                    order.capture_queued = false;
                    self.claim = Claim::Free;
                }
                Effect::RecordPayment
                | Effect::QueueRefund
                | Effect::VoidTickets
                | Effect::RecordRefund => panic!("charged and then refunded: {order:?}"),
                Effect::Quarantine => panic!("a person would have to look: {order:?}, {fact:?}"),
            }
        }
    }

    /// What must be true whenever one looks.
    fn check(&self) {
        for (buyer, order) in self.orders.iter().enumerate() {
            let Some(order) = order else { continue };
            let owns = matches!(self.claim, Claim::Live(o) | Claim::Sold(o) if o == buyer);
            if order.intent == Intent::Paid {
                assert!(owns, "paid, and the seat is gone: {self:?}");
            }
            let ended = matches!(order.progress.state, OrderState::Expired | OrderState::Cancelled);
            assert_eq!(owns, !ended, "{self:?}");
            if order.ticketed {
                assert_eq!(self.claim, Claim::Sold(buyer), "{self:?}");
            }
        }
    }

    /// Lets the deadline pass and the workers and the poller run: what follows when nothing is
    /// broken and no webhook ever comes.
    fn drained(mut self, rule: Rule) -> World {
        // Each round ends at least one thing; ten are far more than an order has.
        for _ in 0..10 {
            for buyer in 0..2 {
                let Some(order) = self.orders[buyer] else { continue };
                let truth = match order.intent {
                    Intent::Authorised => Some(Fact::Authorised),
                    Intent::Paid => Some(Fact::Paid),
                    Intent::Void => Some(Fact::Void),
                    Intent::None | Intent::Open | Intent::Authenticating => None,
                };
                if let Some(fact) = truth {
                    self = self.after(Event::Tell(buyer, fact), rule);
                }
                self = self.after(Event::Tell(buyer, Fact::DeadlinePassed), rule);
                if self.order(buyer).cancel_queued {
                    self = self.after(Event::SendCancel(buyer), rule);
                }
                if self.order(buyer).cancel_under_way {
                    self = self.after(Event::CancelArrives(buyer), rule);
                }
                if self.order(buyer).capture_queued {
                    self = self.after(Event::CaptureArrives(buyer), rule);
                }
            }
        }
        self
    }

    fn check_ended(&self) {
        for order in self.orders.iter().flatten() {
            let paid = order.intent == Intent::Paid;
            assert!(order.progress.state.is_final(), "not is_final: {self:?}");
            assert_eq!(order.progress.state == OrderState::Ticketed, paid, "{self:?}");
            assert_eq!(order.ticketed, paid, "{self:?}");
        }
        if !self.orders.iter().flatten().any(|order| order.ticketed) {
            assert_eq!(self.claim, Claim::Free, "nobody has it, and nobody can: {self:?}");
        }
    }
}

/// All states that can be reached, each looked at and each brought to its end; the states in which
/// orders ended.
fn explore(rule: Rule) -> (usize, HashSet<OrderState>) {
    let start = World { orders: [None; 2], claim: Claim::Free };
    let mut seen = HashSet::from([start]);
    let mut queue = VecDeque::from([start]);
    let mut ends = HashSet::new();
    while let Some(world) = queue.pop_front() {
        world.check();
        let end = world.drained(rule);
        end.check();
        end.check_ended();
        ends.extend(end.orders.iter().flatten().map(|order| order.progress.state));
        for event in world.events() {
            let next = world.after(event, rule);
            if seen.insert(next) {
                queue.push_back(next);
            }
        }
    }
    (seen.len(), ends)
}

#[test]
fn two_buyers_of_one_seat_never_both_pay_and_no_paid_order_is_lost() {
    let (states, ends) = explore(learn);
    // The exploration is real: all ends that the protocol knows were reached, and no other.
    let expected = [OrderState::Ticketed, OrderState::Expired, OrderState::Cancelled];
    assert_eq!(ends, HashSet::from(expected));
    assert!(states > 10_000, "only {states} states");
    println!("{states} states");
}

// The explorer sees: each of these rules has one of the faults that it is there to find.

#[test]
#[should_panic(expected = "I4: released while money may arrive")]
fn a_rule_that_releases_at_the_deadline_is_found_out() {
    explore(|order, fact| match (order.state, fact) {
        (OrderState::Paying, Fact::DeadlinePassed) => Step {
            state: OrderState::Expired,
            end_reason: Some(EndReason::Deadline),
            effects: vec![Effect::ReleaseClaims(ReleaseProof::IntentCancelled)],
        },
        _ => learn(order, fact),
    });
}

#[test]
#[should_panic(expected = "I3: captured what is not sold")]
fn a_rule_that_captures_before_it_sells_is_found_out() {
    explore(|order, fact| {
        let mut step = learn(order, fact);
        if step.effects.contains(&Effect::QueueCapture) {
            step.effects.retain(|effect| *effect != Effect::SellClaims);
        }
        step
    });
}

#[test]
#[should_panic(expected = "is_final")]
fn a_rule_that_does_not_hear_of_money_while_cancelling_is_found_out() {
    explore(|order, fact| match (order.state, fact) {
        (OrderState::Cancelling, Fact::Paid) => {
            Step { state: order.state, end_reason: order.end_reason, effects: vec![] }
        }
        _ => learn(order, fact),
    });
}

#[test]
#[should_panic(expected = "I1: sold what it does not have")]
fn a_rule_that_sells_again_when_it_hears_again_is_found_out() {
    explore(|order, fact| match (order.state, fact) {
        (OrderState::Committed, Fact::Authorised) => Step {
            state: OrderState::Committed,
            end_reason: None,
            effects: vec![Effect::SellClaims, Effect::QueueCapture],
        },
        _ => learn(order, fact),
    });
}
