//! Passes: one a place, renewed while it lives, ended once.

use domain::{hold::CustomerKey, queue::Lane, time::Timestamp};
use futures_util::future::join_all;
use ledger::{InsertPass, PassEnd, PassRow, RenewPass};

use crate::{on_both, world::World};

on_both!(
    a_place_gets_one_pass_when_many_enter_at_once,
    a_place_of_another_person_is_refused,
    a_person_who_joined_again_gets_a_second_pass,
    a_pass_is_renewed_until_it_ends_and_never_shortened,
    passes_of_persons_are_ended_once,
    one_place_is_ended_without_the_others,
    passes_are_read_page_by_page,
);

fn person(number: u8) -> CustomerKey {
    CustomerKey([number; 12])
}

async fn enter(world: &World, number: u8, lane: Lane, index: u64) -> InsertPass {
    let expires_at = world.now().plus_seconds(600);
    let event = &world.event.id;
    world.ledger.insert_pass(event, person(number), lane, index, expires_at).await.unwrap()
}

async fn pages(world: &World, limit: u32) -> Vec<Vec<PassRow>> {
    let mut pages: Vec<Vec<PassRow>> = Vec::new();
    loop {
        let last = pages.last().and_then(|page| page.last());
        let after = last.map(|pass| (pass.lane, pass.index));
        let page = world.ledger.passes(&world.event.id, after, limit).await.unwrap();
        if page.is_empty() {
            return pages;
        }
        pages.push(page);
    }
}

async fn a_place_gets_one_pass_when_many_enter_at_once(world: World) {
    let neighbour = world.neighbour().await;
    let entering = (0..50_i64).map(|number| {
        let ledger = if number % 2 == 0 { world.ledger.clone() } else { neighbour.clone() };
        let (event, until) = (world.event.id.clone(), world.now().plus_seconds(600 + number));
        tokio::spawn(async move {
            ledger.insert_pass(&event, person(1), Lane::General, 17, until).await.unwrap()
        })
    });
    let entered: Vec<InsertPass> =
        join_all(entering).await.into_iter().map(Result::unwrap).collect();
    let inserted: Vec<_> = entered
        .iter()
        .filter_map(|entered| match entered {
            InsertPass::Inserted(pass) => Some(pass),
            _ => None,
        })
        .collect();
    assert_eq!(inserted.len(), 1);
    let known = InsertPass::Known(inserted[0].clone());
    assert_eq!(entered.iter().filter(|entered| **entered == known).count(), 49);
    assert_eq!(pages(&world, 10).await, [vec![inserted[0].clone()]]);
}

async fn a_place_of_another_person_is_refused(world: World) {
    assert!(matches!(enter(&world, 1, Lane::General, 3).await, InsertPass::Inserted(_)));
    assert_eq!(enter(&world, 2, Lane::General, 3).await, InsertPass::OtherPerson);
    assert!(matches!(enter(&world, 2, Lane::Priority, 3).await, InsertPass::Inserted(_)));
    assert_eq!(pages(&world, 10).await[0].len(), 2);
}

async fn a_person_who_joined_again_gets_a_second_pass(world: World) {
    enter(&world, 1, Lane::General, 3).await;
    let event = &world.event.id;
    assert_eq!(world.ledger.end_passes(event, &[person(1)], PassEnd::Bought).await.unwrap(), 1);
    match enter(&world, 1, Lane::General, 3).await {
        InsertPass::Known(pass) => assert_eq!(pass.end_reason, Some(PassEnd::Bought)),
        other => panic!("{other:?}"),
    }
    world.clock.advance_millis(1_000);
    assert!(matches!(enter(&world, 1, Lane::General, 90).await, InsertPass::Inserted(_)));
    let all = pages(&world, 10).await.concat();
    let lives: Vec<_> = all.iter().map(|pass| (pass.index, pass.ended_at.is_none())).collect();
    assert_eq!(lives, [(3, false), (90, true)]);
    assert!(all[1].entered_at > all[0].entered_at);
}

async fn a_pass_is_renewed_until_it_ends_and_never_shortened(world: World) {
    let event = &world.event.id;
    enter(&world, 1, Lane::Priority, 0).await;
    let now = world.now();
    let renew = |number, until: Timestamp| {
        world.ledger.renew_pass(event, person(number), Lane::Priority, 0, until)
    };
    let longer = RenewPass::Renewed { expires_at: now.plus_seconds(900) };
    assert_eq!(renew(1, now.plus_seconds(900)).await.unwrap(), longer);
    assert_eq!(renew(1, now.plus_seconds(700)).await.unwrap(), longer);
    assert_eq!(renew(2, now.plus_seconds(900)).await.unwrap(), RenewPass::Unknown);
    world.ledger.end_passes(event, &[person(1)], PassEnd::Idle).await.unwrap();
    let ended = RenewPass::Ended(PassEnd::Idle);
    assert_eq!(renew(1, now.plus_seconds(999)).await.unwrap(), ended);
    let pass = &pages(&world, 1).await[0][0];
    assert_eq!((pass.expires_at, pass.ended_at), (now.plus_seconds(900), Some(now)));
}

async fn passes_of_persons_are_ended_once(world: World) {
    let event = &world.event.id;
    for number in 0..5 {
        enter(&world, number, Lane::General, number.into()).await;
    }
    let leaving = [person(3), person(1), person(3), person(9)];
    assert_eq!(world.ledger.end_passes(event, &leaving, PassEnd::Left).await.unwrap(), 2);
    let all = [0, 1, 2, 3, 4].map(person);
    assert_eq!(world.ledger.end_passes(event, &all, PassEnd::Closed).await.unwrap(), 3);
    assert_eq!(world.ledger.end_passes(event, &[], PassEnd::Closed).await.unwrap(), 0);
    let reasons: Vec<_> =
        pages(&world, 10).await.concat().iter().filter_map(|pass| pass.end_reason).collect();
    let (left, closed) = (PassEnd::Left, PassEnd::Closed);
    assert_eq!(reasons, [closed, left, closed, left, closed]);
}

async fn one_place_is_ended_without_the_others(world: World) {
    let event = &world.event.id;
    enter(&world, 1, Lane::General, 3).await;
    enter(&world, 1, Lane::General, 8).await;
    let end = |number, index| {
        world.ledger.end_pass(event, person(number), Lane::General, index, PassEnd::Bought)
    };
    assert!(end(1, 3).await.unwrap());
    assert!(!end(1, 3).await.unwrap(), "once");
    assert!(!end(2, 8).await.unwrap(), "not another's");
    let lives: Vec<_> =
        pages(&world, 10).await.concat().iter().map(|pass| pass.ended_at.is_none()).collect();
    assert_eq!(lives, [false, true]);
}

async fn passes_are_read_page_by_page(world: World) {
    let places =
        [(Lane::Priority, 0), (Lane::General, 300), (Lane::General, 0), (Lane::General, 7)];
    for (number, (lane, index)) in (0..).zip(places) {
        enter(&world, number, lane, index).await;
    }
    let pages = pages(&world, 3).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1]);
    let order: Vec<_> = pages.concat().iter().map(|pass| (pass.lane, pass.index)).collect();
    let sorted =
        [(Lane::General, 0), (Lane::General, 7), (Lane::General, 300), (Lane::Priority, 0)];
    assert_eq!(order, sorted);
}
