//! Slugs: the readable name of an event in an address.
//!
//! Lower-case letters, digits and single hyphens, so that a slug never looks like an identifier
//! (which has an underscore) and never needs escaping.

use crate::limits::SLUG_LENGTH_MAX;

/// Whether the text can be a slug: 1 to [`SLUG_LENGTH_MAX`] of `a-z0-9-`, no hyphen at either end
/// or twice in a row.
pub fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= SLUG_LENGTH_MAX
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

/// A slug made from a name; `event` when the name has no letter or digit that can be written.
pub fn slugify(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        let mut buffer = [0; 4];
        let written = match character {
            'a'..='z' | '0'..='9' => character.encode_utf8(&mut buffer),
            _ => ascii(character),
        };
        if written.is_empty() {
            // An apostrophe joins: «Don't» is one word.
            if !matches!(character, '\'' | '’') && !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        } else if slug.len() + written.len() <= SLUG_LENGTH_MAX {
            slug.push_str(written);
        } else {
            break;
        }
    }
    let slug = slug[..slug.len().min(SLUG_LENGTH_MAX)].trim_end_matches('-');
    if slug.is_empty() { "event".to_owned() } else { slug.to_owned() }
}

/// The Latin letters that European names use; empty for everything else.
fn ascii(character: char) -> &'static str {
    match character {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'ō' | 'ő' => "o",
        'ö' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ß' => "ss",
        'ť' | 'ţ' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ū' | 'ů' | 'ű' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'þ' => "th",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_a_slug() {
        assert_eq!(slugify("  Don't Look Back: Live! "), "dont-look-back-live");
        assert_eq!(slugify("Große Weihnachtsshow — 2026"), "grosse-weihnachtsshow-2026");
        assert_eq!(slugify("日本"), "event");
        assert_eq!(slugify(&"ab ".repeat(100)).len(), SLUG_LENGTH_MAX);
    }

    #[test]
    fn every_slug_made_is_valid() {
        for name in ["", "-", "a--b", "ẞ", "İstanbul", "x\u{0}y", &"ß".repeat(200)] {
            assert!(is_slug(&slugify(name)), "{name:?} became {:?}", slugify(name));
        }
        for text in ["", "A", "a_b", "-a", "a-", "a--b", "evt_1"] {
            assert!(!is_slug(text), "{text:?}");
        }
    }
}
