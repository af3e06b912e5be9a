//! All that every process of a whole sale writes, searched for what must not be in it. Keeps I12.
//!
//! The four roles run apart, as talkative as an operator can make them, on stores with passwords
//! that go away for a moment. Buyers, staff and strangers hand them every kind of secret and of
//! personal data, in the right places and in wrong ones.

mod cast;
mod house;
mod lines;
mod scanner;
mod visitors;

use std::process::Stdio;

use self::{
    cast::{CARD_THAT_IS_DECLINED, CARD_THAT_WORKS, Person, secrets_of_the_house},
    house::House,
    lines::{Lines, assert_ids_are_fields},
    scanner::Scanner,
    visitors::{REQUEST_ID, Sale},
};
use crate::support::{Server, ServerOptions, Stores};

#[tokio::test(flavor = "multi_thread")]
async fn the_logs_and_metrics_of_a_whole_sale_hold_no_secret_and_nothing_of_its_buyers() {
    let mut house = House::open().await;
    let mut scanner = secrets_of_the_house();
    let buyer = Person::new(&mut scanner);

    let sale = Sale::publish(&house, &mut scanner).await;
    let pass = sale.wait_and_enter(&house, &buyer, &mut scanner).await;
    let cancelled = sale.order(&house, &buyer, &pass, &["A-1"], &mut scanner).await;
    let paid = sale.order(&house, &buyer, &pass, &["A-3", "A-4"], &mut scanner).await;
    sale.release_another(&house, &buyer, &pass, &mut scanner).await;
    sale.cancel(&house, &cancelled).await;
    sale.pay(&house, &buyer, &paid, CARD_THAT_IS_DECLINED, 402, &mut scanner).await;
    sale.pay(&house, &buyer, &paid, CARD_THAT_WORKS, 200, &mut scanner).await;
    sale.fetch_tickets(&house, &paid, &mut scanner).await;
    sale.be_refused(&house, &buyer, &pass, &paid).await;
    house
        .lose_the_stores(async |house: &House| sale.meet_a_fault(house, &buyer, &pass).await)
        .await;

    let metrics = house.metrics().await;
    let logs = house.close().await;
    let mut finds = Vec::new();
    for (role, text) in metrics.iter().chain(&logs) {
        finds.extend(scanner.search(role, text));
    }
    assert!(finds.is_empty(), "{} finds:\n{}", finds.len(), finds.join("\n"));
    // It would have been found: what is meant to be there is.
    let mut control = Scanner::default();
    control.hunt("the request's id", REQUEST_ID);
    for (role, text) in &logs {
        assert!(!control.search(role, text).is_empty(), "{role} has logged it:\n{text}");
    }
    for (role, text) in &metrics {
        assert!(text.lines().count() > 20, "{role} have said something:\n{text}");
        assert!(text.contains("holdfast_build_info"), "{role} has told its metrics:\n{text}");
    }

    let lines = Lines::read(&logs);
    assert!(lines.levels().is_superset(&["INFO", "WARN", "DEBUG"].map(str::to_owned).into()));
    assert_ids_are_fields(&lines, &sale.event, &paid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_and_every_command_tell_no_secret() {
    let scanner = secrets_of_the_house();
    let server = Server::start(Stores::default(), ServerOptions::default()).await;
    let (redis, database) = (cast::REDIS_PASSWORD, cast::DATABASE_PASSWORD);
    let away = format!("postgres://keeper:{database}@127.0.0.1:1/sale");
    let mut tried = 0;
    for (name, value) in [
        ("HOLDFAST_DATABASE_URL", away.clone()),
        ("HOLDFAST_DATABASE_URL", format!("postgres://keeper:{database}@127.0.0.1:port/sale")),
        ("HOLDFAST_DATABASE_URL", format!("mysql://keeper:{database}@127.0.0.1/sale")),
        ("HOLDFAST_DATABASE_URL", format!("postgres://keeper:{database}@[::1/sale")),
        ("HOLDFAST_REDIS_URL", format!("redis://:{redis}@127.0.0.1:1")),
        ("HOLDFAST_REDIS_URL", format!("redis://:{redis}@127.0.0.1:port")),
        ("HOLDFAST_REDIS_URL", format!("redis+cluster://:{redis}@127.0.0.1:1,127.0.0.1:2")),
        ("HOLDFAST_REDIS_URL", format!("redis+sentinel://:{redis}@127.0.0.1:1/main")),
        ("HOLDFAST_REDIS_URL", format!("http://:{redis}@127.0.0.1:1")),
        ("HOLDFAST_ORGANIZER_TOKEN", format!("{} {}", cast::STRIPE_KEY, cast::STRIPE_KEY)),
        ("HOLDFAST_SIGNING_KEY", cast::WEBHOOK_SECRET.chars().take(31).collect()),
        ("HOLDFAST_STRIPE_RATE", "fast".to_owned()),
        ("STRIPE_API_BASE", format!("ftp://{}@stripe.example", cast::STRIPE_KEY)),
        ("STRIPE_SECRET_KEY", "sk_live_51OfTheLogTestOnlyZzQ".to_owned()),
    ] {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let stream = || Stdio::from(log.reopen().expect("a second handle"));
        let mut process = server
            .program(&["serve"], &cast::settings().with(name, &value))
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .expect("holdfast starts");
        let ended = crate::support::wait_for("the refusal to start", 60, || {
            let ended = process.try_wait().expect("the process can be asked");
            async move { ended }
        })
        .await;
        assert!(!ended.success(), "{name}");
        let text = std::fs::read_to_string(log.path()).expect("its log");
        assert!(text.contains("holdfast: "), "{name}: it says why: {text}");
        let is_about_keys = text.contains("HOLDFAST_SIGNING_KEY");
        assert_eq!(is_about_keys, name == "HOLDFAST_SIGNING_KEY", "{name}: {text}");
        let finds = scanner.search(name, &text);
        assert!(finds.is_empty(), "{}", finds.join("\n"));
        tried += 1;
    }
    for command in [&["config"][..], &["help"], &["audit", "--json"], &["probe"], &["migrate"]] {
        let output = server.program(command, &cast::settings()).output().expect("it runs");
        for text in [output.stdout, output.stderr] {
            let finds = scanner.search(command[0], &String::from_utf8_lossy(&text));
            assert!(finds.is_empty(), "{}", finds.join("\n"));
            tried += 1;
        }
    }
    assert_eq!(tried, 14 + 10);
}
