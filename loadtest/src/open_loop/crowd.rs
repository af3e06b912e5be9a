//! All processes of the generator: started together, told to begin together, added up.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use super::{
    Figures, Plan,
    worker::{READY, ROLE},
};

/// Ended with the value, by its id.
struct Worker {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    fn start(plan: &Plan, number: usize) -> Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.args([ROLE, &number.to_string()]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().context("the generator's input")?;
        let output = BufReader::new(child.stdout.take().context("the generator's output")?);
        let mut worker = Self { child, input, output };
        writeln!(worker.input, "{}", serde_json::to_string(plan)?)?;
        Ok(worker)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(!line.is_empty(), "a process of the generator ended");
        Ok(line)
    }
}

/// Makes the run; blocks until its end. The program must begin with
/// [`work_if_asked`](super::work_if_asked): each process is the program itself, started anew.
pub fn send(plan: &Plan) -> Result<Figures> {
    ensure!(plan.address.ip().is_loopback(), "load goes to this machine only");
    let workers = (0..plan.workers).map(|number| Worker::start(plan, number));
    let mut workers = workers.collect::<Result<Vec<_>>>()?;
    for worker in &mut workers {
        ensure!(worker.line()?.trim() == READY, "a process of the generator is not ready");
    }
    for worker in &mut workers {
        writeln!(worker.input, "begin")?;
    }
    let mut sum = Figures::default();
    for worker in &mut workers {
        sum.add(serde_json::from_str(&worker.line()?).context("a process's figures")?);
    }
    Ok(sum)
}
