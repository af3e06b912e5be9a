//! The way of an API call: key, rate limit, ordered misbehaviour, idempotency, operation, journal, answer.
//!
//! A call runs in a task of its own: a client that hangs up has its effect all the same, as with Stripe.

use std::sync::Arc;

use axum::{
    body::to_bytes,
    extract::{OriginalUri, Request},
    http::{HeaderMap, header},
    response::Response,
};
use bytes::Bytes;
use serde_json::Value;

use crate::{
    account::{Account, Shared, WrongAnswer},
    auth,
    call::{Call, Caller},
    failure::{Failure, RateReason},
    idempotency::{self, Begin, Running},
    limits, operations,
    params::Params,
    reply::Reply,
    router::Endpoint,
    state::{Answer, Change},
    transaction::Cause,
};

/// What came over the wire.
struct Incoming {
    endpoint: &'static Endpoint,
    path: String,
    query: String,
    /// Where the sandbox is reached from outside.
    base_url: String,
    headers: HeaderMap,
    body: Bytes,
}

/// Answers one API call.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    endpoint: &'static Endpoint,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = shared.account().ids.request();
    let base_url = base_url(&parts.extensions.get(), &parts.uri, &parts.headers);
    let Ok(body) = to_bytes(body, limits::BODY_BYTES_MAX).await else {
        let failure = Failure::invalid_request("The request body is too large or was cut off.");
        let reply = Reply::of_failure(&failure, &request_id, shared.now());
        return reply.into_response(&request_id, &parts.headers);
    };
    let headers = parts.headers.clone();
    let incoming = Incoming {
        endpoint,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        base_url,
        headers: parts.headers,
        body,
    };
    let task = tokio::spawn({
        let (shared, request_id) = (Arc::clone(&shared), request_id.clone());
        async move { answer(&shared, incoming, &request_id).await }
    });
    let reply = task.await.unwrap_or_else(|_| {
        Reply::of_failure(&Failure::ordered(500, false), &request_id, shared.now())
    });
    reply.into_response(&request_id, &headers)
}

async fn answer(shared: &Arc<Shared>, incoming: Incoming, request_id: &str) -> Reply {
    match perform(shared, incoming, request_id).await {
        Ok(reply) => reply,
        Err(failure) => Reply::of_failure(&failure, request_id, shared.now()),
    }
}

async fn perform(
    shared: &Arc<Shared>,
    incoming: Incoming,
    request_id: &str,
) -> Result<Reply, Failure> {
    let (mut call, expand) = read(shared, &incoming)?;
    let (wrong, delay) = match admit(shared, incoming.endpoint, request_id) {
        Ok(admitted) => admitted,
        Err(reply) => return Ok(reply),
    };
    let wrong_reply = |wrong: WrongAnswer| {
        let failure = Failure::ordered(wrong.status, wrong.lock);
        let mut reply = Reply::of_failure(&failure, request_id, shared.now());
        reply.status = wrong.status;
        reply
    };
    let kept_before = match wrong {
        Some(wrong) if !wrong.after_effect && !wrong.kept => return Ok(wrong_reply(wrong)),
        Some(wrong) if !wrong.after_effect => Some(wrong),
        _ => None,
    };
    let after = |reply: Reply| match wrong {
        Some(wrong) if wrong.after_effect => wrong_reply(wrong),
        _ => reply,
    };

    let key = incoming.headers.get("idempotency-key").filter(|_| incoming.endpoint.writes);
    let key = key.and_then(|key| key.to_str().ok()).filter(|key| !key.is_empty());
    let running = match key {
        None => None,
        Some(key) => {
            let fingerprint =
                idempotency::fingerprint(&incoming.path, &incoming.query, &incoming.body);
            match idempotency::begin(shared, key, fingerprint, shared.now())? {
                Begin::Run(running) => Some(running),
                Begin::Replay(answer) => return Ok(after(replay(answer))),
            }
        }
    };
    if delay > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(delay)).await;
    }
    let reply = run(
        shared,
        incoming.endpoint,
        &mut call,
        &expand,
        running.as_ref(),
        kept_before,
        request_id,
    );
    Ok(after(reply))
}

