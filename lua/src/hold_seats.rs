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
    answer::{Answer, Value},
    epoch,
    record::{self, Head, HoldRecord},
    runs::{self, Run},
    scripts::{Call, HOLD_SEATS},
};

/// Seats and places of one hold, at most.
const HOLD_QUANTITY_MAX: usize = 255;
/// Life of a hold, at most: what three bytes carry.
const HOLD_TTL_MS_MAX: i64 = 0xFF_FFFF;
/// Bytes before the first seat in the string of seats.
pub(crate) const SEATS_HEAD: u32 = 32;

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
        epoch::writing(&mut call, epoch);
        let plans = requests.iter().map(Plan::new).collect::<Result<Vec<_>, _>>()?;
        write_fields(&mut call, requests, overlap(requests));
        for (request, plan) in requests.iter().zip(&plans) {
            write_request(&mut call, request, plan);
        }
        match self.run_at(&call).await? {
            Reply::Done(answer) => read_replies(answer, requests).map(Reply::Done),
            Reply::OtherEpoch { current } => Ok(Reply::OtherEpoch { current }),
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
fn overlap(requests: &[HoldRequest]) -> bool {
    if requests.len() < 2 {
        return false;
    }
    let mut seats: Vec<(SeatIndex, usize)> = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        seats.extend(request.candidates.iter().flatten().map(|seat| (*seat, index)));
    }
    seats.sort_unstable();
    seats.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].1 != pair[1].1)
}

/// The shape of the call, and the fields of the records that all requests need.
fn write_fields(call: &mut Call, requests: &[HoldRequest], overlap: bool) {
    let addresses = requests.iter().filter(|request| request.address.is_some()).count();
    let fields = (2 * requests.len() + addresses) as u8;
    call.argument("shape", &[fields, u8::from(overlap)]);
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
    call.rest_written(|out| record::write_areas(&request.areas, out));
    if plan.candidates.is_empty() {
        call.rest(b"|");
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
/// address or not, arguments of this request (2), life (3), count (2), customer's limit (2),
/// address's cap (2), candidates; then for each candidate its number of runs and their lengths.
fn write_form(request: &HoldRequest, plan: &Plan, out: &mut Vec<u8>) {
    let short = |number: u32| (number.min(record::ADDRESS_CAP_MAX) as u16).to_be_bytes();
    let runs: usize = plan.candidates.iter().map(Vec::len).sum();
    let arguments = 3 + plan.candidates.len().max(1) + 3 * runs;
    out.push(u8::from(request.address.is_some()));
    out.extend_from_slice(&(arguments as u16).to_be_bytes());
    out.extend_from_slice(&(request.ttl_ms as u32).to_be_bytes()[1..]);
    out.extend_from_slice(&short(plan.count as u32));
    out.extend_from_slice(&short(request.customer_limit));
    out.extend_from_slice(&short(request.address.map_or(0, |(_, cap)| cap)));
    out.push(plan.candidates.len() as u8);
    for candidate in &plan.candidates {
        out.push(candidate.len() as u8);
        out.extend(candidate.iter().map(|run| run.length as u8));
    }
}

fn read_replies(mut answer: Answer, requests: &[HoldRequest]) -> Result<HoldSeats, Error> {
    let (version, now) = answer.done()?;
    let mut replies = Vec::with_capacity(requests.len());
    for request in requests {
        let reply = answer.value()?;
        let reply = read_reply(reply, request, now).ok_or_else(|| answer.malformed())?;
        replies.push(reply);
    }
    Ok(HoldSeats { version, now, replies })
}

fn read_reply(reply: Value, request: &HoldRequest, now: Timestamp) -> Option<HoldReply> {
    match reply {
        Value::Integer(-1) => Some(HoldReply::KeyReused),
        Value::Integer(-2) => Some(HoldReply::CustomerLimit),
        Value::Integer(-3) => Some(HoldReply::AddressLimit),
        Value::Integer(candidate) => {
            let record = held(request, usize::try_from(candidate).ok()?, now)?;
            Some(HoldReply::Held { record })
        }
        Value::Bytes(text) => match (text.first()?, &text[1..]) {
            (b'R', record) => {
                let record = HoldRecord::read(request.key, record, now)?;
                Some(HoldReply::Replayed { record })
            }
            (b'T', seats) => Some(HoldReply::Taken {
                seats: runs::read(seats)?,
                candidates_lost: request.candidates.len() as u32,
            }),
            (b'S', areas) => {
                let areas: Option<_> = runs::parts(areas).map(runs::number).collect();
                Some(HoldReply::AreasShort { areas: areas? })
            }
            _ => None,
        },
        _ => None,
    }
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
