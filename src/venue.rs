//! `holdfast venue generate`: a pretix seating plan on standard output.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use domain::venue::{self, Kind};
use serde_json::json;

/// What to draw.
#[derive(Args)]
pub struct Wish {
    /// theatre, in_the_round, arena, stadium, cabaret or club
    #[arg(long)]
    kind: Kind,
    /// Seats and places together: 250 to 100000
    #[arg(long)]
    seats: u32,
    /// The same seed draws the same plan
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the seats' flags and the areas, which a pretix plan cannot carry, to this file
    #[arg(long)]
    flags: Option<PathBuf>,
}

pub fn generate(wish: &Wish) -> Result<()> {
    let venue = venue::generate(wish.kind, wish.seats, wish.seed)?;
    if let Some(path) = &wish.flags {
        let overlay = json!({"seat_flags": venue.seat_flags, "areas": venue.areas});
        fs::write(path, serde_json::to_string_pretty(&overlay)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    println!("{}", serde_json::to_string_pretty(&venue.plan)?);
    Ok(())
}
