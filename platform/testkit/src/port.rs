//! Free ports of 127.0.0.1.

use std::{
    collections::HashSet,
    net::TcpListener,
    sync::{Mutex, OnceLock, PoisonError},
};

/// A port that nobody listens on and that this process has not given out before. Another process
/// may take it before it is used: who starts a server tries again with another port.
pub fn free_port() -> u16 {
    static GIVEN: OnceLock<Mutex<HashSet<u16>>> = OnceLock::new();
    let mut given =
        GIVEN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("the listener has an address").port();
        if given.insert(port) {
            return port;
        }
    }
}
