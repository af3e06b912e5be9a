//! The rules of `learn`, each over every state, every flag and every fact.

use domain::order::{Effect, EndReason, Fact, OrderState, Progress, ReleaseProof, Step, learn};

use Effect::*;
use OrderState::*;

const REASONS: [Option<EndReason>; 4] =
    [None, Some(EndReason::Deadline), Some(EndReason::Buyer), Some(EndReason::CaptureImpossible)];

fn every_progress() -> Vec<Progress> {
    let mut all = Vec::new();
    for state in OrderState::ALL {
        for end_reason in REASONS {
            for flags in 0..8 {
                all.push(Progress {
                    state,
                    end_reason,
                    cancel_sent: flags & 1 != 0,
                    deadline_extended: flags & 2 != 0,
                    intent_exposed: flags & 4 != 0,
                });
            }
        }
    }
    all
}

fn every_case(mut check: impl FnMut(Progress, Fact, Step)) {
    for order in every_progress() {
        for fact in Fact::ALL {
            check(order, fact, learn(order, fact));
        }
    }
}

/// The row as the ledger writes it after a step.
fn after(order: Progress, step: &Step) -> Progress {
    Progress {
        state: step.state,
        end_reason: step.end_reason,
        deadline_extended: order.deadline_extended || step.effects.contains(&ExtendDeadline),
        intent_exposed: order.intent_exposed || (order.state == New && step.state == Paying),
        cancel_sent: order.cancel_sent && !step.effects.contains(&WithdrawCancel),
    }
}

fn start(state: OrderState) -> Progress {
    Progress {
        state,
        end_reason: None,
        cancel_sent: false,
        deadline_extended: false,
        intent_exposed: state != New,
    }
}

/// An order, a fact, and the step that follows.
type Change<'a> = (Progress, Fact, OrderState, Option<EndReason>, &'a [Effect]);

/// The whole table for an order as it comes about in the protocol; a pair that is not listed
/// changes nothing.
#[test]
fn the_table_of_states_and_facts_is_this_one() {
    let release = |proof| ReleaseClaims(proof);
    let changes: &[Change<'_>] = &[
        (start(New), Fact::IntentStored, Paying, None, &[]),
        (start(New), Fact::Authorised, New, None, &[Quarantine]),
        (start(New), Fact::Paid, New, None, &[Quarantine]),
        (
            start(New),
            Fact::DeadlinePassed,
            Expired,
            Some(EndReason::Deadline),
            &[release(ReleaseProof::NoIntent)],
        ),
        (
            start(New),
            Fact::CancelAsked,
            Cancelled,
            Some(EndReason::Buyer),
            &[release(ReleaseProof::NoIntent)],
        ),
        (start(Paying), Fact::AuthenticationStarted, Paying, None, &[ExtendDeadline]),
        (start(Paying), Fact::Authorised, Committed, None, &[SellClaims, QueueCapture]),
        (start(Paying), Fact::Paid, Ticketed, None, &[SellClaims, IssueTickets]),
        (start(Paying), Fact::Void, New, None, &[]),
        (
            start(Paying),
            Fact::DeadlinePassed,
            Cancelling,
            Some(EndReason::Deadline),
            &[QueueCancel],
        ),
        (start(Paying), Fact::CancelAsked, Cancelling, Some(EndReason::Buyer), &[QueueCancel]),
        (
            start(Cancelling),
            Fact::Authorised,
            Committed,
            None,
            &[WithdrawCancel, SellClaims, QueueCapture],
        ),
        (
            start(Cancelling),
            Fact::Paid,
            Ticketed,
            None,
            &[WithdrawCancel, SellClaims, IssueTickets],
        ),
        (start(Cancelling), Fact::Void, Cancelled, None, &[release(ReleaseProof::IntentCancelled)]),
        (start(Committed), Fact::Paid, Ticketed, None, &[IssueTickets]),
        (
            start(Committed),
            Fact::Void,
            Cancelled,
            Some(EndReason::CaptureImpossible),
            &[release(ReleaseProof::IntentCancelled)],
        ),
        (start(Ticketed), Fact::Void, Ticketed, None, &[Quarantine]),
        (
            start(Ticketed),
            Fact::Refunded,
            Refunded,
            None,
            &[VoidTickets, RecordRefund, release(ReleaseProof::Refunded)],
        ),
        (start(Expired), Fact::Authorised, Expired, None, &[QueueCancel]),
        (start(Expired), Fact::Paid, Refunding, None, &[RecordPayment, QueueRefund]),
        (start(Cancelled), Fact::Authorised, Cancelled, None, &[QueueCancel]),
        (start(Cancelled), Fact::Paid, Refunding, None, &[RecordPayment, QueueRefund]),
        (start(Refunding), Fact::Refunded, Refunded, None, &[RecordRefund]),
    ];
    for state in OrderState::ALL {
        for fact in Fact::ALL {
            let order = start(state);
            let expected = (changes.iter())
                .find(|(before, when, ..)| *before == order && *when == fact)
                .map_or(Step { state, end_reason: None, effects: vec![] }, |change| Step {
                    state: change.2,
                    end_reason: change.3,
                    effects: change.4.to_vec(),
                });
            assert_eq!(learn(order, fact), expected, "{state:?}, {fact:?}");
        }
    }
}

