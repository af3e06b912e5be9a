//! The admission controller in simulated sales, each from a seed.

mod queue_sale;

use domain::queue::admission::{Controller, Limit, Situation};
use queue_sale::{Crowd, Sale};

/// Arrivals in each whole minute from `from_ms` on.
fn arrivals_by_minute(sale: &Sale, from_ms: i64) -> Vec<f64> {
    let minutes = (sale.situation.now_ms - from_ms) / 60_000;
    let mut arrivals = vec![0.0; minutes as usize];
    for (_, _, at) in &sale.entered {
        let minute = (at - from_ms - 1).div_euclid(60_000);
        if (0..minutes).contains(&minute) {
            arrivals[minute as usize] += 1.0;
        }
    }
    arrivals
}

fn sale(seed: u64, rate: u32, crowd: Crowd) -> Sale {
    let mut sale = Sale::new(seed, crowd);
    sale.situation.rate_per_minute = Some(rate);
    sale
}

/// Arrivals of every minute but the first, with the line never empty.
fn steady_minutes(seed: u64, rate: u32, minutes: u64) -> Vec<f64> {
    let mut sale = sale(seed, rate, Crowd::default());
    sale.joined = [10_000_000, 0, 0];
    let from = sale.situation.now_ms;
    for _ in 0..minutes * 60 {
        sale.step();
    }
    arrivals_by_minute(&sale, from).split_off(1)
}

#[test]
fn with_three_in_ten_absent_arrivals_keep_to_the_target_every_minute() {
    for (seed, rate, minutes) in [(1, 5_000, 30), (2, 5_000, 30), (3, 20_000, 8), (4, 60_000, 4)] {
        for (minute, arrivals) in steady_minutes(seed, rate, minutes).into_iter().enumerate() {
            let error = arrivals / f64::from(rate) - 1.0;
            assert!(error.abs() < 0.03, "seed {seed}, {rate}/min, minute {minute}: {error:+.3}");
        }
    }
}

#[test]
fn any_minute_keeps_to_the_target_not_only_a_whole_one() {
    let mut sale = sale(5, 5_000, Crowd::default());
    sale.joined = [10_000_000, 0, 0];
    let from = sale.situation.now_ms;
    for _ in 0..15 * 60 {
        sale.step();
    }
    let mut seconds = vec![0.0; 15 * 60];
    for (_, _, at_ms) in &sale.entered {
        seconds[((at_ms - from - 1) / 1000) as usize] += 1.0;
    }
    for (second, minute) in seconds.windows(60).enumerate().skip(60) {
        let error = minute.iter().sum::<f64>() / 5_000.0 - 1.0;
        assert!(error.abs() < 0.03, "from second {second}: {error:+.3}");
    }
}

#[test]
fn at_low_rates_arrivals_stay_within_three_binomial_deviations() {
    for (seed, rate) in [(11, 600), (12, 600), (13, 60), (14, 60), (15, 60), (16, 20)] {
        let target = f64::from(rate);
        let deviation = (target * 0.3_f64).sqrt();
        for (minute, arrivals) in steady_minutes(seed, rate, 60).into_iter().enumerate() {
            let error = (arrivals - target) / deviation;
            assert!(error.abs() < 3.0, "seed {seed}, {rate}/min, minute {minute}: {error:+.2} sd");
        }
    }
}

#[test]
fn a_tenfold_step_in_demand_is_followed_within_a_minute() {
    for seed in 21..26 {
        let mut sale = sale(seed, 6_000, Crowd::default());
        // A tenth of the rate joins, then ten times as many: more than can be let in.
        let mut step_ms = 0;
        for second in 0..25 * 60 {
            let joins = if second < 10 * 60 { 10 } else { 100 * 10 };
            sale.joined[0] += joins;
            if second == 10 * 60 {
                step_ms = sale.situation.now_ms;
            }
            sale.step();
        }
        for (minute, arrivals) in arrivals_by_minute(&sale, step_ms).into_iter().enumerate() {
            let error = arrivals / 6_000.0 - 1.0;
            assert!(error < 0.03, "seed {seed}, minute {minute}: {error:+.3}");
            assert!(minute == 0 || error > -0.03, "seed {seed}, minute {minute}: {error:+.3}");
        }
    }
}

