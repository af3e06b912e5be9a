//! Settings: one table names them all; flags, environment and a TOML file fill it; [`Settings`] is
//! what comes out, checked.
//!
//! A flag wins over the environment, the environment over the file, the file over the default. An
//! empty value means the default. Secrets are no flags: a process's arguments are for all to see;
//! but each may stand in a file of its own, which the environment names.

mod file;
mod flags;
mod kept;
mod secret_file;
mod settings;
mod table;

pub use flags::SettingFlags;
pub use kept::KeptError;
pub use settings::{Settings, StripeRate, StripeSettings};
pub use table::{SETTINGS, Setting, listing};

/// Why the program does not start. Names the setting and never shows a value that may be secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{name}: {reason}")]
    Invalid { name: &'static str, reason: String },
    #[error("the file {path} cannot be read")]
    File { path: String, source: std::io::Error },
    #[error("{name}: {name}_FILE names {path}, which cannot be read")]
    SecretFile { name: &'static str, path: String, source: std::io::Error },
    #[error("the file {path} is not valid TOML: {reason}")]
    Toml { path: String, reason: String },
    #[error("the file {path} sets {key}, which is no setting (`holdfast config` lists them)")]
    UnknownKey { path: String, key: String },
}

#[cfg(test)]
mod tests;
