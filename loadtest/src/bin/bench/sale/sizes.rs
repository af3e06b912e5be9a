//! A large hall that is nearly full beside a small one that is half full.

use std::sync::Mutex;

use super::{IN_FLIGHT, ROUNDS, ours::Ours};
use anyhow::{Result, ensure};
use hyper::{Method, StatusCode};
use loadtest::{
    generator::{Connection, run_each},
    hall::SEATS_IN_ROW,
    report::Report,
    requests::{Held, Person},
    rounds::interleave_all,
};

/// Holds of one go; they are given back before the next.
const HOLDS: usize = 500;
/// Of one measurement.
const GOES: usize = 3;
const SEATS_OF_A_HOLD: usize = 8;

struct FullHall {
    event: String,
    /// The first of two neighbours that are free.
    pairs: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Wish {
    Named,
    Best,
}

pub async fn compare(report: &mut Report) -> Result<()> {
    let ours = Ours::start().await?;
    // 750 rows have their last two seats free: 3 of 100.
    let large = fill(&ours, 50_000, |row, seat| row < 750 && seat >= SEATS_IN_ROW - 2).await?;
    let small = fill(&ours, 4_000, |_, seat| seat < SEATS_IN_ROW / 2).await?;
    for (wish, name, most) in [(Wish::Named, "named", 1.1), (Wish::Best, "best available", 1.4)] {
        let measured = async || cost(&ours, &large, wish).await;
        let below = async || cost(&ours, &small, wish).await;
        let [redis, whole] = interleave_all(ROUNDS, measured, below).await?;
        report.ratio(&format!("Redis, {name}: 50,000 seats 97 % full / 4,000 half"), &redis, most);
        report.ratio(&format!("whole, {name}: 50,000 seats 97 % full / 4,000 half"), &whole, most);
    }
    ours.audit().await
}

/// Everything is held but what `is_free` says of a row and a seat in it.
async fn fill(
    ours: &Ours,
    seats: usize,
    is_free: impl Fn(usize, usize) -> bool,
) -> Result<FullHall> {
    let event = ours.hall(seats).await?;
    let (free, taken): (Vec<usize>, Vec<usize>) =
        (0..seats).partition(|seat| is_free(seat / SEATS_IN_ROW, seat % SEATS_IN_ROW));
    let taken: Vec<&[usize]> = taken.chunks(SEATS_OF_A_HOLD).collect();
    ours.hold_all(&event, taken.len(), |place| taken[place]).await?;
    let pairs: Vec<usize> = free.into_iter().step_by(2).collect();
    ensure!(pairs.len() > HOLDS, "too few seats are free");
    Ok(FullHall { event, pairs })
}

/// Microseconds a hold: of Redis, and of everything.
async fn cost(ours: &Ours, hall: &FullHall, wish: Wish) -> Result<[f64; 2]> {
    let (mut redis, mut whole) = (0.0, 0.0);
    for _ in 0..GOES {
        let (redis_before, others_before) = (ours.redis.cpu().await?, ours.services_cpu()?);
        let holds = match wish {
            Wish::Named => {
                let pair = |place: usize| [hall.pairs[place], hall.pairs[place] + 1];
                ours.hold_all(&hall.event, HOLDS, pair).await?
            }
            Wish::Best => hold_best(ours, &hall.event).await?,
        };
        let used = ours.redis.cpu().await? - redis_before;
        redis += used;
        whole += used + ours.services_cpu()? - others_before;
        ours.release_all(&holds).await?;
    }
    let count = (HOLDS * GOES) as f64;
    Ok([redis / count, whole / count])
}

async fn hold_best(ours: &Ours, event: &str) -> Result<Vec<(Person, Held)>> {
    let (first, holds) = (ours.people(HOLDS).start, Mutex::new(Vec::with_capacity(HOLDS)));
    let each = async |connection: &mut Connection, place: usize| {
        let person = Person(first + place);
        let call = person.hold_best(event, 2);
        let answer = connection.ask_for(&Method::POST, call, StatusCode::CREATED).await?;
        let held: Held = serde_json::from_slice(&answer)?;
        holds.lock().expect("nobody panics with it").push((person, held));
        Ok(())
    };
    run_each(&[ours.address()], IN_FLIGHT, HOLDS, each).await?;
    Ok(holds.into_inner().expect("nobody panics with it"))
}
