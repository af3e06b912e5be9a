//! The rendered production chart, run without a cluster: the migration job in its hook's place, then a
//! process for every replica with exactly its container's arguments and environment, probes asked as
//! its kubelet would, HAProxy where the route and the services are. Somebody buys; then every replica
//! of every role is replaced under a thousand sockets and steady holds, and nobody notices.
//!
//! What differs from a cluster: `0.0.0.0` is the replica's own loopback address, a mounted volume is a
//! directory of its own, and Stripe is the sandbox. `MANIFESTS` names the objects as JSON (`make chart`
//! renders them).

mod manifest;
mod pod;
mod proxy;
mod rollout;
mod shop;

use std::{env, path::PathBuf, sync::Arc, time::Duration};

use serde_json::json;
use testkit::{PostgresServer, RedisCluster};
use tokio::time::sleep;

use self::{manifest::Manifests, proxy::Proxy, rollout::Fleet, shop::Shop};
use crate::{
    live::{Counts, Viewers, read_map, wait_until_all_watch},
    support::{event, wait_for},
};

const SOCKETS: usize = 1_000;
/// No address has more sockets than a gateway takes from one.
const VIEWER_PROCESSES: usize = 8;
/// Buyers who hold and give back without end, each from an address of their own.
const BUYERS: usize = 40;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants the rendered chart: make chart"]
async fn every_replica_is_replaced_and_nobody_notices() {
    // The HTTP clients want one, also for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let path = env::var("MANIFESTS").expect("MANIFESTS names the rendered objects");
    let (cluster, postgres) = (RedisCluster::start(), PostgresServer::start());
    let manifests = Manifests::read(&PathBuf::from(path), &cluster.url(), &postgres.url());
    let stripe = shop::start_stripe(&manifests).await;

    // As Helm does: hooks before everything else, in order of weight, each to its end.
    for job in manifests.jobs_before_install() {
        pod::run_to_end(&job).await;
    }
    let proxy = Arc::new(Proxy::start(&manifests));
    stripe.send_webhooks_to(&proxy.base());
    let mut fleet = Fleet::start(&manifests, proxy.clone()).await;
    let shop = Shop::new(proxy.base(), manifests.organizer_token());
    let id = shop.publish(event(40, 100, json!({"sale": {"max_per_customer": 50}}))).await;
    shop.buy(&id, &["A-1", "A-2"]).await;

    let share = SOCKETS / VIEWER_PROCESSES;
    let mut viewers: Vec<Viewers> = (0..VIEWER_PROCESSES)
        .map(|number| Viewers::start(number, share, &id, &[proxy.address]))
        .collect();
    wait_until_all_watch(&mut viewers, SOCKETS, None).await;
    let crowd = shop.hold_without_end(&id, BUYERS);
    fleet.replace_all().await;
    shop.buy(&id, &["A-3", "A-4"]).await;
    let calls = crowd.end().await;

    wait_until_all_watch(&mut viewers, SOCKETS, None).await;
    let map = wait_for("the map of a moment at which nothing changes", 30, || async {
        let before = read_map(&shop.http, &proxy.base(), &id).await;
        sleep(Duration::from_millis(500)).await;
        (read_map(&shop.http, &proxy.base(), &id).await == before).then_some(before)
    })
    .await;
    let mut seen = Counts::default();
    for viewers in &mut viewers {
        seen.add(&viewers.compare(&map).await);
    }
    println!("{calls} calls; {} replicas replaced; {seen:?}", fleet.replaced());
    assert_eq!(seen.equal, SOCKETS as u64, "{seen:?}");
    assert_eq!((seen.gaps, seen.needless_snapshots, seen.lost), (0, 0, 0), "{seen:?}");
    assert!(seen.closed >= SOCKETS as u64, "everybody was told to come again: {seen:?}");
    assert!(calls > 0);
    fleet.end().await;
    let faults = fleet.faults();
    assert!(faults.is_empty(), "{faults:#?}");
    shop.assert_sold(&postgres, &cluster, 4);
}
