//! Finds messages of the log by id. Table `ids`: the first two bytes of the id's SHA-256 (the bucket) → the next eight
//! bytes of the hash and the place (big-endian), for each id in the bucket. A million ids make 65,536 values of a
//! quarter of a KiB.
//!
//! Two ids may have the same hash bytes, so the caller compares the id in the entry. The table is derived from the
//! entries and can be rebuilt.

use sha2::{Digest, Sha256};

use super::StoreError;
use super::engine::Engine;
use super::table::{Table, VALUE_LIMIT};
use crate::domain::message::MessageId;

const NAME: &str = "ids";
const ITEM: usize = 16;

pub(super) struct Ids(Table);

impl Ids {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self(engine.table(NAME)?))
    }

    /// The places where the message may be.
    pub(super) fn find(&self, id: &MessageId) -> Result<Vec<u64>, StoreError> {
        let (bucket, tag) = place_of(id);
        let value = self.0.get(&bucket)?.unwrap_or_default();
        let items = value.chunks_exact(ITEM).filter(|item| item.starts_with(&tag));
        Ok(items.filter_map(|item| item.get(8..)?.try_into().ok().map(u64::from_be_bytes)).collect())
    }

    pub(super) fn put(&self, id: &MessageId, place: u64) -> Result<(), StoreError> {
        let (bucket, item) = item_of(id, place);
        let mut value = self.0.get(&bucket)?.unwrap_or_default();
        if value.chunks_exact(ITEM).any(|known| known == item) {
            return Ok(());
        }
        // The fullest bucket reaches the limit at some ten million messages: its oldest id can then no longer be
        // found.
        if value.len() + ITEM > VALUE_LIMIT {
            value.drain(..ITEM);
        }
        value.extend_from_slice(&item);
        self.0.put(&bucket, &value)
    }

    pub(super) fn remove(&self, id: &MessageId, place: u64) -> Result<(), StoreError> {
        let (bucket, item) = item_of(id, place);
        let Some(value) = self.0.get(&bucket)? else { return Ok(()) };
        let left: Vec<u8> = value.chunks_exact(ITEM).filter(|known| *known != item).flatten().copied().collect();
        if left.is_empty() { self.0.remove(&bucket) } else { self.0.put(&bucket, &left) }
    }
}

fn place_of(id: &MessageId) -> ([u8; 2], [u8; 8]) {
    let hash: [u8; 32] = Sha256::digest(id.as_str()).into();
    let (mut bucket, mut tag) = ([0; 2], [0; 8]);
    bucket.copy_from_slice(&hash[..2]);
    tag.copy_from_slice(&hash[2..10]);
    (bucket, tag)
}

fn item_of(id: &MessageId, place: u64) -> ([u8; 2], [u8; ITEM]) {
    let (bucket, tag) = place_of(id);
    let mut item = [0; ITEM];
    item[..8].copy_from_slice(&tag);
    item[8..].copy_from_slice(&place.to_be_bytes());
    (bucket, item)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_full_bucket_gives_up_its_oldest_and_takes_what_is_new() {
        let dir = tempfile::tempdir().unwrap();
        let engine = Engine::open(dir.path()).unwrap();
        let (ids, id) = (Ids::open(&engine).unwrap(), MessageId::new("a"));
        let many = VALUE_LIMIT / ITEM + 1;
        (1..=many as u64).for_each(|place| ids.put(&id, place).unwrap());
        assert_eq!(ids.find(&id).unwrap(), (2..=many as u64).collect::<Vec<_>>());
        ids.remove(&id, 2).unwrap();
        assert_eq!(ids.find(&id).unwrap().first(), Some(&3));
    }
}
