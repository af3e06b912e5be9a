//! Journeys through the waiting room, simulated by the ten thousand: three processes over one store
//! and one ledger, time in the simulation's hand, people who refresh, open tabs, come late, leave;
//! processes that are killed and hang; a store that loses its last writes, or everything.
//!
//! `JOURNEYS` sets how many (a million takes a release build), `JOURNEYS_SEED` the seed, and
//! `JOURNEYS_MINUTES` how long everybody takes at the first rate. A table tells what happened.

mod findings;
mod person;
mod random;
mod world;

use std::{env, sync::Mutex, thread, time::Instant};

use domain::queue::Lane;
use futures_util::{StreamExt, stream::FuturesUnordered};
use waiting_room::{simulation::change_settings, views::SettingsBody};

use crate::{
    findings::Table,
    person::Person,
    random::Random,
    world::{OPENS_AFTER_MS, STEP_MS, Trouble, World, rate, rules},
};

/// From so many journeys on sales are as large and as long as real ones, and what they tell of the
/// intervals counts: a few minutes teach nobody how far a pace may change.
const MANY: u64 = 100_000;
const PEOPLE_OF_MANY: u64 = 100_000;
const MINUTES_OF_MANY: u64 = 40;
const MINUTES_OF_FEW: u64 = 6;
/// Acts under way at once.
const ACTS_AT_ONCE: usize = 256;

fn number(name: &str, default: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => default,
    }
}

/// One of the sales.
struct Part {
    number: u64,
    seed: u64,
    people: u64,
    minutes: u64,
    trouble: Trouble,
}

#[test]
fn nobody_loses_their_place_on_any_journey() {
    // JOURNEYS_LOG=waiting_room=info shows what the processes say.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(env::var("JOURNEYS_LOG").unwrap_or("off".to_owned()))
        .with_test_writer()
        .try_init();
    let journeys = number("JOURNEYS", 3_000);
    let seed = number("JOURNEYS_SEED", 1);
    println!("{journeys} journeys; JOURNEYS_SEED={seed}");
    let began = Instant::now();
    let table = run_all(parts(journeys, seed));
    println!("\n{table}\n{:.0?}", began.elapsed());
    assert!(table.broken.is_empty(), "rules were broken");
    assert_eq!(table.counts["journeys"], journeys);
    let held = table.intervals_held();
    let is_good = (0.75..=0.85).contains(&held) || journeys < MANY;
    assert!(is_good, "{:.1} % of the intervals held", held * 100.0);
}

fn parts(journeys: u64, seed: u64) -> Vec<Part> {
    let mut seeds = Random::new(seed);
    let (sales, minutes) = match journeys >= MANY {
        true => (journeys.div_ceil(PEOPLE_OF_MANY), MINUTES_OF_MANY),
        false => (2, MINUTES_OF_FEW),
    };
    let minutes = number("JOURNEYS_MINUTES", minutes);
    let part = |number: u64| Part {
        number,
        seed: seeds.next(),
        people: journeys / sales + u64::from(number < journeys % sales),
        minutes,
        trouble: [Trouble::Losses, Trouble::Kills, Trouble::None][(number % 3) as usize],
    };
    (0..sales).map(part).collect()
}

/// As many sales at once as there are cores; each is a world of its own.
fn run_all(parts: Vec<Part>) -> Table {
    let (parts, table) = (Mutex::new(parts.into_iter()), Mutex::new(Table::default()));
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let next = || parts.lock().expect("no thread panics with it").next();
        while let Some(part) = next() {
            let Part { number, seed, people, minutes, trouble } = part;
            let began = Instant::now();
            let world = runtime.block_on(async {
                let world = World::new(seed, people, minutes, trouble).await;
                run(&world, seed).await;
                world
            });
            let findings = world.findings.borrow();
            let [told, early, late] = findings.intervals();
            println!(
                "sale {number}, {trouble:?}, {people} people, {:.0?}; of {told} intervals {early} \
                 ended early and {late} late",
                began.elapsed()
            );
            table.lock().expect("no thread panics with it").add(&findings, seed);
        }
    };
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    thread::scope(|scope| (0..cores).for_each(|_| drop(scope.spawn(work))));
    table.into_inner().expect("no thread panics with it")
}

