//! The generated document, and that it tells the truth about a few things that types do not tie.

use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::support::{Sale, event};

fn document() -> Value {
    serde_json::to_value(engine::openapi()).expect("JSON")
}

#[test]
fn the_document_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = document();
    assert!(document["openapi"].as_str().expect("a version").starts_with("3.1"));
    let text = document.to_string();
    let references = text.split("\"$ref\":\"#").skip(1);
    for reference in references.map(|rest| rest.split('"').next().expect("an end")) {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_chart_s_shape_in_the_document_is_the_chart_s() {
    let sale = Sale::new().await;
    let id = sale.publish(event(json!({}))).await;
    let chart = sale.get(&format!("/v1/events/{id}/chart")).await.expect(200);
    let seat = &chart["zones"][0]["rows"][0]["seats"][0];
    let shapes = [
        ("Chart", &chart),
        ("Category", &chart["categories"][0]),
        ("Zone", &chart["zones"][0]),
        ("Row", &chart["zones"][0]["rows"][0]),
        ("Seat", seat),
        ("Area", &chart["areas"][0]),
    ];
    let document = document();
    for (name, value) in shapes {
        let shape = &document["components"]["schemas"][name]["properties"];
        let names = |value: &Value| -> Vec<String> {
            value.as_object().expect("an object").keys().cloned().collect()
        };
        assert_eq!(names(shape), names(value), "{name}");
    }
}

#[tokio::test]
async fn the_document_and_its_page_are_served_from_inside() {
    let router = engine::openapi_router(engine::openapi());
    for (path, status, media_type, part) in [
        ("/openapi.json", 200, "application/json", "\"openapi\":\"3.1"),
        ("/docs/", 200, "text/html", "swagger-ui"),
        ("/docs/swagger-initializer.js", 200, "javascript", "/openapi.json"),
        ("/docs", 308, "", ""),
        ("/docs/none.js", 404, "application/problem+json", "unknown_route"),
    ] {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let answer = router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
        let found =
            answer.headers().get("content-type").map(|v| v.to_str().expect("a text").to_owned());
        assert!(found.unwrap_or_default().contains(media_type), "{path}");
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        assert!(String::from_utf8_lossy(&body).contains(part), "{path}");
    }
}