#[test]
fn a_tenfold_step_of_the_rate_is_followed_within_a_minute_up_and_down() {
    for seed in 31..35 {
        let mut sale = sale(seed, 5_000, Crowd::default());
        sale.joined = [10_000_000, 0, 0];
        for rate in [5_000_u32, 50_000, 5_000] {
            sale.situation.rate_per_minute = Some(rate);
            let from = sale.situation.now_ms;
            for _ in 0..5 * 60 {
                sale.step();
            }
            let arrivals = arrivals_by_minute(&sale, from);
            // Downwards, those released at the high rate still arrive for some minutes.
            let settled = if rate == 5_000 && from > 1_000_000 { 3 } else { 1 };
            for (minute, arrivals) in arrivals.into_iter().enumerate().skip(settled) {
                let error = arrivals / f64::from(rate) - 1.0;
                assert!(error.abs() < 0.03, "seed {seed}, {rate}, minute {minute}: {error:+.3}");
            }
        }
    }
}

#[test]
fn slower_or_more_faithful_crowds_are_learned() {
    for (seed, show_share, click_seconds) in
        [(41, 1.0, 5.0), (42, 0.45, 12.0), (43, 0.9, 30.0), (44, 0.7, 2.0)]
    {
        let crowd = Crowd { show_share, click_seconds, ..Crowd::default() };
        let mut sale = sale(seed, 6_000, crowd);
        sale.joined = [10_000_000, 0, 0];
        let from = sale.situation.now_ms;
        for _ in 0..20 * 60 {
            sale.step();
        }
        for (minute, arrivals) in arrivals_by_minute(&sale, from).into_iter().enumerate().skip(3) {
            let error = arrivals / 6_000.0 - 1.0;
            assert!(error.abs() < 0.03, "{show_share} {click_seconds}: {minute} {error:+.3}");
        }
        let shown = show_share * (1.0 - (-120.0 / click_seconds).exp());
        assert!((sale.controller.show_share() - shown).abs() < 0.02);
    }
}

#[test]
fn nobody_is_released_past_the_end_and_an_empty_line_saves_nothing_up() {
    let mut sale = sale(51, 600, Crowd::default());
    for _ in 0..120 {
        assert_eq!(sale.step().limited_by, Limit::Line);
    }
    sale.joined[0] = 100_000;
    let mut released = 0;
    for _ in 0..10 {
        let release = sale.step();
        assert_eq!(release.limited_by, Limit::Rate);
        released += release.lanes[0];
    }
    // Ten a second, of whom 85 in 100 are expected.
    assert!((110..=125).contains(&released), "{released}");
}

#[test]
fn a_pause_releases_nobody_and_is_not_made_up_for() {
    let mut sale = sale(52, 6_000, Crowd::default());
    sale.joined[0] = 1_000_000;
    for _ in 0..300 {
        sale.step();
    }
    sale.situation.paused = true;
    for _ in 0..300 {
        let release = sale.step();
        assert_eq!((release.lanes, release.limited_by), ([0; 3], Limit::Paused));
    }
    sale.situation.paused = false;
    let from = sale.situation.now_ms;
    for _ in 0..300 {
        sale.step();
    }
    for (minute, arrivals) in arrivals_by_minute(&sale, from).into_iter().enumerate() {
        assert!(arrivals < 6_180.0, "minute {minute}: {arrivals}");
    }
}

