//! flite.
