//! Emojis: one or several characters that are shown as one picture. Unicode's technical standard 51 says which may follow each
//! other:
//!
//! ```text
//! flag of a country        two regional indicators
//! key                      0-9 # *, then perhaps the variation for pictures, then the frame of a key
//! picture                  a pictograph, then perhaps a skin tone, the variation, or the letters of a region's flag
//! several in one           any of these, joined
//! ```

use std::fmt::Write;

use icu_properties::CodePointSetData;
use icu_properties::props::{BinaryProperty, EmojiModifier, ExtendedPictographic, RegionalIndicator};

/// The most characters of an emoji: families with skin tones and flags of regions are long.
pub const EMOJI_MAX: usize = 16;

/// Joins several pictures to one.
const JOINER: char = '\u{200d}';
/// Follows a character that can also be shown as a letter, so that it is shown as a picture.
const VARIATION: char = '\u{fe0f}';
const KEY: char = '\u{20e3}';
const LETTERS: std::ops::RangeInclusive<char> = '\u{e0020}'..='\u{e007e}';
const LAST_LETTER: char = '\u{e007f}';

/// An emoji, or nothing: that takes a reaction back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emoji(String);

impl Emoji {
    /// None if the text is neither one emoji nor empty.
    pub fn parse(text: &str) -> Option<Self> {
        let characters: Vec<_> = text.chars().take(EMOJI_MAX + 1).collect();
        let is_legal = characters.is_empty() || (characters.len() <= EMOJI_MAX && is_one(&characters));
        is_legal.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What [`parse`](Self::parse) takes, but for the length, as a regular expression.
    pub fn pattern() -> String {
        let pictograph = class::<ExtendedPictographic>();
        let (tone, region) = (class::<EmojiModifier>(), class::<RegionalIndicator>());
        let (first, last) = LETTERS.into_inner();
        let end = format!(r"({tone}|\ufe0f|[{first}-{last}]+{LAST_LETTER})");
        let part = format!(r"({region}{region}|[0-9#*]\ufe0f?\u20e3|{pictograph}{end}?)");
        format!(r"^({part}(\u200d{part})*)?$")
    }
}

fn is_one(characters: &[char]) -> bool {
    match after_part(characters) {
        Some([]) => true,
        Some([JOINER, rest @ ..]) => is_one(rest),
        _ => false,
    }
}

/// What follows the first picture.
fn after_part(characters: &[char]) -> Option<&[char]> {
    let is_region = |c: char| CodePointSetData::new::<RegionalIndicator>().contains(c);
    let is_pictograph = |c: char| CodePointSetData::new::<ExtendedPictographic>().contains(c);
    match characters {
        ['0'..='9' | '#' | '*', VARIATION, KEY, rest @ ..] | ['0'..='9' | '#' | '*', KEY, rest @ ..] => Some(rest),
        [first, second, rest @ ..] if is_region(*first) && is_region(*second) => Some(rest),
        [first, rest @ ..] if is_pictograph(*first) => Some(after_end(rest)),
        _ => None,
    }
}

/// What follows the end of a pictograph, if it has one.
fn after_end(rest: &[char]) -> &[char] {
    let is_tone = |c: char| CodePointSetData::new::<EmojiModifier>().contains(c);
    let letters = rest.iter().take_while(|letter| LETTERS.contains(*letter)).count();
    match rest {
        [VARIATION, after @ ..] => after,
        [first, after @ ..] if is_tone(*first) => after,
        _ if letters > 0 && rest.get(letters) == Some(&LAST_LETTER) => &rest[letters + 1..],
        _ => rest,
    }
}

/// The characters with a property, as a class of a regular expression. The characters outside of the basic plane stand for
/// themselves: the dialects write their numbers in different ways.
fn class<P: BinaryProperty>() -> String {
    let mut class = "[".to_owned();
    for range in CodePointSetData::new::<P>().iter_ranges() {
        let (first, last) = range.into_inner();
        for (before, code) in [("", first), ("-", last)] {
            match char::from_u32(code) {
                _ if before == "-" && first == last => {}
                Some(character) if code > 0xffff => class.extend([before, character.encode_utf8(&mut [0; 4])]),
                // Writing to a text does not fail.
                _ => drop(write!(class, r"{before}\u{code:04x}")),
            }
        }
    }
    class.push(']');
    class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_one_whatever_it_consists_of() {
        for emoji in ["", "👍", "👍🏽", "❤", "❤️", "1️⃣", "#️⃣", "*⃣", "©", "👨‍👩‍👧‍👦", "❤️‍🔥", "🐈‍⬛", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏳️‍🌈", "🇦🇷", "👩🏽‍❤️‍💋‍👨🏻"]
        {
            assert!(Emoji::parse(emoji).is_some(), "{emoji}");
        }
    }

    #[test]
    fn what_is_not_one_emoji_is_none() {
        let family = "👨🏻‍👩🏻‍👧🏻‍👦🏻‍👦🏻‍👦🏻";
        for text in [
            "a",
            "ñ",
            "é",
            "中",
            "ж",
            "no",
            "1",
            "#",
            "12",
            " ",
            "👍 ",
            "ok👍",
            "👍👍",
            "👍a",
            "\u{1b}",
            "👍\n",
            "\u{3000}",
            "🇦",
            "\u{200d}",
            "👍\u{200d}",
            "\u{fe0f}",
            "\u{20e3}",
            "a\u{fe0f}",
            "½",
            family,
        ] {
            assert_eq!(Emoji::parse(text), None, "{text}");
        }
    }
}
