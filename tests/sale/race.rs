//! Everybody at once: every seat is sold once, on every store combination. Keeps I1, HOLD-1.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Buyer, Combination, Hold, Server, ServerOptions, Stores, event};

/// Runs `scenario` for many buyers at once and gives their results.
async fn all_at_once<T: Send + 'static, Fut>(
    buyers: impl Iterator<Item = Buyer>,
    scenario: impl Fn(Buyer) -> Fut,
) -> Vec<T>
where
    Fut: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = buyers.map(|buyer| tokio::spawn(scenario(buyer))).collect();
    futures_util::future::join_all(tasks)
        .await
        .into_iter()
        .map(|result| result.expect("the buyer's task ends"))
        .collect()
}

async fn one_of_500_buyers_gets_the_seat(combination: Combination) {
    let server = Server::start(Stores::start(combination), ServerOptions::default()).await;
    let id = server.publish(event(4, 10, json!({}))).await;

    let answers = all_at_once((0..500).map(|_| Buyer::new(&server).patient()), |buyer| {
        let id = id.clone();
        async move { buyer.try_hold(&id, json!({"seats": ["A-1"]})).await }
    })
    .await;

    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|a| a.status == 201);
    assert_eq!((won.len(), lost.len()), (1, 499), "{combination:?}");
    for answer in lost {
        let body = answer.expect_refusal(409, "seats_unavailable");
        assert_eq!(body["seats"], json!(["A-1"]));
        assert!(body["version"].is_u64());
    }
    let availability = server.availability(&id).await;
    assert_eq!((&availability["held"], &availability["free"]), (&json!(1), &json!(39)));
    server.assert_audit_is_clean().await;
}

async fn two_thousand_buyers_empty_500_seats(combination: Combination) {
    let server = Server::start(Stores::start(combination), ServerOptions::default()).await;
    let id = server.publish(event(20, 25, json!({"prices": {"Stalls": 0}}))).await;

    let owned = all_at_once((0..2000).map(|_| Buyer::new(&server).patient()), |buyer| {
        let id = id.clone();
        async move {
            let answer = buyer.try_hold(&id, json!({"best_available": {"quantity": 1}})).await;
            if answer.status != 201 {
                answer.expect_refusal(409, "sold_out");
                return None;
            }
            let hold = Hold::read(answer.body);
            let order = buyer.order(&hold).await;
            buyer.wait_for_order(&order, &["confirmed"], 30).await;
            let tickets = buyer.tickets(&order).await;
            assert_eq!(tickets.len(), 1);
            Some(tickets[0]["seat"].to_string())
        }
    })
    .await;

    let sold: Vec<String> = owned.into_iter().flatten().collect();
    let distinct: BTreeSet<&String> = sold.iter().collect();
    assert_eq!((sold.len(), distinct.len()), (500, 500), "{combination:?}");
    let availability = server.availability(&id).await;
    assert_eq!(
        (&availability["free"], &availability["held"], &availability["sold"]),
        (&json!(0), &json!(0), &json!(500)),
    );
    server.assert_audit_is_clean().await;
}

macro_rules! on_every_combination {
    ($($module:ident: $combination:ident),+) => {$(
        mod $module {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            async fn one_of_500_buyers_gets_the_seat() {
                super::one_of_500_buyers_gets_the_seat(Combination::$combination).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn two_thousand_buyers_empty_500_seats() {
                super::two_thousand_buyers_empty_500_seats(Combination::$combination).await;
            }
        }
    )+};
}

on_every_combination!(
    in_process_and_sqlite: InProcessAndSqlite,
    redis_and_postgres: RedisAndPostgres,
    cluster_and_postgres: ClusterAndPostgres,
    redis_and_sqlite: RedisAndSqlite
);
