//! The part of a file that a request's `Range` header asks for (RFC 9110, section 14).

/// What is answered: 200 with everything, 206 with a part, or 416.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    Whole,
    /// Both places are inside of the file, the last one included.
    Part {
        first: u64,
        last: u64,
    },
    Unsatisfiable,
}

/// Reads a `Range` header for a file of that length. A header that is malformed, in another unit than bytes, or that asks
/// for several parts is ignored, which the RFC allows: the answer is then the whole file.
pub fn parse(header: &str, len: u64) -> Range {
    part(header, len).unwrap_or(Range::Whole)
}

fn part(header: &str, len: u64) -> Option<Range> {
    let (unit, ranges) = header.trim_matches(OWS).split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = ranges.trim_matches(OWS).split_once('-')?;
    if first.is_empty() {
        return Some(match number(last)? {
            0 => Range::Unsatisfiable,
            // The end of an empty file cannot be written as a part.
            _ if len == 0 => Range::Whole,
            count => Range::Part { first: len.saturating_sub(count), last: len - 1 },
        });
    }
    let first = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    match () {
        () if last < first => None,
        () if first >= len => Some(Range::Unsatisfiable),
        () => Some(Range::Part { first, last: last.min(len - 1) }),
    }
}

const OWS: [char; 2] = [' ', '\t'];

/// A number of any length. One that is too large for the type is as good as the largest: no file is so long.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Range::{Part, Unsatisfiable, Whole};
    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        for (header, expected) in [
            ("bytes=0-499", Part { first: 0, last: 499 }),
            ("bytes=500-999", Part { first: 500, last: 999 }),
            ("bytes=-500", Part { first: 9500, last: 9999 }),
            ("bytes=9500-", Part { first: 9500, last: 9999 }),
            ("bytes=0-0", Part { first: 0, last: 0 }),
            ("bytes=-1", Part { first: 9999, last: 9999 }),
            ("bytes=0-", Part { first: 0, last: 9999 }),
            ("BYTES=1-2", Part { first: 1, last: 2 }),
            (" bytes= 1-2\t", Part { first: 1, last: 2 }),
            ("bytes=0-99999999999999999999999", Part { first: 0, last: 9999 }),
            ("bytes=-99999999999999999999999", Part { first: 0, last: 9999 }),
            ("bytes=007-8", Part { first: 7, last: 8 }),
            ("bytes=10000-", Unsatisfiable),
            ("bytes=99999999999999999999999-", Unsatisfiable),
            ("bytes=10000-20000", Unsatisfiable),
            ("bytes=-0", Unsatisfiable),
            ("bytes=2-1", Whole),
            ("bytes=0-0,-1", Whole),
            ("bytes=0-0,", Whole),
            ("bytes=", Whole),
            ("bytes=-", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=1-+2", Whole),
            ("bytes=--1", Whole),
            ("bytes=1 - 2", Whole),
            ("bytes=a-b", Whole),
            ("bytes=٣-٤", Whole),
            ("bytes =0-1", Whole),
            ("bytes", Whole),
            ("pages=0-1", Whole),
            ("", Whole),
        ] {
            assert_eq!(parse(header, 10_000), expected, "{header}");
        }
    }

    #[test]
    fn an_empty_file_has_no_part() {
        let read = ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0"].map(|header| parse(header, 0));
        assert_eq!(read, [Unsatisfiable, Unsatisfiable, Whole, Unsatisfiable]);
    }

    proptest! {
        #[test]
        fn a_part_is_inside_of_the_file(header in "bytes=[0-9]{0,21}-[0-9]{0,21}|\\PC{0,30}", len: u64) {
            if let Part { first, last } = parse(&header, len) {
                prop_assert!(first <= last && last < len);
            }
        }

        #[test]
        fn every_part_of_a_file_can_be_asked_for(len in 1..u64::MAX, a: u64, b: u64) {
            let (first, last) = ((a % len).min(b % len), (a % len).max(b % len));
            prop_assert_eq!(parse(&format!("bytes={first}-{last}"), len), Part { first, last });
        }
    }
}
