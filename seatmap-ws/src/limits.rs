//! Every bound of the sockets by name, in one place, with the time constants they live by.

use std::time::Duration;

/// How often the inventory is looked at; changes of at least so long are told in one frame.
pub const TICK: Duration = Duration::from_millis(50);
/// Frames of a map that many watch are further apart, by so much for each socket: a lone change
/// goes out at once all the same, and a storm of them costs no more than a few.
pub const TICK_PER_SOCKET: Duration = Duration::from_micros(20);
/// But never further than this.
pub const TICK_MAX: Duration = Duration::from_millis(100);
/// An overview is a rough picture: it is told less often.
pub const OVERVIEW_EVERY: Duration = Duration::from_millis(500);
/// A silent map says that it lives, and at which version it is.
pub const HEARTBEAT_EVERY: Duration = Duration::from_secs(10);
/// Every second heartbeat brings a ping.
pub const HEARTBEATS_PER_PING: u64 = 2;
/// Nothing heard for so long, not even an answer to a ping: closed.
pub const SILENCE_MAX: Duration = Duration::from_secs(60);
/// A frame that cannot be written for so long belongs to a reader that is too slow.
pub const STALL_MAX: Duration = Duration::from_secs(15);
/// How long a close frame may take to be written and answered.
pub const CLOSE_WITHIN: Duration = Duration::from_secs(2);
/// A map that nobody watches is followed a little longer: watchers come back.
pub const UNWATCHED_MAX: Duration = Duration::from_secs(30);
/// How often a hub looks whether its event is still published.
pub const STATUS_EVERY: Duration = Duration::from_secs(1);
/// What a client that is ahead of this process waits for it, before it gets a snapshot.
pub const CATCH_UP_WITHIN: Duration = Duration::from_secs(1);

/// Bytes of one message from a client, and so of one frame: 1009. Nothing of it is kept.
pub const MESSAGE_BYTES_MAX: u64 = 16 * 1024;
/// Fragments of one message from a client: 1009.
pub const FRAGMENTS_MAX: u32 = 64;
/// Frames from a client in a second, pings and pongs included: 1008.
pub const FRAMES_PER_SECOND_MAX: u32 = 10;
/// Frames from a client in a minute, pings and pongs included: 1008.
pub const FRAMES_PER_MINUTE_MAX: u32 = 100;

/// Sockets of one device.
pub const SOCKETS_PER_DEVICE_MAX: u32 = 5;
/// Sockets from one address (IPv6: one /64).
pub const SOCKETS_PER_ADDRESS_MAX: u32 = 200;
/// Sockets of one process.
pub const SOCKETS_MAX: usize = 50_000;
/// Sockets that one process takes in a second: after a restart everybody comes back.
pub const UPGRADES_PER_SECOND_MAX: u32 = 2_000;
/// Zones and areas that one socket may name.
pub const ZONES_PER_SOCKET_MAX: usize = 64;
/// Different selections of one event at once; each is encoded by itself.
pub const CHANNELS_PER_EVENT_MAX: usize = 512;
/// Characters of a query.
pub const QUERY_LENGTH_MAX: usize = 8 * 1024;

/// Bytes of a connection's outgoing buffer in the kernel, which doubles it.
pub const KERNEL_SEND_BYTES: usize = 32 * 1024;
/// Unsent bytes from which on a connection counts as not writable.
pub const KERNEL_UNSENT_BYTES: u32 = 16 * 1024;
/// Bytes read at once. On the stack: a silent socket keeps none.
pub const READ_BYTES: usize = 1024;
/// Frames that a shard writes, some 5 µs each, before it lets others have the thread.
pub const WRITES_PER_TURN: usize = 64;
/// Encoded answers to stragglers that are kept between two ticks.
pub const CATCH_UPS_KEPT_MAX: usize = 64;
/// A delta up to so many bytes is sent without looking whether a snapshot were smaller.
pub const SURELY_SMALL_BYTES: usize = 512;

/// At the end of a process its sockets are closed over so long at most.
pub const DRAIN_WITHIN: Duration = Duration::from_secs(4);
/// Between two closes, where [`DRAIN_WITHIN`] allows it.
pub const DRAIN_PACE: Duration = Duration::from_millis(1);
/// The shortest delay that a closed client is told.
pub const RECONNECT_AFTER_MIN: Duration = Duration::from_millis(500);
/// The longest.
pub const RECONNECT_AFTER_MAX: Duration = Duration::from_secs(30);
/// The delays of one drain spread by this much for each socket.
pub const RECONNECT_PACE: Duration = Duration::from_millis(2);
