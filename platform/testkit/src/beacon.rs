//! A public randomness beacon as drand's HTTP interface gives one: a round every three seconds of a
//! clock that is handed in, and whatever a test wants it to say instead.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use domain::time::Clock;

const PERIOD_MS: i64 = 3_000;
/// Rounds that there were when the server started.
const ROUNDS_BEFORE: i64 = 1_000;

/// A whole HTTP answer, head and all.
type Answer = Vec<u8>;
type Answers = Box<dyn Fn(&str) -> Option<Answer> + Send>;

/// Serves until the test process ends.
pub struct BeaconServer {
    address: String,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    answers: Answers,
    asked: Vec<String>,
}

impl BeaconServer {
    /// An honest one; see [`BeaconServer::be_honest`].
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        let answers = honest_by(clock);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let shared = Arc::new(Mutex::new(Shared { answers, asked: Vec::new() }));
        let served = shared.clone();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = served.clone();
                // Whoever does not wait for the answer breaks off.
                thread::spawn(move || serve(&connection, &shared));
            }
        });
        Self { address, shared }
    }

    /// What a configuration names.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it says this to whoever asks for a path; `None`: nothing, and the connection
    /// stays open.
    pub fn answer_with(&self, answers: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) {
        self.shared().answers = Box::new(answers);
    }

    /// From now on it is honest, by this clock: a round that is to come has no answer but 404.
    pub fn be_honest(&self, clock: Arc<dyn Clock>) {
        self.shared().answers = honest_by(clock);
    }

    /// The paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.shared().asked.clone()
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }

    /// An answer with this status and body.
    pub fn answer(status: &str, body: &str) -> Vec<u8> {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
        .into_bytes()
    }

    /// What the honest one says of a round.
    pub fn round(number: u64) -> Vec<u8> {
        let value = Self::randomness(number);
        Self::answer("200 OK", &format!(r#"{{"round":{number},"randomness":"{value}"}}"#))
    }

    /// The value of a round, in hexadecimal.
    pub fn randomness(number: u64) -> String {
        format!(
            "{:064x}",
            u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
        )
    }
}

fn honest_by(clock: Arc<dyn Clock>) -> Answers {
    let begun_ms = clock.now().as_millis() - ROUNDS_BEFORE * PERIOD_MS;
    let genesis_ms = begun_ms.div_euclid(1_000) * 1_000;
    Box::new(move |path| Some(honest(genesis_ms, &*clock, path)))
}

fn honest(genesis_ms: i64, clock: &dyn Clock, path: &str) -> Answer {
    let latest = (clock.now().as_millis() - genesis_ms).div_euclid(PERIOD_MS) as u64 + 1;
    if path == "/info" {
        let (genesis, period) = (genesis_ms / 1_000, PERIOD_MS / 1_000);
        let body = format!(r#"{{"period":{period},"genesis_time":{genesis},"hash":"00"}}"#);
        return BeaconServer::answer("200 OK", &body);
    }
    match path.strip_prefix("/public/").map(str::parse::<u64>) {
        Some(Ok(number)) if number <= latest => BeaconServer::round(number),
        _ if path == "/public/latest" => BeaconServer::round(latest),
        _ => BeaconServer::answer("404 Not Found", "{}"),
    }
}

fn serve(connection: &TcpStream, shared: &Mutex<Shared>) {
    let mut lines = BufReader::new(connection).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    // The rest of the head.
    let _ = lines.find(String::is_empty);
    let answer = {
        let mut shared = lock(shared);
        shared.asked.push(path.clone());
        (shared.answers)(&path)
    };
    match answer {
        Some(answer) => {
            let _ = (&*connection).write_all(&answer);
        }
        // Until the other side has enough of it.
        None => while lines.next().is_some() {},
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
