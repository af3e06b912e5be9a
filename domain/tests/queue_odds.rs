//! The odds that are told, against simulated sales from a seed.

#[path = "queue_sale/random.rs"]
mod random;

use domain::queue::odds::{Appetite, Outlook, chance_left};
use random::Random;

const SALES: u32 = 3_000;

/// Seats that one person wants: one of these, each as likely.
const WISHES: [u64; 8] = [1, 1, 2, 2, 2, 2, 4, 4];

/// How often a seat is left after `ahead` people, of whom `show` in 1,000 come and `choose` in
/// 1,000 of those want this category.
fn share_left(random: &mut Random, free: u64, ahead: u64, show: u64, choose: u64) -> f64 {
    let left = (0..SALES).filter(|_| {
        let mut free = free;
        for _ in 0..ahead {
            if random.next() % 1_000 < show && random.next() % 1_000 < choose {
                free = free.saturating_sub(WISHES[random.next() as usize % WISHES.len()]);
            }
        }
        free > 0
    });
    left.count() as f64 / f64::from(SALES)
}

#[test]
fn the_odds_are_right_within_five_points() {
    let mut random = Random::new(1);
    let people = WISHES.len() as f64;
    let sum: u64 = WISHES.iter().sum();
    let squares: u64 = WISHES.iter().map(|seats| seats * seats).sum();
    let mut between = 0;
    for (show, choose) in [(700, 1_000), (1_000, 250), (400, 500)] {
        let choosing = choose as f64 / 1_000.0;
        let mean = choosing * sum as f64 / people;
        let variance = choosing * squares as f64 / people - mean * mean;
        for free in [15, 60, 400] {
            for per_cent in [60, 80, 90, 95, 100, 105, 110, 125, 150] {
                let expected_buyers = free as f64 / mean / (show as f64 / 1_000.0);
                let ahead = (expected_buyers * f64::from(per_cent) / 100.0) as u64;
                let told = chance_left(&Outlook {
                    free,
                    ahead,
                    show_share: show as f64 / 1_000.0,
                    choosing: 0.0,
                    appetite: Appetite { mean, variance },
                });
                let was = share_left(&mut random, free, ahead, show, choose);
                between += u32::from((0.1..0.9).contains(&was));
                assert!((told - was).abs() < 0.05, "{show} {choose} {free} {ahead}: {told} {was}");
            }
        }
    }
    assert!(between > 20, "only {between} of the cases are in doubt");
}
