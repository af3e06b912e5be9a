//! The crowd: goose's users, each walking one journey again and again as ever new people.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use goose::{goose::TransactionFunction, prelude::*};

use crate::{
    figures::{Row, rows},
    journeys::Journey,
    load::Load,
    options::Options,
    person::Person,
    progress::Progress,
};

/// The whole crowd is there after this part of the run.
const ARRIVAL_SHARE: u64 = 10;
/// No answer within it is an error.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Lets the crowd in, and gives what was measured once the last has gone home.
pub async fn walk(load: Arc<Load>, options: &Options) -> Result<Vec<Row>> {
    let users = options.users as usize;
    // goose counts the time of the run from when everybody is there.
    let arrival_seconds = (options.run_seconds() / ARRIVAL_SHARE).max(1);
    let steady_seconds = options.run_seconds() - arrival_seconds;
    let mut attack = *GooseAttack::initialize_with_config(Default::default())?
        .set_default(GooseDefault::Host, load.hosts.engine.as_str())?
        .set_default(GooseDefault::Users, users)?
        .set_default(GooseDefault::IncreaseTime, arrival_seconds as usize)?
        .set_default(GooseDefault::RunTime, steady_seconds as usize)?
        // The arrival of the crowd is the heart of a sale and is counted.
        .set_default(GooseDefault::NoResetMetrics, true)?
        // Nobody steers the run from outside, and the report is our own.
        .set_default(GooseDefault::NoTelnet, true)?
        .set_default(GooseDefault::NoPrintMetrics, true)?
        .set_default(GooseDefault::Quiet, 3)?;
    for journey in Journey::ALL {
        let scenario = Scenario::new(journey.name())
            .set_weight(journey.weight())?
            .register_transaction(client_of_ones_own())
            .register_transaction(transaction(journey, load.clone()));
        attack = attack.register_scenario(scenario);
    }
    let progress = Progress::start(load);
    let metrics = attack.execute().await.context("the crowd could not walk")?;
    progress.finish().await;
    Ok(rows(&metrics))
}

fn transaction(journey: Journey, load: Arc<Load>) -> Transaction {
    let function: TransactionFunction = Arc::new(move |user| {
        let load = load.clone();
        Box::pin(async move {
            journey.walk(&mut Person::new(user, load)).await;
            Ok(())
        })
    });
    Transaction::new(function).set_name(journey.name())
}

/// Each user has connections of its own, as a browser has. No proxy and no redirect: nothing may
/// lead away from this machine.
fn client_of_ones_own() -> Transaction {
    let function: TransactionFunction = Arc::new(|user| {
        Box::pin(async move {
            let client = reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(ANSWER_TIMEOUT);
            user.set_client_builder(client).await.map_err(Box::new)
        })
    });
    Transaction::new(function).set_on_start()
}
