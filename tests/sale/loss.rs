//! Redis forgets: everything by `FLUSHALL`, or its last acknowledged writes by a fail-over. Nothing
//! is sold twice and nobody is charged for a seat they do not get. Keeps I1, I2, I11.

use serde_json::json;

use crate::support::{Buyer, Combination, Server, ServerOptions, Stores, event, redis, wait_for};

/// A hold by anybody, as soon as the inventory answers again; gives the status.
async fn hold_once_healthy(server: &Server, event: &str, seat: &str) -> u16 {
    wait_for("the inventory after the loss", 30, || async {
        let answer = Buyer::new(server).try_hold(event, json!({"seats": [seat]})).await;
        (answer.status != 503).then_some(answer.status)
    })
    .await
}

/// Three buyers before the loss: one only holds, one has ordered, one has a ticket. `lose` makes
/// Redis forget; afterwards the claims stand, and the held seat goes to at most one buyer.
async fn claims_survive(server: Server, event: String, lose: impl AsyncFnOnce(&Server)) {
    let holder = Buyer::new(&server);
    let payer = Buyer::new(&server);
    let owner = Buyer::new(&server);
    owner.buy(&event, &["A-5"]).await;
    let order = payer.order(&payer.hold(&event, &["A-3"]).await).await;
    let payment = payer.start_payment(&order).await;
    let hold = holder.hold(&event, &["A-1"]).await;

    lose(&server).await;

    assert_eq!(hold_once_healthy(&server, &event, "A-3").await, 409, "the claim stands");
    assert_eq!(hold_once_healthy(&server, &event, "A-5").await, 409, "the sale stands");
    // The acknowledged hold may be gone: then a rival gets the seat, and the ledger decides once.
    let rival = Buyer::new(&server);
    let rival_hold = rival.try_hold(&event, json!({"seats": ["A-1"]})).await;
    let first = holder.try_order(&hold).await.status;
    let second = match rival_hold.status {
        201 => rival.try_order(&crate::support::Hold::read(rival_hold.body)).await.status,
        other => other,
    };
    let orders = [first, second].iter().filter(|status| **status == 201).count();
    assert_eq!(orders, 1, "the seat's orders: {first}, {second}");

    assert_eq!(payer.confirm(&payment, "pm_card_visa").await, 200);
    payer.wait_for_order(&order, &["confirmed"], 30).await;
    let availability = server.availability(&event).await;
    assert_eq!((&availability["sold"], &availability["held"]), (&json!(2), &json!(1)));
    server.assert_audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn flushall_in_mid_sale_costs_holds_only() {
    let stores = Stores::start(Combination::RedisAndPostgres);
    let server = Server::start(stores, ServerOptions::default()).await;
    let id = server.publish(event(2, 10, json!({}))).await;
    claims_survive(server, id, async |server| {
        let port = server.stores.redis.as_ref().expect("a Redis").port();
        assert!(redis(port, "FLUSHALL").starts_with("+OK"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_restarts_empty_costs_holds_only() {
    let stores = Stores::start(Combination::RedisAndSqlite);
    let mut server = Server::start(stores, ServerOptions::default()).await;
    let id = server.publish(event(2, 10, json!({}))).await;
    Buyer::new(&server).buy(&id, &["A-5"]).await;

    server.stores.redis.as_mut().expect("a Redis").kill();
    let refused = wait_for("the refusal", 10, || async {
        let answer = Buyer::new(&server).try_hold(&id, json!({"seats": ["A-1"]})).await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.expect_refusal(503, "inventory_unavailable");
    let ready = server.http.get(format!("{}/readyz", server.base)).send().await.expect("an answer");
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.expect("a body").contains("redis"));

    server.stores.redis.as_mut().expect("a Redis").restart();
    assert_eq!(hold_once_healthy(&server, &id, "A-5").await, 409, "the sale stands");
    assert_eq!(hold_once_healthy(&server, &id, "A-6").await, 201, "service is back by itself");
    server.wait_until_ready().await;
    server.assert_audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_goes_away_and_comes_back_is_an_ordinary_day() {
    let stores = Stores::start(Combination::RedisAndPostgres);
    let mut server = Server::start(stores, ServerOptions::default()).await;
    let id = server.publish(event(2, 10, json!({}))).await;
    let buyer = Buyer::new(&server);
    let hold = buyer.hold(&id, &["A-1"]).await;

    server.stores.postgres.as_mut().expect("a Postgres").kill();
    let refused = buyer.try_order(&hold).await;
    assert!(refused.headers.contains_key("retry-after"));
    refused.expect_refusal(503, "database_unavailable");
    let ready = server.http.get(format!("{}/readyz", server.base)).send().await.expect("an answer");
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.expect("a body").contains("database"));

    server.stores.postgres.as_mut().expect("a Postgres").restart();
    server.wait_until_ready().await;
    let order = buyer.order(&hold).await;
    let payment = buyer.start_payment(&order).await;
    assert_eq!(buyer.confirm(&payment, "pm_card_visa").await, 200);
    buyer.wait_for_order(&order, &["confirmed"], 30).await;
    server.assert_audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_fail_over_that_loses_acknowledged_holds_sells_nothing_twice() {
    let stores = Stores::start(Combination::ClusterAndPostgres);
    let server = Server::start(stores, ServerOptions::default()).await;
    let id = server.publish(event(2, 10, json!({}))).await;
    let ports = server.stores.cluster.as_ref().expect("a cluster").ports();
    // The replicas can no longer log in to their masters: what is written from here on is
    // acknowledged and never replicated.
    let replicas: Vec<u16> =
        ports.into_iter().filter(|port| redis(*port, "ROLE").contains("slave")).collect();
    assert_eq!(replicas.len(), 3);
    for port in &replicas {
        assert!(redis(*port, "CONFIG SET masteruser nobody").starts_with("+OK"));
        assert!(redis(*port, "CONFIG SET masterauth wrong").starts_with("+OK"));
        redis(*port, "CLIENT KILL TYPE master");
        wait_for("the replication link to break", 10, || async {
            redis(*port, "INFO replication").contains("master_link_status:down").then_some(())
        })
        .await;
    }
    claims_survive(server, id, async |_| {
        for port in &replicas {
            assert!(redis(*port, "CLUSTER FAILOVER TAKEOVER").starts_with("+OK"));
        }
        for port in &replicas {
            wait_for("the promotion", 10, || async {
                redis(*port, "ROLE").contains("master").then_some(())
            })
            .await;
        }
    })
    .await;
}
