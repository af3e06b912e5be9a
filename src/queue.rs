//! `holdfast queue verify`: checks a published draw, and one place in it, without trusting anybody.
//!
//! Reads files, standard input or a server's public answer; needs no store, no key and no setting.

use std::{
    fs,
    io::{self, Read as _, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use domain::{
    id::EventId,
    queue::draw::{Draw, Hex, Proof, Tamper, Witness, verify_draw, verify_proof},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

const FETCH_TIMEOUT: Duration = Duration::from_secs(30);

/// Standard input, in place of a file's name.
const STDIN: &str = "-";

/// What to check, and against what.
#[derive(Args)]
pub struct Check {
    /// The draw as JSON: a file, or - for standard input
    #[arg(long, conflicts_with = "url", required_unless_present = "url")]
    draw: Option<String>,
    /// An event's address, …/v1/events/{event}: its draw is fetched
    #[arg(long)]
    url: Option<String>,
    /// The proof of a place as JSON: a file, or - for standard input
    #[arg(long)]
    proof: Option<String>,
    /// The commitment as it was published before the draw
    #[arg(long)]
    commitment: Option<String>,
    /// The event that the draw has to be of
    #[arg(long)]
    event: Option<String>,
}

/// Prints what was checked. Exit code 1 when anything was altered, an error when there is nothing
/// to check.
pub async fn verify(check: &Check) -> Result<ExitCode> {
    if check.draw.as_deref() == Some(STDIN) && check.proof.as_deref() == Some(STDIN) {
        bail!("draw and proof cannot both come from standard input");
    }
    let draw = match (&check.url, &check.draw) {
        (Some(url), _) => fetch(url).await?,
        (None, Some(file)) => read(file)?,
        (None, None) => bail!("no draw is named"),
    };
    let proof = check.proof.as_deref().map(read).transpose()?;
    let commitment = check.commitment.as_deref().map(parse_commitment).transpose()?;
    let event = check.expected_event()?;
    let mut report = Vec::new();
    let genuine = inspect(&draw, proof.as_deref(), commitment, event.as_ref(), &mut report)?;
    io::stdout().write_all(&report).context("the report cannot be printed")?;
    Ok(ExitCode::from(u8::from(!genuine)))
}

impl Check {
    /// As it was said, else as the address says it; an address may also name a slug.
    fn expected_event(&self) -> Result<Option<EventId>> {
        match (&self.event, &self.url) {
            (Some(event), _) => Ok(Some(event.parse().context("--event is not an event's id")?)),
            (None, Some(url)) => {
                let last = url.trim_end_matches('/').rsplit('/').next();
                Ok(last.and_then(|name| name.parse().ok()))
            }
            (None, None) => Ok(None),
        }
    }
}

fn parse_commitment(text: &str) -> Result<[u8; 32]> {
    let bytes = Hex::<32>::parse(text).context("--commitment is not 64 hexadecimal characters")?;
    Ok(bytes.0)
}

fn read(file: &str) -> Result<String> {
    if file == STDIN {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).context("standard input cannot be read")?;
        return Ok(text);
    }
    fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))
}

async fn fetch(url: &str) -> Result<String> {
    let address = format!("{}/queue/draw", url.trim_end_matches('/'));
    let request = reqwest::Client::new().get(&address).timeout(FETCH_TIMEOUT);
    let answer = request.send().await.with_context(|| format!("{address} does not answer"))?;
    let answer = answer.error_for_status().context("the server refuses")?;
    answer.text().await.context("the answer breaks off")
}

