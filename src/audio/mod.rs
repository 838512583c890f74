//! Frames, codecs, files.
