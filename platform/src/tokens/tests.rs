use serde_json::{Value, json};

use super::*;
use crate::Secret;

/// The one header there is.
const HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;
const NOW: Timestamp = Timestamp(1_790_000_000_000);

fn keys(text: &str) -> Keys {
    Keys::new(&[Secret::new(format!("the key {text} of thirty-two bytes or more"))]).unwrap()
}

fn event(byte: u8) -> EventId {
    EventId::from_bytes([byte; 18])
}

fn token() -> QueueToken {
    QueueToken {
        event: event(1),
        id: "que_1".to_owned(),
        person: CustomerKey([7; 12]),
        lane: Lane::Priority,
        index: 41,
        device: DeviceBinding::of(&DeviceKey::parse(&"d".repeat(22)).unwrap()),
        expires_at: NOW.plus_seconds(60),
    }
}

fn genuine() -> Value {
    json!({
        "iss": "holdfast", "aud": format!("{}/place", event(1)),
        "sub": BASE64URL_NOPAD.encode(&[7; 12]), "jti": "que_1",
        "iat": 1_790_000_000, "exp": 1_790_000_060, "lane": 1, "idx": 41,
        "dev": BASE64URL_NOPAD.encode(&token().device.0),
    })
}

/// A token as somebody else may write it, signed by our key all the same.
fn signed(keys: &Keys, header: &str, claims: &str) -> String {
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let message = format!("{}.{}", encode(header), encode(claims));
    let mac = keys.token_keys(TokenKind::Place).next().unwrap().mac(&message);
    format!("{message}.{}", BASE64URL_NOPAD.encode(&mac))
}

fn read(keys: &Keys, text: &str) -> Result<QueueToken, TokenInvalid> {
    keys.read_token(TokenKind::Place, text, &event(1), NOW)
}

#[test]
fn a_token_says_what_it_was_made_of() {
    let keys = keys("one");
    let text = keys.sign_token(TokenKind::Place, &token(), NOW);
    assert_eq!(read(&keys, &text), Ok(token()));
    assert_eq!(read(&keys, &signed(&keys, HEADER, &genuine().to_string())), Ok(token()));
    assert!(!token().has_expired(NOW.plus_millis(59_999)));
    assert!(token().has_expired(NOW.plus_seconds(60)), "there is no leeway");
}

#[test]
fn a_token_of_another_key_event_kind_or_time_is_refused() {
    let keys = keys("one");
    let text = keys.sign_token(TokenKind::Place, &token(), NOW);
    assert_eq!(read(&self::keys("two"), &text), Err(TokenInvalid));
    assert_eq!(keys.read_token(TokenKind::Place, &text, &event(2), NOW), Err(TokenInvalid));
    assert_eq!(keys.read_token(TokenKind::Pass, &text, &event(1), NOW), Err(TokenInvalid));
    let early = NOW.plus_seconds(-6);
    assert_eq!(keys.read_token(TokenKind::Place, &text, &event(1), early), Err(TokenInvalid));
    let pass = keys.sign_token(TokenKind::Pass, &token(), NOW);
    assert_eq!(read(&keys, &pass), Err(TokenInvalid));
}

#[test]
fn no_other_algorithm_and_no_key_of_its_own_is_listened_to() {
    let keys = keys("one");
    let claims = genuine().to_string();
    for algorithm in ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "EdDSA", ""] {
        let header = HEADER.replace("HS256", algorithm);
        let text = signed(&keys, &header, &claims);
        assert_eq!(read(&keys, &text), Err(TokenInvalid), "{algorithm}");
        let unsigned = text.rsplit_once('.').unwrap().0;
        assert_eq!(read(&keys, &format!("{unsigned}.")), Err(TokenInvalid), "{algorithm}");
    }
    assert_eq!(read(&keys, &signed(&keys, r#"{"typ":"JWT"}"#, &claims)), Err(TokenInvalid));
    let foreign = self::keys("two");
    for name in ["jwk", "jku", "x5u", "kid"] {
        let value = match name {
            "jwk" => json!({"kty": "oct", "k": BASE64URL_NOPAD.encode(b"foreign")}),
            "kid" => json!("../../etc/passwd\n' OR 1=1 --"),
            _ => json!("http://127.0.0.1/keys"),
        };
        let header = json!({"typ": "JWT", "alg": "HS256", name: value}).to_string();
        assert_eq!(read(&keys, &signed(&foreign, &header, &claims)), Err(TokenInvalid), "{name}");
    }
}

#[test]
fn every_edited_claim_is_refused() {
    let keys = keys("one");
    let text = keys.sign_token(TokenKind::Place, &token(), NOW);
    let parts: Vec<&str> = text.split('.').collect();
    for (name, value) in [
        ("idx", json!(0)),
        ("exp", json!(1_890_000_000)),
        ("lane", json!(0)),
        ("sub", json!(BASE64URL_NOPAD.encode(&[8; 12]))),
        ("dev", json!(BASE64URL_NOPAD.encode(&[8; 12]))),
    ] {
        let mut claims = genuine();
        claims[name] = value;
        let payload = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
        let edited = format!("{}.{payload}.{}", parts[0], parts[2]);
        assert_eq!(read(&keys, &edited), Err(TokenInvalid), "{name}");
    }
}

#[test]
fn claims_that_nobody_here_would_write_are_refused_though_signed() {
    let keys = keys("one");
    for (name, value) in [
        ("iss", json!("somebody")),
        ("aud", json!([format!("{}/place", event(1)), "x"])),
        ("exp", json!(4_900_000_000_i64)),
        ("exp", json!("1790000060")),
        ("iat", json!(1_790_000_100)),
        ("iat", json!(i64::MIN)),
        ("lane", json!(2)),
        ("idx", json!(-1)),
        ("sub", json!("short")),
        ("dev", json!("")),
        ("admin", json!(true)),
    ] {
        let mut claims = genuine();
        claims[name] = value.clone();
        let text = signed(&keys, HEADER, &claims.to_string());
        assert_eq!(read(&keys, &text), Err(TokenInvalid), "{name} {value}");
    }
    for name in ["iss", "aud", "sub", "jti", "iat", "exp", "lane", "idx", "dev"] {
        let mut claims = genuine();
        claims.as_object_mut().unwrap().remove(name);
        let text = signed(&keys, HEADER, &claims.to_string());
        assert_eq!(read(&keys, &text), Err(TokenInvalid), "without {name}");
    }
    let twice = genuine().to_string().replace("{", "{\"idx\":0,");
    assert_eq!(read(&keys, &signed(&keys, HEADER, &twice)), Err(TokenInvalid));
}

#[test]
fn a_text_that_is_no_token_is_refused() {
    let keys = keys("one");
    let text = keys.sign_token(TokenKind::Place, &token(), NOW);
    // Bits after the last whole byte of a signature say nothing; only zeros are canonical.
    let last = text.chars().last().unwrap();
    let other = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = other.chars().nth(other.find(last).unwrap() ^ 1).unwrap();
    let loose = format!("{}{next}", &text[..text.len() - 1]);
    for wrong in [
        String::new(),
        "..".to_owned(),
        "x".to_owned(),
        format!("{text}="),
        format!(" {text}"),
        format!("{text}.{text}"),
        text.replacen('.', "", 1),
        text[..text.len() - 2].to_owned(),
        loose,
        "a".repeat(100 * 1024),
    ] {
        assert_eq!(read(&keys, &wrong), Err(TokenInvalid), "{wrong:.40}");
    }
}
