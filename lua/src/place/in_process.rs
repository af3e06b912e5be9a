//! The scripts in this process: an embedded Lua 5.1 over a [`Keyspace`], one call at a time.
//!
//! Deterministic: time comes from the clock handed in. For simulation it can fail at any command
//! and go back to an earlier keyspace. Keeps nothing on disk.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::time::Clock;
use mlua::{Function, Lua, LuaOptions, MultiValue, StdLib};

use crate::{
    answer::Value,
    error::Error,
    keyspace::{Answered, Keyspace, Server},
    scripts::{self, Call},
};

/// The text of an injected fault, by which it is told from a script's own failure.
const FAULT: &str = "injected fault";

/// A store inside this process.
pub struct InProcess {
    machine: Mutex<Machine>,
    state: Arc<Mutex<State>>,
}

struct Machine {
    lua: Lua,
    compiled: HashMap<&'static str, Function>,
}

struct State {
    keys: Keyspace,
    replication_id: String,
    fail_overs: u64,
    clock: Arc<dyn Clock>,
    /// Commands until the fault; `None`: none is wanted.
    fault_in: Option<u64>,
    commands: u64,
}

impl InProcess {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State {
            keys: Keyspace::default(),
            replication_id: replication_id(0),
            fail_overs: 0,
            clock,
            fault_in: None,
            commands: 0,
        };
        let state = Arc::new(Mutex::new(state));
        let machine = Machine::new(state.clone()).expect("an empty Lua can be set up");
        Self { machine: Mutex::new(machine), state }
    }

    /// Everything that is kept, to be compared or to go back to.
    pub fn keyspace(&self) -> Keyspace {
        self.between_scripts(|state| state.keys.clone())
    }

    /// Replaces everything that is kept: imitates a fail-over that lost the last writes. As there,
    /// the replication id is another one from now on.
    pub fn restore(&self, keys: Keyspace) {
        self.between_scripts(|state| {
            state.fail_overs += 1;
            state.replication_id = replication_id(state.fail_overs);
            state.keys = keys;
        });
    }

    /// Replaces everything that is kept, and nobody is to notice: for comparisons that take a step
    /// twice.
    pub fn rewind(&self, keys: Keyspace) {
        self.between_scripts(|state| state.keys = keys);
    }

    /// Takes the replication id of another store, for comparisons with it.
    pub fn take_replication_id(&self, id: String) {
        self.state().replication_id = id;
    }

    /// The `n`-th command from now (1 is the next) fails, and with it its script: what the script
    /// wrote before stays. `None` takes a wish for a fault back.
    pub fn fail_at(&self, n: Option<u64>) {
        self.state().fault_in = n;
    }

    /// Commands that scripts have called so far.
    pub fn commands(&self) -> u64 {
        self.state().commands
    }

    pub(crate) fn flush(&self) {
        self.between_scripts(|state| state.keys = Keyspace::default());
    }

    pub(crate) fn replication_id(&self) -> String {
        self.state().replication_id.clone()
    }

    /// As a server does it: a script is not disturbed.
    fn between_scripts<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let _machine = lock(&self.machine);
        work(&mut self.state())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn run(&self, call: &Call) -> Result<Value, Error> {
        let keys = call.keys.iter().map(String::as_bytes);
        let machine = lock(&self.machine);
        let script = &machine.compiled[call.script.name];
        machine.run(script, keys, call.arguments.iter()).map_err(|reason| fault(call, reason))
    }

    /// Runs any text as a script, for comparisons with Redis.
    ///
    /// # Errors
    /// The text of the Lua or command error.
    pub fn evaluate(
        &self,
        text: &str,
        keys: &[Vec<u8>],
        arguments: &[Vec<u8>],
    ) -> Result<Value, String> {
        let machine = lock(&self.machine);
        let script = machine.lua.load(text).into_function().map_err(|error| error.to_string())?;
        let (keys, arguments) = (keys.iter(), arguments.iter());
        machine.run(&script, keys.map(Vec::as_slice), arguments.map(Vec::as_slice))
    }
}

/// Of the first store, and of those after so many fail-overs.
fn replication_id(fail_overs: u64) -> String {
    format!("{fail_overs:040x}")
}

fn fault(call: &Call, reason: String) -> Error {
    if reason.contains(FAULT) {
        return Error::Unavailable(None);
    }
    Error::Script { script: call.script.name, reason }
}

