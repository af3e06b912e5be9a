//! `rebuild`, and what every other script says to an epoch that is not the one that stands.

use domain::hold::HoldStatus;
use lua::{Claim, ClaimReply, Error, HoldReply, Rebuild, Rebuilt, Reply, Store};

use crate::support::*;

fn laid(epoch: u64) -> Rebuild {
    Rebuild {
        epoch,
        seats: 100,
        capacities: vec![10, 4],
        blocked: vec![],
        claims: vec![],
        require_pass: false,
    }
}

/// What each script that compares the epoch answers to `epoch`.
async fn answers(stage: &Stage, epoch: u64) -> Vec<Option<Option<u64>>> {
    let (store, partition) = (&stage.store, &stage.partition);
    fn current<T>(reply: Result<Reply<T>, Error>) -> Option<Option<u64>> {
        match reply.unwrap() {
            Reply::OtherEpoch { current } => Some(current),
            Reply::Done(_) => None,
        }
    }
    let claims = [claim(1, 1, &[1])];
    vec![
        current(store.hold_seats(partition, epoch, &[wants(8, &[50])]).await),
        current(store.read_hold(partition, epoch, &key(1)).await),
        current(store.change_hold(partition, epoch, &key(1), &change(1, &[51], &[])).await),
        current(store.extend_hold(partition, epoch, &key(1), 1, 9, &operation(2)).await),
        current(store.release_hold(partition, epoch, &key(1)).await),
        current(store.promote_holds(partition, epoch, &claims).await),
        current(store.commit_claims(partition, epoch, &claims).await),
        current(store.release_claims(partition, epoch, &claims).await),
        current(store.sweep_expired(partition, epoch, 10).await),
        current(store.block_seats(partition, epoch, &[60], &[]).await),
    ]
}

#[tokio::test]
async fn every_script_refuses_another_epoch_and_changes_nothing() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[1])).await;
    for epoch in [EPOCH - 1, EPOCH + 1] {
        let answers = stage.unchanged(answers(&stage, epoch)).await;
        assert_eq!(answers, vec![Some(Some(EPOCH)); 10]);
    }
    stage.store.flush_in_process();
    let answers = stage.unchanged(answers(&stage, EPOCH)).await;
    assert_eq!(answers, vec![Some(None); 10]);
}

#[tokio::test]
async fn a_rebuild_lays_claims_and_keeps_live_holds() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[1, 2])).await;
    stage.held(wants(2, &[3, 4])).await;
    let mut general = wants(3, &[5]);
    general.areas = vec![places(1, 3)];
    stage.held(general).await;
    stage.held(wants(4, &[6])).await;
    stage.release(4).await;
    stage.promote(claim(5, 5, &[7])).await;
    let kept = stage.read(1).await;
    // Hold 2 loses a seat to a claim, claim 5 is not the ledger's, claim 6 was never told.
    let paying = Claim { areas: vec![places(1, 1)], ..claim(6, 8, &[20]) };
    let claims = vec![(claim(7, 6, &[4]), true), (paying, false)];
    let rebuilt = stage.rebuild(EPOCH + 1, claims).await;
    assert_eq!(rebuilt, Rebuilt { version: 1, holds_kept: 2, holds_displaced: 1 });
    let snapshot = stage.snapshot().await;
    assert_eq!((snapshot.epoch, snapshot.version), (EPOCH + 1, 1));
    assert!(stage.states().await.starts_with("FHHFSHFFFFFFFFFFFFFFCF"));
    assert_eq!((snapshot.areas[1].held, snapshot.areas[1].sold), (4, 0));
    let read = async |number| {
        done(stage.store.read_hold(&stage.partition, EPOCH + 1, &key(number)).await.unwrap())
    };
    let status = async |number| read(number).await.map(|record| record.status);
    assert_eq!(read(1).await, kept);
    assert_eq!(status(2).await, Some(HoldStatus::Expired));
    assert_eq!(status(3).await, Some(HoldStatus::Active));
    assert_eq!(status(4).await, Some(HoldStatus::Released));
    assert_eq!(status(5).await, None);
    assert_eq!(status(6).await, Some(HoldStatus::Paying));
    assert_eq!(status(7).await, Some(HoldStatus::Sold));
    // What was kept goes on: replays, limits, deadlines.
    let requests = [wants(1, &[1, 2])];
    let again = stage.store.hold_seats(&stage.partition, EPOCH + 1, &requests).await;
    let again = done(again.unwrap()).replies.remove(0);
    assert!(matches!(again, HoldReply::Replayed { .. }));
    stage.pass_time(TTL_MS);
    let swept = done(stage.store.sweep_expired(&stage.partition, EPOCH + 1, 9).await.unwrap());
    assert_eq!(swept.expired, 2);
}

#[tokio::test]
async fn an_older_or_equal_epoch_lays_nothing() {
    let stage = Stage::new().await;
    for epoch in [EPOCH, EPOCH - 1] {
        let rebuild = laid(epoch);
        let refused = stage.store.rebuild(&stage.partition, &rebuild);
        let refused = stage.unchanged(refused).await.unwrap();
        assert_eq!(refused, Reply::OtherEpoch { current: Some(EPOCH) });
    }
}

