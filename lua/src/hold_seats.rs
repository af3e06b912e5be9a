//! `hold_seats`: up to 64 holds in one call, each all or nothing, in order.

use domain::{
    hold::{CustomerKey, HoldStatus},
    id::HoldKey,
    limits::{CANDIDATES_MAX, HOLDS_PER_CALL_MAX},
    seat::{AreaIndex, AreaQuantity, SeatIndex},
    time::Timestamp,
};

use crate::{
    Error, Partition, Reply, Store,
    answer::{Value, position},
    epoch,
    record::{self, Head, HoldRecord},
    runs::{self, Run},
    scripts::{Call, HOLD_SEATS},
    store::other_epoch_of,
};

/// Seats and places of one hold, at most.
const HOLD_QUANTITY_MAX: usize = 255;
/// Life of a hold, at most: what three bytes carry.
const HOLD_TTL_MS_MAX: i64 = 0xFF_FFFF;
/// Bytes before the first seat in the string of seats.
pub(crate) const SEATS_HEAD: u32 = 40;
/// Added to the life of the holds in the head of the seats where a pass is required.
pub(crate) const PASS_REQUIRED: u64 = 20_000_000;

/// A hold that somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    pub key: HoldKey,
    /// Becomes part of the hold's identifier.
    pub created: Timestamp,
    /// 1 to 16,777,215.
    pub ttl_ms: i64,
    /// Digest of the request: the same key with another one is refused.
    pub fingerprint: [u8; 8],
    pub customer: CustomerKey,
    /// Seats and places that the customer may have in live holds, claims and sales together.
    pub customer_limit: u32,
    /// Whom the cap per address counts, over live holds and claims, and the cap.
    pub address: Option<(CustomerKey, u32)>,
    /// Tried in order; each distinct seats, all of one size. Named seats are one candidate; none:
    /// areas only.
    pub candidates: Vec<Vec<SeatIndex>>,
    /// Distinct areas, at least one place each.
    pub areas: Vec<AreaQuantity>,
    /// Came with a pass of the customer that was verified: genuine, and not past its life.
    pub has_pass: bool,
}

/// What became of one request. Only `Held` changed anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HoldReply {
    Held {
        record: HoldRecord,
    },
    /// The same request has a live hold, claim or sale already.
    Replayed {
        record: HoldRecord,
    },
    /// Another request has one under this key.
    KeyReused,
    Taken {
        /// Of the last candidate.
        seats: Vec<SeatIndex>,
        candidates_lost: u32,
    },
    AreasShort {
        areas: Vec<AreaIndex>,
    },
    CustomerLimit,
    AddressLimit,
    /// Only who comes through the line takes seats, and this one shows no pass.
    PassRequired,
    /// The pass has ended: bought with, left, or idle.
    PassEnded,
}

/// What became of all requests of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldSeats {
    /// After the call; that of the delta if it changed anything.
    pub version: u64,
    /// The store's clock.
    pub now: Timestamp,
    /// In the order of the requests.
    pub replies: Vec<HoldReply>,
}

impl Store {
    /// Puts everything each request asks for under one hold, or nothing. A hold that has ended is
    /// replaced by a new one under its key; a seat of a hold past its deadline is taken, and that
    /// hold expires as a whole.
    ///
    /// # Errors
    /// `OutOfBounds` for none or more than 64 requests, more than four candidates or 255 seats.
    pub async fn hold_seats(
        &self,
        partition: &Partition,
        epoch: u64,
        requests: &[HoldRequest],
    ) -> Result<Reply<HoldSeats>, Error> {
        if requests.is_empty() || requests.len() > HOLDS_PER_CALL_MAX {
            return Err(Error::OutOfBounds { what: "number of holds" });
        }
        let mut call = Call::new(&HOLD_SEATS, partition);
        let plans = requests.iter().map(Plan::new).collect::<Result<Vec<_>, _>>()?;
        // Passes come along where they are required: a guess, which the script corrects.
        let has_pass = requests.iter().any(|request| request.has_pass);
        let flag = if has_pass { PASS_REQUIRED } else { 0 };
        let mut head = epoch::padded(epoch);
        runs::write_padded(requests[0].ttl_ms.unsigned_abs() + flag, 8, &mut head);
        call.argument("epoch", &head);
        call.argument("next_id", &epoch::next_id(epoch));
        write_fields(&mut call, requests);
        for (request, plan) in requests.iter().zip(&plans) {
            write_request(&mut call, request, plan);
        }
        match self.run_raw(&call).await? {
            Value::Bytes(text) => {
                let replies = read_replies(&text, requests);
                let malformed = Error::Malformed { script: HOLD_SEATS.name };
                replies.map(Reply::Done).ok_or(malformed)
            }
            refused => other_epoch_of(&HOLD_SEATS, refused),
        }
    }
}