#[test]
fn flags_matter_only_where_they_are_said_to() {
    let sent =
        Progress { cancel_sent: true, end_reason: Some(EndReason::Deadline), ..start(Cancelling) };
    assert_eq!(learn(sent, Fact::Authorised).state, Cancelling, "the cancel's answer decides");
    assert_eq!(learn(sent, Fact::Authorised).effects, []);
    assert_eq!(learn(sent, Fact::Void).state, Expired);
    let extended = Progress { deadline_extended: true, ..start(Paying) };
    assert_eq!(learn(extended, Fact::AuthenticationStarted).effects, []);
    let again = Progress { intent_exposed: true, ..start(New) };
    assert_eq!(
        learn(again, Fact::DeadlinePassed).effects,
        [ReleaseClaims(ReleaseProof::IntentCancelled)]
    );
    assert_eq!(learn(again, Fact::Authorised).effects, [], "late news of a cancelled intent");
    assert_eq!(learn(again, Fact::Paid).effects, [Quarantine]);

    every_case(|order, fact, step| {
        let flagless = Progress { deadline_extended: false, ..order };
        if (order.state, fact) != (Paying, Fact::AuthenticationStarted) {
            assert_eq!(step, learn(flagless, fact), "{order:?}, {fact:?}");
        }
        if (order.state, fact) != (Cancelling, Fact::Authorised) {
            let unsent = Progress { cancel_sent: false, ..order };
            assert_eq!(step, learn(unsent, fact), "{order:?}, {fact:?}");
        }
    });
}

#[test]
fn a_fact_learned_again_moves_nothing_and_moves_no_money() {
    every_case(|order, fact, step| {
        let order = after(order, &step);
        let again = learn(order, fact);
        // A deadline or a wish to cancel ends each intent anew: Paying after New after Void.
        let stays = again.state == step.state || (step.state == New && fact == Fact::IntentStored);
        assert!(stays, "{order:?}, {fact:?}: {again:?}");
        for effect in again.effects {
            // Asking for a person or for a cancel twice is the same as asking once.
            assert!(matches!(effect, Quarantine | QueueCancel), "{order:?}, {fact:?}: {effect:?}");
        }
    });
}

/// I3: the step that queues the capture is the step that sells the claims.
#[test]
fn a_capture_is_queued_only_in_the_step_that_sells_the_claims() {
    every_case(|order, fact, Step { effects, .. }| {
        let at = |wanted| effects.iter().position(|effect| *effect == wanted);
        if let Some(capture) = at(QueueCapture) {
            assert!(at(SellClaims).is_some_and(|sell| sell < capture), "{order:?}, {fact:?}");
            assert_eq!(fact, Fact::Authorised);
        }
        if at(IssueTickets).is_some() {
            assert_eq!(fact, Fact::Paid);
            assert!(at(SellClaims).is_some() || order.state == Committed, "{order:?}");
        }
        if at(SellClaims).is_some() {
            assert!(matches!(order.state, Paying | Cancelling), "the claim is live: {order:?}");
        }
    });
}

/// I4: a claim is released when no intent was shown, when it is cancelled, or when the money is back.
#[test]
fn a_claim_is_released_only_on_proof() {
    every_case(|order, fact, Step { state, effects, .. }| {
        let releases: Vec<_> = (effects.iter())
            .filter_map(|effect| match effect {
                ReleaseClaims(proof) => Some(*proof),
                _ => None,
            })
            .collect();
        let ended_before = matches!(order.state, Expired | Cancelled | Refunding | Refunded);
        let ends = matches!(state, Expired | Cancelled | Refunded) && !ended_before;
        assert_eq!(releases.len(), usize::from(ends), "{order:?}, {fact:?}");
        for proof in releases {
            let proven = match proof {
                ReleaseProof::NoIntent => order.state == New && !order.intent_exposed,
                ReleaseProof::IntentCancelled => {
                    fact == Fact::Void || (order.state == New && order.intent_exposed)
                }
                ReleaseProof::Refunded => fact == Fact::Refunded,
            };
            assert!(proven, "{order:?}, {fact:?}: {proof:?}");
        }
    });
}

