//! Why a socket is closed, and what the client should do about it.
//!
//! 4000 to 4499: connect again with `since`; the reason, when there is one, is a delay in
//! milliseconds. 4500 to 4999: do not. Below 4000 stand the codes of RFC 6455.

use std::time::Duration;

/// A close frame's code and reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close {
    pub code: u16,
    /// What a client of ours waits before it connects again.
    pub delay: Option<Duration>,
    /// The client's own code, given back: nothing is to be waited for.
    pub is_of_client: bool,
}

/// The client has ended it.
pub const NORMAL: u16 = 1000;
/// A frame breaks the protocol.
pub const PROTOCOL_ERROR: u16 = 1002;
/// A text is not UTF-8.
pub const INVALID_TEXT: u16 = 1007;
/// Too many frames.
pub const TOO_MANY: u16 = 1008;
/// A message is too long.
pub const TOO_LONG: u16 = 1009;

/// This process ends; another goes on.
pub const DRAINING: u16 = 4001;
/// The client reads too slowly.
pub const TOO_SLOW: u16 = 4002;
/// Nothing was heard of the client for a minute.
pub const SILENT: u16 = 4003;
/// The event is not on sale any more; a `gone` frame went before.
pub const GONE: u16 = 4500;

impl Close {
    pub const fn now(code: u16) -> Self {
        Self { code, delay: None, is_of_client: false }
    }

    pub const fn after(code: u16, delay: Duration) -> Self {
        Self { code, delay: Some(delay), is_of_client: false }
    }

    pub const fn of_client(code: u16) -> Self {
        Self { code, delay: None, is_of_client: true }
    }

    /// The reason as it is sent: at most 123 bytes.
    pub fn reason(&self) -> String {
        self.delay.map(|delay| delay.as_millis().to_string()).unwrap_or_default()
    }
}

/// Whether a client may send this code (RFC 6455, 7.4).
pub(crate) fn may_be_received(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