/// A request's candidates as runs.
struct Plan {
    candidates: Vec<Vec<Run>>,
    /// Seats and places.
    count: usize,
}

impl Plan {
    fn new(request: &HoldRequest) -> Result<Self, Error> {
        let candidates: Vec<Vec<Run>> =
            request.candidates.iter().map(|seats| runs::runs(seats)).collect();
        let size = |runs: &Vec<Run>| runs.iter().map(|run| run.length as usize).sum::<usize>();
        let seats = candidates.first().map_or(0, size);
        let places: usize = request.areas.iter().map(|area| area.quantity as usize).sum();
        let count = seats + places;
        if candidates.len() > CANDIDATES_MAX {
            return Err(Error::OutOfBounds { what: "number of candidates" });
        }
        if candidates.iter().any(|runs| size(runs) != seats || runs.is_empty()) {
            return Err(Error::OutOfBounds { what: "size of a candidate" });
        }
        if count == 0 || count > HOLD_QUANTITY_MAX {
            return Err(Error::OutOfBounds { what: "size of a hold" });
        }
        if request.ttl_ms < 1 || request.ttl_ms > HOLD_TTL_MS_MAX {
            return Err(Error::OutOfBounds { what: "life of a hold" });
        }
        Ok(Self { candidates, count })
    }
}

/// True when two requests want the same seat: then the script looks out for what it has given
/// away itself.
fn want_one_seat(requests: &[HoldRequest]) -> bool {
    let mut seats: Vec<(SeatIndex, usize)> = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        seats.extend(request.candidates.iter().flatten().map(|seat| (*seat, index)));
    }
    seats.sort_unstable();
    seats.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1)
}

/// True when two requests have a key, a customer or an address in common: then the script keeps
/// what one leaves for the other.
fn share_a_field(requests: &[HoldRequest]) -> bool {
    let repeats = |mut keys: Vec<[u8; 12]>| {
        keys.sort_unstable();
        keys.windows(2).any(|pair| pair[0] == pair[1])
    };
    repeats(requests.iter().map(|request| request.key.0).collect())
        || repeats(requests.iter().map(|request| request.customer.0).collect())
        || repeats(requests.iter().filter_map(|request| Some(request.address?.0.0)).collect())
}

/// The shape of the call, and the fields of the records that all requests need.
fn write_fields(call: &mut Call, requests: &[HoldRequest]) {
    let addresses = requests.iter().filter(|request| request.address.is_some()).count();
    let fields = (2 * requests.len() + addresses) as u8;
    let (shared, overlap) = match requests {
        [_] => (false, false),
        _ => (share_a_field(requests), want_one_seat(requests)),
    };
    let has_pass = requests.iter().any(|request| request.has_pass);
    let shape = [fields, u8::from(shared), u8::from(overlap), u8::from(has_pass)];
    call.argument("shape", &shape);
    for request in requests {
        call.rest(&request.key.0);
        write_counted(call, b'c', request.customer);
        if let Some((address, _)) = request.address {
            write_counted(call, b'a', address);
        }
    }
}

fn write_counted(call: &mut Call, kind: u8, key: CustomerKey) {
    call.rest_written(|out| {
        out.push(kind);
        out.extend_from_slice(&key.0);
    });
}

fn write_request(call: &mut Call, request: &HoldRequest, plan: &Plan) {
    call.rest_written(|out| write_form(request, plan, out));
    let head = Head {
        created: request.created,
        fingerprint: &request.fingerprint,
        customer: request.customer,
        address: request.address,
        claim_number: 0,
        count: plan.count as u32,
    };
    call.rest_written(|out| head.write(out));
    if !request.areas.is_empty() {
        call.rest_written(|out| record::write_areas(&request.areas, out));
    }
    for candidate in &plan.candidates {
        call.rest_written(|out| record::write_runs(candidate, out));
        for run in candidate {
            let from = u64::from(run.first) + u64::from(SEATS_HEAD);
            call.rest_written(|out| runs::write_number(from, out));
            call.rest_written(|out| runs::write_number(from + u64::from(run.length) - 1, out));
            call.rest_written(|out| runs::write_number(u64::from(run.first) * 12, out));
        }
    }
}

