//! The threads of engines run at a lower priority than the sockets, so that a busy model never delays a frame.

/// Starts a thread of this name.
pub(super) fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name).spawn(run).map(drop)
}

/// Sockets before models: engine threads, and the pools they start, run at nice 5.
///
/// Linux keeps the value a thread; call it on a thread before it starts others, which inherit it.
pub fn lower_priority() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), 5) {
        tracing::debug!(%error, "engine threads keep the normal priority");
    }
}
