//! Another process of this program, told and asked by lines: each line in is answered by one line
//! of numbers.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result};

/// Ended with the value, by its id.
pub struct Helper {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Helper {
    pub fn start(arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        let mut child = command
            .arg("maps")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().context("the helper's input")?;
        let output = BufReader::new(child.stdout.take().context("the helper's output")?);
        Ok(Self { child, input, output })
    }

    pub fn ask(&mut self, line: &str) -> Result<Vec<u64>> {
        writeln!(self.input, "{line}")?;
        let mut answer = String::new();
        self.output.read_line(&mut answer)?;
        Ok(answer.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The other side: lines of the standard input, as they come.
pub fn lines() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The other side's answer.
pub fn answer(numbers: impl IntoIterator<Item = u64>) {
    let words: Vec<String> = numbers.into_iter().map(|number| number.to_string()).collect();
    println!("{}", words.join(" "));
}
