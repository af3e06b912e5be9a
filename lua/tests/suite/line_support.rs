//! A stage with a line, and short words for what people in it do.

use domain::{hold::CustomerKey, queue::Lane, time::Timestamp};
use lua::{
    Admitted, Controlled, Entered, GraceWish, Graced, Join, JoinReply, Joined, LayLine, Left,
    LinePhase, LinePlace, LineRead, PassRecord, Reader, Termed, Way,
};

use crate::support::{Stage, customer};

pub const TERM: u64 = 3;
pub const FENCE: u64 = 5;
pub const PASS_MS: i64 = 600_000;

/// An open line without anybody, of a hundred indexes a lane.
pub fn line() -> LayLine {
    LayLine {
        term: TERM,
        fence: FENCE,
        phase: LinePhase::Open,
        joined: [0; 2],
        ceiling: [100; 2],
        size: [0; 2],
        cursors: [0; 3],
        waiting_max: 0,
        batches: Vec::new(),
        draw: None,
        passes: vec![],
    }
}

pub fn general(index: u64) -> LinePlace {
    LinePlace { lane: Lane::General, index }
}

pub fn priority(index: u64) -> LinePlace {
    LinePlace { lane: Lane::Priority, index }
}

/// The person of this number, who shows nothing.
pub fn newcomer(number: u8) -> Join {
    Join { person: customer(number), lane: Lane::General, place: None }
}

pub fn with_code(number: u8) -> Join {
    Join { lane: Lane::Priority, ..newcomer(number) }
}

pub fn shows(number: u8, index: u64) -> Join {
    Join { place: Some(index), ..newcomer(number) }
}

pub fn new(place: LinePlace) -> Joined {
    Joined::New { lane: place.lane, index: place.index }
}

pub fn known(place: LinePlace) -> Joined {
    Joined::Known { lane: place.lane, index: place.index }
}

pub fn termed<T>(reply: Termed<T>) -> T {
    match reply {
        Termed::Done(done) => done,
        Termed::OtherTerm { current } => panic!("another term: {current:?}"),
    }
}

pub fn led<T: std::fmt::Debug>(reply: Controlled<T>) -> T {
    match reply {
        Controlled::Done(done) => done,
        other => panic!("not done: {other:?}"),
    }
}

impl Stage {
    /// In process, with an inventory and a line.
    pub async fn with_line(line: LayLine) -> Self {
        let stage = Self::new().await;
        stage.lay(line).await;
        stage
    }

    /// With this many people in the general lane of an open line, released up to a cursor.
    pub async fn with_people(many: u8, cursor: u64) -> Self {
        let stage = Self::with_line(line()).await;
        let joins: Vec<Join> = (1..=many).map(newcomer).collect();
        stage.join_all(&joins).await;
        stage.admit([cursor, 0, 0]).await;
        stage
    }

    pub async fn lay(&self, line: LayLine) {
        termed(self.store.lay_line(&self.partition, &line).await.unwrap());
    }

    pub async fn join_all(&self, joins: &[Join]) -> JoinReply {
        termed(self.store.join_line(&self.partition, TERM, joins).await.unwrap())
    }

    pub async fn join(&self, join: Join) -> Joined {
        self.join_all(&[join]).await.replies[0]
    }

    pub async fn admit(&self, cursors: [u64; 3]) -> Admitted {
        led(self.store.admit(&self.partition, TERM, FENCE, cursors, 100).await.unwrap())
    }

    /// By the place that is the position as well.
    pub async fn enter(&self, number: u8, place: LinePlace) -> Entered {
        let way = match place.lane {
            Lane::General => Way::General { position: place.index },
            Lane::Priority => Way::Priority { position: place.index },
        };
        self.enter_by(number, way, place).await
    }

    pub async fn enter_by(&self, number: u8, way: Way, place: LinePlace) -> Entered {
        let person = customer(number);
        let entered =
            self.store.enter_line(&self.partition, TERM, person, way, place, PASS_MS).await;
        termed(entered.unwrap())
    }

    pub async fn renew(&self, number: u8) -> Entered {
        let person = customer(number);
        termed(self.store.renew_pass(&self.partition, TERM, person, PASS_MS).await.unwrap())
    }

    pub async fn leave(&self, number: u8) -> Left {
        termed(self.store.leave_line(&self.partition, TERM, customer(number)).await.unwrap())
    }

    pub async fn grace(&self, number: u8, place: LinePlace) -> Graced {
        let wishes = [GraceWish { person: customer(number), place }];
        termed(self.store.join_grace(&self.partition, TERM, &wishes).await.unwrap())[0]
    }

    pub async fn pass(&self, number: u8) -> Option<PassRecord> {
        let state = self.store.pass_state(&self.partition, TERM, customer(number)).await;
        termed(state.unwrap()).1
    }

    /// Everything of the line.
    pub async fn line(&self) -> LineRead {
        self.line_for(&Reader { wants_entered: true, ..Reader::default() }).await
    }

    pub async fn line_for(&self, reader: &Reader) -> LineRead {
        self.store.read_line(&self.partition, reader).await.unwrap().expect("a line")
    }

    /// Who stands at each index of a lane.
    pub async fn entries(&self, lane: Lane) -> Vec<Option<CustomerKey>> {
        let bytes = self.store.read_entries(&self.partition, lane, 0, 10_000).await.unwrap();
        let entry = |bytes: &[u8]| CustomerKey(bytes.try_into().unwrap());
        let entries = bytes.chunks(12).map(entry);
        entries.map(|person| (person != CustomerKey([0; 12])).then_some(person)).collect()
    }

    /// When a pass that is got now ends.
    pub fn pass_end(&self) -> Timestamp {
        self.clock_now().plus_millis(PASS_MS)
    }
}
