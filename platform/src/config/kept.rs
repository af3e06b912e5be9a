//! Secrets that nobody configured: made once, kept in the data directory, readable by the owner
//! only. So an embedded Holdfast needs no setting, and a restart honours the tokens given out.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use super::Settings;
use crate::{Secret, random};

/// A kept secret could be neither read nor written.
#[derive(Debug, thiserror::Error)]
#[error("the file {file} in the data directory can be neither read nor written")]
pub struct KeptError {
    file: &'static str,
    source: io::Error,
}

impl Settings {
    /// The configured signing keys, or the kept one. Processes that share stores must share keys:
    /// configure them there.
    pub fn signing_keys(&self) -> Result<Vec<Secret>, KeptError> {
        match self.configured_signing_keys.as_slice() {
            [] => Ok(vec![self.kept("signing-key")?]),
            keys => Ok(keys.to_vec()),
        }
    }

    /// The configured token of the organiser, or the kept one.
    pub fn organizer_token(&self) -> Result<Secret, KeptError> {
        match &self.configured_organizer_token {
            Some(token) => Ok(token.clone()),
            None => self.kept("organizer-token"),
        }
    }

    fn kept(&self, file: &'static str) -> Result<Secret, KeptError> {
        read_or_make(&self.data_dir, file).map_err(|source| KeptError { file, source })
    }
}

/// Two processes that start at once agree: the content is complete before the name exists, and
/// the name is given only once.
fn read_or_make(directory: &Path, file: &str) -> io::Result<Secret> {
    let path = directory.join(file);
    match fs::read_to_string(&path) {
        Ok(text) if text.trim().is_empty() => return Err(ErrorKind::InvalidData.into()),
        Ok(text) => return Ok(Secret::new(text.trim())),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let secret = Secret::new(random::token());
    let draft = directory.join(format!(".{file}-{}", random::token()));
    let mut handle = File::options().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(handle, "{}", secret.expose())?;
    handle.sync_all()?;
    let linked = fs::hard_link(&draft, &path);
    fs::remove_file(&draft)?;
    match linked {
        Ok(()) => {
            File::open(directory)?.sync_all()?;
            Ok(secret)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Ok(Secret::new(fs::read_to_string(&path)?.trim()))
        }
        Err(error) => Err(error),
    }
}
