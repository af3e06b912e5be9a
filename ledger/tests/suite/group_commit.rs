use futures_util::future::join_all;
use ledger::{CreateOrder, Error, NewOrder};

use crate::{on_both, world::World};

on_both!(
    an_operation_that_fails_takes_no_other_along,
    a_refusal_among_others_is_undone_alone,
    a_caller_that_hangs_up_cuts_nothing_in_half,
);

async fn an_operation_that_fails_takes_no_other_along(world: World) {
    let wishes: Vec<NewOrder> = (0..60)
        .map(|seat| {
            let mut wish = world.wish(&[seat]);
            match seat % 6 {
                // A NUL, an amount no CHECK lets pass, an attempt on nobody's line number.
                1 => wish.email.push('\0'),
                3 => wish.amount = -1,
                5 => wish.lines.push(wish.lines[0].clone()),
                _ => {}
            }
            wish
        })
        .collect();
    let ids: Vec<_> = wishes.iter().map(|wish| wish.id.clone()).collect();
    // Polled together, they wait together and share transactions.
    let replies = join_all(wishes.into_iter().map(|wish| world.ledger.create_order(wish))).await;
    for (number, (reply, id)) in replies.into_iter().zip(ids).enumerate() {
        let stored = world.ledger.order(&id).await.unwrap();
        match number % 6 {
            1 => assert!(matches!(reply, Err(Error::InvalidInput(_))), "{reply:?}"),
            3 | 5 => assert!(matches!(reply, Err(Error::Refused(_))), "{reply:?}"),
            _ => assert!(matches!(reply, Ok(CreateOrder::Created(_))), "{reply:?}"),
        }
        assert_eq!(stored.is_some(), number % 2 == 0);
    }
    assert_eq!(world.ledger.claim_counts(&world.event.id).await.unwrap().live_seats, 30);
    world.assert_sound().await;
}

async fn a_refusal_among_others_is_undone_alone(world: World) {
    let wishes: Vec<_> = (0..40).map(|number| world.wish(&[number / 2, 100 + number])).collect();
    let replies = join_all(wishes.into_iter().map(|wish| world.ledger.create_order(wish))).await;
    let created =
        replies.iter().filter(|reply| matches!(reply, Ok(CreateOrder::Created(_)))).count();
    assert_eq!(created, 20);
    // The refused ones left none of their second seats behind.
    assert_eq!(world.ledger.claim_counts(&world.event.id).await.unwrap().live_seats, 40);
    world.assert_sound().await;
}

async fn a_caller_that_hangs_up_cuts_nothing_in_half(world: World) {
    let wish = world.wish(&[1, 2]);
    {
        let mut call = Box::pin(world.ledger.create_order(wish.clone()));
        // Asked once, so that it is sent; then nobody waits any more.
        let _ = futures_util::poll!(&mut call);
    }
    // What is sent later is committed later.
    world.order(&[3]).await;
    for _ in 0..500 {
        if world.ledger.order(&wish.id).await.unwrap().is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let order = world.ledger.order(&wish.id).await.unwrap().expect("it is there, whole");
    assert_eq!(order.seats(), [1, 2]);
    world.assert_sound().await;
}
