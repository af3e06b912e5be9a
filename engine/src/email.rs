//! Whether a text can be an e-mail address. Pure.

use domain::limits::EMAIL_LENGTH_MAX;

/// Characters before the at sign (RFC 5321, 4.5.3.1.1).
const LOCAL_LENGTH_MAX: usize = 64;
/// Characters of one part of a domain name (RFC 1035, 2.3.4).
const LABEL_LENGTH_MAX: usize = 63;

/// A plain "local@domain": what mail servers accept in practice, without quoted local parts,
/// comments and address literals. Only delivery proves that an address exists.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    text.len() <= EMAIL_LENGTH_MAX && is_local(local) && is_domain(domain)
}

fn is_local(local: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let letter = |c: char| plain(c) || (!c.is_ascii() && c.is_alphanumeric());
    local.len() <= LOCAL_LENGTH_MAX
        && local.split('.').all(|part| !part.is_empty() && part.chars().all(letter))
}

fn is_domain(domain: &str) -> bool {
    let letter =
        |c: char| c.is_ascii_alphanumeric() || c == '-' || (!c.is_ascii() && c.is_alphanumeric());
    let label = |label: &str| {
        (1..=LABEL_LENGTH_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(letter)
    };
    domain.contains('.') && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_from_other_text() {
        let long_local = format!("{}@example.org", "a".repeat(65));
        let long_domain = format!("a@{}.org", "b".repeat(64));
        let long = format!("a@{}org", "example.".repeat(40));
        for text in
            ["a@example.org", "A.b+c@sub.example.org", "o'neil@example.ie", "jörg@exämple.de"]
        {
            assert!(is_email(text), "{text}");
        }
        for text in [
            "",
            "a",
            "@",
            "a@",
            "@example.org",
            "a@b",
            "a@@example.org",
            "a b@example.org",
            "a@example..org",
            ".a@example.org",
            "a@-example.org",
            "a@example.org\r\nBcc: b@c.org",
            "a@example.org\0",
            "a@[127.0.0.1]",
            &long_local,
            &long_domain,
            &long,
        ] {
            assert!(!is_email(text), "{text}");
        }
    }
}
