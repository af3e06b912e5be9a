//! Bytes that one viewer gets while a hall is sold out, beside one JSON message a change.

use std::collections::BTreeMap;

use loadtest::report::Report;
use seatmap_ws::{Delta, Format, Frame};
use serde_json::json;

use super::SEATS;

/// Bytes before the payload of a short message.
const WEBSOCKET_HEAD_BYTES: usize = 2;
/// In a twentieth of a second: five hundred a second.
const PARTIES_A_FRAME: usize = 25;
/// Parties that choose or pay at a time.
const WAITING_MAX: usize = 600;
/// From there on nobody gives up, so that it ends.
const FRAMES_WITH_RETURNS: u64 = 2_000;

#[derive(Default)]
struct Hall {
    states: Vec<u8>,
    version: u64,
    /// Of the frame under way.
    changed: BTreeMap<u32, u8>,
    json_bytes: usize,
}

impl Hall {
    fn tell(&mut self, seats: &[u32], state: u8) {
        for seat in seats {
            self.states[*seat as usize] = state;
            self.changed.insert(*seat, state);
            let change = json!({
                "type": "seat", "event": "evt_06gvs81pd00g2081040g2081040g2",
                "seat": format!("A-{seat}"), "state": "held",
            });
            self.json_bytes += change.to_string().len() + WEBSOCKET_HEAD_BYTES;
        }
        self.version += u64::from(!seats.is_empty());
    }
}

/// Parties of one to four seats; one in five gives up, the others pay later.
pub fn compare(report: &mut Report) {
    let mut random = 7u64;
    let mut below = |bound: u32| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        ((random >> 33) % u64::from(bound)) as u32
    };
    let mut hall = Hall { states: vec![0; SEATS as usize], ..Hall::default() };
    let mut waiting: Vec<Vec<u32>> = Vec::new();
    let (mut bytes, mut frames) = (0, 0);
    while hall.states.iter().any(|state| *state != 2) {
        let from = hall.version;
        for _ in 0..PARTIES_A_FRAME {
            let first = below(SEATS);
            let party: Vec<u32> = (first..SEATS)
                .chain(0..first)
                .skip_while(|seat| hall.states[*seat as usize] != 0)
                .take(1 + below(4) as usize)
                .filter(|seat| hall.states[*seat as usize] == 0)
                .collect();
            hall.tell(&party, 1);
            waiting.push(party);
            if waiting.len() > WAITING_MAX || frames > FRAMES_WITH_RETURNS {
                let party = waiting.swap_remove(below(waiting.len() as u32) as usize);
                let gives_up = below(5) == 0 && frames < FRAMES_WITH_RETURNS;
                hall.tell(&party, if gives_up { 0 } else { 2 });
            }
        }
        frames += 1;
        let changes = std::mem::take(&mut hall.changed).into_iter().collect();
        let version = hall.version;
        let delta = Delta { partition: 0, epoch: 1, from, version, changes, areas: vec![] };
        bytes += Frame::Delta(delta).bytes(Format::Binary).len();
    }
    let share = bytes as f64 / hall.json_bytes as f64;
    let (name, kilobytes) = ("a whole sale for one viewer", bytes as f64 / 1e3);
    report.figure(name, kilobytes, "KB", "", true);
    let name = "the same / one JSON message a change";
    report.figure(name, share, "", "at most 0.03", share <= 0.03);
}
