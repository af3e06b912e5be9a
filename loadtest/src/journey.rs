//! How far somebody goes in a sale: one walk on one connection, each step timed and judged.
//!
//! The first step's clock runs from when it was meant to begin, each further one's from the answer
//! before. An answer that declines (409, 429) is a refusal and ends the walk; everything else that
//! was not expected is a failure.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    generator::{Call, Connection},
    requests::{Held, Ordered, Payment, Person, Tickets, availability, read_order},
};

/// Until the first look whether a paid order has its tickets; each further wait is twice as long, up
/// to the last.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LAST_LOOK: Duration = Duration::from_secs(1);
/// The contract promises 15 s even without a webhook.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Journey {
    /// Two adjacent named seats.
    Hold,
    /// The same, and the order.
    Order,
    /// The whole way: hold, order, payment in the sandbox, webhook, tickets.
    Ticket,
    /// How far one's turn is, asked in the waiting room.
    Status,
    /// How much is left.
    Availability,
}

/// What one step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Accepted(Duration),
    /// Status and code.
    Refused(String),
    Failed(String),
}

/// Where a walk goes: an event of a server, and what is taken along.
pub struct Target<'a> {
    pub address: SocketAddr,
    pub event: &'a str,
    /// Labels of the seats that this person wants.
    pub seats: [usize; 2],
    /// The signed place of this person in the waiting room.
    pub place: Option<&'a str>,
}

/// One person's walk.
pub struct Walk<'a, T> {
    pub connection: &'a mut Connection,
    pub target: Target<'a>,
    pub person: Person,
    /// When the next step was meant to begin.
    pub since: Instant,
    /// Is told of each step.
    pub told: T,
}

/// The walk ended early; why was told.
#[derive(Debug)]
pub struct Ended;

impl<T: FnMut(&'static str, Outcome)> Walk<'_, T> {
    pub async fn go(&mut self, journey: Journey) -> Result<(), Ended> {
        match journey {
            Journey::Hold => self.hold().await.map(drop),
            Journey::Order => {
                let hold = self.hold().await?;
                self.order(&hold).await.map(drop)
            }
            Journey::Ticket => {
                let hold = self.hold().await?;
                let order = self.order(&hold).await?;
                self.pay(&order).await
            }
            Journey::Status => {
                let place = self.target.place.unwrap_or_default();
                let call = self.person.queue_status(self.target.event, place);
                self.step("status", Method::GET, call, StatusCode::OK).await.map(drop)
            }
            Journey::Availability => {
                let call = availability(self.target.event);
                self.step("availability", Method::GET, call, StatusCode::OK).await.map(drop)
            }
        }
    }

    async fn hold(&mut self) -> Result<Held, Ended> {
        let call = self.person.hold_seats(self.target.event, &self.target.seats);
        let answer = self.step("hold", Method::POST, call, StatusCode::CREATED).await?;
        self.read("hold", &answer)
    }

    async fn order(&mut self, hold: &Held) -> Result<Ordered, Ended> {
        let call = self.person.order(hold);
        let answer = self.step("order", Method::POST, call, StatusCode::CREATED).await?;
        self.read("order", &answer)
    }

    async fn pay(&mut self, order: &Ordered) -> Result<(), Ended> {
        let call = self.person.payment(order);
        let answer = self.step("payment", Method::POST, call, StatusCode::CREATED).await?;
        let payment: Payment = self.read("payment", &answer)?;
        match payment.confirm(self.target.address) {
            Ok(call) => self.step("sandbox: confirm", Method::POST, call, StatusCode::OK).await?,
            Err(error) => return Err(self.fail("sandbox: confirm", error.to_string())),
        };
        self.wait_until_confirmed(order).await?;
        let call = read_order(order, "/tickets");
        let answer = self.step("tickets", Method::GET, call, StatusCode::OK).await?;
        let tickets: Tickets = self.read("tickets", &answer)?;
        match tickets.data.len() {
            count if count == self.target.seats.len() => Ok(()),
            count => Err(self.fail("tickets", format!("{count} tickets of a confirmed order"))),
        }
    }

    /// Until the webhook was worked upon; one step, however often the order is looked at.
    async fn wait_until_confirmed(&mut self, order: &Ordered) -> Result<(), Ended> {
        const STEP: &str = "paid to confirmed";
        let paid = self.since;
        let mut wait = FIRST_LOOK;
        loop {
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LAST_LOOK);
            self.since = Instant::now();
            let answer = self
                .step("order, read", Method::GET, read_order(order, ""), StatusCode::OK)
                .await?;
            let order: Ordered = self.read(STEP, &answer)?;
            match order.status.as_str() {
                "confirmed" => break,
                "awaiting_payment" | "processing" if paid.elapsed() < CONFIRMED_WITHIN => {}
                status => return Err(self.fail(STEP, format!("paid and {status}"))),
            }
        }
        (self.told)(STEP, Outcome::Accepted(paid.elapsed()));
        Ok(())
    }

    async fn step(
        &mut self,
        name: &'static str,
        method: Method,
        call: Call,
        wanted: StatusCode,
    ) -> Result<Bytes, Ended> {
        let answer = match self.connection.ask(&method, call).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.fail(name, error.to_string())),
        };
        let now = Instant::now();
        let took = now.saturating_duration_since(self.since);
        self.since = now;
        if answer.status == wanted {
            (self.told)(name, Outcome::Accepted(took));
            return Ok(answer.body);
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let code = body["code"].as_str().or(body["error"]["code"].as_str()).unwrap_or_default();
        let what = format!("{} {code}", answer.status.as_u16());
        let is_refusal =
            matches!(answer.status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS);
        if !is_refusal {
            return Err(self.fail(name, what));
        }
        (self.told)(name, Outcome::Refused(what));
        Err(Ended)
    }

    fn read<A: DeserializeOwned>(&mut self, name: &'static str, body: &[u8]) -> Result<A, Ended> {
        serde_json::from_slice(body)
            .map_err(|_| self.fail(name, "the answer lacks what it must have".into()))
    }

    fn fail(&mut self, name: &'static str, what: String) -> Ended {
        (self.told)(name, Outcome::Failed(what));
        Ended
    }
}
