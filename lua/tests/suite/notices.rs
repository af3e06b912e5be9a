//! What processes tell each other.

use lua::{Notices, Store};
use testkit::{RedisCluster, RedisServer, SettableClock};

async fn others_are_heard_once(store: &Store) {
    let mut one = Notices::new("limits", "one");
    let mut two = Notices::new("limits", "two");
    assert!(one.exchange(store, "before").await.unwrap().is_empty());
    assert!(two.exchange(store, "").await.unwrap().is_empty(), "what was before is not heard");
    one.exchange(store, "a").await.unwrap();
    one.exchange(store, "b").await.unwrap();
    assert_eq!(two.exchange(store, "c").await.unwrap(), ["a", "b"]);
    assert_eq!(one.exchange(store, "").await.unwrap(), ["c"], "not what it told itself");
    assert!(two.exchange(store, "").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_process_hears_the_others_once_and_in_order() {
    let clock = SettableClock::default().shared();
    let redis = RedisServer::start();
    others_are_heard_once(&Store::connect(&redis.url(), clock.clone()).await.unwrap()).await;
    let cluster = RedisCluster::start();
    others_are_heard_once(&Store::connect(&cluster.url(), clock).await.unwrap()).await;
}

#[tokio::test]
async fn in_process_there_is_nobody_else() {
    let store = Store::in_process(SettableClock::default().shared());
    let mut one = Notices::new("limits", "one");
    let mut two = Notices::new("limits", "two");
    two.exchange(&store, "").await.unwrap();
    one.exchange(&store, "a").await.unwrap();
    assert!(two.exchange(&store, "").await.unwrap().is_empty());
}
