//! Orders past `pay_before`: the deadline is learned, which merely starts cancelling (I4).

use std::time::Duration;

use domain::order::Fact;
use ledger::Evidence;

use super::{Round, Worker};
use crate::{Payments, learning::Source};

/// Orders of one round.
const ROUND_ORDERS: u32 = 100;

pub(crate) struct Deadlines(pub Payments);

impl Worker for Deadlines {
    const NAME: &'static str = "deadlines";
    const IDLE: Duration = Duration::from_millis(500);

    async fn round(&mut self) -> Result<Round, ledger::Error> {
        let expired = self.0.ledger.expired_orders(self.0.clock.now(), ROUND_ORDERS).await?;
        for order in &expired {
            let evidence = Evidence { source: Source::Sweep.as_str(), ..Evidence::default() };
            self.0.learn(order, Fact::DeadlinePassed, evidence).await?;
        }
        Ok(if expired.len() == ROUND_ORDERS as usize { Round::More } else { Round::Idle })
    }
}
