use domain::event::EventStatus;
use ledger::{Error, InsertEvent, KeptAnswer, Rule, SetCapacities};

use crate::{
    on_both,
    world::{PLACES, World, new_event, published},
};

on_both!(
    an_event_is_read_back_as_it_was_written,
    a_slug_is_given_once,
    a_change_with_an_old_revision_is_refused,
    a_repeated_creation_gets_the_kept_answer,
    events_are_listed_by_status_in_order,
    epochs_only_grow,
    blocks_are_remembered_once,
    a_capacity_never_goes_below_what_is_sold,
    migrating_twice_changes_nothing,
);

async fn an_event_is_read_back_as_it_was_written(world: World) {
    let event = &world.event;
    assert_eq!(event.status, EventStatus::Published);
    assert_eq!(world.ledger.event(&event.id).await.unwrap().as_ref(), Some(event));
    assert_eq!(world.ledger.event_by_slug("gala").await.unwrap().as_ref(), Some(event));
    assert_eq!(world.ledger.event_by_number(event.number).await.unwrap().as_ref(), Some(event));
    let chart = world.ledger.chart_source(&event.id).await.unwrap();
    assert_eq!(chart.as_deref(), Some("{\"areas\":[]}"));
}

async fn a_slug_is_given_once(world: World) {
    let again = world.ledger.insert_event(new_event(world.now(), "gala", 2)).await.unwrap();
    assert!(matches!(again, InsertEvent::SlugTaken));
    let InsertEvent::Inserted(other) =
        world.ledger.insert_event(new_event(world.now(), "opera", 2)).await.unwrap()
    else {
        panic!("not inserted")
    };
    assert_eq!(other.number, world.event.number + 1, "a refusal takes no number");
    let stolen = domain::event::Event { slug: "gala".to_owned(), ..other };
    let refused = world.ledger.update_event(&stolen).await;
    assert!(matches!(refused, Err(Error::Refused(Rule::OneEventASlug))), "{refused:?}");
}

async fn a_change_with_an_old_revision_is_refused(world: World) {
    let change = published(&world.event);
    assert!(world.ledger.update_event(&change).await.unwrap());
    assert!(!world.ledger.update_event(&change).await.unwrap());
    let now = world.ledger.event(&world.event.id).await.unwrap().unwrap();
    assert_eq!((now.status, now.revision), (EventStatus::Published, world.event.revision + 1));
}

async fn a_repeated_creation_gets_the_kept_answer(world: World) {
    let answer = KeptAnswer {
        key: "creation".to_owned(),
        fingerprint: "body".to_owned(),
        status: 201,
        body: "{}".to_owned(),
    };
    let creation = |slug: &str| ledger::NewEvent {
        answer: Some(answer.clone()),
        ..new_event(world.now(), slug, 3)
    };
    let first = world.ledger.insert_event(creation("first")).await.unwrap();
    assert!(matches!(first, InsertEvent::Inserted(_)));
    match world.ledger.insert_event(creation("second")).await.unwrap() {
        InsertEvent::Replayed(kept) => assert_eq!(kept, answer),
        other => panic!("{other:?}"),
    }
    assert!(world.ledger.event_by_slug("second").await.unwrap().is_none());
}

async fn events_are_listed_by_status_in_order(world: World) {
    for number in 2..6 {
        let slug = format!("event-{number}");
        let inserted = world.ledger.insert_event(new_event(world.now(), &slug, number)).await;
        if let InsertEvent::Inserted(event) = inserted.unwrap()
            && number % 2 == 0
        {
            assert!(world.ledger.update_event(&published(&event)).await.unwrap());
        }
    }
    let listed = world.ledger.list_events(&[EventStatus::Published], None, 10).await.unwrap();
    let slugs: Vec<_> = listed.iter().map(|event| event.slug.as_str()).collect();
    assert_eq!(slugs, ["gala", "event-2", "event-4"]);
    let after = Some(&listed[0].id);
    let rest = world.ledger.list_events(&[EventStatus::Published], after, 10).await.unwrap();
    assert_eq!(rest.len(), 2);
}

async fn epochs_only_grow(world: World) {
    let event = &world.event.id;
    assert_eq!(world.ledger.last_epoch(event).await.unwrap(), None);
    assert_eq!(world.ledger.next_epoch(event).await.unwrap(), 1);
    let many = futures_util::future::join_all((0..20).map(|_| world.ledger.next_epoch(event)));
    let mut epochs: Vec<u64> = many.await.into_iter().map(Result::unwrap).collect();
    epochs.sort_unstable();
    assert_eq!(epochs, (2..22).collect::<Vec<_>>());
    assert_eq!(world.ledger.last_epoch(event).await.unwrap(), Some(21));
}

async fn blocks_are_remembered_once(world: World) {
    let event = &world.event.id;
    world.ledger.change_blocks(event, &[7, 3, 3, 5], &[]).await.unwrap();
    world.ledger.change_blocks(event, &[5, 9], &[3, 4]).await.unwrap();
    assert_eq!(world.ledger.blocks(event).await.unwrap(), [5, 7, 9]);
    let many: Vec<u32> = (100..300).collect();
    world.ledger.change_blocks(event, &many, &[]).await.unwrap();
    assert_eq!(world.ledger.blocks(event).await.unwrap().len(), 203);
}

async fn a_capacity_never_goes_below_what_is_sold(world: World) {
    let event = &world.event.id;
    world.send(world.wish_places(0, 6)).await;
    let refused = world.ledger.set_area_capacities(event, &[(0, 5), (1, 3)]).await.unwrap();
    assert_eq!(refused, SetCapacities::BelowSold(vec![0]));
    let unchanged = world.ledger.area_capacities(event).await.unwrap();
    assert_eq!(unchanged, [(0, PLACES), (1, PLACES)], "all or nothing");
    let set = world.ledger.set_area_capacities(event, &[(0, 6), (2, 4)]).await.unwrap();
    assert_eq!(set, SetCapacities::Set);
    let changed = world.ledger.area_capacities(event).await.unwrap();
    assert_eq!(changed, [(0, 6), (1, PLACES), (2, 4)]);
}

async fn migrating_twice_changes_nothing(world: World) {
    let neighbour = world.neighbour().await;
    let (one, other) = tokio::join!(world.ledger.migrate(), neighbour.migrate());
    one.unwrap();
    other.unwrap();
    assert!(world.ledger.event(&world.event.id).await.unwrap().is_some());
}
