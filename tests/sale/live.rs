//! Thousands watch a sale while the gateways die one after the other: in the end every viewer has
//! the audited map, came back by a resume each time, and missed nothing.
//!
//! `LIVE_SOCKETS` says how many watch; the processes that watch are this program once more.

mod gateway;
mod map;
mod viewers;
mod watching;

use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::{task::JoinSet, time::sleep};

use self::gateway::Gateway;
pub use self::{
    map::read_map,
    viewers::{Counts, Viewers},
};
use crate::support::{Buyer, Combination, Hold, Server, ServerOptions, Stores, event, wait_for};

const SOCKETS: usize = 1_000;
const PROCESSES: usize = 4;
const ROWS: usize = 200;
const SEATS_A_ROW: usize = 100;
/// Who hold and release without end.
const BUYERS: usize = 8;
/// Between two holds of a buyer.
const PAUSE: Duration = Duration::from_millis(100);
/// From the return of all viewers to the next kill.
const BETWEEN_KILLS: Duration = Duration::from_secs(2);

fn label(seat: usize) -> String {
    let (row, number) = (seat / SEATS_A_ROW, seat % SEATS_A_ROW);
    let letter = char::from(b'A' + (row % 26) as u8);
    match row / 26 {
        0 => format!("{letter}-{}", number + 1),
        more => format!("{letter}{more}-{}", number + 1),
    }
}

/// Half of the hall goes off sale, scattered: a snapshot is long then, and a resume is due.
async fn block_half(server: &Server, event: &str) {
    let mut random = 7u64;
    let labels = (0..ROWS * SEATS_A_ROW).filter(|_| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        random >> 63 == 0
    });
    let labels: Vec<String> = labels.map(label).collect();
    for labels in labels.chunks(1_000) {
        let path = format!("/v1/events/{event}/blocks");
        server.organizer("POST", &path, json!({ "block": labels }), 200).await;
    }
}

/// Buyers who hold the best pair there is and give it back two holds later, until `over`.
fn sell(server: &Server, event: &str, over: &Arc<AtomicBool>) -> (JoinSet<()>, Arc<AtomicU64>) {
    let (mut buyers, changes) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
    for _ in 0..BUYERS {
        let (buyer, event) = (Buyer::new(server).patient(), event.to_owned());
        let (over, changes) = (over.clone(), changes.clone());
        buyers.spawn(async move {
            let mut last = None;
            while !over.load(Ordering::Relaxed) {
                let hold = buyer.hold_best(&event, 2).await;
                changes.fetch_add(1, Ordering::Relaxed);
                if let Some(hold) = last.replace(hold) {
                    release(&buyer, &hold).await;
                    changes.fetch_add(1, Ordering::Relaxed);
                }
                sleep(PAUSE).await;
            }
        });
    }
    (buyers, changes)
}

async fn release(buyer: &Buyer, hold: &Hold) {
    let key = format!("release-{}", hold.id);
    let headers = [("Idempotency-Key", key.as_str()), ("Holdfast-Hold", hold.token.as_str())];
    let path = format!("/v1/holds/{}", hold.id);
    let answer = buyer.call(reqwest::Method::DELETE, &path, &headers, None).await;
    assert_eq!(answer.expect("an answer").status, 204);
}

fn total(viewers: &mut [Viewers]) -> Counts {
    let mut total = Counts::default();
    viewers.iter_mut().for_each(|viewers| total.add(&viewers.count()));
    total
}

/// Until all sockets are open again after more than `lost` of them ended.
pub async fn wait_until_all_watch(viewers: &mut [Viewers], sockets: usize, lost: Option<u64>) {
    for _ in 0..1_200 {
        let total = total(viewers);
        if total.open == sockets as u64 && lost.is_none_or(|lost| total.lost > lost) {
            return;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("not everybody watches: {:?}", total(viewers));
}

#[tokio::test(flavor = "multi_thread")]
async fn viewers_of_gateways_that_die_end_with_the_audited_map() {
    let sockets = env::var("LIVE_SOCKETS").ok().and_then(|text| text.parse().ok());
    let sockets = sockets.unwrap_or(SOCKETS);
    let stores = Stores::start(Combination::RedisAndPostgres);
    let server = Server::start(stores, ServerOptions::default()).await;
    let hall = json!({"sale": {"max_per_customer": 50}});
    let id = server.publish(event(ROWS, SEATS_A_ROW, hall)).await;
    block_half(&server, &id).await;
    let mut gateways = [Gateway::start(&server).await, Gateway::start(&server).await];
    let addresses = gateways.each_ref().map(|gateway| gateway.address);

    let share = |number| sockets / PROCESSES + usize::from(number < sockets % PROCESSES);
    let mut viewers: Vec<Viewers> = (0..PROCESSES)
        .map(|number| Viewers::start(number, share(number), &id, &addresses))
        .collect();
    wait_until_all_watch(&mut viewers, sockets, None).await;
    let over = Arc::new(AtomicBool::new(false));
    let (mut buyers, changes) = sell(&server, &id, &over);
    for victim in [0, 1] {
        sleep(BETWEEN_KILLS).await;
        let lost = total(&mut viewers).lost;
        gateways[victim].kill();
        wait_until_all_watch(&mut viewers, sockets, Some(lost)).await;
        gateways[victim].start_again(&server).await;
    }
    sleep(BETWEEN_KILLS).await;
    over.store(true, Ordering::Relaxed);
    while let Some(buyer) = buyers.join_next().await {
        buyer.expect("the buyer goes on");
    }

    let map = wait_for("the map of a moment at which nothing changes", 30, || async {
        let before = read_map(&server.http, &server.base, &id).await;
        sleep(Duration::from_millis(500)).await;
        (read_map(&server.http, &server.base, &id).await == before).then_some(before)
    })
    .await;
    server.assert_audit_is_clean().await;
    let mut total = Counts::default();
    for viewers in &mut viewers {
        total.add(&viewers.compare(&map).await);
    }
    let changes = changes.load(Ordering::Relaxed);
    println!("{sockets} sockets, {changes} holds and releases, 2 kills: {total:?}");
    assert_eq!(total.equal, sockets as u64, "{total:?}");
    assert_eq!((total.gaps, total.needless_snapshots), (0, 0), "{total:?}");
    assert_eq!(total.first_snapshots, sockets as u64, "{total:?}");
    assert!(total.resumes >= sockets as u64, "everybody lost a gateway: {total:?}");
    assert!(changes > 0);
}

/// No test: what the test above starts as processes of their own.
#[test]
#[ignore = "the viewers of another test"]
fn watch() {
    if let Ok(task) = env::var("LIVE_WATCH") {
        watching::watch(&task);
    }
}
