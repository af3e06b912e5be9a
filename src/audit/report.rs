//! What an audit found: one check an invariant, as a table for people and as JSON for programs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Holds,
    Violated,
    /// A store that the check needs could not be reached from here.
    NotChecked,
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The event concerned; empty when it concerns none alone.
    pub event: String,
    /// The seat, order, ticket or entry concerned.
    pub subject: String,
    pub detail: String,
}

/// One invariant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its number in `docs/INVARIANTS.md`, or `redis` for the inventory against the ledger.
    pub invariant: String,
    pub title: String,
    pub outcome: Outcome,
    /// Why it was not checked, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    pub violations: Vec<Finding>,
}

impl Check {
    pub fn of(invariant: &str, title: &str, violations: Vec<Finding>) -> Self {
        let outcome = if violations.is_empty() { Outcome::Holds } else { Outcome::Violated };
        Self {
            invariant: invariant.to_owned(),
            title: title.to_owned(),
            outcome,
            reason: None,
            violations,
        }
    }

    pub fn not_checked(invariant: &str, title: &str, reason: String) -> Self {
        Self {
            invariant: invariant.to_owned(),
            title: title.to_owned(),
            outcome: Outcome::NotChecked,
            reason: Some(reason),
            violations: Vec::new(),
        }
    }
}

/// A whole audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// RFC 3339.
    pub at: String,
    /// The event asked for; absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub event: Option<String>,
    /// No check found a violation.
    pub clean: bool,
    pub checks: Vec<Check>,
}

impl Report {
    pub fn new(at: String, event: Option<String>, checks: Vec<Check>) -> Self {
        let clean = checks.iter().all(|check| check.outcome != Outcome::Violated);
        Self { at, event, clean, checks }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Audit of {} at {}", self.event.as_deref().unwrap_or("all events"), self.at)?;
        for check in &self.checks {
            let outcome = match check.outcome {
                Outcome::Holds => "holds",
                Outcome::Violated => "VIOLATED",
                Outcome::NotChecked => "not checked",
            };
            writeln!(f, "  {:<6} {outcome:<12} {}", check.invariant, check.title)?;
            if let Some(reason) = &check.reason {
                writeln!(f, "         {reason}")?;
            }
            for finding in &check.violations {
                writeln!(f, "         {} {}: {}", finding.event, finding.subject, finding.detail)?;
            }
        }
        write!(f, "{}", if self.clean { "No violation." } else { "There are violations." })
    }
}
