//! Published models by name: a manifest of where they are, the folder that keeps them, and pulls that end
//! with the whole, checked file or with none. Must not know what runs the models, and prints nothing.
//!
//! Start reading at [`pull`]: one model, file by file. [`Manifest`] says what there is, [`Folder`] what is
//! here.

mod address;
mod clock;
mod contents;
mod copying;
mod download;
mod entries;
mod finishing;
mod folder;
mod lock;
mod manifest;
mod options;
mod part;
mod plain;
mod problem;
mod pull;
mod removal;
mod request;
mod room;
mod sums;
mod transfer;
mod validation;
mod verification;

pub use address::{Address, BadAddress};
pub use entries::{Kind, Memory, Model, ModelFile};
pub use finishing::Proof;
pub use folder::{Folder, Installed, NoFolder, NotHere};
pub use manifest::{Manifest, ManifestError, NoSuchModel};
pub use options::{BadToken, Progress, PullOptions, Token};
pub use problem::{Problem, PullError};
pub use pull::{Got, Pulled, pull};
pub use removal::{RemoveError, Removed};
pub use room::free_space;
pub use sums::Sum;
pub use verification::{Finding, Verified};
