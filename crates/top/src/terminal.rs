//! The screen in a real terminal: raw mode, keys, a thread that asks for figures, and a terminal that is left
//! as it was found on every way out. The only impure file of the screen. Must not know what is drawn.

use std::io::{self, IsTerminal as _, stdout};
use std::panic::{PanicHookInfo, set_hook, take_hook};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

use crate::clock::Stopwatch;
use crate::screen::draw;
use crate::state::State;
use crate::view::{Key, Then, View};

/// How long a key, a signal or new figures may wait.
const TICK: Duration = Duration::from_millis(50);

/// The screen is drawn at least this often, because figures grow old.
const REDRAW: Duration = Duration::from_secs(1);

/// How the screen runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether there are colours (`NO_COLOR`).
    pub colour: bool,
    /// The time from one question to the next.
    pub every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { colour: true, every: Duration::from_secs(1) }
    }
}

/// What the server answered last, until it is shown.
type Slot = Mutex<Option<Result<State, String>>>;

/// Shows a server until the user leaves. `fetch` asks it, on a thread of its own, so that keys work however
/// long that takes; the thread ends with the answer after the screen's end.
///
/// # Errors
///
/// If standard output is no terminal, if the terminal fails, or if a thread of the program panics, because
/// its message would be drawn over.
pub fn run(
    fetch: impl FnMut() -> Result<State, String> + Send + 'static,
    options: Options,
) -> io::Result<()> {
    if !stdout().is_terminal() {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "standard output is not a terminal"));
    }
    let stop = Signals::catch()?;
    let screen = Screen::enter()?;
    let slot = Arc::new(Slot::default());
    ask(fetch, &slot, options.every)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
    let (clock, mut view) = (Stopwatch::start(), View::new(options.colour));
    let mut drawn: Option<Duration> = None;
    while !stop.came.load(SeqCst) {
        let now = clock.passed();
        view.at(now);
        let answer = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(answer) = answer {
            view.told(answer, now);
            drawn = None;
        }
        if screen.left.load(SeqCst) {
            return Err(io::Error::other("a thread of the program panicked"));
        }
        if drawn.is_none_or(|drawn| now.saturating_sub(drawn) >= REDRAW) {
            terminal.draw(|frame| draw(frame, &view))?;
            drawn = Some(now);
        }
        if !is_there(TICK)? {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the terminal is gone"));
        }
        while event::poll(Duration::ZERO)? {
            let event = event::read()?;
            if key(&event).is_some_and(|key| view.key(key) == Then::Quit) {
                return Ok(());
            }
            // Another size is drawn at once, too. What was typed ahead is read before.
            drawn = None;
        }
    }
    Ok(())
}

/// Waits for a key, at most so long. False if the terminal is gone: its window was closed, or its connection
/// was lost. Reading from it would then go on for ever.
fn is_there(longest: Duration) -> io::Result<bool> {
    let terminal = stdout();
    let mut asked = [PollFd::new(&terminal, PollFlags::IN)];
    let longest = Timespec::try_from(longest).map_err(io::Error::other)?;
    match poll(&mut asked, Some(&longest)) {
        // A signal: the loop looks at it.
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(!asked[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL))
}

/// Starts the thread that asks, until nobody wants answers any more.
fn ask(
    mut fetch: impl FnMut() -> Result<State, String> + Send + 'static,
    slot: &Arc<Slot>,
    every: Duration,
) -> io::Result<()> {
    let slot = Arc::downgrade(slot);
    let ask = move || loop {
        let began = Stopwatch::start();
        let answer = fetch();
        let Some(slot) = slot.upgrade() else { return };
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        drop(slot);
        thread::sleep(every.saturating_sub(began.passed()));
    };
    thread::Builder::new().name("top-fetch".to_owned()).spawn(ask).map(drop)
}

/// The key of an event, if it is one that means something.
#[expect(clippy::wildcard_enum_match_arm, reason = "most keys of a keyboard mean nothing here")]
fn key(event: &Event) -> Option<Key> {
    let Event::Key(KeyEvent { code, modifiers, kind, .. }) = event else { return None };
    if *kind == KeyEventKind::Release {
        return None;
    }
    let control = modifiers.contains(KeyModifiers::CONTROL);
    match code {
        KeyCode::Char('c') if control => Some(Key::CtrlC),
        KeyCode::Char(_) if control || modifiers.contains(KeyModifiers::ALT) => None,
        KeyCode::Char(c) => Some(Key::Char(*c)),
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        KeyCode::Esc => Some(Key::Escape),
        _ => None,
    }
}

/// Signals that end a program end the screen first.
struct Signals {
    came: Arc<AtomicBool>,
    caught: Vec<signal_hook::SigId>,
}

impl Signals {
    fn catch() -> io::Result<Self> {
        let mut signals = Self { came: Arc::default(), caught: Vec::new() };
        for signal in [SIGTERM, SIGINT, SIGHUP] {
            signals.caught.push(flag::register(signal, Arc::clone(&signals.came))?);
        }
        Ok(signals)
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for caught in self.caught.drain(..) {
            low_level::unregister(caught);
        }
    }
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// The terminal while it is the screen's. Left when this is dropped, and before the message of a panic.
struct Screen {
    left: Arc<AtomicBool>,
    /// What happened at a panic before.
    before: Arc<Hook>,
}

impl Screen {
    fn enter() -> io::Result<Self> {
        let screen = Self { left: Arc::default(), before: Arc::new(take_hook()) };
        let (left, before) = (Arc::clone(&screen.left), Arc::clone(&screen.before));
        set_hook(Box::new(move |info| {
            leave(&left);
            before(info);
        }));
        enable_raw_mode()?;
        execute!(stdout(), EnterAlternateScreen)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave(&self.left);
        // A thread that panics must not touch the hook.
        if !thread::panicking() {
            let before = Arc::clone(&self.before);
            set_hook(Box::new(move |info| before(info)));
        }
    }
}

/// Gives the terminal back, once. Nothing is left to try if that fails.
fn leave(left: &AtomicBool) {
    if !left.swap(true, SeqCst) {
        let _ = disable_raw_mode();
        let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    }
}
