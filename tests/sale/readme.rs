//! The walk-through of the README, run exactly as printed.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// The shell blocks between the two marks of the README's walk-through.
fn walk_through() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let part = readme
        .split_once("## Two seats in one page")
        .expect("the walk-through's heading")
        .1
        .split_once("\n## ")
        .expect("the next heading")
        .0;
    part.split("```sh\n")
        .skip(1)
        .map(|b| b.split("```").next().expect("a block").to_owned())
        .collect()
}

/// The demo; ended with the value, by its process id.
struct Demo(Child);

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_reader_buys_two_seats_as_printed() {
    let mut blocks = walk_through().into_iter();
    let start = blocks.next().expect("the command that starts the demo");
    assert_eq!(start.trim(), "cargo run --release -- demo");

    let scratch = tempfile::tempdir().expect("a directory");
    let clone = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    // Without what cargo tells its tests: build scripts that listen to it would build all anew.
    let of_test = std::env::vars_os().map(|(name, _)| name).filter(|name| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO") && name != "CARGO_HOME"
    });
    let mut build = Command::new("cargo");
    of_test.for_each(|name| _ = build.env_remove(name));
    let build = build.args(["build", "--release"]).current_dir(&clone);
    assert!(build.status().expect("cargo runs").success());
    // `exec` makes the demo this very process, so that its id ends it.
    let mut demo = Demo(
        Command::new(clone.join("target/release/holdfast"))
            .arg("demo")
            .current_dir(scratch.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the demo starts"),
    );
    let mut lines = BufReader::new(demo.0.stdout.take().expect("its output")).lines();
    let printed: Vec<String> =
        lines.by_ref().map_while(Result::ok).take_while(|line| !line.contains("Ctrl-C")).collect();
    let printed = printed.join("\n");
    assert!(printed.contains("http://127.0.0.1:8080"), "{printed}");
    assert!(printed.to_lowercase().contains("token"), "{printed}");

    let script: String = blocks.collect();
    assert!(script.contains("curl"));
    let mut shell = Command::new("bash")
        .args(["-eu", "-o", "pipefail", "-c", &script])
        .current_dir(scratch.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash starts");
    let mut output = String::new();
    shell.stdout.take().expect("its output").read_to_string(&mut output).expect("text");
    assert!(shell.wait().expect("an end").success(), "{output}");
    assert!(output.contains(r#""status":"confirmed""#), "{output}");
    assert!(output.matches(r#""id":"tkt_"#).count() >= 2, "{output}");
    let picture = fs::read_to_string(scratch.path().join("ticket.svg")).expect("the ticket's QR");
    assert!(picture.contains("<svg"));
}