#[test]
fn the_room_is_never_exceeded_and_is_kept_full() {
    for (seed, max_inside, show_share) in
        [(61, 500, 0.7), (62, 50, 0.7), (63, 3_000, 1.0), (64, 1, 0.7), (65, 500, 0.4)]
    {
        let crowd = Crowd { show_share, ..Crowd::default() };
        let mut sale = Sale::new(seed, crowd);
        sale.joined[0] = 10_000_000;
        sale.situation.max_inside = Some(max_inside);
        let (mut filled, mut seconds) = (0, 0);
        for second in 0..3_600 {
            let release = sale.step();
            assert!(sale.inside <= u64::from(max_inside), "seed {seed}: {} inside", sale.inside);
            assert!(second > 0 || release.limited_by == Limit::Inside);
            if second > 600 {
                filled += sale.inside;
                seconds += 1;
            }
        }
        let share = filled as f64 / f64::from(seconds) / f64::from(max_inside);
        let least = match max_inside {
            1 => 0.6,
            50 => 0.8,
            _ => 0.9,
        };
        assert!(share > least, "seed {seed}: {share:.3} of {max_inside} used");
    }
}

#[test]
fn nobody_is_let_in_to_an_empty_house() {
    for seed in 71..76 {
        let mut sale = sale(seed, 6_000, Crowd::default());
        sale.joined[0] = 1_000_000;
        sale.situation.free_seats = Some(20_001);
        let mut limits = Vec::new();
        for _ in 0..7_200 {
            let release = sale.step();
            limits.push(release.limited_by);
            let (free, room) = (sale.situation.free_seats.unwrap(), sale.inside);
            assert!(free > 0 || release.lanes == [0; 3], "released with {room} inside, none free");
        }
        // Every seat finds its buyer, and hardly a buyer finds none.
        assert_eq!(sale.situation.free_seats, Some(0), "seed {seed}");
        assert!((10_001..10_010).contains(&sale.entered.len()), "{}", sale.entered.len());
        assert!(limits.contains(&Limit::Rate) && limits.contains(&Limit::Seats));
    }
}

#[test]
fn the_payment_quota_binds_where_it_is_below_the_rate() {
    let mut sale = sale(81, 6_000, Crowd::default());
    sale.joined[0] = 1_000_000;
    sale.situation.payments_per_minute = Some(1_500.0);
    let from = sale.situation.now_ms;
    for _ in 0..600 {
        assert_eq!(sale.step().limited_by, Limit::Payments);
    }
    let arrivals: f64 = arrivals_by_minute(&sale, from)[1..].iter().sum();
    assert!((arrivals / 9.0 / 1_500.0 - 1.0).abs() < 0.02);
}

#[test]
fn without_any_limit_everybody_is_released() {
    let mut sale = Sale::new(82, Crowd::default());
    sale.joined = [500, 20, 3];
    let release = sale.step();
    assert_eq!((release.lanes, release.limited_by), ([500, 20, 3], Limit::Line));
}

#[test]
fn the_lanes_have_their_shares_and_a_missed_turn_is_served_within_minutes() {
    let crowd = Crowd { return_share: 0.5, ..Crowd::default() };
    for (seed, rate) in [(91, 6_000), (92, 600), (93, 60)] {
        let mut sale = sale(seed, rate, crowd.clone());
        sale.joined = [10_000_000, 10_000_000, 0];
        let mut longest = 0;
        let mut since = None;
        for second in 0..3_600 {
            let release = sale.step();
            let waiting = sale.joined[2] > sale.cursors[2];
            if release.lanes[2] > 0 || !waiting {
                since = None;
            } else {
                longest = longest.max(second - *since.get_or_insert(second));
            }
        }
        let released: u64 = sale.cursors.iter().sum();
        let share = |way: usize| sale.cursors[way] as f64 / released as f64;
        assert!((share(1) - 0.2).abs() < 0.005, "{rate}: priority {:.3}", share(1));
        assert!(share(2) <= 0.1005, "{rate}: grace {:.3}", share(2));
        assert!(longest <= 60, "{rate}: nobody of the grace lane for {longest} s");
    }
}

