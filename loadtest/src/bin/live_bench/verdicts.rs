//! What was found against what is wanted.

use anyhow::{Result, bail};
use loadtest::rounds::Ratio;

/// Of a run that can be believed: CPU of other processes, and how far its rounds differ.
const FOREIGN_SHARE_MAX: f64 = 0.05;
const SPREAD_MAX: f64 = 0.2;

#[derive(Default)]
pub struct Verdicts {
    missed: Vec<String>,
    noisy: Vec<String>,
}

impl Verdicts {
    pub fn head() {
        println!(
            "{:<46} {:>8} {:>8} {:>7} {:>13} {:>5}",
            "", "measured", "floor", "ratio", "least–most", "most"
        );
    }

    pub fn ratio(&mut self, name: &str, ratio: &Ratio, most: f64) {
        println!(
            "{name:<46} {:>8.2} {:>8.2} {:>7.2} {:>6.2}–{:<6.2} {most:>5.2}",
            ratio.measured, ratio.floor, ratio.median, ratio.least, ratio.most
        );
        if (ratio.most - ratio.least) / ratio.median > SPREAD_MAX {
            self.noisy.push(format!("{name}: its rounds differ"));
        }
        self.check(name, ratio.median <= most);
    }

    pub fn figure(&mut self, name: &str, value: f64, unit: &str, target: &str, is_met: bool) {
        println!("{name:<46} {value:>12.4} {unit:<22} {target}");
        self.check(name, is_met);
    }

    /// The share of all cores that other processes used.
    pub fn foreign(&mut self, share: f64) {
        println!("{:<46} {:>11.1}%", "CPU of other processes meanwhile", share * 100.0);
        if share > FOREIGN_SHARE_MAX {
            self.noisy.push("other processes used the CPU".to_owned());
        }
    }

    fn check(&mut self, name: &str, is_met: bool) {
        if !is_met {
            self.missed.push(name.to_owned());
        }
    }

    /// An error when a figure misses its target in a run that nothing disturbed.
    pub fn end(self) -> Result<()> {
        println!();
        for name in &self.noisy {
            println!("disturbed: {name}");
        }
        for name in &self.missed {
            println!("missed: {name}");
        }
        if !self.missed.is_empty() && self.noisy.is_empty() {
            bail!("{} figures miss their targets", self.missed.len());
        }
        Ok(())
    }
}
