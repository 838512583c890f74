//! Where connections come in: how many, how long a request may take, and TLS. Must not know the routes.

use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::{Extension, Router};
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

/// Whose connection a request came on. It is counted until the request has become a socket or is over.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    /// The other end; behind a proxy, that is the proxy.
    pub(super) peer: IpAddr,
    _place: Arc<OwnedSemaphorePermit>,
}

/// Gives each new connection its routes, and no more connections than there may be.
#[derive(Debug, Clone)]
struct Door {
    router: Router,
    places: Arc<Semaphore>,
}

/// One connection too many: it is closed without a word.
#[derive(Debug, thiserror::Error)]
#[error("too many connections")]
struct TooMany;

impl Service<SocketAddr> for Door {
    type Response = Router;
    type Error = TooMany;
    type Future = Ready<Result<Router, TooMany>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TooMany>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, peer: SocketAddr) -> Self::Future {
        let place = self.places.clone().try_acquire_owned();
        ready(place.map_err(|_| TooMany).map(|place| {
            tracing::trace!(%peer, "connected");
            let connection = Connection { peer: peer.ip().to_canonical(), _place: Arc::new(place) };
            self.router.clone().layer(Extension(connection))
        }))
    }
}

/// Limits of what is no socket yet.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at the same time.
    pub connections: usize,
    /// From the opening of a connection to the end of its TLS handshake, and from there to the end of a
    /// request's headers.
    pub patience: Duration,
}

/// Serves `router` on `listener` until `handle` says otherwise.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let door = Door { router, places: Arc::new(Semaphore::new(limits.connections)) };
    listener.set_nonblocking(true)?;
    let mut server = axum_server::from_tcp(listener)?.handle(handle);
    *server.http_builder() = requests(limits.patience);
    // Frames of 20 ms are small: waiting for more to send with them would make them late.
    let server: Server<SocketAddr, NoDelayAcceptor> = server.acceptor(NoDelayAcceptor::new());
    match tls {
        None => server.serve(door).await,
        Some(tls) => {
            let tls = RustlsAcceptor::new(tls).handshake_timeout(limits.patience);
            server.map(|nodelay| tls.acceptor(nodelay)).serve(door).await
        }
    }
}

/// WebSockets begin with HTTP/1.1, and a request has so long to come.
fn requests(patience: Duration) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience).max_headers(64);
    builder
}