/// Whether everything holds, and a line for each thing that was checked.
fn inspect(
    draw: &str,
    proof: Option<&str>,
    commitment: Option<[u8; 32]>,
    event: Option<&EventId>,
    report: &mut impl Write,
) -> Result<bool> {
    if let Some(commitment) = announced(draw) {
        bail!("the draw has not been held; keep its commitment: {commitment}");
    }
    let Some(draw) = parse::<Draw>("draw", draw, report)? else {
        return Ok(false);
    };
    let checked = match verify_draw(&draw, Witness { commitment, event }) {
        Ok(checked) => checked,
        Err(tamper) => return refuse(tamper, report),
    };
    let compared = |known: bool| if known { "as expected" } else { "not compared with anything" };
    writeln!(report, "good  rules       {}", draw.rules)?;
    writeln!(report, "good  event       {}, {}", draw.event, compared(event.is_some()))?;
    writeln!(report, "good  commitment  {}, {}", draw.commitment, compared(commitment.is_some()))?;
    writeln!(report, "good  secret      the one that was committed to")?;
    match &draw.beacon {
        None => writeln!(report, "note  beacon      none: bound by the commitment alone")?,
        Some(beacon) => writeln!(
            report,
            "note  beacon      {} round {}: compare its value there",
            beacon.source, beacon.round
        )?,
    }
    writeln!(report, "good  seed        {}", draw.seed)?;
    let priority = draw.lanes.priority.size;
    writeln!(report, "good  entries     {} general, {priority} priority", draw.size)?;
    let Some(proof) = proof else {
        return Ok(true);
    };
    let Some(proof) = parse::<Proof>("proof", proof, report)? else {
        return Ok(false);
    };
    if let Err(tamper) = verify_proof(&checked, &proof) {
        return refuse(tamper, report);
    }
    writeln!(
        report,
        "good  place       index {} of the {} lane was in the draw, at position {} from 0",
        proof.index, proof.lane, proof.position
    )?;
    Ok(true)
}

/// What stands before the draw: a commitment, and later what was closed.
fn announced(draw: &str) -> Option<String> {
    let value: Value = serde_json::from_str(draw).ok()?;
    let fields = value.as_object().filter(|fields| !fields.contains_key("secret"))?;
    Some(fields.get("commitment")?.as_str()?.to_owned())
}

fn parse<T: DeserializeOwned>(
    what: &str,
    text: &str,
    report: &mut impl Write,
) -> Result<Option<T>> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(Some(value)),
        Err(error) => {
            writeln!(report, "BAD   {what}: {error}")?;
            Ok(None)
        }
    }
}

fn refuse(tamper: Tamper, report: &mut impl Write) -> Result<bool> {
    writeln!(report, "BAD   {tamper}")?;
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: &str = include_str!("../web/tests/draw-vectors.json");

    struct Sample {
        draw: Value,
        proof: Value,
    }

    fn sample() -> Sample {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let first = &vectors["draws"][0];
        Sample { draw: first["draw"].clone(), proof: first["proofs"][1].clone() }
    }

    fn said(draw: &Value, proof: Option<&Value>, commitment: Option<[u8; 32]>) -> (bool, String) {
        let proof = proof.map(Value::to_string);
        let mut report = Vec::new();
        let genuine =
            inspect(&draw.to_string(), proof.as_deref(), commitment, None, &mut report).unwrap();
        (genuine, String::from_utf8(report).unwrap())
    }

    #[test]
    fn a_good_draw_and_place_are_told_part_by_part() {
        let Sample { draw, proof } = sample();
        let commitment = parse_commitment(draw["commitment"].as_str().unwrap()).unwrap();
        let (genuine, report) = said(&draw, Some(&proof), Some(commitment));
        assert!(genuine && !report.contains("BAD"), "{report}");
        for part in ["rules", "event", "commitment", "secret", "seed", "entries", "place"] {
            assert!(report.contains(&format!("good  {part}")), "{part} in {report}");
        }
    }

    #[test]
    fn what_was_altered_is_named() {
        let Sample { draw, proof } = sample();
        let mut altered = draw.clone();
        altered["size"] = 4.into();
        assert!(!said(&altered, None, None).0);
        assert!(said(&altered, None, None).1.starts_with("BAD   seed"));
        assert!(said(&draw, None, Some([0; 32])).1.starts_with("BAD   commitment"));
        altered["size"] = "3".into();
        assert!(said(&altered, None, None).1.starts_with("BAD   draw"));
        let mut moved = proof.clone();
        moved["position"] = (proof["position"].as_u64().unwrap() + 1).into();
        assert!(said(&draw, Some(&moved), None).1.contains("BAD   position"));
    }

    #[test]
    fn before_the_draw_there_is_only_a_commitment_to_keep() {
        let draw = r#"{"commitment":"00ff"}"#;
        let error = inspect(draw, None, None, None, &mut Vec::new()).unwrap_err();
        assert!(error.to_string().contains("00ff"));
    }
}
