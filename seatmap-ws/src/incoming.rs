//! Reads what a client sends, byte by byte, and keeps nothing of it but control frames.
//!
//! A client of a live map has nothing to say: its messages are checked against RFC 6455 and the
//! limits, and dropped as they arrive. So a socket needs no buffer for reading. Strict: masking is
//! required, reserved bits and opcodes are refused, control frames are short and whole, text is
//! UTF-8, close codes are those that may be sent.

use bytes::Bytes;

use crate::{
    close::{Close, INVALID_TEXT, PROTOCOL_ERROR, TOO_LONG, may_be_received},
    limits::{FRAGMENTS_MAX, MESSAGE_BYTES_MAX},
};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Bytes of a control frame.
const CONTROL_BYTES_MAX: u64 = 125;
/// Bytes of the longest head.
const HEAD_BYTES_MAX: usize = 14;

/// Something that a client's bytes amount to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A ping with this payload.
    Ping(Bytes),
    Pong,
    /// A part of a message, or all of it.
    Data,
    /// The client closes; with this code, when it says one.
    Close(Option<u16>),
}

/// A frame whose head is known.
#[derive(Debug)]
struct Frame {
    opcode: u8,
    is_final: bool,
    mask: [u8; 4],
    left: u64,
    /// Place in the mask.
    place: usize,
}

/// A message of one or more frames.
#[derive(Debug)]
struct Message {
    is_text: bool,
    bytes: u64,
    fragments: u32,
}

/// The reading end of one socket.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    head: [u8; HEAD_BYTES_MAX],
    head_length: u8,
    frame: Option<Frame>,
    message: Option<Message>,
    /// Payload of a control frame under way.
    control: Vec<u8>,
    /// The last bytes of a text that are no whole character yet.
    text: Utf8,
}

impl Incoming {
    /// Takes bytes off the front until something is heard. None: all are taken.
    pub(crate) fn hear(&mut self, bytes: &mut &[u8]) -> Result<Option<Heard>, Close> {
        loop {
            let Some(frame) = &mut self.frame else {
                match self.take_head(bytes)? {
                    true => continue,
                    false => return Ok(None),
                }
            };
            let taken = usize::try_from(frame.left).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at(taken);
            *bytes = later;
            frame.left -= taken as u64;
            let is_control = frame.opcode >= CLOSE;
            let is_text = !is_control && self.message.as_ref().is_some_and(|m| m.is_text);
            for byte in now {
                let byte = byte ^ frame.mask[frame.place & 3];
                frame.place += 1;
                if is_control {
                    self.control.push(byte);
                } else if is_text && !self.text.take(byte) {
                    return Err(Close::now(INVALID_TEXT));
                }
            }
            if frame.left > 0 {
                return Ok(None);
            }
            return self.end_frame().map(Some);
        }
    }

