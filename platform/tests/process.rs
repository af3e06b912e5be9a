//! What only a process of its own can show: logs, metrics, signals, and dying at a fail point. Each
//! test starts this test program again and has it play one part.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
    time::Duration,
};

use platform::{Settings, Tasks, config::SettingFlags, shutdown, telemetry};

const PART: &str = "HOLDFAST_TEST_PART";

fn part(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test program"));
    command
        .args(["plays_its_part", "--exact", "--nocapture", "--test-threads=1"])
        .env(PART, name)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn settings(environment: &[(&str, &str)]) -> Settings {
    let environment: BTreeMap<&str, &str> = environment.iter().copied().collect();
    let lookup = |name: &str| environment.get(name).map(|value| (*value).to_owned());
    Settings::read(&SettingFlags::default(), lookup).expect("valid settings")
}

/// Not a test by itself: what the tests below start.
#[test]
fn plays_its_part() {
    match std::env::var(PART).as_deref() {
        Ok("telemetry") => telemetry_part(),
        Ok("signal") => signal_part(),
        Ok("fail_points") => fail_points_part(),
        _ => {}
    }
}

fn telemetry_part() {
    let settings = settings(&[("HOLDFAST_LOG", "info,quiet=error")]);
    let telemetry = telemetry::init(&settings).expect("telemetry");
    tracing::info!(order = "ord_1", "committed");
    tracing::info!(target: "quiet", "not to be seen");
    metrics::counter!("holds_total").increment(2);
    metrics::histogram!("holdfast_http_request_seconds").record(0.003);
    metrics::histogram!("holdfast_hold_call_holds").record(3.0);
    metrics::histogram!("holdfast_payments_event_seconds").record(45.0);
    println!("{}", telemetry.render());
    let _ = std::panic::catch_unwind(|| panic!("canary"));
    assert!(telemetry::init(&settings).is_err(), "once per process");
}

#[test]
fn logs_are_json_off_a_terminal_and_a_panic_s_message_stays_out() {
    let output = part("telemetry").output().expect("the part runs");
    let log = text(&output.stderr);
    assert!(output.status.success(), "{log}");
    let records: Vec<serde_json::Value> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("a JSON record"))
        .collect();
    let committed = records.iter().find(|record| record["message"] == "committed");
    assert_eq!(committed.expect("the record")["order"], "ord_1", "{log}");
    let panic = records.iter().find(|record| record["message"] == "panic").expect("the panic");
    assert!(panic["place"].as_str().expect("a place").contains("process.rs"), "{log}");
    assert!(!log.contains("canary") && !log.contains("not to be seen"), "{log}");

    let metrics = text(&output.stdout);
    assert!(metrics.contains("holds_total 2"), "{metrics}");
    assert!(metrics.contains(r#"holdfast_http_request_seconds_bucket{le="0.005"} 1"#), "{metrics}");
    assert!(
        metrics.contains(r#"holdfast_http_request_seconds_bucket{le="0.0025"} 0"#),
        "{metrics}"
    );
}

fn signal_part() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let tasks = Tasks::new();
        let stopping = tasks.stopping();
        tasks.spawn_to_end("announces", async move {
            stopping.cancelled().await;
            println!("finished");
        });
        // The signal counts from the first poll on; only then the parent may send it.
        let signal = shutdown::wait_for_signal();
        let mut signal = std::pin::pin!(signal);
        tokio::select! {
            biased;
            result = &mut signal => result.expect("signals can be waited for"),
            () = async {
                println!("waiting");
                std::future::pending().await
            } => {}
        }
        tasks.shut_down(Duration::from_secs(60)).await;
    });
    println!("ended");
}

#[test]
fn a_sigterm_ends_the_process_in_order() {
    let mut child = part("signal").spawn().expect("the part starts");
    let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut heard =
        |word: &str| output.by_ref().map_while(Result::ok).any(|line| line.ends_with(word));
    assert!(heard("waiting"));
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(killed.expect("kill runs").success());
    assert!(heard("finished"));
    assert!(heard("ended"));
    assert!(child.wait().expect("an end").success());
}

fn fail_points_part() {
    platform::failpoint::setup();
    platform::failpoint("order_committed");
    println!("passed order_committed");
    platform::failpoint("order_promoted");
    println!("passed order_promoted");
}

fn with_fail_points(chosen: &str) -> Output {
    part("fail_points").env("FAILPOINTS", chosen).output().expect("the part runs")
}

#[cfg(feature = "failpoints")]
#[test]
fn a_process_dies_at_the_chosen_step() {
    let output = with_fail_points("order_promoted=return");
    assert!(!output.status.success());
    let printed = text(&output.stdout);
    assert!(printed.contains("passed order_committed"), "{printed}");
    assert!(!printed.contains("passed order_promoted"), "{printed}");
}

#[cfg(feature = "failpoints")]
#[test]
fn a_step_that_does_not_exist_is_refused() {
    let output = with_fail_points("order_comitted=return");
    assert!(!output.status.success());
    assert!(!text(&output.stdout).contains("passed order"));
}

#[cfg(not(feature = "failpoints"))]
#[test]
fn a_shipped_binary_knows_no_fail_points() {
    let output = with_fail_points("order_committed=return");
    assert!(output.status.success());
    assert!(text(&output.stdout).contains("passed order_promoted"));
}
