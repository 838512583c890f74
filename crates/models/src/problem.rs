//! Why a pull failed: what was wrong, what was expected, and what to do. Must not know how it was found.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::address::BadAddress;
use crate::sums::Sum;

/// Why a model was not pulled.
#[derive(Debug, thiserror::Error)]
#[error("{model}: {file}: {}{}", told(.problems), and_kept(*.kept))]
pub struct PullError {
    /// The model.
    pub model: String,
    /// The file that failed.
    pub file: String,
    /// What was wrong: one for each address that was tried.
    pub problems: Vec<Problem>,
    /// The bytes that are kept, from which the next pull goes on.
    pub kept: u64,
}

/// What was wrong with a file, an address or a folder.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// An address, or a redirect, that files may not come from.
    #[error(transparent)]
    Address(#[from] BadAddress),
    /// The HTTP client cannot be made.
    #[error(
        "no request can be made from here: {0}; on Debian, the package ca-certificates has what is needed to trust a server"
    )]
    Client(String),
    /// Nobody answered.
    #[error(
        "no answer from {server}: {reason}; is this machine online? A proxy is taken from HTTPS_PROXY; without a \
         network, fetch {address} elsewhere and give its folder with --offline"
    )]
    NoAnswer {
        /// Scheme, host and port.
        server: String,
        /// What the client says.
        reason: String,
        /// The address.
        address: String,
    },
    /// The connection ended before the file did.
    #[error(
        "{server} ended the connection after {had} bytes of the file ({reason}); pull again to go on from there"
    )]
    Cut {
        /// Scheme, host and port.
        server: String,
        /// The bytes that are there.
        had: u64,
        /// How it ended.
        reason: String,
    },
    /// Too little came for too long.
    #[error("{server} has all but stopped: {came} in {} s; pull again to go on from there", .window.as_secs_f32())]
    Stalled {
        /// Scheme, host and port.
        server: String,
        /// What came.
        came: &'static str,
        /// The time that was waited for more.
        window: Duration,
    },
    /// A web page instead of a file.
    #[error(
        "{address} gave a web page in place of the file: it may want a login or agreement; open it in a browser, \
         agree to the terms, and give a token in OFFHOOK_HF_TOKEN; or there is a proxy in between that wants a login"
    )]
    Page {
        /// The address.
        address: String,
    },
    /// 401 or 403.
    #[error("{address} answered {status}: {remedy}")]
    Refused {
        /// The address.
        address: String,
        /// The status.
        status: u16,
        /// What to do.
        remedy: String,
    },
    /// 404 or 410.
    #[error(
        "{address} answered {status}: the file is not there; it may have been renamed or withdrawn: look at the \
         page of its publisher, and write the new address into a manifest of your own (--manifest FILE)"
    )]
    NotThere {
        /// The address.
        address: String,
        /// The status.
        status: u16,
    },
    /// Any other answer that is no file.
    #[error(
        "{address} answered {status}, where 200 was expected; try again later, or another mirror (--base-url)"
    )]
    Status {
        /// The address.
        address: String,
        /// The status.
        status: u16,
    },
    /// It asks for more patience than we have.
    #[error("{address} answered {status} and asks to come back in {} s: pull again then", .wait.as_secs())]
    Later {
        /// The address.
        address: String,
        /// The status.
        status: u16,
        /// The time to wait.
        wait: Duration,
    },
    /// Redirects without an end.
    #[error(
        "{address} leads from one address to the next, more than {most} times; take another mirror (--base-url)"
    )]
    Redirects {
        /// The address.
        address: String,
        /// The most that are followed.
        most: usize,
    },
    /// The file at the address, or what it said about it, changed with every try.
    #[error("{server} has another file each time; try again later, or another mirror (--base-url)")]
    Unsteady {
        /// Scheme, host and port.
        server: String,
    },
    /// Neither its length nor its end can be known.
    #[error(
        "{server} says neither how long the file is nor where it ends, so that half of it could not be told from \
         the whole; write its length or sum into the manifest, or use another mirror (--base-url)"
    )]
    NoEnd {
        /// Scheme, host and port.
        server: String,
    },
    /// The length is another than expected.
    #[error(
        "{from} has {found} bytes, and the manifest says {expected}: it is another file, or another version of it; \
         correct the manifest if that is the one you want"
    )]
    Length {
        /// The server or the file.
        from: String,
        /// The manifest's.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// More bytes than there may be.
    #[error("{from} sent more than the {most} bytes that the file may have; nothing was kept")]
    TooLong {
        /// The server or the file.
        from: String,
        /// The most.
        most: u64,
    },
    /// The sum is another than expected.
    #[error(
        "its SHA-256 is {found}, and {by} says {expected}: it was changed or damaged on the way, or is another \
         version; nothing was kept. Pull again, and if it stays so, do not use that file"
    )]
    Sum {
        /// The sum that it must have.
        expected: Sum,
        /// Who says so.
        by: String,
        /// The sum of what came.
        found: Sum,
    },
    /// It is no model of its kind.
    #[error("{from}: {what}; nothing was kept")]
    Form {
        /// The server or the file.
        from: String,
        /// What is wrong.
        what: String,
    },
    /// Not enough room, by the file system's own account.
    #[error("needs {needs} MiB, {free} MiB are free in {}: make room there, or set OFFHOOK_MODELS to a folder on another disk", folder.display())]
    Room {
        /// What the file and the reserve take, in MiB.
        needs: String,
        /// What is free, in MiB.
        free: String,
        /// The folder.
        folder: PathBuf,
    },
    /// The disk is full.
    #[error("the disk of {} is full, or this user's share of it: make room there and pull again to go on, or set OFFHOOK_MODELS to a folder on another disk", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The folder cannot be written to.
    #[error("{}: {error}: run it as a user who may write there, or set OFFHOOK_MODELS to a folder of yours", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Something else is wrong with a file.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Another process is at it.
    #[error("another process is pulling {} now: wait until it has ended", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// A file that is not ours has this name.
    #[error("{} is there and is not this file ({what}), and was not pulled: move it away or give it another name", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The folder that was given has no such file.
    #[error("{}: {error}; --offline FOLDER expects the file under this name: it is published at {address}", path.display())]
    NotOffline {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
        /// Where it is published.
        address: String,
    },
}

