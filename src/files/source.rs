//! Bytes at a place in a file, and numbers in them. Nothing here reads past the file's end or more than is asked for.

use std::io::{self, Read, Seek, SeekFrom};

/// As many bytes are read at once, so that a walk from header to header does not become a read of each.
const WINDOW: usize = 32 * 1024;
/// The most bytes that can be asked for at once. A page of Ogg, the largest, has 65,307.
const ASKED_MAX: usize = 128 * 1024;

/// A file whose length is known, with a window on the part that was read last.
pub struct Source<R> {
    reader: R,
    len: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl<R: Read + Seek> Source<R> {
    pub fn new(mut reader: R) -> io::Result<Self> {
        let len = reader.seek(SeekFrom::End(0))?;
        Ok(Self { reader, len, window: Vec::new(), window_at: 0 })
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// Exactly so many bytes from that place, or none when the file ends before.
    pub fn bytes(&mut self, at: u64, count: usize) -> io::Result<Option<&[u8]>> {
        let Some(end) = at.checked_add(count as u64).filter(|end| *end <= self.len && count <= ASKED_MAX) else {
            return Ok(None);
        };
        if at < self.window_at || end > self.window_at + self.window.len() as u64 {
            self.fill(at, count.max(WINDOW))?;
        }
        let start = (at - self.window_at) as usize;
        Ok(self.window.get(start..start + count))
    }

    /// The bytes from that place on, at most so many.
    pub fn up_to(&mut self, at: u64, count: usize) -> io::Result<&[u8]> {
        let left = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        Ok(self.bytes(at, count.min(left))?.unwrap_or_default())
    }

    /// The reader, at the beginning of the file.
    pub fn rewound(&mut self) -> io::Result<&mut R> {
        self.reader.seek(SeekFrom::Start(0))?;
        Ok(&mut self.reader)
    }

    fn fill(&mut self, at: u64, count: usize) -> io::Result<()> {
        self.window.clear();
        self.window_at = at;
        self.reader.seek(SeekFrom::Start(at))?;
        self.reader.by_ref().take(count as u64).read_to_end(&mut self.window)?;
        Ok(())
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

pub fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_be_bytes)
}

pub fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_be_bytes)
}

pub fn be64(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_be_bytes)
}

pub fn le16(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

pub fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = array(bytes, at)?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

pub fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

pub fn le64(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}

/// Four letters that name a box, a chunk or a codec.
pub fn four(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    array(bytes, at)
}

/// Seconds for a receiver to show: rounded, but at least one, because a sound that is shown with none looks broken.
pub fn shown_seconds(seconds: f64) -> Option<u32> {
    (seconds.is_finite() && seconds > 0.0 && seconds < f64::from(u32::MAX)).then(|| (seconds.round() as u32).max(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Cursor;

    use super::*;

    #[test]
    fn bytes_are_those_of_the_file_wherever_they_are_asked_for() {
        let file: Vec<u8> = (0..100_000u32).map(|number| (number % 251) as u8).collect();
        let mut source = Source::new(Cursor::new(&file)).unwrap();
        for (at, count) in [(0, 10), (99_990, 10), (5, 40_000), (32_767, 2), (0, 0), (100_000, 0), (60_000, 40_000)] {
            assert_eq!(source.bytes(at as u64, count).unwrap(), Some(&file[at..at + count]), "{at} {count}");
        }
        for (at, count) in [(99_991, 10), (u64::MAX, 1), (u64::MAX, 0), (100_001, 0), (0, ASKED_MAX + 1)] {
            assert_eq!(source.bytes(at, count).unwrap(), None, "{at} {count}");
        }
        assert_eq!(source.up_to(99_998, 10).unwrap(), &file[99_998..]);
        assert_eq!(source.up_to(u64::MAX, 10).unwrap(), b"");
    }

    #[test]
    fn numbers_beyond_the_end_are_none() {
        let bytes = [1, 2, 3, 4];
        assert_eq!((be16(&bytes, 1), be32(&bytes, 0), be64(&bytes, 0)), (Some(0x0203), Some(0x0102_0304), None));
        assert_eq!((le16(&bytes, 3), le24(&bytes, 1), le32(&bytes, usize::MAX)), (None, Some(0x0004_0302), None));
    }

    #[test]
    fn seconds_that_are_shown_are_at_least_one() {
        let shown = [0.2, 1.4, 1.6, 0.0, -1.0, f64::NAN, f64::INFINITY].map(shown_seconds);
        assert_eq!(shown, [Some(1), Some(1), Some(2), None, None, None, None]);
    }
}
