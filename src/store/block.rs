//! Packed entries of the log: several entries in a row, each with its place and length, compressed together. Messages
//! as JSON shrink to a fifth, and the engine keeps its bookkeeping for one value instead of dozens.
//!
//! ```text
//! length of what follows, unpacked (4 bytes) │ zstd of: place (8) · length (4) · JSON │ place · length · JSON │ …
//! ```
//!
//! All numbers are big-endian.

use std::ops::Range;

use super::StoreError;
use super::table::VALUE_LIMIT;

/// The largest block before compression: reading one entry unpacks its whole block, which takes some 20 µs at this
/// size.
pub(super) const UNPACKED_MAX: usize = 16 * 1024;
/// zstd's default: higher levels gain a few percent for several times the work.
const LEVEL: i32 = 3;
const HEAD: usize = 12;

/// An entry's place, and its JSON.
pub(super) type Packable = (u64, Vec<u8>);

pub(super) struct Block {
    bytes: Vec<u8>,
    entries: Vec<(u64, Range<usize>)>,
}

impl Block {
    pub(super) fn unpack(value: &[u8]) -> Result<Self, StoreError> {
        let damaged = || StoreError::Damaged("packed entries of the log cannot be unpacked".to_owned());
        let (length, packed) = value.split_first_chunk::<4>().ok_or_else(damaged)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| damaged())?;
        if length > UNPACKED_MAX {
            return Err(damaged());
        }
        let bytes = zstd::bulk::decompress(packed, length).map_err(|_| damaged())?;
        let (mut entries, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let head = bytes.get(at..at + HEAD).ok_or_else(damaged)?;
            let (place, size) = head.split_first_chunk::<8>().ok_or_else(damaged)?;
            let size = size.try_into().map(u32::from_be_bytes).map_err(|_| damaged())?;
            let range = at + HEAD..at + HEAD + usize::try_from(size).map_err(|_| damaged())?;
            if range.end > bytes.len() {
                return Err(damaged());
            }
            at = range.end;
            entries.push((u64::from_be_bytes(*place), range));
        }
        if entries.is_empty() || !entries.is_sorted_by_key(|(place, _)| *place) {
            return Err(damaged());
        }
        Ok(Self { bytes, entries })
    }

    /// Packs as many entries from the front as fit, at most `limit`, and returns how many; 0 if not even the first one
    /// fits.
    pub(super) fn pack(entries: &[Packable], limit: usize) -> Result<(Vec<u8>, usize), StoreError> {
        let mut count = limit.min(entries.len());
        loop {
            let mut bytes = Vec::new();
            let mut packed = 0;
            for (place, json) in entries.iter().take(count) {
                if bytes.len() + HEAD + json.len() > UNPACKED_MAX {
                    break;
                }
                bytes.extend_from_slice(&place.to_be_bytes());
                bytes.extend_from_slice(&u32::try_from(json.len()).unwrap_or(u32::MAX).to_be_bytes());
                bytes.extend_from_slice(json);
                packed += 1;
            }
            if packed == 0 {
                return Ok((Vec::new(), 0));
            }
            let compressed = zstd::bulk::compress(&bytes, LEVEL)
                .map_err(|error| StoreError::Damaged(format!("entries cannot be packed: {error}")))?;
            if 4 + compressed.len() <= VALUE_LIMIT {
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
                return Ok(([&length[..], &compressed].concat(), packed));
            }
            count = packed * 7 / 8;
        }
    }

    pub(super) fn first(&self) -> u64 {
        self.entries.first().map_or(0, |(place, _)| *place)
    }

    pub(super) fn last(&self) -> u64 {
        self.entries.last().map_or(0, |(place, _)| *place)
    }

    pub(super) fn get(&self, place: u64) -> Option<&[u8]> {
        let at = self.entries.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        self.bytes.get(self.entries.get(at)?.1.clone())
    }

    /// The first place in the block after `place`.
    pub(super) fn after(&self, place: u64) -> Option<u64> {
        self.entries.get(self.entries.partition_point(|(known, _)| *known <= place)).map(|(place, _)| *place)
    }

    /// The entries from a place on, to be packed again.
    pub(super) fn from(&self, place: u64) -> Vec<Packable> {
        let rest = self.entries.iter().filter(|(known, _)| *known >= place);
        rest.filter_map(|(known, range)| Some((*known, self.bytes.get(range.clone())?.to_vec()))).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn entries(lengths: &[usize]) -> Vec<(u64, Vec<u8>)> {
        let places = (1..).step_by(3);
        places.zip(lengths).map(|(place, length)| (place, (0..*length).map(|n| (n % 251) as u8).collect())).collect()
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(lengths in proptest::collection::vec(0..6000usize, 1..80), limit in 1..80usize) {
            let entries = entries(&lengths);
            let (value, count) = Block::pack(&entries, limit).unwrap();
            prop_assert!(count <= limit && value.len() <= VALUE_LIMIT);
            let block = Block::unpack(&value).unwrap();
            prop_assert_eq!(block.entries.len(), count);
            for (place, json) in &entries[..count] {
                prop_assert_eq!(block.get(*place), Some(json.as_slice()));
                prop_assert_eq!(block.get(*place + 1), None);
            }
            prop_assert_eq!((block.first(), block.last()), (1, entries[count - 1].0));
            prop_assert_eq!((block.after(0), block.after(block.last())), (Some(1), None));
            prop_assert_eq!(block.from(2), entries[1..count].to_vec());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Block::unpack(&bytes);
        }
    }

    #[test]
    fn what_cannot_be_compressed_into_a_value_is_not_packed() {
        use rand::RngCore;
        let mut noise = vec![0; 2 * VALUE_LIMIT];
        rand::rng().fill_bytes(&mut noise);
        assert_eq!(Block::pack(&[(1, noise.clone())], 9).unwrap().1, 0);
        assert_eq!(Block::pack(&[(1, vec![7; 10]), (2, noise)], 9).unwrap().1, 1);
        assert_eq!(Block::pack(&[(1, vec![7; UNPACKED_MAX])], 9).unwrap().1, 0);
    }
}
