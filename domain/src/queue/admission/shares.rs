//! Which way the people of one release come in: the priority lane and the grace lane have a share
//! each as long as somebody waits there, and the general lane has the rest.

use super::Settings;

/// What each way is owed, in people. A share that nobody waits for is not saved up: it never
/// exceeds one person.
#[derive(Clone, Debug)]
pub struct Shares {
    priority: f64,
    grace: f64,
}

impl Shares {
    pub fn new() -> Self {
        Self { priority: 0.0, grace: 1.0 }
    }

    /// Splits `people`, at most those waiting, over general, priority and grace.
    pub fn split(
        &mut self,
        people: u64,
        waiting: [u64; 3],
        elapsed_ms: i64,
        settings: &Settings,
    ) -> [u64; 3] {
        let released = people as f64;
        let grace_time = elapsed_ms as f64 / settings.grace_every_ms as f64;
        self.grace += (released * settings.grace_share).max(grace_time.min(released / 2.0));
        self.priority += released * settings.priority_share;

        let grace = (self.grace as u64).min(waiting[2]).min(people);
        let priority = (self.priority as u64).min(waiting[1]).min(people - grace);
        let mut ways = [0, priority, grace];
        let mut left = people - priority - grace;
        for way in [0, 1, 2] {
            let more = left.min(waiting[way] - ways[way]);
            ways[way] += more;
            left -= more;
        }
        self.grace = owed(self.grace, ways[2], waiting[2]);
        self.priority = owed(self.priority, ways[1], waiting[1]);
        ways
    }
}

fn owed(before: f64, given: u64, waiting: u64) -> f64 {
    let after = (before - given as f64).max(0.0);
    if waiting == given { after.min(1.0) } else { after }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_many(times: u64, people: u64, waiting: [u64; 3]) -> [u64; 3] {
        let mut shares = Shares::new();
        let mut left = waiting;
        for _ in 0..times {
            let people = people.min(left.iter().sum());
            let ways = shares.split(people, left, 1000, &Settings::default());
            assert_eq!(ways.iter().sum::<u64>(), people);
            for way in 0..3 {
                left[way] -= ways[way];
            }
        }
        [0, 1, 2].map(|way| waiting[way] - left[way])
    }

    #[test]
    fn every_way_that_is_waited_for_has_its_share() {
        assert_eq!(split_many(1000, 10, [100_000; 3]), [6_999, 2_000, 1_001]);
    }

    #[test]
    fn a_share_that_nobody_waits_for_goes_to_the_general_lane() {
        assert_eq!(split_many(1000, 10, [100_000, 0, 0]), [10_000, 0, 0]);
        assert_eq!(split_many(1000, 10, [100_000, 50, 0]), [9_950, 50, 0]);
    }

    #[test]
    fn an_empty_general_lane_leaves_all_to_the_others() {
        assert_eq!(split_many(100, 10, [0, 600, 600]), [0, 600, 400]);
    }

    #[test]
    fn at_a_low_rate_a_missed_turn_is_still_served_within_a_minute() {
        let mut shares = Shares::new();
        let mut served = 0;
        for second in 0..1200_u64 {
            // Four a minute: one every 15 s.
            let people = u64::from(second % 15 == 0);
            served += shares.split(people, [1000, 0, 1000], 1000, &Settings::default())[2];
        }
        assert!((8..=20).contains(&served), "{served} in 20 minutes");
    }
}
