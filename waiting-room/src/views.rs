//! What answers look like.

use domain::{event::Queue, time::Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::standing::PlaceState;

/// A place in the line.
#[derive(Serialize, ToSchema)]
pub struct JoinView {
    /// `que_…`
    pub id: String,
    /// Signed; to be sent as `Holdfast-Place`.
    pub place: String,
    pub state: PlaceState,
    /// In the order of joining, from 0.
    pub index: u64,
}

/// Where a place stands.
#[derive(Serialize, ToSchema)]
pub struct StatusView {
    pub state: PlaceState,
    /// 1 for the next to be admitted of its lane; never rises for one place. Null when there is
    /// nothing to wait for: before the draw, and from the turn on.
    pub position: Option<u64>,
    /// People before it in its lane.
    pub ahead: Option<u64>,
    /// Four of five wait between these.
    pub eta_seconds: Option<EtaView>,
    /// When to ask again; further away it is longer, and differs from client to client.
    pub poll_after_ms: u64,
    /// The store does not answer: this is the last that was known, and nobody is admitted.
    pub stale: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EtaView {
    pub low: u64,
    pub high: u64,
}

/// Leave to hold seats.
#[derive(Serialize, ToSchema)]
pub struct EnterView {
    /// Signed; to be sent as `Holdfast-Pass`.
    pub pass: String,
    #[schema(value_type = String)]
    pub expires_at: Timestamp,
}

/// A line and its rules, for its organiser.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct SettingsView {
    pub enabled: bool,
    #[schema(value_type = Option<String>)]
    pub opens_at: Option<Timestamp>,
    pub admit_per_minute: Option<u32>,
    pub max_inside: Option<u32>,
    pub pass_seconds: i64,
    pub turn_seconds: i64,
    pub max_waiting: Option<u32>,
    pub invite_only: bool,
    pub priority_share: u32,
    pub proof_of_work: bool,
    /// `early`, `drawing`, `open`, `paused`, `draining`, `closed`
    pub phase: String,
    pub joined: u64,
    pub waiting: u64,
    pub admitted: u64,
    pub inside: u64,
    /// What was done to the line, the latest first.
    pub acts: Vec<ActView>,
}

#[derive(Serialize, Deserialize, ToSchema)]
pub struct ActView {
    #[schema(value_type = String)]
    pub at: Timestamp,
    pub act: String,
    pub reason: String,
    /// What the change was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<serde_json::Value>,
}

/// Rules as an organiser sends them: what is missing has its default.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsBody {
    pub enabled: bool,
    #[schema(value_type = Option<String>)]
    pub opens_at: Option<Timestamp>,
    pub admit_per_minute: Option<u32>,
    pub max_inside: Option<u32>,
    pub pass_seconds: i64,
    pub turn_seconds: i64,
    pub max_waiting: Option<u32>,
    pub invite_only: bool,
    pub priority_share: u32,
    pub proof_of_work: bool,
    /// Kept with the change.
    pub reason: Option<String>,
}

impl Default for SettingsBody {
    fn default() -> Self {
        let Queue {
            opens_at,
            admit_per_minute,
            max_inside,
            pass_seconds,
            turn_seconds,
            max_waiting,
            invite_only,
            priority_share,
            proof_of_work,
            ..
        } = Queue::default();
        Self {
            // Whoever sets a line's rules wants one.
            enabled: true,
            opens_at,
            admit_per_minute,
            max_inside,
            pass_seconds,
            turn_seconds,
            max_waiting,
            invite_only,
            priority_share,
            proof_of_work,
            reason: None,
        }
    }
}

impl SettingsBody {
    pub fn queue(&self) -> Queue {
        Queue {
            enabled: self.enabled,
            opens_at: self.opens_at,
            admit_per_minute: self.admit_per_minute,
            max_inside: self.max_inside,
            pass_seconds: self.pass_seconds,
            turn_seconds: self.turn_seconds,
            max_waiting: self.max_waiting,
            invite_only: self.invite_only,
            priority_share: self.priority_share,
            proof_of_work: self.proof_of_work,
        }
    }
}

/// Why something is done to a line.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ReasonBody {
    /// At most 500 characters; kept.
    pub reason: Option<String>,
}

/// A join by a code.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JoinBody {
    /// For a lane by invitation.
    pub code: Option<String>,
}

/// Codes to be made.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodesBody {
    /// 1 to 10,000
    pub count: u32,
    /// `general` (to be let into a line that is by invitation) or `priority`.
    pub lane: String,
}

#[derive(Serialize, ToSchema)]
pub struct CodesView {
    pub data: Vec<String>,
}