    /// Whether a head is complete now.
    fn take_head(&mut self, bytes: &mut &[u8]) -> Result<bool, Close> {
        while let Some((byte, later)) = bytes.split_first() {
            self.head[usize::from(self.head_length)] = *byte;
            self.head_length += 1;
            *bytes = later;
            if self.head_length == 2 {
                self.check_start()?;
            }
            if self.head_length >= 2 && usize::from(self.head_length) == self.head_bytes() {
                self.head_length = 0;
                self.start_frame()?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Length of the head whose first two bytes are there.
    fn head_bytes(&self) -> usize {
        match self.head[1] & 0x7f {
            126 => 8,
            127 => 14,
            _ => 6,
        }
    }

    /// Refuses what the first two bytes show to be wrong.
    fn check_start(&self) -> Result<(), Close> {
        let [first, second, ..] = self.head;
        let (opcode, length) = (first & 0x0f, u64::from(second & 0x7f));
        let is_final = first & 0x80 != 0;
        let is_sound = match opcode {
            CONTINUATION => self.message.is_some(),
            TEXT | BINARY => self.message.is_none(),
            CLOSE | PING | PONG => is_final && length <= CONTROL_BYTES_MAX,
            _ => false,
        };
        let (is_masked, is_reserved) = (second & 0x80 != 0, first & 0x70 != 0);
        if !is_sound || !is_masked || is_reserved {
            return Err(Close::now(PROTOCOL_ERROR));
        }
        Ok(())
    }

    fn start_frame(&mut self) -> Result<(), Close> {
        let head = &self.head;
        let (length, mask) = match head[1] & 0x7f {
            126 => (u64::from(u16::from_be_bytes([head[2], head[3]])), &head[4..8]),
            127 => {
                let length = u64::from_be_bytes(head[2..10].try_into().expect("eight bytes"));
                if length >> 63 != 0 {
                    return Err(Close::now(PROTOCOL_ERROR));
                }
                (length, &head[10..14])
            }
            length => (u64::from(length), &head[2..6]),
        };
        let frame = Frame {
            opcode: head[0] & 0x0f,
            is_final: head[0] & 0x80 != 0,
            mask: mask.try_into().expect("four bytes"),
            left: length,
            place: 0,
        };
        if frame.opcode < CLOSE {
            let is_text = frame.opcode == TEXT;
            let new = || Message { is_text, bytes: 0, fragments: 0 };
            let message = self.message.get_or_insert_with(new);
            message.bytes = message.bytes.saturating_add(length);
            message.fragments += 1;
            if message.bytes > MESSAGE_BYTES_MAX || message.fragments > FRAGMENTS_MAX {
                return Err(Close::now(TOO_LONG));
            }
        }
        self.frame = Some(frame);
        Ok(())
    }

    fn end_frame(&mut self) -> Result<Heard, Close> {
        let frame = self.frame.take().expect("a frame is under way");
        let payload = std::mem::take(&mut self.control);
        match frame.opcode {
            PING => Ok(Heard::Ping(payload.into())),
            PONG => Ok(Heard::Pong),
            CLOSE => close_of(&payload).map(Heard::Close),
            _ if !frame.is_final => Ok(Heard::Data),
            _ => {
                let was_text = self.message.take().is_some_and(|message| message.is_text);
                if was_text && !std::mem::take(&mut self.text).is_whole() {
                    return Err(Close::now(INVALID_TEXT));
                }
                Ok(Heard::Data)
            }
        }
    }
}

fn close_of(payload: &[u8]) -> Result<Option<u16>, Close> {
    match payload {
        [] => Ok(None),
        [_] => Err(Close::now(PROTOCOL_ERROR)),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !may_be_received(code) {
                return Err(Close::now(PROTOCOL_ERROR));
            }
            if std::str::from_utf8(reason).is_err() {
                return Err(Close::now(INVALID_TEXT));
            }
            Ok(Some(code))
        }
    }
}

/// Checks UTF-8 as it comes, across fragments.
#[derive(Debug, Default)]
struct Utf8 {
    kept: [u8; 4],
    length: u8,
}

impl Utf8 {
    /// False: the text is broken.
    fn take(&mut self, byte: u8) -> bool {
        if self.length == 0 && byte < 0x80 {
            return true;
        }
        self.kept[usize::from(self.length)] = byte;
        self.length += 1;
        match std::str::from_utf8(&self.kept[..usize::from(self.length)]) {
            Ok(_) => {
                self.length = 0;
                true
            }
            // Not broken, only unfinished; four bytes are always enough.
            Err(error) => error.error_len().is_none() && self.length < 4,
        }
    }

    fn is_whole(&self) -> bool {
        self.length == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [3, 141, 59, 26];

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            length @ 0..126 => bytes.push(0x80 | length as u8),
            length @ 126..0x1_0000 => {
                bytes.push(0x80 | 126);
                bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                bytes.push(0x80 | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        }
        bytes.extend(MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    /// What is heard of the bytes, given `step` at a time.
    fn hear(bytes: &[u8], step: usize) -> Result<Vec<Heard>, u16> {
        let mut incoming = Incoming::default();
        let mut heard = Vec::new();
        for mut part in bytes.chunks(step) {
            while let Some(next) = incoming.hear(&mut part).map_err(|close| close.code)? {
                heard.push(next);
            }
        }
        Ok(heard)
    }

    fn refused(bytes: &[u8]) -> Option<u16> {
        let whole = hear(bytes, bytes.len().max(1)).err();
        assert_eq!(hear(bytes, 1).err(), whole, "the answer depends on how the bytes arrive");
        whole
    }

    #[test]
    fn messages_are_dropped_and_control_frames_heard_in_between() {
        let mut bytes = frame(0x01, "Grü".as_bytes());
        bytes.extend(frame(0x89, b"here"));
        bytes.extend(frame(0x80, "ße".as_bytes()));
        bytes.extend(frame(0x8a, b""));
        bytes.extend(frame(0x82, &[0xff; 300]));
        bytes.extend(frame(0x88, &[0x03, 0xe8, b'b', b'y', b'e']));
        let expected = [
            Heard::Data,
            Heard::Ping(Bytes::from_static(b"here")),
            Heard::Data,
            Heard::Pong,
            Heard::Data,
            Heard::Close(Some(1000)),
        ];
        for step in [1, 2, 3, 7, 1000] {
            assert_eq!(hear(&bytes, step).as_deref(), Ok(expected.as_slice()), "step {step}");
        }
    }

    #[test]
    fn what_breaks_the_protocol_is_refused_with_1002() {
        let mut unmasked = frame(0x81, b"");
        unmasked[1] = 0;
        for (what, bytes) in [
            ("an unmasked frame", unmasked),
            ("a reserved bit", frame(0xc1, b"a")),
            ("a reserved opcode", frame(0x83, b"a")),
            ("a reserved control opcode", frame(0x8b, b"a")),
            ("a long ping", frame(0x89, &[0; 126])),
            ("a ping in fragments", frame(0x09, b"a")),
            ("a continuation of nothing", frame(0x80, b"a")),
            ("a message within a message", [frame(0x01, b"a"), frame(0x01, b"a")].concat()),
            ("a close of one byte", frame(0x88, &[3])),
            ("a close code that stays inside", frame(0x88, &1005u16.to_be_bytes())),
            ("a close code below all", frame(0x88, &999u16.to_be_bytes())),
            ("a length of 2^63", [&[0x82, 0xff][..], &[0xff; 12]].concat()),
        ] {
            assert_eq!(refused(&bytes), Some(PROTOCOL_ERROR), "{what}");
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_with_1007() {
        for bytes in [
            frame(0x81, &[0xff]),
            frame(0x81, &[0xed, 0xa0, 0x80]),
            frame(0x81, &[0xc3]),
            [frame(0x01, &[0xe2, 0x82]), frame(0x80, b"a")].concat(),
            frame(0x88, &[0x03, 0xe8, 0xff]),
        ] {
            assert_eq!(refused(&bytes), Some(INVALID_TEXT), "{bytes:?}");
        }
        assert_eq!(refused(&[frame(0x01, &[0xe2, 0x82]), frame(0x80, &[0xac])].concat()), None);
    }

    #[test]
    fn what_is_too_long_is_refused_with_1009_before_it_has_come() {
        let limit = MESSAGE_BYTES_MAX as usize;
        assert_eq!(refused(&frame(0x82, &vec![0; limit])), None);
        assert_eq!(refused(&frame(0x82, &vec![0; limit + 1])[..8]), Some(TOO_LONG));
        let halves = [frame(0x02, &vec![0; limit]), frame(0x80, b"a")].concat();
        assert_eq!(refused(&halves), Some(TOO_LONG));
        let mut fragments = frame(0x02, b"");
        (0..FRAGMENTS_MAX).for_each(|_| fragments.extend(frame(0x00, b"")));
        assert_eq!(refused(&fragments), Some(TOO_LONG));
    }
}
