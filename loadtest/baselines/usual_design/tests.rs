//! What makes the comparison fair: the usual design sells no seat twice either.

use std::net::SocketAddr;

use futures_util::future::join_all;
use hyper::{Method, StatusCode};
use loadtest::{
    generator::{Answer, Connection},
    requests::{Held, Ordered, Person},
};
use testkit::{PostgresServer, RedisServer};

use super::*;
use crate::{events::NewEvent, holds::lock_key};

struct Usual {
    address: SocketAddr,
    stores: Arc<Stores>,
    redis: RedisServer,
}

impl Usual {
    /// With one event, `sale`, of 100 seats.
    async fn start(holds_in: HoldsIn) -> Self {
        let redis = RedisServer::start();
        let database = PostgresServer::shared().fresh_database();
        let stores = Stores::connect(holds_in, &redis.url(), &database).await;
        let stores = Arc::new(stores.expect("both stores run"));
        let new = NewEvent { seats: 100, price: 4_500 };
        events::create(&stores, "sale", &new).await.expect("an event");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(server::serve(listener, stores.clone()));
        Self { address, stores, redis }
    }

    async fn hold(&self, person: usize, seats: &[usize]) -> Answer {
        self.ask(Person(person).hold_seats("sale", seats)).await
    }

    async fn order(&self, person: usize, hold: &Held) -> Answer {
        self.ask(Person(person).order(hold)).await
    }

    async fn ask(&self, call: loadtest::generator::Call) -> Answer {
        let mut connection = Connection::open(self.address).await.expect("it listens");
        connection.ask(&Method::POST, call).await.expect("an answer")
    }

    async fn states(&self, state: &str) -> i64 {
        let count = sqlx::query_scalar("SELECT count(*) FROM seats WHERE state = $1");
        count.bind(state).fetch_one(&self.stores.postgres).await.expect("a count")
    }
}

fn held(answer: &Answer) -> Held {
    assert_eq!(answer.status, StatusCode::CREATED);
    serde_json::from_slice(&answer.body).expect("a hold")
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_buyers_of_one_seat_make_one_winner() {
    for (holds_in, held_rows) in [(HoldsIn::KeysAndRows, 1), (HoldsIn::Keys, 0)] {
        let usual = Usual::start(holds_in).await;
        let answers = join_all((0..50).map(|person| usual.hold(person, &[7]))).await;
        let winners: Vec<&Answer> =
            answers.iter().filter(|answer| answer.status == StatusCode::CREATED).collect();
        assert_eq!(winners.len(), 1);
        assert!(answers.iter().filter(|a| a.status == StatusCode::CONFLICT).count() == 49);
        assert_eq!(usual.states("held").await, held_rows);
        let order = usual.order(1, &held(winners[0])).await;
        assert_eq!(order.status, StatusCode::CREATED);
        assert_eq!(usual.states("sold").await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn overlapping_wishes_leave_no_seat_with_two_owners_and_no_lock_without_one() {
    let usual = Usual::start(HoldsIn::KeysAndRows).await;
    let wishes = (0..50).map(|person| [person % 10, person % 10 + 1, person % 7 + 3]);
    let wishes: Vec<Vec<usize>> = wishes
        .map(|mut seats| {
            seats.sort_unstable();
            let mut seats = seats.to_vec();
            seats.dedup();
            seats
        })
        .collect();
    let answers =
        join_all(wishes.iter().enumerate().map(|(person, seats)| usual.hold(person, seats))).await;
    let won = wishes.iter().zip(&answers).filter(|(_, a)| a.status == StatusCode::CREATED);
    let mut owned: Vec<usize> = won.flat_map(|(seats, _)| seats.clone()).collect();
    owned.sort_unstable();
    assert!(!owned.is_empty());
    assert!(owned.windows(2).all(|pair| pair[0] < pair[1]), "{owned:?}");
    assert_eq!(usual.states("held").await, owned.len() as i64);
    for seat in 0..100 {
        let key = lock_key("sale", seat);
        let is_locked = usual.redis.command(&["EXISTS", &key]) == testkit::Reply::Integer(1);
        assert_eq!(is_locked, owned.contains(&(seat as usize)), "seat {seat}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sold_seat_is_refused_even_when_its_lock_is_lost() {
    for holds_in in [HoldsIn::KeysAndRows, HoldsIn::Keys] {
        let usual = Usual::start(holds_in).await;
        let first = held(&usual.hold(1, &[4, 5]).await);
        assert_eq!(usual.order(1, &first).await.status, StatusCode::CREATED);
        assert_eq!(usual.hold(2, &[5]).await.status, StatusCode::CONFLICT);
        usual.redis.command(&["DEL", &lock_key("sale", 5)]);
        let second = usual.hold(2, &[5, 6]).await;
        match holds_in {
            HoldsIn::KeysAndRows => assert_eq!(second.status, StatusCode::CONFLICT),
            HoldsIn::Keys => {
                let order = usual.order(2, &held(&second)).await;
                assert_eq!(order.status, StatusCode::CONFLICT);
            }
        }
        assert_eq!(usual.states("sold").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_wants_the_token_of_its_hold_and_is_made_once() {
    let usual = Usual::start(HoldsIn::KeysAndRows).await;
    let hold = held(&usual.hold(1, &[1, 2]).await);
    let forged = Held { token: "tok_0".into(), ..hold.clone() };
    assert_eq!(usual.order(1, &forged).await.status, StatusCode::NOT_FOUND);
    let order = usual.order(1, &hold).await;
    assert_eq!(order.status, StatusCode::CREATED);
    let order: Ordered = serde_json::from_slice(&order.body).expect("an order");
    assert_eq!(order.status, "awaiting_payment");
    assert_eq!(usual.order(1, &hold).await.status, StatusCode::CONFLICT);
}