#[test]
fn a_final_state_is_left_only_by_money_that_moved_after_all() {
    every_case(|order, fact, step| {
        if order.state.is_final() && step.state != order.state {
            assert!(matches!(fact, Fact::Paid | Fact::Refunded), "{order:?}, {fact:?}");
            assert!(matches!(step.state, Refunding | Refunded));
        }
    });
}

/// Every sequence of up to `length` of the facts in which each occurs, repetitions included.
fn sequences(facts: &[Fact], length: usize) -> Vec<Vec<Fact>> {
    let mut all = vec![Vec::new()];
    let mut complete = Vec::new();
    for _ in 0..length {
        all = (all.iter())
            .flat_map(|sequence| {
                facts.iter().map(move |fact| {
                    let mut longer = sequence.clone();
                    longer.push(*fact);
                    longer
                })
            })
            .collect();
        complete.extend(all.iter().filter(|s| facts.iter().all(|fact| s.contains(fact))).cloned());
    }
    complete
}

fn run(mut order: Progress, facts: &[Fact]) -> (Progress, Vec<Effect>) {
    let mut effects = Vec::new();
    for fact in facts {
        let step = learn(order, *fact);
        order = after(order, &step);
        effects.extend(step.effects);
    }
    (order, effects)
}

/// I7: what one intent can truthfully report ends the same in every order, however often each fact
/// comes; and the seat is sold at most once, the ticket issued at most once.
#[test]
fn facts_of_one_intent_end_the_same_in_every_order_and_number() {
    use Fact::{AttemptFailed, AuthenticationStarted, Authorised, Paid, Void};
    let cancelling = Progress { end_reason: Some(EndReason::Deadline), ..start(Cancelling) };
    let sent = Progress { cancel_sent: true, ..cancelling };
    let cases: &[(&[Fact], Progress, OrderState)] = &[
        (&[AttemptFailed, AuthenticationStarted], start(Paying), Paying),
        (&[AttemptFailed, AuthenticationStarted, Authorised], start(Paying), Committed),
        (&[AttemptFailed, AuthenticationStarted, Paid], start(Paying), Ticketed),
        (&[AttemptFailed, AuthenticationStarted, Authorised, Paid], start(Paying), Ticketed),
        (&[AttemptFailed, AuthenticationStarted, Void], start(Paying), New),
        (&[AttemptFailed, Authorised, Paid], cancelling, Ticketed),
        (&[AttemptFailed, AuthenticationStarted, Void], cancelling, Expired),
        (&[AttemptFailed, Authorised, Paid], sent, Ticketed),
        (&[AttemptFailed, AuthenticationStarted, Authorised, Void], sent, Expired),
        (&[Authorised, Paid], start(Committed), Ticketed),
        (&[Authorised, Void], start(Committed), Cancelled),
    ];
    for (facts, order, end) in cases {
        for sequence in sequences(facts, facts.len() + 2) {
            let (order, effects) = run(*order, &sequence);
            assert_eq!(order.state, *end, "{sequence:?}");
            let count = |wanted| effects.iter().filter(|effect| **effect == wanted).count();
            for once in [SellClaims, QueueCapture, IssueTickets, ExtendDeadline, RecordPayment] {
                assert!(count(once) <= 1, "{sequence:?}: {once:?}");
            }
            assert_eq!((count(Quarantine), count(QueueRefund)), (0, 0), "{sequence:?}");
            assert_eq!(count(IssueTickets), usize::from(*end == Ticketed), "{sequence:?}");
        }
    }
}

/// An authorisation that lapses: whether its news come before or after, nothing is sold and the
/// claim is free once the deadline has passed.
#[test]
fn an_authorisation_that_lapsed_sells_nothing_in_any_order() {
    for sequence in sequences(&[Fact::Authorised, Fact::Void], 5) {
        let (order, mut effects) = run(start(Paying), &sequence);
        let (order, more) = run(order, &[Fact::DeadlinePassed]);
        effects.extend(more);
        assert!(matches!(order.state, Expired | Cancelled), "{sequence:?}: {order:?}");
        let releases = effects.iter().filter(|e| matches!(e, ReleaseClaims(_))).count();
        assert_eq!(releases, 1, "{sequence:?}: {effects:?}");
        assert!(!effects.contains(&IssueTickets) && !effects.contains(&Quarantine));
    }
}

#[test]
fn names_are_read_back() {
    for state in OrderState::ALL {
        assert_eq!(OrderState::parse(state.as_str()), Some(state));
    }
    for reason in REASONS.into_iter().flatten() {
        assert_eq!(EndReason::parse(reason.as_str()), Some(reason));
    }
    assert_eq!(OrderState::parse("sold"), None);
    let names: std::collections::BTreeSet<_> = Fact::ALL.iter().map(|f| f.as_str()).collect();
    assert_eq!(names.len(), Fact::ALL.len());
}