/// Key and parameters, and what `expand` asks for.
fn read(shared: &Shared, incoming: &Incoming) -> Result<(Call, Vec<String>), Failure> {
    let mut text = incoming.query.as_bytes().to_vec();
    if incoming.endpoint.writes {
        check_content_type(&incoming.headers, &incoming.body)?;
        text.push(b'&');
        text.extend_from_slice(&incoming.body);
    }
    let mut params = Params::parse(&text)?;
    let caller = auth::authenticate(&shared.options, &incoming.headers, params.text("key")?)?;
    if caller == Caller::Publishable && !incoming.endpoint.publishable {
        return Err(Failure::secret_key_required());
    }
    let expand = params.list("expand")?;
    let id = incoming.endpoint.id_in(&incoming.path).unwrap_or_default().to_owned();
    let base_url = incoming.base_url.clone();
    Ok((Call { caller, id, params, base_url }, expand))
}

fn check_content_type(headers: &HeaderMap, body: &[u8]) -> Result<(), Failure> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_form = kind.is_none_or(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if is_form || body.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Invalid request. The content type of the request ({}) is not supported; use \
         application/x-www-form-urlencoded.",
        kind.unwrap_or_default()
    );
    Err(Failure::invalid_request(message))
}

/// The rate limit and the draw. Returns how the call is to be answered wrong, if so, and how long it takes.
fn admit(
    shared: &Shared,
    endpoint: &'static Endpoint,
    request_id: &str,
) -> Result<(Option<WrongAnswer>, u64), Reply> {
    let mut account = shared.settled();
    let now = shared.now();
    account.counters.calls += 1;
    let rate = shared.rate(&account);
    if let Err(reason) = account.limiter.admit(rate, endpoint.name, now) {
        account.counters.calls_rate_limited += 1;
        let mut reply = Reply::of_failure(&Failure::rate_limited(reason), request_id, now);
        reply.rate_limited_by =
            Some(if reason == RateReason::Account { "global-rate" } else { "endpoint-rate" });
        return Err(reply);
    }
    Ok((account.draw_wrong_answer(), account.state.settings.answers.delay_ms))
}

fn replay(answer: Answer) -> Reply {
    Reply {
        status: answer.status,
        body: answer.body,
        should_retry: (answer.status >= 400).then_some(false),
        replay_of: Some(answer.request_id),
        ..Reply::default()
    }
}

/// Runs the operation, or the ordered error in its place, and keeps the answer under the key in the same line of
/// the journal as the effect.
fn run(
    shared: &Shared,
    endpoint: &Endpoint,
    call: &mut Call,
    expand: &[String],
    running: Option<&Running>,
    instead: Option<WrongAnswer>,
    request_id: &str,
) -> Reply {
    let now = shared.now();
    let mut account = shared.settled();
    let cause = Cause {
        request_id: Some(request_id.to_owned()),
        idempotency_key: running.map(|running| running.key.clone()),
    };
    let account: &mut Account = &mut account;
    let mut run = account.run(shared.subscription(), cause, now, |transaction| {
        if let Some(wrong) = instead {
            let mut failure = Failure::ordered(wrong.status, wrong.lock);
            failure.kept = true;
            failure.retry = false;
            return Err(failure);
        }
        let answer = (endpoint.run)(call, transaction)?;
        operations::expand(transaction, answer, expand)
    });
    let reply = match &run.result {
        Ok(answer) => success(answer),
        Err(failure) => Reply::of_failure(failure, request_id, now),
    };
    let (kept, has_effect) = match &run.result {
        Ok(_) => (true, true),
        Err(failure) => (failure.kept, failure.has_effect),
    };
    if !has_effect {
        run.changes.clear();
    }
    if let Some(running) = running.filter(|_| kept) {
        run.changes.push(Change::Answer(Answer {
            key: running.key.clone(),
            fingerprint: running.fingerprint.clone(),
            created: now,
            request_id: request_id.to_owned(),
            status: reply.status,
            body: reply.body.clone(),
        }));
    }
    match shared.commit_run(account, run) {
        Some(_) => reply,
        None => Reply::of_failure(&Failure::ordered(500, false), request_id, now),
    }
}

fn success(answer: &Value) -> Reply {
    Reply { status: 200, body: answer.to_string(), ..Reply::default() }
}

/// `http://host/where/the/sandbox/is/nested`, without the path of this call.
pub(crate) fn base_url(
    original: &Option<&OriginalUri>,
    uri: &axum::http::Uri,
    headers: &HeaderMap,
) -> String {
    let whole = original.map_or_else(|| uri.path(), |original| original.0.path());
    let prefix = whole.strip_suffix(uri.path()).unwrap_or_default();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = if text("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    let host = text("host").unwrap_or("localhost");
    format!("{scheme}://{host}{prefix}")
}
