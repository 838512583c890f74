//! Accepts connections: limits their number, how long a request may take, and adds TLS. Must not know the
//! routes.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
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
use tokio_util::sync::CancellationToken;

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
    more: More,
    _place: Arc<OwnedSemaphorePermit>,
}

impl Connection {
    /// Allows the answer to this request to take so much longer: it is long work, or comes as it is made.
    pub(super) fn take_longer(&self, by: Duration) {
        self.more.time.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Closes the connection, whatever it still has to send.
    pub(super) fn cut(&self) {
        self.more.cut.cancel();
    }
}

/// What a route decides about its connection.
#[derive(Debug, Clone, Default)]
struct More {
    /// Time that the request has beyond the patience of its connection, in milliseconds.
    time: Arc<AtomicU64>,
    cut: CancellationToken,
}

impl More {
    /// Does it within `patience` and whatever is added meanwhile, unless it is cut.
    async fn within<F: Future>(self, patience: Duration, work: F) -> io::Result<F::Output> {
        let mut work = pin!(self.cut.run_until_cancelled(work));
        let mut next = patience;
        loop {
            match timeout(next, &mut work).await {
                Ok(done) => return done.ok_or_else(|| io::ErrorKind::ConnectionAborted.into()),
                Err(late) => match self.time.swap(0, Relaxed) {
                    0 => return Err(late.into()),
                    more => next = Duration::from_millis(more),
                },
            }
        }
    }
}

/// Limits for connections that are not sockets yet.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The maximum number of connections at a time. One more is closed without an answer.
    pub connections: usize,
    /// The timeout from the opening of a connection to the end of its TLS handshake, and again from there to
    /// the end of its one answer, unless its route takes longer.
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
        let (peer_ip, more) = (peer.ip().to_canonical(), More::default());
        let connection = Connection { peer: peer_ip, loopback, more: more.clone(), _place: Arc::new(place) };
        let router = router.clone().layer(Extension(connection));
        tokio::spawn(connected(stream, peer, router, (limits.patience, more), tls.clone()));
    }
}

async fn connected(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    (patience, more): (Duration, More),
    tls: Option<Certificates>,
) {
    // Frames of 20 ms are small. Waiting for more data to send with them would make them late.
    let _ = stream.set_nodelay(true);
    let ended = match tls {
        None => requests(stream, router, patience, more).await,
        Some(tls) => match timeout(patience, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => requests(stream, router, patience, more).await,
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
/// answer included, and what its route adds: a client that reads slowly or repeats requests holds no place.
/// The timeout no longer applies once the connection has become a socket.
async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    patience: Duration,
    more: More,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let request = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .with_upgrades();
    Ok(more.within(patience, request).await??)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_has_the_time_that_its_route_added_and_no_more() {
        let (patience, more) = (Duration::from_millis(20), More::default());
        more.time.store(60_000, Relaxed);
        let work = tokio::time::sleep(3 * patience);
        assert!(more.clone().within(patience, work).await.is_ok());
        assert!(more.clone().within(patience, std::future::pending::<()>()).await.is_err());
        more.cut.cancel();
        assert!(more.within(Duration::from_secs(60), std::future::pending::<()>()).await.is_err());
    }
}
