//! From TOML to `Config`.

use std::path::Path;

use super::{Config, Problem};

/// The configuration that ships with offhook.
pub const DEFAULT_CONFIG: &str = "";

/// Everything that is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[error("bad configuration")]
pub struct ConfigError(pub Vec<Problem>);

/// Reads a file.
pub fn load(_path: &Path) -> Result<Config, ConfigError> {
    Err(ConfigError(Vec::new()))
}

/// Reads a text.
pub fn parse(_text: &str, _base: &Path) -> Result<Config, ConfigError> {
    Err(ConfigError(Vec::new()))
}
