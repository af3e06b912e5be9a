//! The waiting page, complete without scripting: forms that answer 303, and a place and a pass kept
//! in cookies that no script reads. With scripting the page uses the API as everybody does.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use domain::id::EventId;
use inventory::EventAtWork;
use platform::http::{
    ClientAddress, Device, PassToken, PathParams, PlaceToken, Principal, Problem, cookie,
    is_same_origin, is_secure, set_cookie,
};
use web::{WaitingPage, WaitingState, page_response, waiting_page};

use crate::{
    WaitingRoom,
    enter_line::{EnterAnswer, enter_line},
    error::Refusal,
    join_line::{Asker, JoinAnswer, join_line},
    leave_line::leave_line,
    read_status::{Tokens, read_status},
    standing::PlaceState,
    views::StatusView,
};

/// Also of a pass, which ends long before: an ended one tells that somebody has been in.
const COOKIE_LIFE_SECONDS: u32 = 30 * 24 * 60 * 60;
/// Without scripting a page is loaded again not more often than this.
const REFRESH_SECONDS_MIN: u64 = 10;

/// Where the person stands; no place: how to join.
pub async fn show(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    device: Device,
    headers: HeaderMap,
) -> Response {
    let at_work = match room.event(&event).await {
        Ok(at_work) => at_work,
        Err(refusal) => return not_there(refusal, &headers).await,
    };
    if !at_work.event.queue.enabled {
        return Redirect::to(&format!("/events/{}", at_work.event.slug)).into_response();
    }
    let tokens = tokens(&headers, &at_work.event.id, device);
    let status = read_status(&room, &event, &tokens).await;
    let (state, status, notice) = match status {
        Ok(status) => (page_state(status.state), Some(status), None),
        Err(Refusal::TokenInvalid | Refusal::PassBound) => (WaitingState::NotJoined, None, None),
        Err(_) => (WaitingState::NotJoined, None, Some("The line does not answer just now.")),
    };
    page(&at_work, state, status.as_ref(), notice)
}

pub async fn join(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    principal: Principal,
    address: ClientAddress,
    device: Device,
    headers: HeaderMap,
) -> Response {
    let at_work = match ours(&room, &event, &headers).await {
        Ok(at_work) => at_work,
        Err(response) => return response,
    };
    let id = &at_work.event.id;
    let Tokens { place, device, .. } = tokens(&headers, id, device);
    let asker = Asker { principal, device, address, place, work: None, code: None };
    let view = match join_line(&room, &event, &asker).await {
        Ok(JoinAnswer::New(view) | JoinAnswer::Known(view)) => view,
        Err(refusal) => return refused(&at_work, &refusal),
    };
    let mut response = back(&at_work);
    let secure = is_secure(&headers);
    set_cookie(&mut response, &place_cookie(id), &view.place, COOKIE_LIFE_SECONDS, secure);
    // One that is not genuine any more would be in the way for ever.
    set_cookie(&mut response, &pass_cookie(id), "", 0, secure);
    response
}

pub async fn enter(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    device: Device,
    headers: HeaderMap,
) -> Response {
    let at_work = match ours(&room, &event, &headers).await {
        Ok(at_work) => at_work,
        Err(response) => return response,
    };
    let tokens = tokens(&headers, &at_work.event.id, device);
    match enter_line(&room, &event, &tokens).await {
        // The seats' page has the same device, and so finds the same pass.
        Ok(EnterAnswer::New(view) | EnterAnswer::Renewed(view)) => {
            let seats = format!("/events/{}/seats", at_work.event.slug);
            let mut response = Redirect::to(&seats).into_response();
            let (name, secure) = (pass_cookie(&at_work.event.id), is_secure(&headers));
            set_cookie(&mut response, &name, &view.pass, COOKIE_LIFE_SECONDS, secure);
            response
        }
        Err(refusal) => refused(&at_work, &refusal),
    }
}

pub async fn leave(
    State(room): State<Arc<WaitingRoom>>,
    PathParams(event): PathParams<String>,
    device: Device,
    headers: HeaderMap,
) -> Response {
    let at_work = match ours(&room, &event, &headers).await {
        Ok(at_work) => at_work,
        Err(response) => return response,
    };
    let id = &at_work.event.id;
    let tokens = tokens(&headers, id, device);
    if let Err(refusal) = leave_line(&room, &event, &tokens).await {
        return refused(&at_work, &refusal);
    }
    let mut response = back(&at_work);
    for name in [place_cookie(id), pass_cookie(id)] {
        set_cookie(&mut response, &name, "", 0, is_secure(&headers));
    }
    response
}

