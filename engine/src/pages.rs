//! Pages of a list: how many, and from where on.

use data_encoding::BASE64URL_NOPAD;
use domain::{
    id::EventId,
    limits::{PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX},
};

use crate::error::Refusal;

/// One page of events.
#[derive(Debug, PartialEq, Eq)]
pub struct PageWish {
    pub limit: u32,
    pub after: Option<EventId>,
}

impl PageWish {
    /// Refuses unknown parameters too: a misspelt `limit` should not answer with another page.
    pub fn read(parameters: &[(String, String)]) -> Result<Self, Refusal> {
        let mut wish = Self { limit: PAGE_LIMIT_DEFAULT, after: None };
        for (name, value) in parameters {
            match name.as_str() {
                "limit" => wish.limit = read_limit(value)?,
                "cursor" => wish.after = Some(read_cursor(value)?),
                _ => return Err(Refusal::invalid("query: only limit and cursor")),
            }
        }
        Ok(wish)
    }
}

fn read_limit(text: &str) -> Result<u32, Refusal> {
    let limit = text.parse().ok().filter(|limit| (1..=PAGE_LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| Refusal::invalid(format!("limit: must be 1 to {PAGE_LIMIT_MAX}")))
}

fn read_cursor(text: &str) -> Result<EventId, Refusal> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    let id = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).and_then(|id| id.parse().ok());
    id.ok_or_else(|| Refusal::invalid("cursor: is not one of this list"))
}

/// Opaque to the caller.
pub fn cursor(last: &EventId) -> String {
    BASE64URL_NOPAD.encode(last.as_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;

    fn read(parameters: &[(&str, &str)]) -> Result<PageWish, Refusal> {
        let owned = parameters.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        PageWish::read(&owned.collect::<Vec<_>>())
    }

    #[test]
    fn a_cursor_leads_back_to_its_event() {
        let id = EventId::new(Timestamp(7), [3; 12]);
        let wish = read(&[("cursor", &cursor(&id)), ("limit", "3")]).expect("a page");
        assert_eq!(wish, PageWish { limit: 3, after: Some(id) });
    }

    #[test]
    fn a_page_out_of_bounds_is_refused() {
        for limit in ["0", "-1", "101", "1.5", "ten", "", "99999999999999999999"] {
            assert!(read(&[("limit", limit)]).is_err(), "{limit}");
        }
        for text in ["", "x", "evt_", "ZXZ0Xw", "%00"] {
            assert!(read(&[("cursor", text)]).is_err(), "{text}");
        }
    }
}
