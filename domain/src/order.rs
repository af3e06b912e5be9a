//! What becomes of an order: [`learn`], the one pure function through which every fact about its
//! money goes, whoever brings it (an API reply, a webhook, the poller, the sweep).
//!
//! The protocol: a claim on the seats is durable before any intent can be confirmed; an authorised
//! intent commits the claim, and only then is the capture queued (I3); the deadline merely starts
//! cancelling; a claim is released on proof that no money can arrive (I4). Facts may come late,
//! twice and in any order: one that does not apply changes nothing (I7).

use serde::{Deserialize, Serialize};

/// Where an order stands in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// The claim is live and no confirmable intent exists.
    New,
    /// The claim is live and an intent's secret may be known to the buyer.
    Paying,
    /// The intent is being cancelled; the claim stays until Stripe has said so.
    Cancelling,
    /// Authorised; the claim is sold and the capture is queued.
    Committed,
    /// Paid; the tickets are valid.
    Ticketed,
    /// Ended by the deadline; the claim is released.
    Expired,
    /// Ended otherwise without a sale; the claim is released.
    Cancelled,
    /// Money came for an order that had ended, or is being given back.
    Refunding,
    Refunded,
}

impl OrderState {
    pub const ALL: [Self; 9] = [
        Self::New,
        Self::Paying,
        Self::Cancelling,
        Self::Committed,
        Self::Ticketed,
        Self::Expired,
        Self::Cancelled,
        Self::Refunding,
        Self::Refunded,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Paying => "paying",
            Self::Cancelling => "cancelling",
            Self::Committed => "committed",
            Self::Ticketed => "ticketed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// No fact that a healthy payment provider can still bring moves the order on.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Ticketed | Self::Expired | Self::Cancelled | Self::Refunded)
    }
}

/// Why an order stops being payable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    Deadline,
    Buyer,
    /// The authorised money could not be captured.
    CaptureImpossible,
}

impl EndReason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Buyer => "buyer",
            Self::CaptureImpossible => "capture_impossible",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Deadline, Self::Buyer, Self::CaptureImpossible]
            .into_iter()
            .find(|reason| reason.as_str() == text)
    }
}

/// What [`learn`] needs to know of an order's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Progress {
    pub state: OrderState,
    pub end_reason: Option<EndReason>,
    /// Set by the same conditional update that permits the cancel to be sent.
    pub cancel_sent: bool,
    /// The time for 3-D Secure was added already.
    pub deadline_extended: bool,
    /// An intent's secret was shown at some time.
    pub intent_exposed: bool,
}

/// Something that is true, as far as whoever reports it can prove. Facts about money concern the
/// order's current intent; amount, currency, account, mode and metadata were compared before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact {
    /// The intent is stored; its secret may now be shown.
    IntentStored,
    /// 3-D Secure started.
    AuthenticationStarted,
    /// A payment method was declined; the intent waits for another.
    AttemptFailed,
    /// The money is reserved and waits for capture.
    Authorised,
    /// The money is ours.
    Paid,
    /// The intent is cancelled, finally: no money can arrive through it.
    Void,
    /// All the money went back.
    Refunded,
    /// `pay_before` has passed by the ledger's clock.
    DeadlinePassed,
    /// The buyer asked for the end of an unpaid order.
    CancelAsked,
}

impl Fact {
    pub const ALL: [Self; 9] = [
        Self::IntentStored,
        Self::AuthenticationStarted,
        Self::AttemptFailed,
        Self::Authorised,
        Self::Paid,
        Self::Void,
        Self::Refunded,
        Self::DeadlinePassed,
        Self::CancelAsked,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::IntentStored => "intent_stored",
            Self::AuthenticationStarted => "authentication_started",
            Self::AttemptFailed => "attempt_failed",
            Self::Authorised => "authorised",
            Self::Paid => "paid",
            Self::Void => "void",
            Self::Refunded => "refunded",
            Self::DeadlinePassed => "deadline_passed",
            Self::CancelAsked => "cancel_asked",
        }
    }
}

/// Why a claim may be released (I4): kept in the ledger beside the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseProof {
    /// No intent's secret was ever shown.
    NoIntent,
    /// Stripe said that the intent is cancelled.
    IntentCancelled,
    /// All the money went back.
    Refunded,
}

impl ReleaseProof {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoIntent => "no_intent",
            Self::IntentCancelled => "intent_cancelled",
            Self::Refunded => "refunded",
        }
    }
}

