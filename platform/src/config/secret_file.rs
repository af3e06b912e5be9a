//! Secrets out of files of their own, as container platforms mount them: `HOLDFAST_SIGNING_KEY_FILE`
//! names the file that has the signing key.

use std::fs;

use super::{ConfigError, Setting};

/// The value of a secret setting in the environment: itself, or what its file has. None: neither is
/// given.
pub(super) fn read(
    setting: &Setting,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, ConfigError> {
    let given = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
    let name = setting.name;
    let value = given(name);
    let Some(path) = given(&format!("{name}_FILE")) else {
        return Ok(value);
    };
    let invalid = |reason: String| Err(ConfigError::Invalid { name, reason });
    if value.is_some() {
        return invalid(format!("is given twice: by {name} and by {name}_FILE"));
    }
    let text = fs::read_to_string(path.trim()).map_err(|source| ConfigError::SecretFile {
        name,
        path: path.clone(),
        source,
    })?;
    // Somebody meant to give a secret: the default would be a surprise.
    match text.trim() {
        "" => invalid(format!("{name}_FILE names an empty file")),
        text => Ok(Some(text.to_owned())),
    }
}