/// A form of our own page, for an event that there is.
async fn ours(
    room: &Arc<WaitingRoom>,
    event: &str,
    headers: &HeaderMap,
) -> Result<Arc<EventAtWork>, Response> {
    if !is_same_origin(headers) {
        let problem = Problem::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            "This form is sent from its own page only",
        );
        return Err(problem.into_response());
    }
    match room.event(event).await {
        Ok(at_work) => Ok(at_work),
        Err(refusal) => Err(not_there(refusal, headers).await),
    }
}

/// A page, for a browser that asks for one.
async fn not_there(refusal: Refusal, headers: &HeaderMap) -> Response {
    match refusal {
        Refusal::UnknownEvent => {
            let mut request = Request::new(Body::empty());
            *request.headers_mut() = headers.clone();
            web::not_found(request).await
        }
        refusal => refusal.into_response(),
    }
}

/// Place and pass from their cookies.
fn tokens(headers: &HeaderMap, event: &EventId, device: Device) -> Tokens {
    let kept =
        |name: String| cookie(headers, &name).filter(|text| !text.is_empty()).map(str::to_owned);
    Tokens {
        place: PlaceToken::new(kept(place_cookie(event))),
        pass: PassToken::new(kept(pass_cookie(event))),
        device,
    }
}

fn place_cookie(event: &EventId) -> String {
    format!("holdfast-place-{event}")
}

fn pass_cookie(event: &EventId) -> String {
    format!("holdfast-pass-{event}")
}

fn back(at_work: &EventAtWork) -> Response {
    Redirect::to(&format!("/events/{}/queue", at_work.event.slug)).into_response()
}

fn refused(at_work: &EventAtWork, refusal: &Refusal) -> Response {
    let (state, notice) = match refusal {
        Refusal::QueueFull => (WaitingState::Full, None),
        Refusal::QueueClosed(_) => (WaitingState::Closed, None),
        Refusal::WorkRequired(_) => (
            WaitingState::NotJoined,
            Some(
                "Very many people join just now. Please try again in a minute, or with scripting on.",
            ),
        ),
        Refusal::NotYourTurn(_) | Refusal::TokenInvalid | Refusal::PassBound => {
            return back(at_work);
        }
        Refusal::PassExpired => (WaitingState::Done, None),
        Refusal::Invalid(_) => (
            WaitingState::NotJoined,
            Some("Your browser keeps no cookies, so your place could not be kept."),
        ),
        _ => {
            (WaitingState::NotJoined, Some("The line does not answer just now. Please try again."))
        }
    };
    page(at_work, state, None, notice)
}

fn page(
    at_work: &EventAtWork,
    state: WaitingState,
    status: Option<&StatusView>,
    notice: Option<&str>,
) -> Response {
    let event = &at_work.event;
    let opens_at = event.queue.opens_at.map(|at| at.to_string());
    let poll_seconds = status.map_or(30, |status| status.poll_after_ms / 1_000);
    let eta = status.and_then(|status| status.eta_seconds);
    let html = waiting_page(&WaitingPage {
        slug: &event.slug,
        event_name: &event.name,
        state,
        position: status.and_then(|status| status.position),
        ahead: status.and_then(|status| status.ahead),
        eta_seconds: eta.map(|eta| (eta.low, eta.high)),
        refresh_seconds: poll_seconds.max(REFRESH_SECONDS_MIN) as u32,
        opens_at: opens_at.as_deref(),
        notice,
    });
    page_response(StatusCode::OK, html)
}

fn page_state(state: PlaceState) -> WaitingState {
    match state {
        PlaceState::Early => WaitingState::Early,
        PlaceState::Waiting => WaitingState::Waiting,
        PlaceState::YourTurn => WaitingState::YourTurn,
        PlaceState::Missed => WaitingState::Missed,
        PlaceState::Inside => WaitingState::Inside,
        PlaceState::Done => WaitingState::Done,
        PlaceState::Closed => WaitingState::Closed,
    }
}
