//! The part of a file that has come, with its sum, and the notes from which a later pull knows whether it may
//! go on from there. Must not know how bytes come.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::contents::HEAD;
use crate::folder::Folder;
use crate::plain;
use crate::sums::{self, Sum, Summing};

/// The longest notes that are read.
const LONGEST_NOTES: u64 = 1 << 16;

/// Where a part came from, and which file it was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notes {
    /// The address.
    pub(crate) address: String,
    /// The server's name for this version of the file.
    pub(crate) etag: Option<String>,
    /// The length of the whole file.
    pub(crate) total: Option<u64>,
    /// The sum that the server announced.
    pub(crate) announced: Option<String>,
}

/// The part of a file that has come.
pub(crate) struct Part {
    pub(crate) path: PathBuf,
    notes_path: PathBuf,
    file: File,
    summing: Summing,
    head: Vec<u8>,
    length: u64,
    notes: Option<Notes>,
}

impl Part {
    /// What is there of a file. It is read whole, for its sum.
    ///
    /// # Errors
    /// If it cannot be opened or read.
    pub(crate) fn open(folder: &Folder, name: &str) -> io::Result<Self> {
        let (path, notes_path) = (folder.part(name), folder.notes(name));
        let file = plain::open(&path)?;
        let notes = offhook_files::text(&notes_path, LONGEST_NOTES).ok();
        let notes = notes.and_then(|text| serde_json::from_str(&text).ok());
        let (summing, head) = (Summing::new(), Vec::new());
        let mut part = Self { path, notes_path, file, summing, head, length: 0, notes };
        let mut reading = part.file.try_clone()?;
        sums::pieces(&mut reading, |bytes| {
            part.count(bytes);
            Ok(())
        })?;
        Ok(part)
    }

    /// Adds bytes. They are written at once: a pull that is killed goes on from there.
    ///
    /// # Errors
    /// If they cannot be written.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.count(bytes);
        Ok(())
    }

    fn count(&mut self, bytes: &[u8]) {
        self.summing.feed(bytes);
        let wanted = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(bytes.get(..wanted).unwrap_or(bytes));
        self.length += bytes.len() as u64;
    }

    /// Begins anew, with nothing.
    ///
    /// # Errors
    /// If the file cannot be emptied.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        self.notes = None;
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        (self.summing, self.length) = (Summing::new(), 0);
        self.head.clear();
        plain::remove(&self.notes_path)
    }

    /// Notes where the bytes come from.
    ///
    /// # Errors
    /// If the notes cannot be written.
    pub(crate) fn note(&mut self, notes: Notes) -> io::Result<()> {
        if self.notes.as_ref() != Some(&notes) {
            plain::write(&self.notes_path, serde_json::to_string(&notes)?.as_bytes())?;
            self.notes = Some(notes);
        }
        Ok(())
    }

    /// The notes, if they are about this address.
    pub(crate) fn notes_of(&self, address: &Address) -> Option<&Notes> {
        self.notes.as_ref().filter(|notes| notes.address == address.to_string())
    }

    /// How many bytes there are.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The first bytes.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The sum of what is there.
    pub(crate) fn sum(&self) -> Sum {
        self.summing.clone().sum()
    }

    /// Whether a later pull can go on from here, without a sum in the manifest.
    pub(crate) fn can_go_on(&self) -> bool {
        self.notes.as_ref().is_some_and(|notes| {
            notes.etag.is_some() || notes.announced.is_some() || notes.total == Some(self.length)
        })
    }

    /// The sum that the server announced for the whole file.
    pub(crate) fn announced(&self) -> Option<Sum> {
        self.notes.as_ref()?.announced.as_ref()?.parse().ok()
    }

    /// Waits until the disk has it.
    ///
    /// # Errors
    /// If it does not take it.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }

    /// Removes the part and its notes.
    ///
    /// # Errors
    /// If they are still there.
    pub(crate) fn discard(&self) -> io::Result<()> {
        plain::remove(&self.notes_path)?;
        plain::remove(&self.path)
    }

    /// Removes the notes, once the file has its name.
    pub(crate) fn forget_notes(&self) {
        // Notes without a part do no harm.
        let _ = plain::remove(&self.notes_path);
    }
}
