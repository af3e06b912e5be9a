//! The report: as text for the terminal, as one page for a browser.

mod chart;
mod html;
mod text;

use std::sync::atomic::Ordering::Relaxed;

use crate::{baseline::Run, judgement::Judgement, load::Load, organizer::Audit};

/// Everything that both forms tell.
pub struct Report<'a> {
    pub run: &'a Run,
    pub judgement: &'a Judgement,
    pub audit: &'a Audit,
    pub load: &'a Load,
}

impl Report<'_> {
    /// What the run was, in one line.
    fn circumstances(&self) -> String {
        let run = self.run;
        let rate = match &run.stripe_rate {
            Some(rate) => format!(", HOLDFAST_STRIPE_RATE={rate}"),
            None => String::new(),
        };
        format!(
            "{} s, {} people at once, {} seats, {} cores, commit {}{rate}",
            run.run_seconds, run.users, run.seats, run.cores, run.commit
        )
    }

    fn sockets(&self) -> String {
        let sockets = &self.load.sockets;
        format!(
            "{} maps opened, {} frames, {:.1} kB of frames; {} tickets in people's hands",
            sockets.opened.load(Relaxed),
            sockets.frames.load(Relaxed),
            sockets.bytes.load(Relaxed) as f64 / 1_000.0,
            self.load.sold(),
        )
    }

    /// How the run stands beside the baseline, in one line.
    fn beside_baseline(&self) -> String {
        let Some((baseline, is_comparable)) = &self.judgement.baseline else {
            return "No baseline to compare with.".to_owned();
        };
        let slower = self.judgement.comparisons.iter().filter(|it| it.is_slower).count();
        let circumstances = match is_comparable {
            true => "",
            false => " Its circumstances were others: the ratios say little.",
        };
        format!(
            "{slower} of {} requests slower than at commit {}.{circumstances}",
            self.judgement.comparisons.len(),
            baseline.commit
        )
    }
}

/// Microseconds as milliseconds, three digits that matter.
fn millis(micros: u64) -> String {
    let millis = micros as f64 / 1_000.0;
    match micros {
        0..10_000 => format!("{millis:.2}"),
        10_000..100_000 => format!("{millis:.1}"),
        _ => format!("{millis:.0}"),
    }
}
