//! The HTTP server: HTTP/1.1 over hyper, with every bound that a public listener needs.
//!
//! A slow head, a slow reader, too many headers and too many connections all meet a limit here;
//! slow and large bodies meet theirs in the extractors. When a crowd has taken all connections, a few
//! more answer only what must always be answered, so that nobody's browser stands between a paid
//! order and its webhook. What two readers could read as different requests is not served. Ends by
//! draining: no new connections, requests under way are answered, then what is left is cut off.

mod framing;
mod head_timer;
mod places;
mod stall;

use std::{net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, body::Body, http::Request, response::IntoResponse};
use futures_util::future::{Either, ready};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::http::{MemoryReads, PeerAddress, Problem};
use head_timer::HeadTimer;
use places::{Place, Places};
pub use stall::StallGuard;

/// Bounds of the listener.
#[derive(Clone, Copy, Debug)]
pub struct ServeLimits {
    /// From the opening of a connection, or the last answer, to the end of the next head.
    pub head_timeout: Duration,
    /// How long a client may take nothing of an answer.
    pub write_timeout: Duration,
    /// Bytes of a head; more are 431.
    pub head_bytes_max: usize,
    /// Fewer where the process may not open so many files.
    pub connections_max: usize,
    /// Beyond those, for [`Site::vital`] alone; from there on each newcomer takes another's place.
    pub vital_connections_max: usize,
    /// From the end's announcement to the cutting off of what is still under way.
    pub drain_timeout: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            head_bytes_max: 16 * 1024,
            connections_max: 10_000,
            vital_connections_max: 64,
            // With the background work behind it, less than the grace of the chart and of compose.
            drain_timeout: Duration::from_secs(20),
        }
    }
}

/// What a listener serves.
#[derive(Clone)]
pub struct Site {
    pub router: Router,
    /// Asked before the router.
    pub from_memory: Option<MemoryReads>,
    /// Paths that are answered however many connections there are.
    pub vital: &'static [&'static str],
}

impl From<Router> for Site {
    fn from(router: Router) -> Self {
        Self { router, from_memory: None, vital: &[] }
    }
}

/// Serves `site` on `listener` until `stopping` is cancelled and everything is drained.
pub async fn serve(
    listener: TcpListener,
    site: impl Into<Site>,
    limits: ServeLimits,
    stopping: CancellationToken,
) {
    let site = site.into();
    let places = Places::new(&limits);
    let mut connections = JoinSet::new();
    while let Some(Some(accepted)) = stopping.run_until_cancelled(accept(&listener, &places)).await
    {
        let (site, stopping) = (site.clone(), stopping.clone());
        connections.spawn(async move {
            // Broken connections are the client's affair.
            if let Err(error) = connection(limits, accepted, site, stopping).await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
        while connections.try_join_next().is_some() {}
    }
    // Closed first, so that a load balancer sees it.
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain_timeout, drained).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were cut off");
        connections.shutdown().await;
    }
}

/// A connection in its place.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
}

/// Waits for a connection, then for its place. `None` never comes: the semaphores are not closed.
async fn accept(listener: &TcpListener, places: &Places) -> Option<Accepted> {
    let (stream, peer) = next_connection(listener).await;
    Some(Accepted { stream, peer, place: places.take().await? })
}

async fn next_connection(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(connection) => return connection,
            Err(error) => {
                // Out of file descriptors, or a client that went away: either passes.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// One connection to its end; from `stopping` on it takes no further request. One that has to give
/// its place away is closed as it is.
async fn connection(
    limits: ServeLimits,
    accepted: Accepted,
    site: Site,
    stopping: CancellationToken,
) -> Result<(), hyper::Error> {
    let Accepted { stream, peer, place } = accepted;
    let guest = place.guest();
    let is_vital_only = guest.is_some();
    // Small answers go out at once; a failure means a dead connection, which shows soon enough.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        if let Some(guest) = &guest {
            guest.has_asked();
            if !site.vital.contains(&request.uri().path()) {
                let problem = Problem::unavailable("overloaded").into_response();
                return Either::Left(ready(Ok(problem)));
            }
        }
        if framing::is_ambiguous(&request) {
            return Either::Left(ready(Ok(framing::refusal())));
        }
        if let Some(answer) = site.from_memory.as_ref().and_then(|reads| reads.answer(&request)) {
            return Either::Left(ready(Ok(answer)));
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(PeerAddress(peer));
        Either::Right(site.router.clone().oneshot(request))
    });
    let stream = TokioIo::new(StallGuard::new(stream, limits.write_timeout));
    let timer = HeadTimer::new();
    let mut connection = pin!(
        http1::Builder::new()
            .timer(timer.clone())
            .header_read_timeout(limits.head_timeout)
            .max_header_size(limits.head_bytes_max)
            // A vital place is for one request.
            .keep_alive(!is_vital_only)
            .serve_connection(stream, service)
            .with_upgrades()
    );
    let (mut over, mut stopped) =
        (pin!(timer.over(limits.head_timeout)), pin!(stopping.cancelled()));
    let mut displaced = pin!(place.displaced());
    let mut is_stopped = false;
    loop {
        tokio::select! {
            biased;
            end = connection.as_mut() => return end,
            () = displaced.as_mut() => return Ok(()),
            () = over.as_mut() => over.set(timer.over(limits.head_timeout)),
            () = stopped.as_mut(), if !is_stopped => {
                is_stopped = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests;
