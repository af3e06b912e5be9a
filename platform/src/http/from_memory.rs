//! Reads that are answered from the process's memory at once: no store, no waiting, no router.
//!
//! What a hundred thousand people ask for every few seconds must cost little more than reading the
//! request and writing the answer. Only what goes well is answered here: anything else (a refusal,
//! something that has to be fetched first) takes the usual way, which alone decides about it.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, header},
    response::Response,
};
use tokio::time::Instant;

use super::{Edge, RequestId};

/// A read of one route that is free of the rate limit.
pub trait FromMemory: Send + Sync {
    /// Template of the route, as the router has it.
    fn route(&self) -> &'static str;

    /// The JSON of a 200; `None`: the router answers.
    fn answer(&self, path: &str, headers: &HeaderMap) -> Option<Vec<u8>>;
}

/// The same for everybody who asks: [`Edge`] is around it as it is around the router.
#[derive(Clone)]
pub struct MemoryReads {
    edge: Arc<Edge>,
    reads: Arc<[Arc<dyn FromMemory>]>,
}

impl MemoryReads {
    pub fn new(edge: Arc<Edge>, reads: Vec<Arc<dyn FromMemory>>) -> Self {
        Self { edge, reads: reads.into() }
    }

    /// `None`: the router answers.
    pub fn answer<B>(&self, request: &Request<B>) -> Option<Response> {
        if request.method() != Method::GET || request.uri().query().is_some() {
            return None;
        }
        let started = Instant::now();
        let (path, headers) = (request.uri().path(), request.headers());
        let (route, body) =
            self.reads.iter().find_map(|read| Some((read.route(), read.answer(path, headers)?)))?;
        let mut response = Response::new(Body::from(body));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().reserve(8);
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        self.edge.mark_origin(headers, &mut response);
        let id = RequestId::take_or_make(headers);
        let span = self.edge.span(request.method(), route, path, &id, headers);
        self.edge.finish(&mut response, id);
        self.edge.record(&span, request.method(), route, response.status(), started);
        Some(response)
    }
}
