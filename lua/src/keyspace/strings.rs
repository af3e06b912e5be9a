//! Strings.

use super::{Answered, Entry, Failure, Keyspace, WRONG_TYPE, bytes, integer};

/// Bytes of a string, as Redis has it by default.
const STRING_BYTES_MAX: usize = 512 * 1024 * 1024;

impl Keyspace {
    fn string(&self, key: &[u8]) -> Result<&[u8], Failure> {
        match self.keys.get(key) {
            Some(Entry::String(value)) => Ok(value),
            Some(_) => Err(WRONG_TYPE.into()),
            None => Ok(&[]),
        }
    }

    pub(super) fn string_length(&self, key: &[u8]) -> Result<Answered, Failure> {
        Ok(Answered::Integer(self.string(key)?.len() as i64))
    }

    pub(super) fn set(&mut self, key: &[u8], value: &[u8]) -> Answered {
        self.keys.insert(key.to_vec(), Entry::String(value.to_vec()));
        Answered::Status("OK")
    }

    pub(super) fn get_range(
        &self,
        key: &[u8],
        start: &[u8],
        end: &[u8],
    ) -> Result<Answered, Failure> {
        let (start, end) = (integer(start)?, integer(end)?);
        let value = self.string(key)?;
        let length = value.len() as i64;
        if start < 0 && end < 0 && start > end {
            return Ok(bytes(&[]));
        }
        let absolute = |index: i64| if index < 0 { (length + index).max(0) } else { index };
        let (start, end) = (absolute(start), absolute(end).min(length - 1));
        if start > end || length == 0 {
            return Ok(bytes(&[]));
        }
        Ok(bytes(&value[start as usize..=end as usize]))
    }

    pub(super) fn set_range(
        &mut self,
        key: &[u8],
        offset: &[u8],
        value: &[u8],
    ) -> Result<Answered, Failure> {
        let offset = usize::try_from(integer(offset)?)
            .map_err(|_| Failure::from("ERR offset is out of range"))?;
        let old = self.string(key)?.len();
        if value.is_empty() {
            return Ok(Answered::Integer(old as i64));
        }
        let end = offset.saturating_add(value.len());
        if end > STRING_BYTES_MAX {
            return Err("ERR string exceeds maximum allowed size (proto-max-bulk-len)".into());
        }
        let entry = self.keys.entry(key.to_vec()).or_insert_with(|| Entry::String(Vec::new()));
        let Entry::String(string) = entry else { return Err(WRONG_TYPE.into()) };
        if string.len() < end {
            string.resize(end, 0);
        }
        string[offset..end].copy_from_slice(value);
        Ok(Answered::Integer(string.len() as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_at_the_ends_and_padded_with_zeros() {
        let mut keys = Keyspace::default();
        assert_eq!(keys.set_range(b"s", b"2", b"ab"), Ok(Answered::Integer(4)));
        assert_eq!(keys.get_range(b"s", b"0", b"-1"), Ok(bytes(b"\0\0ab")));
        assert_eq!(keys.string_length(b"s"), Ok(Answered::Integer(4)));
        assert_eq!(keys.get_range(b"s", b"3", b"99"), Ok(bytes(b"b")));
        assert_eq!(keys.get_range(b"s", b"4", b"9"), Ok(bytes(b"")));
        assert_eq!(keys.get_range(b"none", b"0", b"9"), Ok(bytes(b"")));
        assert!(keys.set_range(b"s", b"-1", b"x").is_err());
    }
}
