//! Our side: the service on a private Redis and Postgres, and what people do there.

use std::{cell::Cell, net::SocketAddr, ops::Range, sync::Mutex};

use anyhow::Result;
use hyper::{Method, StatusCode};
use loadtest::{
    auditor,
    generator::{Connection, run_each},
    hall::Hall,
    requests::{Held, Ordered, Person, release},
    servers::{ORGANIZER_TOKEN, Postgres, Redis, Service, Start},
};

use super::IN_FLIGHT;

/// Ends with the value, the services before their stores.
pub struct Ours {
    pub services: Vec<Service>,
    pub redis: Redis,
    pub postgres: Postgres,
    halls: Cell<usize>,
    people: Cell<usize>,
}

impl Ours {
    /// Without a rate towards the payment provider.
    pub async fn start() -> Result<Self> {
        Self::start_many(1).await
    }

    /// So many processes on the same stores.
    pub async fn start_many(processes: usize) -> Result<Self> {
        let redis = Redis::start().await?;
        let postgres = tokio::task::spawn_blocking(Postgres::start).await??;
        let database = postgres.fresh_database();
        let mut services = Vec::new();
        for _ in 0..processes {
            let start =
                Start { redis: Some(&redis), database: Some(&database), stripe_rate: Some("0") };
            services.push(Service::start_with(start).await?);
        }
        Ok(Self { services, redis, postgres, halls: Cell::new(0), people: Cell::new(0) })
    }

    pub fn address(&self) -> SocketAddr {
        self.services[0].address
    }

    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.services.iter().map(|service| service.address).collect()
    }

    /// Microseconds of CPU so far: services, Redis, Postgres.
    pub async fn cpu(&self) -> Result<f64> {
        Ok(self.costs().await?.iter().sum())
    }

    /// The same, apart.
    pub async fn costs(&self) -> Result<[f64; 3]> {
        Ok([self.services_cpu()?, self.redis.cpu().await?, self.postgres.cpu()?])
    }

    pub fn services_cpu(&self) -> Result<f64> {
        self.services.iter().map(Service::cpu).sum()
    }

    /// A new event of so many seats, which every process knows.
    pub async fn hall(&self, seats: usize) -> Result<String> {
        let number = self.halls.replace(self.halls.get() + 1);
        let hall = Hall::new(format!("hall-{number}"), seats);
        let slug = hall.publish(self.address(), ORGANIZER_TOKEN).await?;
        for address in self.addresses() {
            let look = loadtest::requests::availability(&slug);
            loadtest::generator::ask(Method::GET, address, StatusCode::OK, look).await?;
        }
        Ok(slug)
    }

    /// Numbers of people who have done nothing yet.
    pub fn people(&self, count: usize) -> Range<usize> {
        let first = self.people.replace(self.people.get() + count);
        first..first + count
    }

    /// Each of new people holds the seats that `seats` gives for their place among them.
    pub async fn hold_all<S: AsRef<[usize]>>(
        &self,
        event: &str,
        count: usize,
        seats: impl Fn(usize) -> S,
    ) -> Result<Vec<(Person, Held)>> {
        let (first, holds) = (self.people(count).start, Mutex::new(Vec::with_capacity(count)));
        let each = async |connection: &mut Connection, place: usize| {
            let person = Person(first + place);
            let held = hold(connection, person, event, seats(place).as_ref()).await?;
            holds.lock().expect("nobody panics with it").push((person, held));
            Ok(())
        };
        run_each(&self.addresses(), IN_FLIGHT, count, each).await?;
        Ok(holds.into_inner().expect("nobody panics with it"))
    }

    pub async fn release_all(&self, holds: &[(Person, Held)]) -> Result<()> {
        let each = async |connection: &mut Connection, place: usize| {
            let call = release(&holds[place].1);
            connection.ask_for(&Method::DELETE, call, StatusCode::NO_CONTENT).await.map(drop)
        };
        run_each(&self.addresses(), IN_FLIGHT, holds.len(), each).await
    }

    /// An error when the auditor finds anything.
    pub async fn audit(&self) -> Result<()> {
        auditor::pass(self.address(), ORGANIZER_TOKEN).await
    }
}

/// Two neighbours, nobody else's, scattered over the hall.
pub fn pair(place: usize, seats: usize) -> [usize; 2] {
    // A prime: no pair comes twice.
    let pair = place * 7_919 % (seats / 2) * 2;
    [pair, pair + 1]
}

pub async fn hold(
    connection: &mut Connection,
    person: Person,
    event: &str,
    seats: &[usize],
) -> Result<Held> {
    let call = person.hold_seats(event, seats);
    let answer = connection.ask_for(&Method::POST, call, StatusCode::CREATED).await?;
    Ok(serde_json::from_slice(&answer)?)
}

pub async fn order(connection: &mut Connection, person: Person, held: &Held) -> Result<Ordered> {
    let call = person.order(held);
    let answer = connection.ask_for(&Method::POST, call, StatusCode::CREATED).await?;
    Ok(serde_json::from_slice(&answer)?)
}
