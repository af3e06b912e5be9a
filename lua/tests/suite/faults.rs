//! Calls that are malformed, and calls that are cut off at any command.

use lua::{
    HoldReply, ReleaseReply, Reply,
    keys::Key,
    scripts::{self, People, Script},
};

use crate::support::*;

fn keys(stage: &Stage, script: &Script) -> Vec<Vec<u8>> {
    let keys = script.keys.iter().map(|key| stage.partition.key(*key).into_bytes());
    let has_bucket = script.people != People::None;
    let bucket = has_bucket.then(|| stage.partition.bucket(customer(1)).into_bytes());
    keys.chain(bucket).collect()
}

#[tokio::test]
async fn a_call_with_too_few_or_too_many_keys_or_arguments_fails_and_changes_nothing() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[1])).await;
    let place = stage.store.simulation().unwrap();
    for script in scripts::ALL {
        let keys = keys(&stage, script);
        let fixed = script.arguments.iter().filter(|name| !name.ends_with("..")).count();
        let takes_rest = fixed < script.arguments.len();
        let arguments = |many: usize| vec![b"1".to_vec(); many];
        let mut wrong = vec![
            (vec![], arguments(fixed)),
            (keys[1..].to_vec(), arguments(fixed)),
            ([keys.clone(), vec![b"more".to_vec()]].concat(), arguments(fixed)),
            (keys.clone(), arguments(fixed + 1)),
        ];
        if fixed > 0 {
            wrong.push((keys.clone(), arguments(fixed - 1)));
        }
        for (keys, arguments) in wrong {
            let before = stage.dump();
            let outcome = place.evaluate(&script.text(), &keys, &arguments);
            let told =
                format!("{} with {} keys, {} arguments", script.name, keys.len(), arguments.len());
            assert!(outcome.is_err(), "{told}, which takes the rest: {takes_rest}");
            assert!(stage.dump() == before, "{told}");
        }
    }
}

#[tokio::test]
async fn a_hold_cut_at_any_command_can_be_asked_for_again() {
    for command in 1.. {
        let stage = Stage::new().await;
        // In the way, and dead: so that the longest way is gone.
        stage.held(wants(1, &[4, 5])).await;
        stage.pass_time(TTL_MS);
        let place = stage.store.simulation().unwrap();
        place.fail_at(Some(command));
        let requests = [wants(2, &[5, 6])];
        let cut = stage.store.hold_seats(&stage.partition, EPOCH, &requests).await;
        if cut.is_ok() {
            assert!(command > 10);
            return;
        }
        let again = stage.hold(wants(2, &[5, 6])).await;
        let (HoldReply::Held { record } | HoldReply::Replayed { record }) = again else {
            panic!("cut at {command}: {again:?}");
        };
        assert_eq!(record.seats, [5, 6], "cut at {command}");
        let taken = stage.hold(wants(3, &[6])).await;
        assert!(matches!(taken, HoldReply::Taken { .. }), "cut at {command}: {taken:?}");
        assert!(matches!(stage.release(2).await, ReleaseReply::Released { .. }));
    }
}

#[tokio::test]
async fn a_keyspace_that_is_rolled_back_forgets_what_came_later() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[4])).await;
    let kept = stage.dump();
    stage.held(wants(2, &[5])).await;
    stage.store.simulation().unwrap().restore(kept);
    assert_eq!(stage.version().await, 2);
    assert_eq!(stage.read(2).await, None);
    assert_eq!(stage.read(1).await.unwrap().seats, [4]);
}

#[tokio::test]
async fn keys_of_another_kind_fail_a_call_before_it_writes() {
    for kind in [Key::Records, Key::Deltas] {
        let stage = Stage::new().await;
        let place = stage.store.simulation().unwrap();
        let key = stage.partition.key(kind).into_bytes();
        let spoil = "redis.call('DEL', KEYS[1]); redis.call('SET', KEYS[1], 'other')";
        place.evaluate(spoil, &[key], &[]).unwrap();
        let requests = [wants(1, &[1])];
        let failed = stage.store.hold_seats(&stage.partition, EPOCH, &requests);
        assert!(stage.unchanged(failed).await.is_err());
    }
}

/// As a server loses everything: before a script or after it. Many seats in one call, so that there is
/// time to do it within one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lost_is_not_lost_within_a_script() {
    let stage = Stage::new().await;
    let requests: Vec<_> = (0..16).map(|buyer| wants(buyer, &[u32::from(buyer)])).collect();
    let mut held = 0;
    for epoch in 1..300 {
        stage.store.flush_in_process();
        stage.rebuild(epoch, vec![]).await;
        let store = stage.store.clone();
        let loss = tokio::task::spawn_blocking(move || {
            std::thread::sleep(std::time::Duration::from_micros(epoch));
            store.flush_in_process();
        });
        let told = stage.store.hold_seats(&stage.partition, epoch, &requests).await;
        match told.expect("a script is not disturbed") {
            Reply::Done(done) => {
                held += 1;
                let is_held = |reply: &HoldReply| matches!(reply, HoldReply::Held { .. });
                assert!(done.replies.iter().all(is_held), "{:?}", done.replies);
            }
            Reply::OtherEpoch { current } => assert_eq!(current, None),
        }
        loss.await.expect("everything is lost");
    }
    assert!(held > 0);
}
