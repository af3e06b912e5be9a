//! The side-check of every figure: what a server's own auditor says of all its sales.

use std::net::SocketAddr;

use anyhow::{Result, bail, ensure};
use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::generator::{self, Call};

const HOLDS: &str = "holds";

/// As `GET /v1/audit` and `holdfast audit --json` say it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Audit {
    pub clean: bool,
    pub checks: Vec<Check>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Check {
    pub invariant: String,
    pub title: String,
    /// `holds`, `violated`, `not_checked`
    pub outcome: String,
    #[serde(default)]
    pub violations: Vec<Value>,
}

impl Audit {
    /// No violation, and not because nothing was looked at.
    pub fn is_passed(&self) -> bool {
        self.clean && self.checks.iter().any(|check| check.outcome == HOLDS)
    }

    /// One line a person reads.
    pub fn verdict(&self) -> String {
        let held = self.checks.iter().filter(|check| check.outcome == HOLDS).count();
        let violated: Vec<&str> = self
            .checks
            .iter()
            .filter(|check| !check.violations.is_empty())
            .map(|check| check.title.as_str())
            .collect();
        match &violated[..] {
            [] => format!("{held} of {} invariants hold, none is violated", self.checks.len()),
            violated => format!("VIOLATED: {}", violated.join("; ")),
        }
    }
}

/// Asks the server at `address`; `token` is its organizer's.
pub async fn ask(address: SocketAddr, token: &str) -> Result<Audit> {
    let headers = vec![("authorization", format!("Bearer {token}"))];
    let call = Call { path: "/v1/audit".into(), headers, body: String::new() };
    let answer = generator::ask(Method::GET, address, StatusCode::OK, call).await?;
    Ok(serde_json::from_slice(&answer)?)
}

/// An error unless the audit passes.
pub async fn pass(address: SocketAddr, token: &str) -> Result<()> {
    let audit = ask(address, token).await?;
    ensure!(!audit.checks.is_empty(), "the auditor has checked nothing");
    if !audit.is_passed() {
        bail!("{}: {}", audit.verdict(), serde_json::to_string(&audit)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(clean: bool, outcomes: &[&str]) -> Audit {
        let check = |outcome: &&str| Check {
            invariant: "I1".into(),
            title: "one claim a seat".into(),
            outcome: (*outcome).into(),
            violations: if *outcome == "violated" { vec![Value::Null] } else { Vec::new() },
        };
        Audit { clean, checks: outcomes.iter().map(check).collect() }
    }

    #[test]
    fn an_audit_that_looked_at_nothing_is_not_passed() {
        assert!(audit(true, &["holds", "not_checked"]).is_passed());
        assert!(!audit(true, &["not_checked"]).is_passed());
        assert!(!audit(true, &[]).is_passed());
    }

    #[test]
    fn a_violation_is_told_by_its_title() {
        let violated = audit(false, &["holds", "violated"]);
        assert!(!violated.is_passed());
        assert_eq!(violated.verdict(), "VIOLATED: one claim a seat");
    }
}
