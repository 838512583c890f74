//! Accepts connections: limits their number, how long a request may take, and adds TLS. Must not know the
//! routes.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::handshake::one_host;
use crate::app::certificates::Certificates;

/// The maximum number of headers of a request; a gateway sends fewer.
const MAX_HEADERS: usize = 64;

/// The maximum size of the headers in bytes; those of a gateway are shorter.
const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The wait after an error of the system (no more files may be opened): other connections may end meanwhile.
const BREATH: Duration = Duration::from_millis(50);

/// The connection of a request. It is counted until the request has become a socket or is over.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    /// The address of the client; behind a proxy, that of the proxy.
    pub(super) peer: IpAddr,
    /// The server listens on an address that only this machine can reach.
    pub(super) loopback: bool,
    _place: Arc<OwnedSemaphorePermit>,
}

/// Limits for connections that are not sockets yet.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The maximum number of connections at a time. One more is closed without an answer.
    pub connections: usize,
    /// The timeout from the opening of a connection to the end of its TLS handshake, and again from there to
    /// the end of its one answer.
    pub patience: Duration,
}

/// Serves `router` on `listener` for ever, with TLS if there are certificates.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, tls: Option<Certificates>) {
    let router = router.layer(from_fn(one_host)).layer(map_response(closing));
    let loopback = listener.local_addr().is_ok_and(|here| here.ip().to_canonical().is_loopback());
    let places = Arc::new(Semaphore::new(limits.connections));
    // The number of errors in a row. A log line for each would be twenty a second.
    let mut failed = 0_u64;
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                if failed == 0 {
                    tracing::warn!(%error, "a connection could not be accepted");
                }
                failed += 1;
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        if failed > 1 {
            tracing::warn!(failed, "connections are accepted again");
        }
        failed = 0;
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::debug!(%peer, "a connection was closed: the connection limit is reached");
            continue;
        };
        let connection = Connection { peer: peer.ip().to_canonical(), loopback, _place: Arc::new(place) };
        let router = router.clone().layer(Extension(connection));
        tokio::spawn(connected(stream, peer, router, limits.patience, tls.clone()));
    }
}

async fn connected(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: Duration,
    tls: Option<Certificates>,
) {
    // Frames of 20 ms are small. Waiting for more data to send with them would make them late.
    let _ = stream.set_nodelay(true);
    let ended = match tls {
        None => requests(stream, router, patience).await,
        Some(tls) => match timeout(patience, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => requests(stream, router, patience).await,
            Ok(Err(error)) => Err(error.into()),
            Err(late) => Err(io::Error::from(late).into()),
        },
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}

/// A connection carries one request. (hyper's own setting for that also sends "close" when it opens a socket,
/// and clients then refuse the socket.)
async fn closing(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// WebSockets begin with HTTP/1.1. A connection carries one request, and has `patience` for all of it, the
/// answer included: a client that reads slowly or repeats requests holds no place. The timeout no longer
/// applies once the connection has become a socket.
async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    patience: Duration,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let request = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    Ok(timeout(patience, request).await.map_err(io::Error::from)??)
}
