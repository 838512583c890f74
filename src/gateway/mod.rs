//! One file a provider.
