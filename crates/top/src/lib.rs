//! `offhook top`, the screen that shows a running server: the form of what a server tells of itself, and its
//! picture in a terminal, in a pipe and in an SVG file. Must not know how the figures come about or from
//! where they are fetched: it opens no socket.
//!
//! Start reading at [`State`], which the server writes and the screen reads. A [`View`] is what a person sees
//! of it; [`draw`] and [`View::key`] are pure, and [`run`] connects them with a terminal.

mod advice;
mod calls;
mod clean;
mod clock;
mod engines;
mod figures;
mod foot;
mod head;
mod history;
mod latency;
mod lenient;
mod line;

mod paint;
mod picture;
mod quality;
mod screen;
mod sparks;
mod state;
mod table;
mod tally;
mod terminal;
mod text;
mod view;

pub use history::{HISTORY, History};
pub use picture::svg;
pub use screen::draw;
pub use state::{
    Admission, Advice, Call, Engine, Health, Percentiles, Pressure, Quality, RecordCounts, State, Thrift,
    Work,
};
pub use terminal::{Options, run};
pub use text::text;
pub use view::{Key, Sort, Then, View};
