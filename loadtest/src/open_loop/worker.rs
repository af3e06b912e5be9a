//! One process of the generator: sends its part of the people, on one thread.
//!
//! Reads the plan from its input, opens its connections, says that it is ready, and begins when it
//! is told to. Ends with its figures as one line of JSON.

use std::{
    env,
    io::{BufRead, stdin},
    process,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use tokio::{task::JoinSet, time::timeout};

use super::{Figures, Plan, pace, plan::Arrival};
use crate::{
    cpu,
    generator::Connection,
    journey::{Journey, Outcome, Target, Walk},
    requests::Person,
};

pub const ROLE: &str = "open-loop-worker";
pub const READY: &str = "ready";
/// After the last arrival: who is not answered by then never is.
const PATIENCE: Duration = Duration::from_secs(30);

/// To be called first in `main`: whether this process was one of the generator's, and is done.
pub fn work_if_asked() -> Result<bool> {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() != Some(ROLE) {
        return Ok(false);
    }
    let worker = arguments.next().context("the number of the process")?.parse()?;
    let mut lines = stdin().lock().lines();
    let plan: Plan = serde_json::from_str(&lines.next().context("a plan")??)?;
    ensure!(plan.address.ip().is_loopback(), "load goes to this machine only");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let figures = runtime.block_on(async {
        let crowd = Arc::new(Crowd::open(plan, worker).await?);
        println!("{READY}");
        lines.next().context("a beginning")??;
        run(crowd, worker).await
    })?;
    println!("{}", serde_json::to_string(&figures)?);
    Ok(true)
}

/// What all people of this process share.
struct Crowd {
    plan: Plan,
    /// Connections that nobody uses now.
    idle: Mutex<Vec<Connection>>,
    figures: Mutex<Figures>,
}

impl Crowd {
    async fn open(plan: Plan, worker: usize) -> Result<Self> {
        ensure!(worker < plan.workers, "there are {} processes", plan.workers);
        let count = plan.connections.div_ceil(plan.workers);
        let idle = try_join_all((0..count).map(|_| Connection::open(plan.address))).await?;
        let figures = Figures { connections: count as u64, ..Figures::default() };
        Ok(Self { plan, idle: Mutex::new(idle), figures: Mutex::new(figures) })
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connection(&self) -> Result<Connection> {
        loop {
            let idle = self.idle().pop();
            match idle {
                Some(connection) if connection.is_open() => return Ok(connection),
                Some(_) => {}
                None => {
                    self.figures().connections += 1;
                    return Connection::open(self.plan.address).await;
                }
            }
        }
    }

    async fn send(&self, arrival: Arrival, began: Instant) {
        let is_counted = arrival.at.as_secs_f64() >= self.plan.warm_up_seconds;
        let intended = began + arrival.at;
        let mut connection = match self.connection().await {
            Ok(connection) => connection,
            Err(error) => {
                self.figures().note("connection", Outcome::Failed(error.to_string()));
                return;
            }
        };
        if is_counted {
            self.figures().note_sent(Instant::now().saturating_duration_since(intended));
        }
        let (person, target) = self.target(arrival);
        let told = |step: &'static str, outcome: Outcome| {
            // Whatever goes wrong is told, however early.
            if is_counted || matches!(outcome, Outcome::Failed(_)) {
                self.figures().note(step, outcome);
            }
        };
        let mut walk = Walk { connection: &mut connection, target, person, since: intended, told };
        // Why it ended early was told.
        let _ = walk.go(arrival.journey).await;
        self.idle().push(connection);
    }

    fn target(&self, arrival: Arrival) -> (Person, Target<'_>) {
        let Plan { address, places, .. } = &self.plan;
        let (event, seats) = self.plan.seats(arrival.number);
        let target = Target { address: *address, event, seats, place: None };
        match arrival.journey {
            Journey::Status if !places.is_empty() => {
                let number = arrival.number % places.len();
                let (event, place) = (&self.plan.events[0], places[number].as_str());
                (Person(number), Target { event, place: Some(place), ..target })
            }
            _ => (Person(arrival.number), target),
        }
    }
}

async fn run(crowd: Arc<Crowd>, worker: usize) -> Result<Figures> {
    let arrivals = crowd.plan.arrivals_of(worker);
    let (began, cpu) = (Instant::now(), cpu::of_process(process::id())?);
    let mut due = pace::start(arrivals, began);
    let mut people = JoinSet::new();
    while let Some(arrival) = due.recv().await {
        let crowd = crowd.clone();
        people.spawn(async move { crowd.send(arrival, began).await });
        // Forgets those who are done.
        while people.try_join_next().is_some() {}
    }
    let used = cpu::of_process(process::id())? - cpu;
    let share = used / began.elapsed().as_micros() as f64;
    let all = async { while people.join_next().await.is_some() {} };
    if timeout(PATIENCE, all).await.is_err() {
        for _ in 0..people.len() {
            crowd.figures().note("answer", Outcome::Failed("none in time".into()));
        }
    }
    let mut figures = crowd.figures().clone();
    figures.cpu_shares = vec![share];
    Ok(figures)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::{
        floor,
        open_loop::{Profile, Wave},
    };

    /// A crowd of one journey at a server that answers 200 to everything.
    async fn sent(journey: Journey, warm_up_seconds: f64) -> (usize, Figures) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(floor::serve(listener));
        let burst = Profile::Bursts { people: 40, within_seconds: 0.05, every_seconds: 0.1 };
        let plan = Plan {
            address,
            events: vec!["sale".into()],
            pairs_in_event: 100,
            places: Vec::new(),
            waves: vec![Wave { journey, profile: burst, offset_seconds: 0.0 }],
            seconds: 0.2,
            warm_up_seconds,
            seed: 7,
            connections: 2,
            workers: 1,
        };
        let people = plan.arrivals().len();
        let crowd = Crowd::open(plan, 0).await.expect("it listens");
        (people, run(Arc::new(crowd), 0).await.expect("a run"))
    }

    #[tokio::test]
    async fn everybody_who_comes_is_answered_and_counted_once() {
        let (people, figures) = sent(Journey::Availability, 0.0).await;
        assert_eq!(people, 80);
        assert_eq!(figures.people, 80);
        assert_eq!(figures.lateness.count(), 80);
        assert_eq!(figures.steps["availability"].accepted.count(), 80);
        assert!(figures.failures().is_empty());
        assert_eq!(figures.cpu_shares.len(), 1);
    }

    #[tokio::test]
    async fn who_comes_while_it_warms_up_is_answered_and_not_counted() {
        let (_, figures) = sent(Journey::Availability, 0.1).await;
        assert_eq!(figures.people, 40);
        assert_eq!(figures.steps["availability"].accepted.count(), 40);
    }

    #[tokio::test]
    async fn another_answer_than_the_one_hoped_for_is_a_failure_and_has_no_latency() {
        let (people, figures) = sent(Journey::Hold, 0.1).await;
        assert_eq!(figures.steps["hold"].accepted.count(), 0);
        assert_eq!(figures.failures(), [("hold: 200 ".to_owned(), people as u64)]);
    }
}
