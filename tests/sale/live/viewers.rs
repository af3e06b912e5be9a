//! A process of viewers, asked by lines; `watching` is its other side.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::map::Audited;
use crate::support::wait_for;

/// Before each answer: the test harness writes to the same output.
pub const ANSWER: &str = "@ ";

/// Ends with the value.
pub struct Viewers {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident)*) => {
        /// What happened to the viewers of a process.
        #[derive(Clone, Copy, Debug, Default)]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counts {
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            pub fn write(&self) -> String {
                [$(self.$name),*].map(|count| count.to_string()).join(" ")
            }

            fn read(text: &str) -> Option<Self> {
                let mut numbers = text.split(' ').map(|word| word.trim().parse().ok());
                Some(Self { $($name: numbers.next()??,)* })
            }
        }
    };
}

counts! {
    /// Sockets that are open and were told the map.
    open
    /// Maps that equal the one compared with, version and all.
    equal
    deltas
    /// The first frames of viewers who came with nothing.
    first_snapshots
    /// Those who came back with a version and were told the rest.
    resumes
    /// Snapshots where the rest was due.
    needless_snapshots
    /// Deltas that start above the viewer's version, or heartbeats ahead of it.
    gaps
    /// Sockets that ended without a close frame.
    lost
    /// Sockets that ended with one.
    closed
    refused
}

impl Viewers {
    /// `count` viewers from a loopback address of their own, spread over the gateways.
    pub fn start(number: usize, count: usize, event: &str, gateways: &[SocketAddr]) -> Self {
        let gateways: Vec<String> = gateways.iter().map(SocketAddr::to_string).collect();
        let task = format!("127.0.0.{} {count} {event} {}", number + 2, gateways.join(","));
        // As many files as this user may open.
        let program = env::current_exe().expect("this program");
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -n $(ulimit -Hn); exec \"$0\" \"$@\""])
            .arg(program)
            .args(["--exact", "live::watch", "--ignored", "--nocapture"])
            .env("LIVE_WATCH", task)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process of viewers");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, input, output }
    }

    fn ask(&mut self, question: &str) -> Counts {
        writeln!(self.input, "{question}").expect("the viewers are there");
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.output.read_line(&mut line).expect("an answer");
            assert!(read > 0, "the viewers are gone");
            if let Some((_, answer)) = line.split_once(ANSWER) {
                return Counts::read(answer).expect("numbers");
            }
        }
    }

    pub fn count(&mut self) -> Counts {
        self.ask("count")
    }

    /// Waits until all are at this map's version or later; how many have this very map.
    pub async fn compare(&mut self, map: &Audited) -> Counts {
        let question = format!("compare {}", map.write());
        let this = std::cell::RefCell::new(self);
        wait_for("the last delta", 30, || async {
            let counts = this.borrow_mut().ask(&question);
            (counts.equal == counts.open).then_some(counts)
        })
        .await
    }
}

impl Drop for Viewers {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
