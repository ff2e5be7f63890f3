//! Random-looking values that are the same for the same seed (SplitMix64, Steele et al. 2014).

use std::collections::BTreeMap;

/// A seeded generator.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// `length` characters of `alphabet`.
    pub(crate) fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        let size = alphabet.len() as u64;
        (0..length).map(|_| char::from(alphabet[(self.next() % size) as usize])).collect()
    }

    /// `length` upper-case hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        self.text(b"0123456789ABCDEF", length)
    }
}

/// One generator per purpose: the values for one purpose do not depend on draws for another, so that the same
/// operations have the same results however they interleave with the actions of pages.
#[derive(Debug)]
pub(crate) struct Streams {
    seed: u64,
    streams: BTreeMap<String, Random>,
}

impl Streams {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, streams: BTreeMap::new() }
    }

    /// The generator for a purpose.
    pub(crate) fn of(&mut self, purpose: &str) -> &mut Random {
        let seed = self.seed;
        self.streams.entry(purpose.to_owned()).or_insert_with(|| Random::new(mixed(seed, purpose)))
    }
}

fn mixed(seed: u64, text: &str) -> u64 {
    text.bytes().fold(seed, |state, byte| Random::new(state ^ u64::from(byte)).next())
}

/// The LID of a phone number: 15 digits that depend on the seed and the number, and are never the number itself.
pub(crate) fn lid_digits(seed: u64, phone: &str) -> String {
    let mut random = Random::new(mixed(seed, phone));
    loop {
        let digits = format!("{}", 100_000_000_000_000 + random.next() % 900_000_000_000_000);
        if digits != phone {
            return digits;
        }
    }
}
