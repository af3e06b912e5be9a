//! Calls that are malformed, and calls that are cut off at any command.

use lua::{
    HoldReply, ReleaseReply,
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
