//! Finds texts that must not be there, also when they were encoded on their way.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};

/// What is shorter is found everywhere.
const LENGTH_MIN: usize = 6;
/// From this length on a part gives the whole away.
const LONG: usize = 32;
/// Letters around a find that are shown.
const AROUND: usize = 120;

/// The texts that are hunted, each in every form.
#[derive(Default)]
pub struct Scanner {
    hunted: Vec<Hunted>,
}

struct Hunted {
    what: String,
    form: &'static str,
    text: String,
    /// In whatever case; not so in base64, where it would be another text.
    ignores_case: bool,
}

impl Scanner {
    /// `what` names it in a find, without telling it.
    pub fn hunt(&mut self, what: &str, text: &str) {
        assert!(text.len() >= LENGTH_MIN, "{what} is too short to be known again");
        self.add(what, text);
        if text.len() >= LONG {
            self.add(&format!("the end of {what}"), &text[text.len() - LONG / 2..]);
        }
    }

    fn add(&mut self, what: &str, text: &str) {
        let bytes = text.as_bytes();
        let percent = |kept: fn(u8) -> bool| {
            let letters = bytes.iter().map(|byte| match kept(*byte) {
                true => char::from(*byte).to_string(),
                false => format!("%{byte:02x}"),
            });
            letters.collect::<String>()
        };
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
        let mut forms = vec![
            ("as it is", text.to_owned(), true),
            ("percent-encoded", percent(unreserved), true),
            ("percent-encoded throughout", percent(|_| false), true),
            ("as a form", percent(unreserved).replace("%20", "+"), true),
            ("in hexadecimal", HEXLOWER.encode(bytes), true),
            ("as a list of bytes", numbers.join(", "), true),
            ("as a short list of bytes", numbers.join(","), true),
        ];
        for before in 0..3 {
            let [plain, url] = base64_after(before, bytes);
            forms.push(("in base64", plain, false));
            forms.push(("in base64 for URLs", url, false));
        }
        for (form, text, ignores_case) in forms {
            let text = if ignores_case { text.to_lowercase() } else { text };
            self.hunted.push(Hunted { what: what.to_owned(), form, text, ignores_case });
        }
    }

    /// One line for each find: what, in which form, where, and what stands around it.
    pub fn search(&self, source: &str, text: &str) -> Vec<String> {
        let lower = text.to_lowercase();
        let finds = self.hunted.iter().filter_map(|hunted| {
            let text = if hunted.ignores_case { lower.as_str() } else { text };
            let at = text.find(&hunted.text)?;
            let begin = text.floor_char_boundary(at.saturating_sub(AROUND));
            let end = text.ceil_char_boundary((at + hunted.text.len() + AROUND).min(text.len()));
            let Hunted { what, form, .. } = hunted;
            Some(format!("{source}: {what}, {form}: …{}…", &text[begin..end]))
        });
        finds.collect()
    }
}

/// What is the same in base64 whatever stands after it, and whichever bytes of this number before it.
fn base64_after(before: usize, bytes: &[u8]) -> [String; 2] {
    let padded = [&[0; 2][..before], bytes].concat();
    let (begin, end) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
    [BASE64_NOPAD, BASE64URL_NOPAD].map(|coding| coding.encode(&padded)[begin..end].to_owned())
}

#[test]
fn a_planted_secret_is_found_in_every_form_and_nothing_else_is() {
    let secret = "quill+77@mail.example/Ä?";
    let mut scanner = Scanner::default();
    scanner.hunt("the secret", secret);
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let mut planted = vec![
        secret.to_owned(),
        secret.to_uppercase(),
        format!("{:?}", secret.as_bytes()),
        serde_json::to_string(secret.as_bytes()).expect("JSON"),
        serde_json::json!({ "error": secret }).to_string(),
        "quill%2B77%40mail.example%2F%C3%84%3F".to_owned(),
        percent,
        HEXLOWER.encode(secret.as_bytes()),
        HEXLOWER.encode(secret.as_bytes()).to_uppercase(),
    ];
    for before in ["", "a", "ab", "abc"] {
        let whole = format!("{before}{secret} and more");
        planted.push(data_encoding::BASE64.encode(whole.as_bytes()));
        planted.push(data_encoding::BASE64URL.encode(whole.as_bytes()));
    }
    for text in &planted {
        let line = format!(r#"{{"level":"WARN","error":"before {text} after"}}"#);
        assert!(!scanner.search("planted", &line).is_empty(), "not found: {line}");
    }
    for innocent in
        ["", "quill 77 mail example", "cXVpbGw", "an ordinary line: POST /v1/orders 201"]
    {
        assert_eq!(scanner.search("innocent", innocent), [""; 0]);
    }
    assert_eq!(planted.len(), 17);
}

#[test]
fn the_end_of_a_long_token_gives_it_away() {
    let token = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.0123456789abcdefghijABCDEFGHIJ";
    let mut scanner = Scanner::default();
    scanner.hunt("a token", token);
    assert!(!scanner.search("", "token …456789abcdefghijABCDEFGHIJ was refused").is_empty());
    assert!(scanner.search("", "eyJhbGciOiJFZERTQSJ9 is said of every token").is_empty());
}