#[tokio::test]
async fn a_hold_past_its_deadline_is_not_kept() {
    let stage = Stage::new().await;
    stage.held(wants(1, &[1])).await;
    stage.pass_time(TTL_MS);
    let rebuilt = stage.rebuild(EPOCH + 1, vec![]).await;
    assert_eq!((rebuilt.holds_kept, rebuilt.holds_displaced), (0, 0));
    assert!(!stage.states().await.contains('H'));
}

#[tokio::test]
async fn holds_that_an_area_has_no_room_for_give_way_to_claims_the_youngest_first() {
    let stage = Stage::new().await;
    for number in 1..=2 {
        let mut request = wants(number, &[]);
        request.areas = vec![places(1, 2)];
        stage.held(request).await;
    }
    let claimed = Claim { areas: vec![places(1, 2)], ..claim(3, 1, &[]) };
    let rebuilt = stage.rebuild(EPOCH + 1, vec![(claimed, true)]).await;
    assert_eq!((rebuilt.holds_kept, rebuilt.holds_displaced), (1, 1));
    let first = stage.store.read_hold(&stage.partition, EPOCH + 1, &key(1)).await.unwrap();
    assert_eq!(done(first).unwrap().status, HoldStatus::Active);
}

#[tokio::test]
async fn whichever_keys_are_lost_a_rebuild_makes_the_inventory_whole() {
    let fresh = Stage::new().await;
    let size = fresh.dump().iter().count();
    for lost in 0..size {
        let stage = Stage::new().await;
        stage.held(wants(1, &[1])).await;
        stage.promote(claim(2, 1, &[2])).await;
        let mut survivors = lua::keyspace::Keyspace::default();
        for (index, (key, entry)) in stage.dump().iter().enumerate() {
            if index != lost {
                survivors.insert(key.to_vec(), entry.clone());
            }
        }
        stage.store.simulation().unwrap().restore(survivors);
        stage.rebuild(EPOCH + 1, vec![(claim(2, 1, &[2]), false)]).await;
        let snapshot = stage.snapshot().await;
        assert_eq!((snapshot.states.len(), snapshot.areas.len()), (100, 2));
        let requests = [wants(3, &[2]), wants(4, &[3])];
        let replies = stage.store.hold_seats(&stage.partition, EPOCH + 1, &requests);
        let replies = done(replies.await.unwrap()).replies;
        assert!(matches!(replies[0], HoldReply::Taken { .. }));
        assert!(matches!(replies[1], HoldReply::Held { .. }));
    }
}

#[tokio::test]
async fn a_rebuild_cut_at_any_command_leaves_no_inventory_or_the_old_one_and_can_be_repeated() {
    for command in 1.. {
        let stage = Stage::new().await;
        stage.held(wants(1, &[1, 3])).await;
        let place = stage.store.simulation().unwrap();
        place.fail_at(Some(command));
        let claims = vec![(claim(2, 1, &[2]), true)];
        let rebuild = Rebuild { claims, ..laid(EPOCH + 1) };
        let cut = stage.store.rebuild(&stage.partition, &rebuild).await;
        if cut.is_ok() {
            assert!(command > 8);
            return;
        }
        assert!(cut.unwrap_err().is_unavailable());
        let left = stage.store.read_snapshot(&stage.partition).await.unwrap();
        assert!(left.is_none_or(|snapshot| snapshot.epoch == EPOCH));
        done(stage.store.rebuild(&stage.partition, &rebuild).await.unwrap());
        // The hold goes on unless its record was lost on the way; the claim always stands.
        let states = stage.states().await;
        assert!(states.starts_with("FHSH") || states.starts_with("FFSF"), "{states}");
    }
}

#[tokio::test]
async fn an_impossible_inventory_is_refused_before_it_is_sent() {
    let stage = Stage::new().await;
    let beyond = Rebuild { blocked: vec![100], ..laid(9) };
    let foreign = Rebuild { claims: vec![(claim(1, 1, &[100]), true)], ..laid(9) };
    let area = Claim { areas: vec![places(2, 1)], ..claim(1, 1, &[]) };
    let unknown_area = Rebuild { claims: vec![(area, true)], ..laid(9) };
    for rebuild in [beyond, foreign, unknown_area, laid(0)] {
        let refused = stage.store.rebuild(&stage.partition, &rebuild);
        let refused = stage.unchanged(refused).await;
        assert!(matches!(refused, Err(Error::OutOfBounds { .. })));
    }
}

#[tokio::test]
async fn an_inventory_of_the_largest_event_is_laid_and_read() {
    let clock = testkit::SettableClock::default();
    let stage = Stage { store: Store::in_process(clock.shared()), partition: partition(), clock };
    let claims = (0..2_000u32).map(|number| {
        let mut claim = claim(1, u64::from(number) + 1, &[number * 2]);
        claim.key.0[..4].copy_from_slice(&number.to_be_bytes());
        claim.customer.0[..4].copy_from_slice(&number.to_be_bytes());
        (claim, true)
    });
    let rebuild = Rebuild { seats: 150_000, claims: claims.collect(), ..laid(EPOCH) };
    done(stage.store.rebuild(&stage.partition, &rebuild).await.unwrap());
    let snapshot = stage.snapshot().await;
    assert_eq!(snapshot.states.len(), 150_000);
    assert_eq!(stage.promote(claim(9, 9_000, &[149_999])).await, ClaimReply::Changed);
}
