//! `GET /v1/events/{event}/live`: the upgrade. Checks come in the order syntax, origin, existence,
//! limits; after the answer everything belongs to `socket`.

use std::{net::IpAddr, sync::Arc};

use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{event::EventStatus, id::EventId, slug::is_slug};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use inventory::EventAtWork;
use platform::{
    http::{ClientAddress, Device, PathParams, Problem},
    serve::StallGuard,
};
use socket2::SockRef;
use tokio::net::TcpStream;

use crate::{
    SeatmapWs, error,
    handshake::{Handshake, check_origin},
    hub::{Hub, NotJoined},
    limits::{KERNEL_SEND_BYTES, KERNEL_UNSENT_BYTES, SILENCE_MAX},
    meters::Meters,
    outlet::{Beats, Outlet},
    selection::Selection,
    socket,
    wish::Wish,
};

/// Seconds after which a client may ask again when too many selections are in use.
const CHANNELS_RETRY_SECONDS: u32 = 10;

pub(crate) async fn open(
    State(maps): State<Arc<SeatmapWs>>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let PathParams(event) = PathParams::<String>::from_request_parts(&mut parts, &()).await?;
    let wish = Wish::read(parts.uri.query().unwrap_or_default())?;
    let handshake = Handshake::read(&parts)?;
    check_origin(&parts.headers, &maps.settings.allows_origin)?;
    let upgrade = parts.extensions.remove::<OnUpgrade>().ok_or_else(error::upgrade_required)?;
    let (device, address) = who(&mut parts).await?;
    if maps.ending.is_cancelled() {
        return Err(error::sockets_unavailable(1));
    }
    let event = maps.published(&event).await?;
    let selection = Selection::new(&event.chart, wish.zones.as_deref(), wish.overview);
    let selection = selection.map_err(|name| {
        Problem::invalid_request(format!("the chart has no zone or area {name:?}"))
    })?;
    let admitted = maps.admission.admit(device.0, address)?;
    let (hub, beats) = maps.join(&event, &selection).await?;
    if let Some(since) = wish.since {
        hub.wait_for(since).await;
    }
    let (format, since, lot) = (handshake.format, wish.since, maps.next_lot());
    maps.tasks.spawn(async move {
        // Else the client went away before it had the answer.
        if let Some((stream, early)) = upgrade.await.ok().and_then(connection) {
            let outlet = Arc::new(Outlet::new(stream, hub, selection, format, beats));
            socket::serve(outlet, early, since, lot).await;
        }
        drop(admitted);
    });
    Ok(answer(handshake))
}

async fn who(parts: &mut Parts) -> Result<(Device, IpAddr), Problem> {
    let device = Device::from_request_parts(parts, &()).await?;
    let address = ClientAddress::from_request_parts(parts, &()).await?;
    Ok((device, address.bucket()))
}

impl SeatmapWs {
    async fn published(&self, name: &str) -> Result<Arc<EventAtWork>, Problem> {
        if name.parse::<EventId>().is_err() && !is_slug(name) {
            return Err(error::unknown_event());
        }
        let event = self.inventory.event(name).await.map_err(error::unavailable)?;
        event
            .filter(|at_work| at_work.event.status == EventStatus::Published)
            .ok_or_else(error::unknown_event)
    }

    async fn join(
        self: &Arc<Self>,
        event: &Arc<EventAtWork>,
        selection: &Selection,
    ) -> Result<(Arc<Hub>, Beats), Problem> {
        // A hub may retire between being found and being joined; hardly ever twice.
        for _ in 0..3 {
            let hub = self.hub(event).await.map_err(error::unavailable)?;
            match hub.join(selection) {
                Ok(beats) => return Ok((hub, beats)),
                Err(NotJoined::Retired) => self.forget_retired(),
                Err(NotJoined::TooManyChannels) => {
                    Meters::refused("channels");
                    return Err(error::too_many_sockets(CHANNELS_RETRY_SECONDS));
                }
            }
        }
        Err(error::sockets_unavailable(1))
    }
}

fn answer(handshake: Handshake) -> Response {
    let mut response = (StatusCode::SWITCHING_PROTOCOLS, Body::empty()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, handshake.accept);
    if let Some(subprotocol) = handshake.subprotocol {
        let value = HeaderValue::from_static(subprotocol);
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, value);
    }
    response
}

/// The TCP connection itself, and what came right behind the handshake: one call less a frame, and
/// the kernel's buffers can be bounded. None: not a connection of [`platform::serve`], which never
/// is.
fn connection(upgraded: Upgraded) -> Option<(TcpStream, Bytes)> {
    let parts = upgraded.downcast::<TokioIo<StallGuard<TcpStream>>>().ok()?;
    let stream = parts.io.into_inner().into_inner();
    bound_buffers(&stream);
    Some((stream, parts.read_buf))
}

/// What a slow reader makes the kernel keep for it. A system that refuses has larger buffers.
fn bound_buffers(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let _ = socket.set_send_buffer_size(KERNEL_SEND_BYTES);
    #[cfg(target_os = "linux")]
    {
        let _ = socket.set_tcp_notsent_lowat(KERNEL_UNSENT_BYTES);
        let _ = socket.set_tcp_user_timeout(Some(SILENCE_MAX));
    }
}
