//! Which event, hold and order a request names in its path, for its log lines.
//!
//! A path holds whatever a client wrote into it, also a token or an e-mail address that went astray.
//! So only what has the form of an id of its kind is taken.

use std::ops::RangeInclusive;

use domain::id::ID_BYTES;

/// Letters after the prefix, each of five bits: of an id that is a time and chance, and of a hold's,
/// which tells more.
const ID_LETTERS: RangeInclusive<usize> = (ID_BYTES * 8).div_ceil(5)..=37;

/// The ids of one request; `None` where its route names none, or the client something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PathIds<'a> {
    pub(super) event: Option<&'a str>,
    pub(super) hold: Option<&'a str>,
    pub(super) order: Option<&'a str>,
}

impl<'a> PathIds<'a> {
    /// `route` is the template of `path`.
    pub(super) fn read(route: &str, path: &'a str) -> Self {
        let mut ids = Self::default();
        for (name, text) in route.split('/').zip(path.split('/')) {
            match name {
                "{event}" => ids.event = id(text, "evt_"),
                "{hold}" => ids.hold = id(text, "hld_"),
                "{order}" => ids.order = id(text, "ord_"),
                _ => {}
            }
        }
        ids
    }
}

fn id<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(prefix)?;
    let is_letter = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'v').contains(&byte);
    (ID_LETTERS.contains(&rest.len()) && rest.bytes().all(is_letter)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_of_a_path_are_told_and_nothing_else_of_it() {
        let body = "0123456789abcdefghijklmnopqrs";
        let (event, hold) = (format!("evt_{body}"), format!("hld_{body}tuv01234"));
        let path = format!("/v1/holds/{hold}/extend");
        let ids = PathIds::read("/v1/holds/{hold}/extend", &path);
        assert_eq!(ids, PathIds { hold: Some(&hold), ..PathIds::default() });
        let path = format!("/v1/events/{event}/holds");
        assert_eq!(PathIds::read("/v1/events/{event}/holds", &path).event, Some(event.as_str()));
        for stray in ["zora@example.org", "ord_zora@example.org", "eyJhbGciOi", &hold, "ord_", ""] {
            let path = format!("/v1/orders/{stray}");
            let ids = PathIds::read("/v1/orders/{order}", &path);
            assert_eq!(ids, PathIds::default(), "{stray}");
        }
        let path = format!("/v1/orders/ord_{body}012345678");
        assert_eq!(PathIds::read("/v1/orders/{order}", &path), PathIds::default(), "too long");
        let path = format!("/v1/orders/ord_{body}");
        assert_eq!(PathIds::read("unmatched", &path), PathIds::default());
    }
}
