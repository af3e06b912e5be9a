//! The process of the viewers: one thread, a small task a socket, the map of each kept strictly.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::{LocalSet, spawn_local},
    time::sleep,
};

use super::{
    map::{Audited, Taken},
    viewers::{ANSWER, Counts},
};

const PING: u8 = 0x89;
const CLOSE: u8 = 0x88;
/// Masked with nothing, as it has no payload.
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

struct Task {
    host: [u8; 4],
    event: String,
    gateways: Vec<SocketAddr>,
    counts: Cell<Counts>,
}

impl Task {
    fn count(&self, change: impl FnOnce(&mut Counts)) {
        let mut counts = self.counts.get();
        change(&mut counts);
        self.counts.set(counts);
    }
}

/// Why a socket is over.
enum Over {
    Lost,
    Closed,
    Refused,
    Gap,
}

/// `task`: source address, viewers, event, gateways. Until its input ends.
pub fn watch(task: &str) {
    let words: Vec<&str> = task.split(' ').collect();
    let [host, count, event, gateways] = words[..] else { panic!("{task}") };
    let host: std::net::Ipv4Addr = host.parse().expect("an address");
    let task = Rc::new(Task {
        host: host.octets(),
        event: event.to_owned(),
        gateways: gateways.split(',').map(|text| text.parse().expect("an address")).collect(),
        counts: Cell::default(),
    });
    let count: usize = count.parse().expect("a number");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), async move {
        let maps: Vec<_> = (0..count).map(|_| Rc::<RefCell<Audited>>::default()).collect();
        for (number, map) in maps.iter().enumerate() {
            spawn_local(follow(task.clone(), number, map.clone()));
        }
        let (sender, mut lines) = tokio::sync::mpsc::unbounded_channel();
        std::thread::spawn(move || {
            std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        while let Some(line) = lines.recv().await {
            if let Some(("compare", map)) = line.split_once(' ') {
                let audited = Audited::parse(map).expect("a map");
                let equal = maps.iter().filter(|map| *map.borrow() == audited).count();
                task.count(|counts| counts.equal = equal as u64);
            }
            println!("\n{ANSWER}{}", task.counts.get().write());
        }
    });
}

/// One viewer: comes back whenever a socket ends, to the next gateway.
async fn follow(task: Rc<Task>, number: usize, map: Rc<RefCell<Audited>>) {
    // Not all in one moment: a gateway admits so many a second.
    let spread = Duration::from_millis(500 + (number % 100) as u64 * 20);
    sleep(spread).await;
    for attempt in number.. {
        let address = task.gateways[attempt % task.gateways.len()];
        let mut is_open = false;
        let known = (map.borrow().epoch, map.borrow().version);
        let over = match open(&task, address, known).await {
            Some(stream) => listen(&task, stream, &map, &mut is_open).await,
            None => Over::Refused,
        };
        task.count(|counts| {
            counts.open -= u64::from(is_open);
            match over {
                Over::Lost => counts.lost += 1,
                Over::Closed => counts.closed += 1,
                Over::Refused => counts.refused += 1,
                Over::Gap => counts.gaps += 1,
            }
        });
        sleep(spread).await;
    }
}

/// `known`: epoch and version, 0 for none.
async fn open(task: &Task, address: SocketAddr, known: (u64, u64)) -> Option<TcpStream> {
    let since = match known {
        (0, _) => String::new(),
        (epoch, version) => format!("?since={epoch}.{version}"),
    };
    let head = format!(
        "GET /v1/events/{}/live{since} HTTP/1.1\r\nhost: viewer\r\nconnection: upgrade\r\n\
         upgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        task.event
    );
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(SocketAddr::from((task.host, 0))).ok()?;
    let mut stream = socket.connect(address).await.ok()?;
    stream.write_all(head.as_bytes()).await.ok()?;
    Some(stream)
}

/// One socket to its end.
async fn listen(
    task: &Task,
    mut stream: TcpStream,
    map: &RefCell<Audited>,
    is_open: &mut bool,
) -> Over {
    let comes_back = map.borrow().epoch > 0;
    let (mut buffer, mut is_upgraded) = (Vec::with_capacity(512), false);
    loop {
        match stream.read_buf(&mut buffer).await {
            Ok(0) | Err(_) if !is_upgraded => return Over::Refused,
            Ok(0) | Err(_) => return Over::Lost,
            Ok(_) => {}
        }
        let mut start = 0;
        if !is_upgraded {
            let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
                continue;
            };
            if !buffer.starts_with(b"HTTP/1.1 101") {
                return Over::Refused;
            }
            (is_upgraded, start) = (true, end + 4);
        }
        while let Some((payload, end)) = frame(&buffer[start..]) {
            let (opcode, payload) = (buffer[start], &buffer[start + payload..start + end]);
            start += end;
            match opcode {
                CLOSE => return Over::Closed,
                PING => {
                    // A socket that cannot be written to says so when it is read.
                    let _ = stream.try_write(&PONG);
                    continue;
                }
                _ => {}
            }
            let taken = map.borrow_mut().take(payload).expect("a frame as documented");
            let is_first = !*is_open;
            task.count(|counts| match taken {
                Taken::Snapshot if comes_back => counts.needless_snapshots += 1,
                Taken::Snapshot if !is_first => counts.needless_snapshots += 1,
                Taken::Snapshot => counts.first_snapshots += 1,
                Taken::Delta if is_first => counts.resumes += 1,
                Taken::Delta => counts.deltas += 1,
                Taken::Gap | Taken::Nothing => {}
            });
            match taken {
                Taken::Gap => return Over::Gap,
                Taken::Snapshot | Taken::Delta if is_first => {
                    *is_open = true;
                    task.count(|counts| counts.open += 1);
                }
                _ => {}
            }
        }
        buffer.drain(..start);
    }
}

/// Where the first frame's payload begins and where it ends, when it is whole.
fn frame(bytes: &[u8]) -> Option<(usize, usize)> {
    let (head, length) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize),
        length => (2, usize::from(length)),
    };
    (bytes.len() >= head + length).then_some((head, head + length))
}
