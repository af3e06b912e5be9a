use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt};

use clap::{Args, Command, FromArgMatches};
use tempfile::TempDir;

use super::*;
use crate::{Keys, Secret};

fn flags(arguments: &[&str]) -> SettingFlags {
    let command =
        SettingFlags::augment_args(Command::new("holdfast")).subcommand(Command::new("serve"));
    let arguments = ["holdfast"].iter().chain(arguments);
    SettingFlags::from_arg_matches(&command.try_get_matches_from(arguments).unwrap()).unwrap()
}

fn read(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let environment: BTreeMap<&str, &str> = environment.iter().copied().collect();
    Settings::read(&flags(arguments), |name| environment.get(name).map(|v| (*v).to_owned()))
}

fn refusal(name: &str, value: &str) -> String {
    read(&[], &[(name, value)]).unwrap_err().to_string()
}

#[test]
fn with_no_settings_the_defaults_hold() {
    let settings = read(&[], &[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert!(settings.redis_url.is_empty() && settings.database_url.is_empty());
    assert_eq!((settings.rate_limit_per_minute, settings.held_seats_per_address), (100, 200));
    assert_eq!(settings.stripe.rate, Some(StripeRate { account: 100, endpoint: 25 }));
    assert_eq!(settings.stripe.api_base, "https://api.stripe.com");
    assert!(!settings.sandbox && settings.stripe.secret_key.is_none());
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("holdfast.toml");
    let text = r#"
        listen = "127.0.0.1:1"
        rate_limit_per_minute = 7
        sandbox = true
        trusted_proxies = ["10.0.0.0/8", "::1"]
        stripe_secret_key = "sk_test_file"
    "#;
    fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();

    let settings = read(&["--config", file], &[]).unwrap();
    assert_eq!((settings.listen.port(), settings.rate_limit_per_minute), (1, 7));
    assert_eq!((settings.sandbox, settings.trusted_proxies.len()), (true, 2));
    assert_eq!(settings.stripe.secret_key, Some(Secret::new("sk_test_file")));

    let environment = [("HOLDFAST_CONFIG", file), ("HOLDFAST_LISTEN", "127.0.0.1:2")];
    assert_eq!(read(&[], &environment).unwrap().listen.port(), 2);
    assert_eq!(read(&["--listen", "127.0.0.1:3"], &environment).unwrap().listen.port(), 3);
    let after_the_command = ["serve", "--listen", "127.0.0.1:4"];
    assert_eq!(read(&after_the_command, &environment).unwrap().listen.port(), 4);
}

#[test]
fn an_empty_value_means_the_default() {
    let settings = read(&[], &[("HOLDFAST_LISTEN", ""), ("HOLDFAST_REDIS_URL", " ")]).unwrap();
    assert_eq!(settings.listen.port(), 8080);
    assert!(settings.redis_url.is_empty());
}

#[test]
fn a_file_with_an_unknown_or_odd_entry_is_refused() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("holdfast.toml");
    let refused = |text: &str| {
        fs::write(&file, text).unwrap();
        read(&["--config", file.to_str().unwrap()], &[]).unwrap_err().to_string()
    };
    assert!(refused("listens = 'x'").contains("listens, which is no setting"));
    assert!(refused("config = 'other.toml'").contains("no setting"));
    assert!(refused("listen = 1.5").starts_with("HOLDFAST_LISTEN: must be a text"));
    let broken = refused("signing_key = 'canary-canary-canary");
    assert!(broken.contains("not valid TOML") && !broken.contains("canary"), "{broken}");
    assert!(
        read(&["--config", "/nowhere/x.toml"], &[]).unwrap_err().to_string().contains("/nowhere")
    );
}

#[test]
fn a_wrong_value_is_refused_under_its_name() {
    for (name, value) in [
        ("HOLDFAST_LISTEN", "8080"),
        ("HOLDFAST_REDIS_URL", "http://canary"),
        ("HOLDFAST_DATABASE_URL", "mysql://root:canary@db/x"),
        ("HOLDFAST_SIGNING_KEY", "canary"),
        ("HOLDFAST_SIGNING_KEY", "a first key that has thirty-two bytes,canary"),
        ("HOLDFAST_ORGANIZER_TOKEN", "canary with spaces in its middle"),
        ("HOLDFAST_RATE_LIMIT_PER_MINUTE", "-1"),
        ("HOLDFAST_HELD_SEATS_PER_ADDRESS", "many"),
        ("HOLDFAST_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("HOLDFAST_CORS_ORIGINS", "tickets.example.org"),
        ("HOLDFAST_STRIPE_RATE", "100"),
        ("HOLDFAST_STRIPE_RATE", "0/25"),
        ("HOLDFAST_SANDBOX", "maybe"),
        ("STRIPE_API_BASE", "api.stripe.com"),
    ] {
        let text = refusal(name, value);
        assert!(text.starts_with(&format!("{name}: ")), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn the_sandbox_is_refused_beside_a_live_key() {
    for key in ["sk_live_canary", "rk_live_canary"] {
        let environment = [("HOLDFAST_SANDBOX", "1"), ("STRIPE_SECRET_KEY", key)];
        let text = read(&[], &environment).unwrap_err().to_string();
        assert!(text.starts_with("HOLDFAST_SANDBOX") && !text.contains("canary"), "{text}");
    }
    let environment = [("HOLDFAST_SANDBOX", "1"), ("STRIPE_SECRET_KEY", "sk_test_x")];
    assert!(read(&[], &environment).unwrap().sandbox);
}

#[test]
fn without_a_rate_limit_every_cap_per_address_is_off() {
    let settings = read(&[], &[("HOLDFAST_RATE_LIMIT_PER_MINUTE", "0")]).unwrap();
    assert_eq!((settings.rate_limit_per_minute, settings.held_seats_per_address), (0, 0));
    assert_eq!(read(&[], &[("HOLDFAST_STRIPE_RATE", "0")]).unwrap().stripe.rate, None);
}

#[test]
fn printed_settings_show_no_secret() {
    let settings = read(
        &[],
        &[
            ("HOLDFAST_REDIS_URL", "redis://:canary@redis"),
            ("HOLDFAST_DATABASE_URL", "postgres://holdfast:canary@db/holdfast"),
            ("HOLDFAST_SIGNING_KEY", "canary canary canary canary canary"),
            ("HOLDFAST_ORGANIZER_TOKEN", "canary-canary-canary"),
            ("STRIPE_SECRET_KEY", "sk_test_canary"),
            ("STRIPE_WEBHOOK_SECRET", "whsec_canary,whsec_canary2"),
        ],
    )
    .unwrap();
    let printed = format!("{settings:?}");
    assert!(!printed.contains("canary"), "{printed}");
    assert_eq!(settings.stripe.webhook_secrets.len(), 2);
}

#[test]
fn a_secret_may_stand_in_a_file_that_its_setting_names() {
    let directory = TempDir::new().unwrap();
    let place = directory.path().join("secret");
    let path = place.to_str().unwrap();
    let key = "a mounted key of thirty-two bytes or more";
    fs::write(&place, format!("{key}\n")).unwrap();
    let config = directory.path().join("holdfast.toml");
    fs::write(&config, "signing_key = 'a key of the settings file, thirty-two bytes'").unwrap();

    let environment =
        [("HOLDFAST_SIGNING_KEY_FILE", path), ("HOLDFAST_CONFIG", config.to_str().unwrap())];
    let settings = read(&[], &environment).unwrap();
    assert_eq!(settings.signing_keys().unwrap(), [Secret::new(key)]);
    for setting in SETTINGS.iter().filter(|setting| setting.secret) {
        fs::write(&place, "canary canary").unwrap();
        let name = format!("{}_FILE", setting.name);
        let twice = read(&[], &[(setting.name, "canary"), (&name, path)]).unwrap_err().to_string();
        assert!(twice.starts_with(&format!("{}: is given twice", setting.name)), "{twice}");
        assert!(!twice.contains("canary"), "{twice}");
        fs::write(&place, " \n").unwrap();
        let empty = read(&[], &[(&name, path)]).unwrap_err().to_string();
        assert_eq!(empty, format!("{}: {name} names an empty file", setting.name));
        let away = read(&[], &[(&name, "/nowhere/x")]).unwrap_err().to_string();
        assert_eq!(
            away,
            format!("{}: {name} names /nowhere/x, which cannot be read", setting.name)
        );
    }
}

#[test]
fn a_value_out_of_a_file_is_checked_as_any_other_and_no_file_named_is_none() {
    let directory = TempDir::new().unwrap();
    let place = directory.path().join("secret");
    fs::write(&place, "mysql://root:canary@db/x").unwrap();
    let refused = refusal("HOLDFAST_DATABASE_URL_FILE", place.to_str().unwrap());
    assert!(refused.starts_with("HOLDFAST_DATABASE_URL: must be"), "{refused}");
    assert!(!refused.contains("canary"), "{refused}");
    let environment = [("HOLDFAST_REDIS_URL_FILE", ""), ("HOLDFAST_REDIS_URL", "redis://r")];
    assert_eq!(read(&[], &environment).unwrap().redis_url, Secret::new("redis://r"));
    let listens = [("HOLDFAST_LISTEN_FILE", "/nowhere/x")];
    assert!(read(&[], &listens).is_ok(), "what is no secret has no file");
}

#[test]
fn secrets_are_no_flags() {
    let command = SettingFlags::augment_args(Command::new("holdfast"));
    let is_flag = |name: &str| command.get_arguments().any(|argument| argument.get_id() == name);
    for setting in SETTINGS {
        assert_eq!(is_flag(setting.name), !setting.secret, "{}", setting.name);
    }
}

#[test]
fn the_listing_names_every_setting() {
    let listing = listing();
    assert_eq!(listing.lines().count(), SETTINGS.len());
    for setting in SETTINGS {
        assert!(listing.contains(setting.name) && listing.contains(setting.meaning));
    }
}

#[test]
fn secrets_that_nobody_configured_are_made_once_and_kept() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().join("data");
    let settings = || read(&["--data-dir", data.to_str().unwrap()], &[]).unwrap();
    let first = (settings().signing_keys().unwrap(), settings().organizer_token().unwrap());
    let second = (settings().signing_keys().unwrap(), settings().organizer_token().unwrap());
    assert_eq!(first, second);
    assert!(Keys::new(&first.0).is_ok());
    for file in ["signing-key", "organizer-token"] {
        let mode = fs::metadata(data.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(fs::read_dir(&data).unwrap().count(), 2, "no draft is left");
}

#[test]
fn processes_that_start_at_once_agree_on_the_kept_secret() {
    let directory = TempDir::new().unwrap();
    let data = directory.path().to_str().unwrap();
    let settings = read(&["--data-dir", data], &[]).unwrap();
    let tokens: Vec<Secret> = std::thread::scope(|scope| {
        let starts: Vec<_> =
            (0..8).map(|_| scope.spawn(|| settings.organizer_token().unwrap())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(tokens.iter().all(|token| *token == tokens[0]));
}

#[test]
fn configured_secrets_win_over_kept_ones() {
    let key = "a configured key of thirty-two bytes";
    let settings = read(
        &[],
        &[("HOLDFAST_SIGNING_KEY", key), ("HOLDFAST_ORGANIZER_TOKEN", "token-of-16-char")],
    )
    .unwrap();
    assert_eq!(settings.signing_keys().unwrap(), [Secret::new(key)]);
    assert!(settings.organizer_token().unwrap().matches("token-of-16-char"));
}