/// Small numbers, a byte or more each, so that the script gets all of them by one `string.byte`:
/// 1 for an address, 2 for areas and 4 for a pass, arguments of this request (2), life (3), count, customer's
/// limit, address's cap (2), candidates; then for each candidate its number of runs and their
/// lengths.
fn write_form(request: &HoldRequest, plan: &Plan, out: &mut Vec<u8>) {
    let runs: usize = plan.candidates.iter().map(Vec::len).sum();
    let has_areas = u8::from(!request.areas.is_empty());
    let arguments = 2 + usize::from(has_areas) + plan.candidates.len() + 3 * runs;
    let cap = request.address.map_or(0, |(_, cap)| cap.min(record::ADDRESS_CAP_MAX));
    let flags = u8::from(request.address.is_some()) + 2 * has_areas;
    out.push(flags + 4 * u8::from(request.has_pass));
    out.extend_from_slice(&(arguments as u16).to_be_bytes());
    out.extend_from_slice(&(request.ttl_ms as u32).to_be_bytes()[1..]);
    out.push(plan.count as u8);
    out.push(request.customer_limit.min(u32::from(u8::MAX)) as u8);
    out.extend_from_slice(&(cap as u16).to_be_bytes());
    out.push(plan.candidates.len() as u8);
    for candidate in &plan.candidates {
        out.push(candidate.len() as u8);
        out.extend(candidate.iter().map(|run| run.length as u8));
    }
}

/// `position seconds microseconds holds`
fn read_replies(text: &[u8], requests: &[HoldRequest]) -> Option<HoldSeats> {
    let mut parts = text.splitn(4, |byte| *byte == b' ');
    let (_, version) = position(parts.next()?)?;
    let mut part = || runs::number::<i64>(parts.next()?);
    let now = Timestamp(part()? * 1000 + part()? / 1000);
    let mut codes = parts.next()?;
    let mut replies = Vec::with_capacity(requests.len());
    for request in requests {
        replies.push(read_reply(&mut codes, request, now)?);
    }
    codes.is_empty().then_some(HoldSeats { version, now, replies })
}

/// Takes one hold's answer off the front.
fn read_reply(codes: &mut &[u8], request: &HoldRequest, now: Timestamp) -> Option<HoldReply> {
    let (code, rest) = codes.split_first()?;
    *codes = rest;
    Some(match code {
        b'0'..=b'4' => HoldReply::Held { record: held(request, usize::from(code - b'0'), now)? },
        b'K' => HoldReply::KeyReused,
        b'C' => HoldReply::CustomerLimit,
        b'A' => HoldReply::AddressLimit,
        b'N' => HoldReply::PassRequired,
        b'X' => HoldReply::PassEnded,
        _ => {
            let length: usize = runs::number(codes.get(..5)?)?;
            let text = codes.get(5..5 + length)?;
            *codes = &codes[5 + length..];
            match code {
                b'R' => HoldReply::Replayed { record: HoldRecord::read(request.key, text, now)? },
                b'T' => HoldReply::Taken {
                    seats: runs::read(text)?,
                    candidates_lost: request.candidates.len() as u32,
                },
                b'S' => {
                    let areas: Option<_> = runs::parts(text).map(runs::number).collect();
                    HoldReply::AreasShort { areas: areas? }
                }
                _ => return None,
            }
        }
    })
}

/// The record that the script has written; it answers only which candidate won, from 1.
fn held(request: &HoldRequest, candidate: usize, now: Timestamp) -> Option<HoldRecord> {
    let mut seats = match candidate {
        0 => Vec::new(),
        _ => request.candidates.get(candidate - 1)?.clone(),
    };
    seats.sort_unstable();
    seats.dedup();
    Some(HoldRecord {
        key: request.key,
        created: request.created,
        expires_at: now.plus_millis(request.ttl_ms),
        status: HoldStatus::Active,
        extensions: 0,
        claim_number: None,
        customer: request.customer,
        seats,
        areas: request.areas.clone(),
    })
}