/// One sale, to its end.
async fn run(world: &World, seed: u64) {
    let mut people: Vec<Option<Person>> = Vec::new();
    // Three times as long as it should take.
    let last = (OPENS_AFTER_MS + world.minutes as i64 * 180_000 + 300_000) / STEP_MS;
    let mut calendar: Vec<Vec<usize>> = vec![Vec::new(); last as usize + 1];
    for number in 0..world.people as usize {
        let mut person = Person::new(number, seed, world);
        calendar[person.arrives_at(world) as usize].push(number);
        people.push(Some(person));
    }
    let changes = rate_changes(world);
    let mut left = people.len();
    while left > 0 && world.step() < last {
        world.go_on().await;
        let step = world.step();
        if let Some((_, rate)) = changes.iter().find(|(at, _)| *at == step) {
            change_rate(world, *rate).await;
        }
        let due = std::mem::take(&mut calendar[step as usize]);
        for numbers in due.chunks(ACTS_AT_ONCE) {
            let acts: FuturesUnordered<_> = numbers
                .iter()
                .map(|number| {
                    let mut person = people[*number].take().expect("one act at a time");
                    async move { (*number, person.act(world).await, person) }
                })
                .collect();
            for (number, next, person) in acts.collect::<Vec<_>>().await {
                match next {
                    Some(next) if next <= last => calendar[next as usize].push(number),
                    Some(_) => {}
                    None => left -= 1,
                }
                people[number] = Some(person);
            }
        }
    }
    people.iter().flatten().for_each(|person| person.stuck(world));
    agree(world).await;
}

/// When (step) the organiser sets which rate: three times, up to twice either way.
fn rate_changes(world: &World) -> Vec<(i64, u32)> {
    let mut rate = f64::from(rate(world.people, world.minutes));
    let quarter = world.minutes as i64 * 15_000;
    world.random(|random| {
        (1..=3)
            .map(|number| {
                let at = OPENS_AFTER_MS + number * quarter + random.between(-quarter, quarter) / 2;
                rate *= random.between(700, 1_400) as f64 / 1_000.0;
                (at / STEP_MS, rate as u32)
            })
            .collect()
    })
}

async fn change_rate(world: &World, rate: u32) {
    let opens_at = world.now();
    let queue = rules(opens_at, rate);
    let body = SettingsBody {
        enabled: true,
        opens_at: queue.opens_at,
        admit_per_minute: queue.admit_per_minute,
        pass_seconds: queue.pass_seconds,
        turn_seconds: queue.turn_seconds,
        ..SettingsBody::default()
    };
    let (room, ..) = world.any_node();
    match change_settings(&room, world.event.as_str(), &body).await {
        Ok(_) => world.count("changes of the rate"),
        Err(_) => world.count("changes of the rate refused"),
    }
}

/// The ledger has one row for each place that let somebody in, and nobody has two live passes.
async fn agree(world: &World) {
    let (mut after, mut rows) = (None, Vec::new());
    loop {
        let page = world.ledger.passes(&world.event, after, 5_000).await.expect("the ledger");
        let Some(last) = page.last() else { break };
        after = Some((last.lane, last.index));
        rows.extend(page);
    }
    let entered = world.findings.borrow().places_entered();
    let unanswered = rows.len() as u64 - entered.min(rows.len() as u64);
    if (rows.len() as u64) < entered {
        world.broke("passes that the ledger lacks", format!("{entered}, {} rows", rows.len()));
    }
    for _ in 0..unanswered {
        world.count("passes whose first answer was lost");
    }
    let mut live: Vec<_> = rows.iter().filter(|row| row.end_reason.is_none()).collect();
    live.sort_by_key(|row| row.person);
    for pair in live.windows(2).filter(|pair| pair[0].person == pair[1].person) {
        world.broke("two live passes of one person", format!("{pair:?}"));
    }
    let released = world.findings.borrow().cursors();
    let by_lane = |lane: Lane| rows.iter().filter(|row| row.lane == lane).count() as u64;
    for lane in Lane::ALL {
        if by_lane(lane) > released[lane.number()] + released[2] {
            world.broke("more entered than were released", lane);
        }
    }
}
