//! How many event streams an address may have open.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{Request, Response},
};
use http_body_util::BodyExt;
use platform::http::{Edge, EdgeSettings, PeerAddress};
use serde_json::Value;
use tower::ServiceExt;

use crate::support::{World, slow};

/// Of one address.
const STREAMS_MAX: usize = 100;

/// The same process behind an edge that counts the requests of an address.
fn limited(world: &World) -> Router {
    let settings = EdgeSettings { rate_limit_per_minute: 10, ..EdgeSettings::default() };
    let edge = Arc::new(Edge::new(settings, world.clock.shared()));
    edge.wrap(waiting_room::router(world.node.room.clone()))
}

async fn open(world: &World, router: &Router, address: &str) -> Response<Body> {
    let address: SocketAddr = address.parse().expect("an address");
    let mut request = Request::get(world.node.path("/stream")).body(Body::empty()).expect("GET");
    request.extensions_mut().insert(PeerAddress(address));
    router.clone().oneshot(request).await.expect("an answer")
}

async fn fill(world: &World, router: &Router, address: &str) -> Vec<Response<Body>> {
    let mut streams = Vec::new();
    for _ in 0..STREAMS_MAX {
        let mut stream = open(world, router, address).await;
        assert_eq!(stream.status(), 200);
        stream.body_mut().frame().await.expect("a frame").expect("a frame");
        streams.push(stream);
    }
    streams
}

#[tokio::test]
async fn one_address_has_so_many_streams_and_another_its_own() {
    let world = World::new(slow()).await;
    let router = limited(&world);
    let streams = fill(&world, &router, "[2001:db8:1:2::1]:4000").await;

    let refused = open(&world, &router, "[2001:db8:1:2:ffff::9]:4000").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["content-type"], "application/problem+json");
    let seconds = refused.headers()["retry-after"].to_str().expect("text").parse::<u32>();
    assert!(seconds.expect("a number") > 0);
    let body = refused.into_body().collect().await.expect("a body").to_bytes();
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!((&body["code"], &body["status"]), (&"rate_limited".into(), &429.into()));
    assert_eq!(open(&world, &router, "[2001:db8:1:3::1]:4000").await.status(), 200);
    drop(streams);
}

#[tokio::test]
async fn a_stream_that_ends_makes_room_for_another() {
    let world = World::new(slow()).await;
    let router = limited(&world);
    let address = "192.0.2.1:4000";
    let mut streams = fill(&world, &router, address).await;
    assert_eq!(open(&world, &router, address).await.status(), 429);
    // A client that goes away.
    drop(streams.pop());
    streams.push(open(&world, &router, address).await);
    assert_eq!(streams[STREAMS_MAX - 1].status(), 200);
    assert_eq!(open(&world, &router, address).await.status(), 429);
    // A server that ends its streams.
    world.node.room.end_streams();
    for stream in streams {
        stream.into_body().collect().await.expect("an end");
    }
    assert_eq!(open(&world, &router, address).await.status(), 200);
}

#[tokio::test]
async fn where_requests_are_not_limited_streams_are_not_either() {
    let world = World::new(slow()).await;
    let mut streams = Vec::new();
    for _ in 0..=STREAMS_MAX {
        let request = Request::get(world.node.path("/stream")).body(Body::empty()).expect("GET");
        streams.push(world.node.respond(request).await);
    }
    assert!(streams.iter().all(|stream| stream.status() == 200));
}
