//! Settings from a TOML file: a flat table of texts, numbers, booleans and lists of texts.

use std::{collections::BTreeMap, fs};

use toml::{Table, Value};

use super::{ConfigError, SETTINGS};

/// Values by environment name.
pub(super) fn read(path: &str) -> Result<BTreeMap<&'static str, String>, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        // The message without the excerpt, which may show a secret.
        ConfigError::Toml { path: path.to_owned(), reason: error.message().to_owned() }
    })?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        // The file cannot name another file.
        let setting = SETTINGS[1..].iter().find(|setting| setting.file_key() == key);
        let Some(setting) = setting else {
            return Err(ConfigError::UnknownKey { path: path.to_owned(), key });
        };
        let value = to_text(&value).ok_or_else(|| ConfigError::Invalid {
            name: setting.name,
            reason: "must be a text, a number, a boolean or a list of texts".to_owned(),
        })?;
        values.insert(setting.name, value);
    }
    Ok(values)
}

/// As it would stand in the environment.
fn to_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(on) => Some(if *on { "1" } else { "0" }.to_owned()),
        Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            Some(texts?.join(","))
        }
        Value::Float(_) | Value::Datetime(_) | Value::Table(_) => None,
    }
}