impl Problem {
    /// The problem with a file of ours that cannot be written.
    pub(crate) fn writing(path: &Path, error: io::Error) -> Self {
        let (kind, path) = (error.kind(), path.to_owned());
        if [ErrorKind::StorageFull, ErrorKind::QuotaExceeded].contains(&kind) {
            Self::Full { path }
        } else if [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem].contains(&kind) {
            Self::Unwritable { path, error }
        } else {
            Self::Io { path, error }
        }
    }

    /// Whether another address may do better.
    pub(crate) fn is_of_the_address(&self) -> bool {
        match self {
            Self::Address(_)
            | Self::NoAnswer { .. }
            | Self::Cut { .. }
            | Self::Stalled { .. }
            | Self::Page { .. }
            | Self::Refused { .. }
            | Self::NotThere { .. }
            | Self::Status { .. }
            | Self::Later { .. }
            | Self::Redirects { .. }
            | Self::Unsteady { .. }
            | Self::NoEnd { .. }
            | Self::Length { .. }
            | Self::TooLong { .. }
            | Self::Sum { .. }
            | Self::Form { .. } => true,
            Self::Client(_)
            | Self::Room { .. }
            | Self::Full { .. }
            | Self::Unwritable { .. }
            | Self::Io { .. }
            | Self::Locked { .. }
            | Self::Foreign { .. }
            | Self::NotOffline { .. } => false,
        }
    }
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; then: ")
}

fn and_kept(bytes: u64) -> String {
    if bytes == 0 {
        String::new()
    } else {
        format!(" ({bytes} bytes are kept, and the next pull goes on from there)")
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn what_the_system_says_of_a_file_that_cannot_be_written_is_told_with_a_remedy() {
        let told = |errno: Errno| Problem::writing(Path::new("/m/a.part"), errno.into()).to_string();
        for full in [Errno::NOSPC, Errno::DQUOT] {
            assert!(told(full).contains("/m/a.part is full") && told(full).contains("pull again to go on"));
        }
        for barred in [Errno::ACCESS, Errno::PERM, Errno::ROFS] {
            assert!(told(barred).contains("set OFFHOOK_MODELS to a folder of yours"), "{}", told(barred));
        }
        assert!(told(Errno::IO).starts_with("/m/a.part: "));
    }
}