/// A poisoned lock only tells that a test panicked while it held it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Machine {
    fn new(state: Arc<Mutex<State>>) -> mlua::Result<Self> {
        let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::new())?;
        let call = lua.create_function(move |lua, arguments: MultiValue| {
            let command = arguments.iter().map(argument).collect::<Result<Vec<_>, _>>();
            let answered = command.and_then(|command| lock(&state).command(&command));
            answered_to_lua(lua, answered.map_err(mlua::Error::runtime)?)
        })?;
        let redis = lua.create_table()?;
        redis.set("call", call)?;
        lua.globals().set("redis", redis)?;
        let mut compiled = HashMap::new();
        for script in scripts::ALL {
            let function = lua.load(script.text()).set_name(script.name).into_function()?;
            compiled.insert(script.name, function);
        }
        Ok(Self { lua, compiled })
    }

    fn run<'a>(
        &self,
        script: &Function,
        keys: impl Iterator<Item = &'a [u8]>,
        arguments: impl Iterator<Item = &'a [u8]>,
    ) -> Result<Value, String> {
        let run = || -> mlua::Result<mlua::Value> {
            self.lua.globals().set("KEYS", self.list(keys)?)?;
            self.lua.globals().set("ARGV", self.list(arguments)?)?;
            script.call(())
        };
        let value = run().map_err(|error| error.to_string())?;
        value_from_lua(&value).map_err(|error| error.to_string())
    }

    /// One string after the other: Lua cannot be asked to hold more than 8,000 at once elsewhere.
    fn list<'a>(&self, items: impl Iterator<Item = &'a [u8]>) -> mlua::Result<mlua::Table> {
        let table = self.lua.create_table()?;
        for item in items {
            table.raw_push(self.lua.create_string(item)?)?;
        }
        Ok(table)
    }
}

impl State {
    fn command(&mut self, command: &[Vec<u8>]) -> Result<Answered, String> {
        self.commands += 1;
        if let Some(left) = &mut self.fault_in {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.fault_in = None;
                return Err(FAULT.to_owned());
            }
        }
        let server = Server { now: self.clock.now(), replication_id: &self.replication_id };
        self.keys.run(command, server)
    }
}

/// Integers print the same everywhere; other numbers do not, and no script needs them.
fn argument(value: &mlua::Value) -> Result<Vec<u8>, String> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        mlua::Value::String(text) => Ok(text.as_bytes().to_vec()),
        mlua::Value::Integer(number) => Ok(number.to_string().into_bytes()),
        mlua::Value::Number(number) if number.fract() == 0.0 && number.abs() < EXACT => {
            Ok((*number as i64).to_string().into_bytes())
        }
        mlua::Value::Number(_) => Err("ERR an argument is a number but no integer".into()),
        _ => Err("ERR Lua redis lib command arguments must be strings or integers".into()),
    }
}

fn answered_to_lua(lua: &Lua, answered: Answered) -> mlua::Result<mlua::Value> {
    Ok(match answered {
        Answered::Status(status) => {
            let table = lua.create_table()?;
            table.set("ok", status)?;
            mlua::Value::Table(table)
        }
        Answered::Nil => mlua::Value::Boolean(false),
        Answered::Integer(number) => mlua::Value::Number(number as f64),
        Answered::Bytes(bytes) => mlua::Value::String(lua.create_string(&bytes)?),
        Answered::List(items) => {
            let table = lua.create_table_with_capacity(items.len(), 0)?;
            for item in items {
                table.raw_push(answered_to_lua(lua, item)?)?;
            }
            mlua::Value::Table(table)
        }
    })
}

/// As Redis does it: a number is cut to an integer, a list ends at its first nil.
fn value_from_lua(value: &mlua::Value) -> mlua::Result<Value> {
    Ok(match value {
        mlua::Value::String(text) => Value::Bytes(text.as_bytes().to_vec()),
        mlua::Value::Integer(number) => Value::Integer(*number),
        mlua::Value::Number(number) => Value::Integer(*number as i64),
        mlua::Value::Boolean(true) => Value::Integer(1),
        mlua::Value::Table(table) => {
            if let Some(error) = table.raw_get::<Option<String>>("err")? {
                return Err(mlua::Error::runtime(error));
            }
            if let Some(status) = table.raw_get::<Option<mlua::LuaString>>("ok")? {
                return Ok(Value::Bytes(status.as_bytes().to_vec()));
            }
            let mut items = Vec::new();
            for index in 1.. {
                match table.raw_get::<mlua::Value>(index)? {
                    mlua::Value::Nil => break,
                    item => items.push(value_from_lua(&item)?),
                }
            }
            Value::List(items)
        }
        _ => Value::Nil,
    })
}
