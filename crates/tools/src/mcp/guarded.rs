//! What comes from an MCP server, before the protocol's library sees it: counted, slowed down when it floods,
//! and ended when it makes no sense. The library keeps every message and answers every request; a stranger
//! who sends without end would fill the memory.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{JsonRpcMessage, ServerNotification};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncRead, ReadBuf};

use crate::mcp::fate::Fate;

/// After so many messages there is a pause: a flood costs little of a core.
const BETWEEN_PAUSES: u32 = 64;
const PAUSE: Duration = Duration::from_millis(20);

/// Requests of the server that wait for our answers. One that sends more than it reads is cut off.
const MOST_UNANSWERED: usize = 32;

/// A transport whose other end is a stranger.
pub(crate) struct Guarded<T> {
    inner: T,
    fate: Arc<Fate>,
    since_pause: u32,
    unanswered: Arc<AtomicUsize>,
}

impl<T> Guarded<T> {
    pub(crate) fn new(inner: T, fate: Arc<Fate>) -> Self {
        Self { inner, fate, since_pause: 0, unanswered: Arc::default() }
    }
}

impl<T: Transport<RoleClient>> Transport<RoleClient> for Guarded<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let is_answer = matches!(message, JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_));
        let (sent, unanswered) = (self.inner.send(message), Arc::clone(&self.unanswered));
        async move {
            let sent = sent.await;
            if is_answer {
                let less = |waiting: usize| Some(waiting.saturating_sub(1));
                let _ = unanswered.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
            }
            sent
        }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            if self.since_pause >= BETWEEN_PAUSES {
                tokio::time::sleep(PAUSE).await;
                self.since_pause = 0;
            }
            let message = self.inner.receive().await?;
            self.since_pause += 1;
            self.fate.heard_a_message();
            match message {
                JsonRpcMessage::Notification(ref told)
                    if matches!(told.notification, ServerNotification::ToolListChangedNotification(_)) =>
                {
                    return Some(message);
                }
                // Progress, logs, changes of other lists: nobody here asked for them.
                JsonRpcMessage::Notification(_) => {}
                JsonRpcMessage::Request(_) => {
                    if self.unanswered.fetch_add(1, Ordering::Relaxed) >= MOST_UNANSWERED {
                        self.fate.seal("it asks without reading the answers");
                        return None;
                    }
                    return Some(message);
                }
                JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => return Some(message),
            }
        }
    }

    fn close(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        self.inner.close()
    }
}

/// The output of a process. It ends when too much came that holds no message.
pub(crate) struct Counted<R> {
    inner: R,
    fate: Arc<Fate>,
    longest_message: usize,
}

impl<R> Counted<R> {
    pub(crate) fn new(inner: R, fate: Arc<Fate>, longest_message: usize) -> Self {
        Self { inner, fate, longest_message }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.fate.is_sealed() {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let came = buffer.filled().len() - before;
        if self.fate.heard_bytes(came) > self.longest_message {
            self.fate.seal(&format!("it sent more than {} bytes that are no message", self.longest_message));
            buffer.set_filled(before);
        }
        polled
    }
}
