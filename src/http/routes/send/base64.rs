//! A file in base64, as programs write it: in the standard alphabet or the one for addresses, with or without padding, broken
//! into lines, or as a `data:` URL.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);
/// Characters that are decoded at a time, in groups of four.
const GROUP: usize = 64 << 10;

/// Text that was found to be base64.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded {
    text: String,
    /// Where the base64 begins.
    start: usize,
    /// The type in a `data:` URL.
    pub mimetype: Option<String>,
}

impl std::fmt::Debug for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Encoded(…)")
    }
}

impl Encoded {
    /// None if the text is no base64, or stands for nothing.
    pub fn new(text: String) -> Option<Self> {
        let (start, mimetype) = match text.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")) {
            None => (0, None),
            Some(_) => {
                let comma = text.find(',')?;
                let (kind, coding) = text.get(5..comma)?.rsplit_once(';')?;
                if !coding.trim().eq_ignore_ascii_case("base64") {
                    return None;
                }
                (comma + 1, Some(kind.to_owned()).filter(|kind| !kind.is_empty()))
            }
        };
        let (mut letters, mut padding) = (0_usize, 0_usize);
        for byte in text.as_bytes()[start..].iter().filter(|byte| !byte.is_ascii_whitespace()) {
            match byte {
                b'=' => padding += 1,
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' if padding == 0 => letters += 1,
                _ => return None,
            }
        }
        let is_whole = match letters % 4 {
            0 => padding == 0,
            2 => matches!(padding, 0 | 2),
            3 => padding < 2,
            _ => false,
        };
        (is_whole && letters > 0).then_some(Self { text, start, mimetype })
    }

    /// The bytes, piece by piece.
    pub fn pieces(&self) -> impl Iterator<Item = Vec<u8>> + Send {
        let mut rest = self.text.as_bytes()[self.start..].iter();
        std::iter::from_fn(move || {
            let letters = rest.by_ref().filter(|byte| !byte.is_ascii_whitespace() && **byte != b'=');
            let group: Vec<u8> = letters.take(GROUP).map(|byte| standard(*byte)).collect();
            // What was found to be base64 can be decoded.
            (!group.is_empty()).then(|| ENGINE.decode(group).unwrap_or_default())
        })
    }
}

fn standard(letter: u8) -> u8 {
    match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use base64::engine::general_purpose;
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> Option<Vec<u8>> {
        Encoded::new(text.to_owned()).map(|encoded| encoded.pieces().collect::<Vec<_>>().concat())
    }

    #[test]
    fn what_is_no_base64_is_not_taken_for_it() {
        for text in [
            "",
            " ",
            "=",
            "A",
            "AA=",
            "AAA==",
            "AAAA=",
            "AAAAA",
            "AA=A",
            "ñAAA",
            "AA*A",
            "data:",
            "data:,AAAA",
            "data:text/plain,AAAA",
            "data:;base64,",
            "data:image/png;base64",
            "data:x;utf8,AAAA",
        ] {
            assert_eq!(decoded(text), None, "{text}");
        }
        let url = Encoded::new("DATA:image/png;x=y;Base64,aG9s\r\nYQ==\n".to_owned()).unwrap();
        assert_eq!((url.mimetype.as_deref(), url.pieces().next().unwrap()), (Some("image/png;x=y"), b"hola".to_vec()));
        assert_eq!(decoded("data:;base64,aG9sYQ"), Some(b"hola".to_vec()));
        assert!(!format!("{url:?}").contains("aG9s"));
    }

    proptest! {
        #[test]
        fn what_others_encode_is_read(bytes in prop::collection::vec(any::<u8>(), 1..300), line in 1_usize..80, kind in 0..4) {
            let text = match kind {
                0 => general_purpose::STANDARD.encode(&bytes),
                1 => general_purpose::STANDARD_NO_PAD.encode(&bytes),
                2 => general_purpose::URL_SAFE.encode(&bytes),
                _ => general_purpose::URL_SAFE_NO_PAD.encode(&bytes),
            };
            let lines: Vec<_> = text.as_bytes().chunks(line).map(|line| std::str::from_utf8(line).unwrap()).collect();
            prop_assert_eq!(decoded(&lines.join("\r\n")), Some(bytes.clone()));
            prop_assert_eq!(decoded(&format!("data:a/b;base64,{text}")), Some(bytes));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(data:)?[A-Za-z0-9+/=_ ;,-]{0,40}|\\PC{0,20}") {
            let _ = decoded(&text);
        }
    }

    #[test]
    fn a_long_text_is_decoded_in_pieces() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let encoded = Encoded::new(general_purpose::STANDARD.encode(&bytes)).unwrap();
        let pieces: Vec<_> = encoded.pieces().collect();
        assert!(pieces.len() > 3 && pieces.iter().all(|piece| piece.len() <= GROUP));
        assert_eq!(pieces.concat(), bytes);
    }
}
