use domain::order::Fact;
use ledger::{CreateOrder, Error, Ledger};
use testkit::{PostgresServer, SettableClock};

use crate::{on_both, world::World};

on_both!(an_ordinary_database_is_durable, what_was_written_is_there_for_the_next_process);

async fn an_ordinary_database_is_durable(world: World) {
    world.ledger.check_durability().await.unwrap();
}

async fn what_was_written_is_there_for_the_next_process(world: World) {
    let order = world.paying(&[1]).await;
    world.learn(&order.id, Fact::Paid).await;
    world.ledger.close().await;
    let gone = world.ledger.ping().await;
    assert!(matches!(gone, Err(Error::Unavailable(_))), "{gone:?}");
    let next = world.neighbour().await;
    assert_eq!(next.order(&order.id).await.unwrap().unwrap().state.as_str(), "ticketed");
}

#[tokio::test]
async fn an_address_of_another_kind_is_refused_without_quoting_it() {
    let clock = SettableClock::default();
    for url in ["mysql://user:hunter2@host/db", "postgres://user:hunter2@host:port/db"] {
        let refused = Ledger::connect(url, "/nowhere".as_ref(), clock.shared()).await.unwrap_err();
        assert!(matches!(refused, Error::Address(_)));
        assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn a_postgres_that_forgets_commits_is_refused() {
    let server = PostgresServer::shared();
    let url = server.fresh_database();
    let name = url.rsplit('/').next().unwrap();
    server.query(&format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    let clock = SettableClock::default();
    let ledger = Ledger::connect(&url, "/nowhere".as_ref(), clock.shared()).await.unwrap();
    match ledger.check_durability().await {
        Err(Error::NotDurable(reason)) => assert!(reason.contains("synchronous_commit")),
        other => panic!("{other:?}"),
    }
}

/// Asks until the ledger answers again.
async fn recovered(ledger: &Ledger) {
    for _ in 0..200 {
        if ledger.ping().await.is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the ledger did not recover");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_goes_away_is_unavailable_and_then_recovers_with_every_acknowledged_order()
{
    let mut server = PostgresServer::start();
    let world = World::at(server.url()).await;
    let mut acknowledged = Vec::new();
    for seat in 0..20 {
        acknowledged.push(world.order(&[seat]).await.id);
    }
    // Killed in the middle of a burst.
    let burst: Vec<_> = (100..200)
        .map(|seat| {
            let (ledger, wish) = (world.ledger.clone(), world.wish(&[seat]));
            tokio::spawn(async move { ledger.create_order(wish).await })
        })
        .collect();
    server.kill();
    for task in burst {
        match task.await.unwrap() {
            Ok(CreateOrder::Created(order)) => acknowledged.push(order.id),
            Ok(other) => panic!("{other:?}"),
            Err(error) => assert!(matches!(error, Error::Unavailable(_)), "{error:?}"),
        }
    }
    let (ping, order) =
        (world.ledger.ping().await, world.ledger.create_order(world.wish(&[1])).await);
    assert!(matches!(ping, Err(Error::Unavailable(_))), "{ping:?}");
    assert!(matches!(order, Err(Error::Unavailable(_))), "{order:?}");

    server.restart();
    recovered(&world.ledger).await;
    for id in &acknowledged {
        assert!(world.ledger.order(id).await.unwrap().is_some(), "an acknowledged order is lost");
    }
    world.order(&[300]).await;
    world.assert_sound().await;

    // A server that is there and does not answer.
    server.pause();
    let paused = world.ledger.ping().await;
    assert!(matches!(paused, Err(Error::Unavailable(_))), "{paused:?}");
    server.resume();
    recovered(&world.ledger).await;
    world.order(&[301]).await;

    server.query("ALTER SYSTEM SET full_page_writes = off");
    server.query("SELECT pg_reload_conf()");
    let mut refused = world.ledger.check_durability().await;
    for _ in 0..100 {
        if refused.is_err() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        refused = world.ledger.check_durability().await;
    }
    assert!(matches!(refused, Err(Error::NotDurable(_))), "{refused:?}");
}
