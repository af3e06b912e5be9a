//! Sorted sets with integer scores.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answered, Entry, Failure, Keyspace, WRONG_TYPE, bytes, integer};

/// Members by score, then by their bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SortedSet {
    scores: BTreeMap<Vec<u8>, i64>,
    order: BTreeSet<(i64, Vec<u8>)>,
}

impl SortedSet {
    /// True when the member is new.
    pub fn add(&mut self, score: i64, member: &[u8]) -> bool {
        let old = self.scores.insert(member.to_vec(), score);
        if let Some(old) = old {
            self.order.remove(&(old, member.to_vec()));
        }
        self.order.insert((score, member.to_vec()));
        old.is_none()
    }

    fn remove(&mut self, member: &[u8]) -> bool {
        let Some(score) = self.scores.remove(member) else { return false };
        self.order.remove(&(score, member.to_vec()))
    }
}

impl Keyspace {
    pub(super) fn sorted_set_add(
        &mut self,
        key: &[u8],
        pairs: &[Vec<u8>],
    ) -> Result<Answered, Failure> {
        let scores = pairs.chunks_exact(2).map(|pair| integer(&pair[0]));
        let scores = scores.collect::<Result<Vec<_>, _>>()?;
        let entry = self.keys.entry(key.to_vec());
        let entry = entry.or_insert_with(|| Entry::SortedSet(SortedSet::default()));
        let Entry::SortedSet(set) = entry else { return Err(WRONG_TYPE.into()) };
        let added = scores.into_iter().zip(pairs.chunks_exact(2));
        let added = added.filter(|(score, pair)| set.add(*score, &pair[1])).count();
        Ok(Answered::Integer(added as i64))
    }

    pub(super) fn sorted_set_size(&self, key: &[u8]) -> Result<Answered, Failure> {
        match self.keys.get(key) {
            Some(Entry::SortedSet(set)) => Ok(Answered::Integer(set.scores.len() as i64)),
            Some(_) => Err(WRONG_TYPE.into()),
            None => Ok(Answered::Integer(0)),
        }
    }

    pub(super) fn sorted_set_remove(
        &mut self,
        key: &[u8],
        members: &[Vec<u8>],
    ) -> Result<Answered, Failure> {
        let set = match self.keys.get_mut(key) {
            Some(Entry::SortedSet(set)) => set,
            Some(_) => return Err(WRONG_TYPE.into()),
            None => return Ok(Answered::Integer(0)),
        };
        let removed = members.iter().filter(|member| set.remove(member)).count();
        if set.scores.is_empty() {
            self.keys.remove(key);
        }
        Ok(Answered::Integer(removed as i64))
    }

    /// From the lowest, up to a score; `LIMIT offset count` or all.
    pub(super) fn sorted_set_range(
        &self,
        key: &[u8],
        low: &[u8],
        high: &[u8],
        rest: &[Vec<u8>],
    ) -> Result<Answered, Failure> {
        if low != b"-inf" {
            return Err("ERR min is not -inf".into());
        }
        let high = integer(high).map_err(|_| Failure::from("ERR max is not an integer"))?;
        let (offset, count) = match rest {
            [] => (0, usize::MAX),
            [word, offset, count] if word.eq_ignore_ascii_case(b"LIMIT") => {
                let offset = usize::try_from(integer(offset)?).unwrap_or(usize::MAX);
                // A negative count is all of them.
                (offset, usize::try_from(integer(count)?).unwrap_or(usize::MAX))
            }
            _ => return Err("ERR syntax error".into()),
        };
        let set = match self.keys.get(key) {
            Some(Entry::SortedSet(set)) => set,
            Some(_) => return Err(WRONG_TYPE.into()),
            None => return Ok(Answered::List(Vec::new())),
        };
        let due = set.order.iter().take_while(|(score, _)| *score <= high);
        let due = due.skip(offset).take(count).map(|(_, member)| bytes(member));
        Ok(Answered::List(due.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_the_order_of_their_last_scores() {
        let mut keys = Keyspace::default();
        let text = |texts: &[&str]| texts.iter().map(|t| t.as_bytes().to_vec()).collect::<Vec<_>>();
        let added = keys.sorted_set_add(b"z", &text(&["30", "c", "10", "b", "10", "a", "5", "c"]));
        assert_eq!(added, Ok(Answered::Integer(3)));
        assert_eq!(keys.sorted_set_size(b"z"), Ok(Answered::Integer(3)));
        let due = keys.sorted_set_range(b"z", b"-inf", b"10", &text(&["LIMIT", "0", "2"]));
        assert_eq!(due, Ok(Answered::List(vec![bytes(b"c"), bytes(b"a")])));
        keys.sorted_set_remove(b"z", &text(&["a", "b", "c", "d"])).unwrap();
        assert_eq!(keys, Keyspace::default());
    }
}