/// What must happen in the same transaction as the change of state, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `pay_before` grows by [`crate::limits::AUTHENTICATION_EXTENSION_SECONDS`], once.
    ExtendDeadline,
    /// Live claims become sold; Redis is told through the outbox.
    SellClaims,
    QueueCapture,
    QueueCancel,
    /// A cancel that was queued and not sent is taken back.
    WithdrawCancel,
    QueueRefund,
    /// Tickets become valid (ids from the order line), money entries are written.
    IssueTickets,
    /// Money entries of the captured amount are written, without tickets.
    RecordPayment,
    /// Tickets become void.
    VoidTickets,
    /// Money entries of the refund are written.
    RecordRefund,
    /// Live or sold claims become released, the quota is given back; Redis is told.
    ReleaseClaims(ReleaseProof),
    /// A person has to look: the fact cannot be true of this order.
    Quarantine,
}

/// What [`learn`] decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub state: OrderState,
    pub end_reason: Option<EndReason>,
    pub effects: Vec<Effect>,
}

/// What an order becomes when `fact` is learned of it.
///
/// Total: every pair of state and fact has an answer, and a fact that was learned already, or that
/// is overtaken, changes nothing and has no effects.
pub fn learn(order: Progress, fact: Fact) -> Step {
    use OrderState::*;

    let stay = |effects| Step { state: order.state, end_reason: order.end_reason, effects };
    let go = |state, effects| Step { state, end_reason: order.end_reason, effects };
    let end = |state, reason, effects| Step { state, end_reason: Some(reason), effects };
    let release = Effect::ReleaseClaims(if order.intent_exposed {
        ReleaseProof::IntentCancelled
    } else {
        ReleaseProof::NoIntent
    });

    match (order.state, fact) {
        (New, Fact::IntentStored) => go(Paying, vec![]),
        (New, Fact::DeadlinePassed) => end(Expired, EndReason::Deadline, vec![release]),
        (New, Fact::CancelAsked) => end(Cancelled, EndReason::Buyer, vec![release]),
        // The last intent is cancelled, and this came late.
        (New, Fact::Authorised) if order.intent_exposed => stay(vec![]),
        (New, Fact::Authorised | Fact::Paid) => stay(vec![Effect::Quarantine]),

        (Paying, Fact::AuthenticationStarted) if !order.deadline_extended => {
            stay(vec![Effect::ExtendDeadline])
        }
        (Paying, Fact::Authorised) => go(Committed, vec![Effect::SellClaims, Effect::QueueCapture]),
        (Paying, Fact::Paid) => go(Ticketed, vec![Effect::SellClaims, Effect::IssueTickets]),
        // The claim stays: until the deadline the buyer may ask for a new intent.
        (Paying, Fact::Void) => go(New, vec![]),
        (Paying, Fact::DeadlinePassed) => {
            end(Cancelling, EndReason::Deadline, vec![Effect::QueueCancel])
        }
        (Paying, Fact::CancelAsked) => end(Cancelling, EndReason::Buyer, vec![Effect::QueueCancel]),

        (Cancelling, Fact::Authorised) if !order.cancel_sent => Step {
            state: Committed,
            end_reason: None,
            effects: vec![Effect::WithdrawCancel, Effect::SellClaims, Effect::QueueCapture],
        },
        // The cancel was sent: its answer decides, and a cancelled intent gives the money back.
        (Cancelling, Fact::Authorised) => stay(vec![]),
        (Cancelling, Fact::Paid) => Step {
            state: Ticketed,
            end_reason: None,
            effects: vec![Effect::WithdrawCancel, Effect::SellClaims, Effect::IssueTickets],
        },
        (Cancelling, Fact::Void) => {
            let state =
                if order.end_reason == Some(EndReason::Deadline) { Expired } else { Cancelled };
            go(state, vec![Effect::ReleaseClaims(ReleaseProof::IntentCancelled)])
        }

        (Committed, Fact::Paid) => go(Ticketed, vec![Effect::IssueTickets]),
        (Committed, Fact::Void) => end(
            Cancelled,
            EndReason::CaptureImpossible,
            vec![Effect::ReleaseClaims(ReleaseProof::IntentCancelled)],
        ),

        (Ticketed, Fact::Void) => stay(vec![Effect::Quarantine]),
        (Ticketed, Fact::Refunded) => go(
            Refunded,
            vec![
                Effect::VoidTickets,
                Effect::RecordRefund,
                Effect::ReleaseClaims(ReleaseProof::Refunded),
            ],
        ),

        // Unreachable by the protocol, and still never kept: the seat may be another's by now.
        (Expired | Cancelled, Fact::Authorised) => stay(vec![Effect::QueueCancel]),
        (Expired | Cancelled, Fact::Paid) => {
            go(Refunding, vec![Effect::RecordPayment, Effect::QueueRefund])
        }
        (Refunding, Fact::Refunded) => go(Refunded, vec![Effect::RecordRefund]),

        _ => stay(vec![]),
    }
}

/// Identifies the current order's part in the payment provider's metadata.
pub const METADATA_ORDER: &str = "holdfast_order";
