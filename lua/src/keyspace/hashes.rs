//! Hashes. Fields come back sorted; in Redis in no order that can be relied on.

use std::collections::BTreeMap;

use super::{Answered, Entry, Failure, Keyspace, WRONG_TYPE, bytes};

type Hash = BTreeMap<Vec<u8>, Vec<u8>>;

impl Keyspace {
    fn hash(&self, key: &[u8]) -> Result<Option<&Hash>, Failure> {
        match self.keys.get(key) {
            Some(Entry::Hash(hash)) => Ok(Some(hash)),
            Some(_) => Err(WRONG_TYPE.into()),
            None => Ok(None),
        }
    }

    pub(super) fn hash_get(&self, key: &[u8], field: &[u8]) -> Result<Answered, Failure> {
        let value = self.hash(key)?.and_then(|hash| hash.get(field));
        Ok(value.map_or(Answered::Nil, |value| bytes(value)))
    }

    pub(super) fn hash_get_all_of(
        &self,
        key: &[u8],
        fields: &[Vec<u8>],
    ) -> Result<Answered, Failure> {
        let values: Result<Vec<_>, _> =
            fields.iter().map(|field| self.hash_get(key, field)).collect();
        values.map(Answered::List)
    }

    pub(super) fn hash_get_all(&self, key: &[u8]) -> Result<Answered, Failure> {
        let pairs = self.hash(key)?.into_iter().flatten();
        let pairs = pairs.flat_map(|(field, value)| [bytes(field), bytes(value)]);
        Ok(Answered::List(pairs.collect()))
    }

    pub(super) fn hash_set(&mut self, key: &[u8], pairs: &[Vec<u8>]) -> Result<Answered, Failure> {
        let entry = self.keys.entry(key.to_vec()).or_insert_with(|| Entry::Hash(Hash::new()));
        let Entry::Hash(hash) = entry else { return Err(WRONG_TYPE.into()) };
        let mut added = 0;
        for pair in pairs.chunks_exact(2) {
            added += i64::from(hash.insert(pair[0].clone(), pair[1].clone()).is_none());
        }
        Ok(Answered::Integer(added))
    }

    /// 1 when the field was not there.
    pub(super) fn hash_set_new(
        &mut self,
        key: &[u8],
        field: &[u8],
        value: &[u8],
    ) -> Result<Answered, Failure> {
        if self.hash(key)?.is_some_and(|hash| hash.contains_key(field)) {
            return Ok(Answered::Integer(0));
        }
        self.hash_set(key, &[field.to_vec(), value.to_vec()])
    }

    pub(super) fn hash_delete(
        &mut self,
        key: &[u8],
        fields: &[Vec<u8>],
    ) -> Result<Answered, Failure> {
        let hash = match self.keys.get_mut(key) {
            Some(Entry::Hash(hash)) => hash,
            Some(_) => return Err(WRONG_TYPE.into()),
            None => return Ok(Answered::Integer(0)),
        };
        let deleted = fields.iter().filter(|field| hash.remove(*field).is_some()).count();
        if hash.is_empty() {
            self.keys.remove(key);
        }
        Ok(Answered::Integer(deleted as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_goes_with_its_last_field() {
        let mut keys = Keyspace::default();
        let field = |name: &str| name.as_bytes().to_vec();
        let pairs = [field("a"), field("1"), field("a"), field("2")];
        assert_eq!(keys.hash_set(b"h", &pairs), Ok(Answered::Integer(1)));
        assert_eq!(keys.hash_set_new(b"h", b"a", b"3"), Ok(Answered::Integer(0)));
        assert_eq!(keys.hash_get(b"h", b"a"), Ok(bytes(b"2")));
        assert_eq!(keys.hash_delete(b"h", &[field("a"), field("b")]), Ok(Answered::Integer(1)));
        assert_eq!(keys, Keyspace::default());
    }
}