#[test]
fn another_controller_with_the_same_marks_goes_on_in_the_same_way() {
    for (seed, rate) in [(101, 6_000), (102, 600), (103, 60)] {
        let mut sale = sale(seed, rate, Crowd { return_share: 0.3, ..Crowd::default() });
        sale.joined = [10_000_000, 500_000, 0];
        for _ in 0..400 {
            sale.step();
        }
        // The lists are read one after the other, not as they were written.
        let mut successor = Controller::new(sale.settings.clone());
        for (at_ms, cursors) in &sale.batches {
            successor.observe_batch(*at_ms, *cursors);
        }
        for (way, number, at_ms) in &sale.entered {
            successor.observe_entered(*way, *number, *at_ms);
        }
        let mut former = sale.controller.clone();
        for second in 0..300 {
            sale.controller = successor;
            let known = sale.entered.len();
            sale.pass_second();
            for (way, number, at_ms) in &sale.entered[known..] {
                former.observe_entered(*way, *number, *at_ms);
            }
            let situation = sale.observed();
            let (there, here) = (former.next(&situation), sale.controller.next(&situation));
            assert_eq!(there.limited_by, here.limited_by);
            let [before, after] = [there, here].map(|release| release.lanes.iter().sum::<u64>());
            // They may differ by what one second's arrivals deviate.
            assert!(
                before.abs_diff(after) as f64 <= 2.0 + 3.0 * (f64::from(rate) / 60.0).sqrt(),
                "second {second}: {there:?} {here:?}"
            );
            assert!((former.show_share() - sale.controller.show_share()).abs() < 1e-9);
            assert!(
                (former.arrivals_expected() - sale.controller.arrivals_expected()).abs() < 1e-6
            );
            sale.release(here);
            former.observe_batch(situation.now_ms, sale.cursors);
            successor = sale.controller.clone();
        }
    }
}

#[test]
fn marks_that_are_read_before_their_batch_count_all_the_same() {
    let mut sale = sale(112, 600, Crowd::default());
    sale.joined[0] = 1_000_000;
    for _ in 0..300 {
        sale.step();
    }
    let mut late = Controller::new(sale.settings.clone());
    let (first, rest) = sale.batches.split_at(100);
    for (at_ms, cursors) in first {
        late.observe_batch(*at_ms, *cursors);
    }
    for (way, number, at_ms) in &sale.entered {
        late.observe_entered(*way, *number, *at_ms);
    }
    for (at_ms, cursors) in rest {
        late.observe_batch(*at_ms, *cursors);
    }
    let situation = sale.observed();
    for controller in [&mut sale.controller, &mut late] {
        controller.next(&situation);
    }
    assert!((late.show_share() - sale.controller.show_share()).abs() < 1e-9);
    assert!((late.arrivals_expected() - sale.controller.arrivals_expected()).abs() < 1e-6);
}

#[test]
fn a_release_that_was_lost_is_made_again() {
    let mut sale = sale(111, 6_000, Crowd::default());
    sale.joined[0] = 1_000_000;
    for _ in 0..120 {
        sale.step();
    }
    sale.pass_second();
    let lost = sale.controller.next(&sale.observed()).lanes[0];
    sale.pass_second();
    let again = sale.controller.next(&sale.observed()).lanes[0];
    // What was lost, and a second more.
    assert!((230..340).contains(&again) && (90..190).contains(&lost), "{lost}, then {again}");
}

#[test]
fn people_released_before_the_lists_began_are_not_waited_for() {
    let settings = domain::queue::admission::Settings::default();
    let mut controller = Controller::starting_at(settings, [70_000, 10, 0]);
    controller.observe_batch(1_000_000, [70_100, 10, 0]);
    let situation = Situation {
        now_ms: 1_001_000,
        waiting: [5_000, 0, 0],
        rate_per_minute: Some(600),
        ..Situation::default()
    };
    assert!(controller.next(&situation).lanes[0] <= 13);
    assert!((controller.arrivals_expected() - 85.0).abs() < 5.0);
}
