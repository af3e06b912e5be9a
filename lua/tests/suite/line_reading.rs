//! Each reply of `read_line`, `read_entries` and `pass_state`.

use domain::queue::Lane;
use lua::{Error, LayLine, Laying, LineField, ListPart, ListPositions, PassRecord, Reader, Termed};

use crate::{line_support::*, support::*};

#[tokio::test]
async fn where_no_line_is_laid_there_is_none() {
    let stage = Stage::new().await;
    let reader = Reader::default();
    let read = stage.store.read_line(&stage.partition, &reader);
    assert_eq!(stage.unchanged(read).await.unwrap(), None);
    let state = stage.store.pass_state(&stage.partition, TERM, customer(1));
    let state = stage.unchanged(state).await.unwrap();
    assert_eq!(state, Termed::OtherTerm { current: None });
}

#[tokio::test]
async fn a_reader_gets_what_follows_what_it_knows() {
    let stage = Stage::with_people(3, 3).await;
    stage.enter(1, general(0)).await;
    stage.leave(1).await;
    stage.grace(2, general(1)).await;
    stage.grace(3, general(2)).await;
    let all = stage.line().await;
    let totals = (all.batches.total, all.graced.total, all.ended.total, all.entered.total);
    assert_eq!(totals, (1, 2, 1, 1));
    let after = ListPositions { batches: 1, graced: 1, ended: 0, entered: 1 };
    let reader = Reader { term: Some(TERM), after, has_draw: false, wants_entered: true };
    let rest = stage.unchanged(stage.line_for(&reader)).await;
    assert_eq!(rest.batches, ListPart { total: 1, from: 1, items: vec![] });
    assert_eq!(rest.graced, ListPart { total: 2, from: 1, items: vec![customer(3)] });
    assert_eq!((rest.ended, rest.entered.items), (all.ended.clone(), vec![]));
    // Of another term, it knows nothing.
    let other = stage.line_for(&Reader { term: Some(TERM - 1), ..reader }).await;
    assert_eq!(other, all);
}

#[tokio::test]
async fn a_list_that_went_back_is_told_by_its_length() {
    let stage = Stage::with_people(1, 1).await;
    let after = ListPositions { batches: 7, ..ListPositions::default() };
    let reader = Reader { term: Some(TERM), after, ..Reader::default() };
    let read = stage.line_for(&reader).await;
    assert_eq!(read.batches, ListPart { total: 1, from: 7, items: vec![] });
}

#[tokio::test]
async fn who_entered_is_told_to_whom_it_matters() {
    let stage = Stage::with_people(1, 1).await;
    stage.enter(1, general(0)).await;
    let read = stage.line_for(&Reader::default()).await;
    assert_eq!(read.entered, ListPart { total: 0, from: 0, items: vec![] });
}

#[tokio::test]
async fn the_draw_is_sent_to_whom_lacks_it() {
    let stage = Stage::with_line(line()).await;
    let draw = (LineField::Draw, "{\"root\":\"ab\"}".to_owned());
    let set = stage.store.set_line(&stage.partition, TERM, FENCE, std::slice::from_ref(&draw));
    led(set.await.unwrap());
    assert_eq!(stage.line().await.draw, Some(draw.1));
    let read = stage.line_for(&Reader { has_draw: true, ..Reader::default() }).await;
    assert_eq!(read.draw, None);
}

#[tokio::test]
async fn long_lists_come_in_parts() {
    let stage = Stage::with_line(LayLine { joined: [20_000, 0], ..line() }).await;
    let passes = (0..7_000u32).map(|number| {
        let mut person = customer(1);
        person.0[..4].copy_from_slice(&number.to_be_bytes());
        let reason = lua::PassEnd::Closed;
        (person, PassRecord::Ended { reason, place: general(u64::from(number)) })
    });
    let passes: Vec<_> = passes.collect();
    stage.store.add_passes(&stage.partition, TERM, &passes, Laying::Ends).await.unwrap();
    let mut people = Vec::new();
    loop {
        let after = ListPositions { ended: people.len() as u64, ..ListPositions::default() };
        let reader = Reader { term: Some(TERM), after, ..Reader::default() };
        let part = stage.line_for(&reader).await.ended;
        assert!(part.items.len() <= 5_000);
        people.extend(part.items.iter().map(|mark| mark.person));
        if people.len() as u64 == part.total {
            break;
        }
    }
    assert_eq!(people, passes.iter().map(|(person, _)| *person).collect::<Vec<_>>());
}

#[tokio::test]
async fn entries_are_read_by_stretches() {
    let stage = Stage::with_people(5, 0).await;
    stage.join(with_code(6)).await;
    let read = |lane, from, count| stage.store.read_entries(&stage.partition, lane, from, count);
    let some = stage.unchanged(read(Lane::General, 1, 2)).await.unwrap();
    assert_eq!(some, [[2; 12], [3; 12]].concat());
    assert_eq!(read(Lane::General, 4, 100).await.unwrap(), [5; 12]);
    assert_eq!(read(Lane::Priority, 0, 100).await.unwrap(), [6; 12]);
    assert!(read(Lane::Priority, 1, 100).await.unwrap().is_empty());
    for (from, count) in [(0, 0), (0, 100_001), (40_000_001, 1)] {
        let refused = read(Lane::General, from, count).await;
        assert!(matches!(refused, Err(Error::OutOfBounds { .. })));
    }
}

#[tokio::test]
async fn a_persons_state_is_told() {
    let stage = Stage::with_people(2, 2).await;
    assert_eq!(stage.unchanged(stage.pass(1)).await, None);
    stage.grace(2, general(1)).await;
    assert_eq!(stage.pass(2).await, Some(PassRecord::Graced { number: 0 }));
    let other = stage.store.pass_state(&stage.partition, TERM + 1, customer(1)).await.unwrap();
    assert_eq!(other, Termed::OtherTerm { current: Some(TERM) });
}
