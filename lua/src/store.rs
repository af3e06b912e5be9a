//! The store: one of the places at which scripts run, behind one way of calling them.
//!
//! Whatever awaits a place is boxed: the compiler makes an async function anew in every crate that
//! awaits it, down to the client of Redis, unless a box ends the chain.

use std::{sync::Arc, time::Instant};

use domain::time::Clock;
use futures_util::future::BoxFuture;
use tracing::Instrument;

use crate::{
    answer::{Answer, Value},
    error::Error,
    place::{address::Address, cluster::Cluster, in_process::InProcess, single::Single},
    runs,
    scripts::{Call, Script},
};

/// The door to the inventory of all events. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Store {
    place: Place,
}

#[derive(Clone)]
enum Place {
    InProcess(Arc<InProcess>),
    /// Standalone, or behind Sentinels.
    Single(Arc<Single>),
    Cluster(Arc<Cluster>),
}

/// What a script answers under the epoch it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<T> {
    Done(T),
    /// The inventory is not the one that was meant; nothing was changed. `None`: there is none.
    OtherEpoch {
        current: Option<u64>,
    },
}

impl<T> Reply<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reply<U> {
        match self {
            Self::Done(done) => Reply::Done(change(done)),
            Self::OtherEpoch { current } => Reply::OtherEpoch { current },
        }
    }
}

impl Store {
    /// Connects to the store that an address names: empty for in process, `redis://`, `rediss://`,
    /// `redis+sentinel://host:port,host:port/master`, `redis+cluster://host:port,host:port`. The
    /// clock is the in-process place's; Redis has its own.
    ///
    /// # Errors
    /// `Address` when the address is none of these, `Unavailable` when the store does not answer.
    pub async fn connect(url: &str, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let place = match Address::parse(url)? {
            Address::InProcess => return Ok(Self::in_process(clock)),
            Address::Standalone(node) => Place::Single(Arc::new(Single::standalone(*node)?)),
            Address::Sentinel(sentinels) => Place::Single(Arc::new(Single::sentinel(*sentinels)?)),
            Address::Cluster(nodes) => Place::Cluster(Arc::new(Cluster::new(nodes)?)),
        };
        let store = Self { place };
        store.ping().await?;
        Ok(store)
    }

    /// A store inside this process, empty. It keeps nothing on disk.
    pub fn in_process(clock: Arc<dyn Clock>) -> Self {
        Self { place: Place::InProcess(Arc::new(InProcess::new(clock))) }
    }

    pub fn is_in_process(&self) -> bool {
        matches!(self.place, Place::InProcess(_))
    }

    /// The in-process place itself: faults and roll-backs for simulation.
    pub fn simulation(&self) -> Option<&InProcess> {
        match &self.place {
            Place::InProcess(place) => Some(place),
            _ => None,
        }
    }

    /// Asks the store (in a cluster: some master) for a sign of life.
    ///
    /// # Errors
    /// `Unavailable`, within two seconds.
    pub fn ping(&self) -> BoxFuture<'_, Result<(), Error>> {
        match &self.place {
            Place::InProcess(_) => Box::pin(async { Ok(()) }),
            Place::Single(server) => Box::pin(server.ping()),
            Place::Cluster(cluster) => Box::pin(cluster.ping()),
        }
    }

    /// The replication id of every master, sorted. One that changes tells of a fail-over or of a
    /// restart, after which acknowledged writes may be gone.
    ///
    /// # Errors
    /// `Unavailable`, within two seconds.
    pub fn replication_ids(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let mut ids = match &self.place {
                Place::InProcess(place) => vec![place.replication_id()],
                Place::Single(server) => server.replication_ids().await?,
                Place::Cluster(cluster) => cluster.replication_ids().await?,
            };
            ids.sort_unstable();
            Ok(ids)
        })
    }

    /// One plain command on one key, for what is no event's. In process there is nobody else to
    /// tell: none.
    pub(crate) fn command(
        &self,
        command: redis::Cmd,
    ) -> BoxFuture<'_, Result<Option<redis::Value>, Error>> {
        Box::pin(async move {
            match &self.place {
                Place::InProcess(_) => Ok(None),
                Place::Single(single) => single.command(command).await.map(Some),
                Place::Cluster(cluster) => cluster.command(command).await.map(Some),
            }
        })
    }

    /// The in-process place forgets everything; the others are left alone.
    pub fn flush_in_process(&self) {
        if let Place::InProcess(place) = &self.place {
            place.flush();
        }
    }

    /// Runs one script whose answer is a list.
    pub(crate) async fn run(&self, call: &Call) -> Result<Answer, Error> {
        Answer::new(call.script.name, self.run_raw(call).await?)
    }

    /// Runs one script and counts it. What comes back is the whole answer.
    pub(crate) fn run_raw<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Value, Error>> {
        Box::pin(async move {
            let name = call.script.name;
            let span = tracing::debug_span!(
                "EVALSHA",
                otel.kind = "client",
                db.system.name = "redis",
                db.operation.name = "EVALSHA",
                db.stored_procedure.name = name,
            );
            let began = Instant::now();
            let value = match &self.place {
                Place::InProcess(place) => span.in_scope(|| place.run(call)),
                Place::Single(server) => server.run(call).instrument(span).await,
                Place::Cluster(cluster) => cluster.run(call).instrument(span).await,
            };
            metrics::histogram!("holdfast_lua_call_seconds", "script" => name)
                .record(began.elapsed().as_secs_f64());
            let outcome = outcome(&value);
            metrics::counter!("holdfast_lua_calls_total", "script" => name, "outcome" => outcome)
                .increment(1);
            value
        })
    }

    /// Runs one script that compares the epoch.
    pub(crate) async fn run_at(&self, call: &Call) -> Result<Reply<Answer>, Error> {
        let answer = self.run(call).await?;
        other_epoch(answer)
    }
}

/// The refusal of a script whose other answers are no lists.
pub(crate) fn other_epoch_of<T>(script: &Script, value: Value) -> Result<Reply<T>, Error> {
    match other_epoch(Answer::new(script.name, value)?)? {
        Reply::OtherEpoch { current } => Ok(Reply::OtherEpoch { current }),
        Reply::Done(answer) => Err(answer.malformed()),
    }
}

fn other_epoch(mut answer: Answer) -> Result<Reply<Answer>, Error> {
    let rest = answer.split_off_epoch()?;
    match rest {
        None => Ok(Reply::Done(answer)),
        Some(current) if current.is_empty() => Ok(Reply::OtherEpoch { current: None }),
        Some(current) => {
            let current = runs::number(&current).ok_or_else(|| answer.malformed())?;
            Ok(Reply::OtherEpoch { current: Some(current) })
        }
    }
}

/// The label of the counter. Scripts name their outcomes; there are few.
fn outcome(value: &Result<Value, Error>) -> String {
    match value {
        Ok(Value::List(items)) => match items.first() {
            Some(Value::Bytes(outcome)) => String::from_utf8_lossy(outcome).into_owned(),
            _ => "malformed".to_owned(),
        },
        Ok(Value::Bytes(_)) => "done".to_owned(),
        Ok(_) => "malformed".to_owned(),
        Err(error) if error.is_unavailable() => "unavailable".to_owned(),
        Err(_) => "failed".to_owned(),
    }
}
