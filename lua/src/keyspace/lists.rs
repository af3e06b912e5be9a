//! Lists: appended to, read and cut from the front. Indexes count from the front, never from the
//! end but for -1, the last.

use std::collections::VecDeque;

use super::{Answered, Entry, Failure, Keyspace, WRONG_TYPE, bytes, integer};

impl Keyspace {
    pub(super) fn list_push(&mut self, key: &[u8], items: &[Vec<u8>]) -> Result<Answered, Failure> {
        let entry = self.keys.entry(key.to_vec()).or_insert_with(|| Entry::List(VecDeque::new()));
        let Entry::List(list) = entry else { return Err(WRONG_TYPE.into()) };
        list.extend(items.iter().cloned());
        Ok(Answered::Integer(list.len() as i64))
    }

    pub(super) fn list_length(&self, key: &[u8]) -> Result<Answered, Failure> {
        match self.keys.get(key) {
            Some(Entry::List(list)) => Ok(Answered::Integer(list.len() as i64)),
            Some(_) => Err(WRONG_TYPE.into()),
            None => Ok(Answered::Integer(0)),
        }
    }

    pub(super) fn list_range(
        &self,
        key: &[u8],
        start: &[u8],
        end: &[u8],
    ) -> Result<Answered, Failure> {
        let list = match self.keys.get(key) {
            Some(Entry::List(list)) => list,
            Some(_) => return Err(WRONG_TYPE.into()),
            None => return Ok(Answered::List(Vec::new())),
        };
        let (start, count) = stretch(start, end)?;
        Ok(Answered::List(list.iter().skip(start).take(count).map(|item| bytes(item)).collect()))
    }

    pub(super) fn list_trim(
        &mut self,
        key: &[u8],
        start: &[u8],
        end: &[u8],
    ) -> Result<Answered, Failure> {
        let (start, count) = stretch(start, end)?;
        let list = match self.keys.get_mut(key) {
            Some(Entry::List(list)) => list,
            Some(_) => return Err(WRONG_TYPE.into()),
            None => return Ok(Answered::Status("OK")),
        };
        list.drain(..start.min(list.len()));
        list.truncate(count);
        if list.is_empty() {
            self.keys.remove(key);
        }
        Ok(Answered::Status("OK"))
    }
}

/// First index and number of items of a range.
fn stretch(start: &[u8], end: &[u8]) -> Result<(usize, usize), Failure> {
    let refused = || Failure::from("ERR an index counts from the end");
    let start = usize::try_from(integer(start)?).map_err(|_| refused())?;
    match integer(end)? {
        -1 => Ok((start, usize::MAX)),
        end => {
            let end = usize::try_from(end).map_err(|_| refused())?;
            Ok((start, (end + 1).saturating_sub(start)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_cut_from_the_front() {
        let mut keys = Keyspace::default();
        let items = ["a", "b", "c"].map(|item| item.as_bytes().to_vec());
        assert_eq!(keys.list_push(b"l", &items), Ok(Answered::Integer(3)));
        assert_eq!(keys.list_length(b"l"), Ok(Answered::Integer(3)));
        let first_two = Answered::List(vec![bytes(b"a"), bytes(b"b")]);
        assert_eq!(keys.list_range(b"l", b"0", b"1"), Ok(first_two));
        keys.list_trim(b"l", b"2", b"-1").unwrap();
        assert_eq!(keys.list_range(b"l", b"0", b"-1"), Ok(Answered::List(vec![bytes(b"c")])));
        keys.list_trim(b"l", b"1", b"-1").unwrap();
        assert_eq!(keys, Keyspace::default());
    }
}
