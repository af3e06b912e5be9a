//! Streams: appended to, trimmed at the front, read by ranges of identifiers.

use std::collections::BTreeMap;

use super::{Answered, Entry, Failure, Keyspace, WRONG_TYPE, bytes, integer};

/// `<ms>-<sequence>`; here the epoch and the version.
pub type EntryId = (u64, u64);

/// Entries by identifier. Redis trims `MAXLEN ~` lazily, ours at once: ours is the tail of Redis's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stream {
    pub entries: BTreeMap<EntryId, Vec<Vec<u8>>>,
    pub last: EntryId,
}

const SMALLER: &str =
    "ERR The ID specified in XADD is equal or smaller than the target stream top item";

impl Keyspace {
    /// `[MAXLEN ~ count] id field value …`
    pub(super) fn stream_add(&mut self, key: &[u8], rest: &[Vec<u8>]) -> Result<Answered, Failure> {
        let (kept, rest) = match rest {
            [word, about, count, rest @ ..]
                if word.eq_ignore_ascii_case(b"MAXLEN") && about == b"~" =>
            {
                let count = integer(count)?;
                let count = usize::try_from(count)
                    .map_err(|_| Failure::from("ERR The MAXLEN argument must be >= 0."))?;
                (count, rest)
            }
            rest => (usize::MAX, rest),
        };
        let [id, fields @ ..] = rest else { return Err(wrong_number()) };
        if fields.is_empty() || fields.len() % 2 != 0 {
            return Err(wrong_number());
        }
        let last = match self.keys.get(key) {
            Some(Entry::Stream(stream)) => stream.last,
            Some(_) => return Err(WRONG_TYPE.into()),
            None => (0, 0),
        };
        let id = next_id(id, last)?;
        let entry = self.keys.entry(key.to_vec());
        let entry = entry.or_insert_with(|| Entry::Stream(Stream::default()));
        let Entry::Stream(stream) = entry else { return Err(WRONG_TYPE.into()) };
        stream.last = id;
        stream.entries.insert(id, fields.to_vec());
        while stream.entries.len() > kept {
            stream.entries.pop_first();
        }
        Ok(Answered::Bytes(written(id)))
    }

    pub(super) fn stream_range(
        &self,
        key: &[u8],
        from: &[u8],
        to: &[u8],
        rest: &[Vec<u8>],
    ) -> Result<Answered, Failure> {
        let (from, to, count) = (bound(from, 0)?, bound(to, u64::MAX)?, count(rest)?);
        let entries = self.range(key, from, to)?.take(count);
        Ok(Answered::List(entries.map(entry).collect()))
    }

    pub(super) fn stream_range_back(
        &self,
        key: &[u8],
        to: &[u8],
        from: &[u8],
        rest: &[Vec<u8>],
    ) -> Result<Answered, Failure> {
        let (from, to, count) = (bound(from, 0)?, bound(to, u64::MAX)?, count(rest)?);
        let entries = self.range(key, from, to)?.rev().take(count);
        Ok(Answered::List(entries.map(entry).collect()))
    }

    fn range(
        &self,
        key: &[u8],
        from: EntryId,
        to: EntryId,
    ) -> Result<impl DoubleEndedIterator<Item = (&EntryId, &Vec<Vec<u8>>)>, Failure> {
        static NONE: BTreeMap<EntryId, Vec<Vec<u8>>> = BTreeMap::new();
        let entries = match self.keys.get(key) {
            Some(Entry::Stream(stream)) => &stream.entries,
            Some(_) => return Err(WRONG_TYPE.into()),
            None => &NONE,
        };
        // A range from above to below is empty, where the map's would panic.
        let to = to.max(from);
        Ok(entries.range(from..=to))
    }
}

fn wrong_number() -> Failure {
    "ERR wrong number of arguments for 'xadd' command".into()
}

/// `<ms>-*` or `<ms>-<sequence>`, above `last`.
fn next_id(text: &[u8], last: EntryId) -> Result<EntryId, Failure> {
    let id = match text.strip_suffix(b"-*") {
        Some(millis) => {
            let millis = number(millis)?;
            let follows = millis == last.0 && last != (0, 0);
            (millis, if follows { last.1 + 1 } else { 0 })
        }
        None => bound(text, 0)?,
    };
    if id == (0, 0) {
        return Err("ERR The ID specified in XADD must be greater than 0-0".into());
    }
    if id <= last { Err(SMALLER.into()) } else { Ok(id) }
}

fn bound(text: &[u8], rest: u64) -> Result<EntryId, Failure> {
    match text {
        b"-" => return Ok((0, 0)),
        b"+" => return Ok((u64::MAX, u64::MAX)),
        _ => {}
    }
    match text.iter().position(|byte| *byte == b'-') {
        Some(dash) => Ok((number(&text[..dash])?, number(&text[dash + 1..])?)),
        None => Ok((number(text)?, rest)),
    }
}

fn number(text: &[u8]) -> Result<u64, Failure> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| "ERR Invalid stream ID specified as stream command argument".into())
}

fn count(rest: &[Vec<u8>]) -> Result<usize, Failure> {
    match rest {
        [] => Ok(usize::MAX),
        [word, count] if word.eq_ignore_ascii_case(b"COUNT") => {
            Ok(usize::try_from(integer(count)?).unwrap_or(0))
        }
        _ => Err("ERR syntax error".into()),
    }
}

fn written(id: EntryId) -> Vec<u8> {
    format!("{}-{}", id.0, id.1).into_bytes()
}

fn entry((id, fields): (&EntryId, &Vec<Vec<u8>>)) -> Answered {
    let fields = fields.iter().map(|field| bytes(field)).collect();
    Answered::List(vec![Answered::Bytes(written(*id)), Answered::List(fields)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    #[test]
    fn versions_follow_each_other_within_an_epoch_and_never_go_back() {
        let mut keys = Keyspace::default();
        let mut add =
            |id: &str| keys.stream_add(b"x", &texts(&["MAXLEN", "~", "2", id, "d", "text"]));
        assert_eq!(add("5-1"), Ok(bytes(b"5-1")));
        assert_eq!(add("5-*"), Ok(bytes(b"5-2")));
        assert_eq!(add("7-*"), Ok(bytes(b"7-0")));
        assert_eq!(add("5-*"), Err(SMALLER.into()));
        let Ok(Answered::List(all)) = keys.stream_range(b"x", b"-", b"+", &[]) else { panic!() };
        assert_eq!(all.len(), 2);
        let last = keys.stream_range_back(b"x", b"+", b"-", &texts(&["COUNT", "1"]));
        let fields = Answered::List(vec![bytes(b"d"), bytes(b"text")]);
        let last_entry = Answered::List(vec![bytes(b"7-0"), fields]);
        assert_eq!(last, Ok(Answered::List(vec![last_entry])));
    }
}
