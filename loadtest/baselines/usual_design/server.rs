//! The hyper server: reads a request, has it answered, writes JSON.

use std::{convert::Infallible, sync::Arc};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::{
    answers::{self, problem},
    events, holds, orders,
    stores::Stores,
};

/// The product's bound.
const SEATS_IN_HOLD_MAX: usize = 8;

type Answer = Response<Full<Bytes>>;

/// Serves until the process ends.
pub async fn serve(listener: TcpListener, stores: Arc<Stores>) -> Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let stores = stores.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| answer(&stores, request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
        });
    }
}

async fn answer(stores: &Stores, request: Request<Incoming>) -> Result<Answer, Infallible> {
    Ok(route(stores, request).await.unwrap_or_else(|error| {
        eprintln!("usual_design: {error:#}");
        json(StatusCode::INTERNAL_SERVER_ERROR, &problem(500, "internal", &[]))
    }))
}

async fn route(stores: &Stores, request: Request<Incoming>) -> Result<Answer> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let path: Vec<&str> = head.uri.path().trim_matches('/').split('/').collect();
    match (&head.method, &path[..]) {
        (&Method::POST, ["v1", "events", event, "holds"]) => hold(stores, event, &body).await,
        (&Method::POST, ["v1", "orders"]) => {
            let token = head.headers.get("holdfast-hold").and_then(|token| token.to_str().ok());
            order(stores, token.unwrap_or_default(), &body).await
        }
        (&Method::PUT, ["v1", "events", event]) => {
            events::create(stores, event, &serde_json::from_slice(&body)?).await?;
            Ok(json(StatusCode::CREATED, &()))
        }
        _ => Ok(refuse(StatusCode::NOT_FOUND, "unknown_route", &[])),
    }
}

async fn hold(stores: &Stores, event: &str, body: &[u8]) -> Result<Answer> {
    let invalid = || refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", &[]);
    let Ok(wish) = serde_json::from_slice::<holds::Wish>(body) else { return Ok(invalid()) };
    let Ok(mut seats) = wish.seats.iter().map(|seat| seat.parse()).collect::<Result<Vec<i64>, _>>()
    else {
        return Ok(invalid());
    };
    seats.sort_unstable();
    seats.dedup();
    if seats.is_empty() || seats.len() != wish.seats.len() || seats.len() > SEATS_IN_HOLD_MAX {
        return Ok(invalid());
    }
    let Some(price) = stores.price(event).await? else {
        return Ok(refuse(StatusCode::NOT_FOUND, "unknown_event", &[]));
    };
    Ok(match holds::create(stores, event, seats).await? {
        holds::Answer::Held { id, record } => {
            json(StatusCode::CREATED, &answers::hold(id, record, price))
        }
        holds::Answer::Taken(seats) => refuse(StatusCode::CONFLICT, "seats_unavailable", &seats),
    })
}

async fn order(stores: &Stores, token: &str, body: &[u8]) -> Result<Answer> {
    let Ok(wish) = serde_json::from_slice::<orders::Wish>(body) else {
        return Ok(refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", &[]));
    };
    Ok(match orders::create(stores, token, &wish).await? {
        orders::Answer::Ordered { id, token, record, amount } => {
            let order = answers::order(id, &wish.hold_id, token, record, amount);
            json(StatusCode::CREATED, &order)
        }
        orders::Answer::UnknownHold => refuse(StatusCode::NOT_FOUND, "unknown_hold", &[]),
        orders::Answer::Taken(seats) => refuse(StatusCode::CONFLICT, "seats_unavailable", &seats),
    })
}

fn refuse(status: StatusCode, code: &'static str, seats: &[i64]) -> Answer {
    json(status, &problem(status.as_u16(), code, seats))
}

fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    let bytes = serde_json::to_vec(body).expect("answers are plain data");
    let mut answer = Response::new(Full::new(Bytes::from(bytes)));
    *answer.status_mut() = status;
    let json = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}
