//! Starts the threads of engines. They run at a lower priority than the sockets, so that a busy model never
//! delays a frame.

/// Starts a thread with this name.
pub(super) fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name).spawn(run).map(drop)
}

/// Gives sockets priority over models: engine threads, and the pools they start, run at nice 5.
///
/// Linux keeps this value for each thread. Call it on a thread before that thread starts others, which
/// inherit it.
pub fn lower_priority() {
    lower_to(5);
}

fn lower_to(nice: i32) {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), nice) {
        tracing::debug!(%error, "engine threads keep the normal priority");
    }
}

/// Runs work that gives way to everything else, on a thread of its own: at nice 19, a busy engine leaves it a
/// twentieth of a core.
///
/// # Errors
/// If the operating system gives no thread.
pub fn aside(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    spawn(name.to_owned(), move || {
        lower_to(19);
        work();
    })
}
