//! The program's other commands.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Buyer, Combination, Server, ServerOptions, Stores, event, redis, wait_for};

/// A setting's name and value.
type Setting<'a> = (&'a str, &'a str);

fn holdfast(arguments: &[&str], environment: &[Setting]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_holdfast"))
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("the command runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawn_venue_of_every_kind_can_be_sold() {
    let stores = Stores::start(Combination::InProcessAndSqlite);
    let server = Server::start(stores, ServerOptions::default()).await;
    let folder = tempfile::tempdir().expect("a directory");
    for kind in ["theatre", "in_the_round", "arena", "stadium", "cabaret", "club"] {
        let flags = folder.path().join(kind);
        let flags = flags.to_str().expect("a path");
        let arguments = [
            "venue", "generate", "--kind", kind, "--seats", "600", "--seed", "7", "--flags", flags,
        ];
        let (code, plan, errors) = holdfast(&arguments, &[]);
        assert_eq!(code, 0, "{errors}");
        assert_eq!(holdfast(&arguments, &[]).1, plan, "the same seed draws the same plan");

        let plan: Value = serde_json::from_str(&plan).expect("a plan");
        let overlay = std::fs::read_to_string(flags).expect("the overlay");
        let overlay: Value = serde_json::from_str(&overlay).expect("JSON");
        let categories = plan["categories"].as_array().expect("categories").iter();
        let areas = overlay["areas"].as_array().expect("areas").iter();
        let named = categories.map(|c| &c["name"]).chain(areas.map(|a| &a["category"]));
        let prices: serde_json::Map<String, Value> =
            named.map(|name| (name.as_str().expect("a name").to_owned(), json!(1000))).collect();
        let body = event(
            1,
            1,
            json!({
                "seating_plan": plan, "prices": prices,
                "areas": overlay["areas"], "seat_flags": overlay["seat_flags"],
            }),
        );
        let id = server.publish(body).await;
        assert_eq!(server.availability(&id).await["free"], 600, "{kind}");
    }
}

#[test]
fn a_venue_out_of_bounds_is_refused() {
    for (kind, seats) in [("theatre", "249"), ("arena", "100001"), ("barn", "500")] {
        let arguments = ["venue", "generate", "--kind", kind, "--seats", seats];
        let (code, plan, errors) = holdfast(&arguments, &[]);
        assert!(code != 0 && plan.is_empty() && !errors.is_empty(), "{kind} {seats}");
    }
}

#[test]
fn every_setting_is_listed_with_its_default() {
    let (code, listing, _) = holdfast(&["config"], &[]);
    assert_eq!(code, 0);
    for (name, default) in [
        ("HOLDFAST_LISTEN", "127.0.0.1:8080"),
        ("HOLDFAST_RATE_LIMIT_PER_MINUTE", "100"),
        ("HOLDFAST_HELD_SEATS_PER_ADDRESS", "200"),
        ("HOLDFAST_STRIPE_RATE", "100/25"),
        ("HOLDFAST_DATABASE_URL", ""),
        ("STRIPE_WEBHOOK_SECRET", ""),
    ] {
        assert!(listing.contains(name) && listing.contains(default), "{name}: {listing}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused_at_start() {
    let folder = tempfile::tempdir().expect("a directory");
    let data = ("HOLDFAST_DATA_DIR", folder.path().to_str().expect("a path"));
    let listen = ("HOLDFAST_LISTEN", "127.0.0.1:0");
    let sandbox = ("HOLDFAST_SANDBOX", "1");
    let table: [(&[&str], &[Setting], &str); 4] = [
        (&["serve", "--roles", "engine"], &[data, listen, sandbox], "HOLDFAST_REDIS_URL"),
        (&["serve", "--roles", "kitchen"], &[data, listen, sandbox], "kitchen"),
        (
            &["serve"],
            &[data, listen, sandbox, ("STRIPE_SECRET_KEY", "sk_live_x")],
            "HOLDFAST_SANDBOX",
        ),
        (&["serve"], &[data, ("HOLDFAST_LISTEN", "nowhere"), sandbox], "HOLDFAST_LISTEN"),
    ];
    for (arguments, environment, named) in table {
        let (code, _, errors) = holdfast(arguments, environment);
        assert!(code != 0 && errors.contains(named), "{arguments:?}: {errors}");
        assert!(!errors.contains("sk_live_x"), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tells_by_its_exit_code_whether_a_process_is_ready() {
    let stores = Stores::start(Combination::InProcessAndSqlite);
    let mut server = Server::start(stores, ServerOptions::default()).await;
    let ready = server.command(&["probe"]);
    let told = String::from_utf8_lossy(&ready.stdout).into_owned();
    assert_eq!(ready.status.code(), Some(0), "{ready:?}");
    assert!(told.contains("/readyz: 200") && told.lines().count() == 1, "{told}");

    let unknown = format!("{}/v1/nothing", server.base);
    let (code, told, reason) = holdfast(&["probe", &unknown], &[]);
    assert!(code == 1 && told.is_empty() && reason.contains(": 404"), "{reason}");
    assert_eq!(reason.lines().count(), 1, "{reason}");

    server.kill();
    let gone = server.command(&["probe"]);
    assert_eq!(gone.status.code(), Some(1), "{gone:?}");
    assert!(String::from_utf8_lossy(&gone.stderr).ends_with("nothing answers\n"), "{gone:?}");
    let (code, _, reason) = holdfast(&["probe", "nowhere"], &[]);
    assert!(code == 1 && reason == "nowhere: not an address that can be asked\n", "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_payments_audits_and_shows_every_invariant() {
    let stores = Stores::start(Combination::RedisAndSqlite);
    let server = Server::start(stores, ServerOptions::default()).await;
    let metrics = wait_for("the first audit", 30, || async {
        let answer = reqwest::get(format!("{}/metrics", server.base)).await.ok()?;
        let metrics = answer.text().await.ok()?;
        metrics.contains("\nholdfast_audit_completed_timestamp_seconds ").then_some(metrics)
    })
    .await;
    // This question itself is the one that has no answer yet.
    assert!(metrics.contains("\nholdfast_http_requests_in_flight 1\n"), "{metrics}");
    for invariant in
        ["I1", "I2", "I3", "I4", "I5", "I6", "I9", "LINE-1", "LINE-2", "LINE-3", "redis"]
    {
        let series = format!("holdfast_audit_violations{{invariant=\"{invariant}\"}} 0\n");
        assert!(metrics.contains(&series), "{series}{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_house_is_refused() {
    let stores = Stores::start(Combination::InProcessAndSqlite);
    let server = Server::start(stores, ServerOptions::default()).await;
    let output = server.command(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("another process sells"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_auditor_tells_a_seat_that_redis_shows_wrong() {
    let stores = Stores::start(Combination::RedisAndSqlite);
    let server = Server::start(stores, ServerOptions::default()).await;
    let id = server.publish(event(1, 10, json!({}))).await;
    Buyer::new(&server).buy(&id, &["A-3"]).await;
    server.assert_audit_is_clean().await;

    // A seat shown as sold that nobody has bought: the last byte of the seats is A-10's.
    let port = server.stores.redis.as_ref().expect("a Redis").port();
    let key = format!("hf:{{{id}/0}}:seats");
    let length = redis(port, &format!("STRLEN {key}"));
    let length: u32 = length.trim().trim_start_matches(':').parse().expect("a number");
    let sold = redis(port, &format!("GETRANGE {key} {} {}", length - 8, length - 8));
    let sold = sold.lines().nth(1).expect("the byte of A-3");
    redis(port, &format!("SETRANGE {key} {} {sold}", length - 1));

    let output = server.command(&["audit", "--json", "--event", &id]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["clean"], false);
    let checks = report["checks"].as_array().expect("checks");
    let violated: Vec<&Value> = checks.iter().filter(|c| c["outcome"] == "violated").collect();
    assert_eq!(violated.len(), 1, "{report}");
    assert_eq!(violated[0]["violations"][0]["subject"], "seat A-10");

    let table = server.command(&["audit"]);
    assert!(String::from_utf8_lossy(&table.stdout).contains("VIOLATED"));
    // An operator lays it anew, and all is well.
    assert!(server.command(&["rebuild", "--event", &id]).status.success());
    server.assert_audit_is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_auditor_without_a_server_says_what_it_cannot_see() {
    let stores = Stores::start(Combination::InProcessAndSqlite);
    let mut server = Server::start(stores, ServerOptions::default()).await;
    let id = server.publish(event(1, 10, json!({}))).await;
    Buyer::new(&server).buy(&id, &["A-1"]).await;
    server.kill();
    let (clean, report) = server.audit();
    let report: Value = serde_json::from_str(&report).expect("JSON");
    assert!(clean, "{report}");
    let checks = report["checks"].as_array().expect("checks");
    let not_checked: Vec<_> = checks.iter().filter(|c| c["outcome"] == "not_checked").collect();
    assert_eq!(not_checked.len(), 1);
    assert_eq!(not_checked[0]["invariant"], "redis");
}

#[tokio::test]
async fn a_running_server_is_seeded_with_the_sample_sale_once() {
    let server = Server::start(Stores::default(), ServerOptions::default()).await;
    for _ in 0..2 {
        let seeded = server.command(&["seed"]);
        assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
    }
    let events = server.get("/v1/events").await;
    let slugs: Vec<_> = events["data"].as_array().expect("a list").iter().collect();
    assert_eq!(slugs.len(), 2, "{events}");
    assert_eq!(server.get("/v1/events/theatre").await["slug"], "theatre");
}
