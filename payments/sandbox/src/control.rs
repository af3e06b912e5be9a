//! `/control`: shows and changes how the sandbox misbehaves. A change names only what it changes; `null` puts a
//! value, or a whole group, back to its default.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{account::Shared, faults::Settings, state::Change};

pub(crate) async fn show(State(shared): State<Arc<Shared>>) -> Response {
    view(&shared)
}

pub(crate) async fn change(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Ok(patch) = serde_json::from_slice::<Value>(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "malformed_json", "the body is not JSON");
    };
    {
        let mut account = shared.account();
        let settings = match merged(&account.state.settings, &patch) {
            Ok(settings) => settings,
            Err(detail) => {
                return refuse(StatusCode::UNPROCESSABLE_ENTITY, "invalid_control", &detail);
            }
        };
        let names_seed = patch.get("seed").is_some();
        if !shared.commit(&mut account, 0, vec![Change::Settings(settings)]) {
            let detail = "the journal cannot be written";
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, "journal_failed", detail);
        }
        if names_seed && account.reseed().is_err() {
            let detail = "no random bytes";
            return refuse(StatusCode::INTERNAL_SERVER_ERROR, "random_failed", detail);
        }
    }
    shared.wake.notify_one();
    view(&shared)
}

/// The settings with the patch laid over them, if it names nothing unknown and every value is in range.
fn merged(settings: &Settings, patch: &Value) -> Result<Settings, String> {
    let plain = |settings: &Settings| serde_json::to_value(settings).map_err(|e| e.to_string());
    let mut value = plain(settings)?;
    lay_over(&mut value, &plain(&Settings::default())?, patch, "")?;
    let settings: Settings = serde_json::from_value(value).map_err(|error| error.to_string())?;
    settings.check()?;
    Ok(settings)
}

fn lay_over(value: &mut Value, default: &Value, patch: &Value, at: &str) -> Result<(), String> {
    match (value, patch) {
        (value, Value::Null) => *value = default.clone(),
        (Value::Object(members), Value::Object(changes)) => {
            for (name, change) in changes {
                let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                let Some(member) = members.get_mut(name) else {
                    return Err(format!("unknown field {at}"));
                };
                lay_over(member, &default[name], change, &at)?;
            }
        }
        (Value::Object(_), _) if at.is_empty() => return Err("the body must be an object".into()),
        (Value::Object(_), _) => return Err(format!("{at} must be an object")),
        (value, change) => *value = change.clone(),
    }
    Ok(())
}

fn view(shared: &Shared) -> Response {
    let account = shared.settled();
    let mut view = serde_json::to_value(&account.state.settings).unwrap_or_default();
    let mut counters = serde_json::to_value(&account.counters).unwrap_or_default();
    counters["webhooks_pending"] = json!(account.state.pending_deliveries());
    view["rate"] = json!(shared.rate(&account));
    view["counters"] = counters;
    view["webhook_url"] = json!(shared.webhook_url());
    axum::Json(view).into_response()
}

fn refuse(status: StatusCode, code: &str, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
        "code": code,
    });
    let mut response = (status, axum::Json(body)).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
