//! What Meta's numbers mean for a message: the numbers are stable, their texts are not.

use std::time::Duration;

use super::shapes::GraphError;
use crate::domain::idempotency::Cause;
use crate::transport::NothingLeft;

/// Meta's number for too many messages to one recipient.
pub(super) const PAIR_LIMIT: i64 = 131_056;
/// A pair of numbers may exchange one message in six seconds over time.
pub(super) const PAIR: Duration = Duration::from_secs(6);
/// The number's throughput is counted by the second.
const THROUGHPUT: Duration = Duration::from_secs(5);
/// The account's calls are counted by the hour.
const CALLS: Duration = Duration::from_secs(600);
/// The quality of the number limits its messages for hours.
const QUALITY: Duration = Duration::from_secs(3600);

/// No pause is longer, whatever Meta asks for.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Meta's sentences have no longer words; a token is longer.
const WORD_MAX: usize = 40;

/// The value of a Retry-After.
pub(super) fn pause(value: &str) -> Option<Duration> {
    value.trim().parse().ok().map(|seconds| Duration::from_secs(seconds).min(PAUSE_MAX))
}

/// Why Meta took nothing; None if it may have taken the message all the same.
pub(super) fn nothing_left(
    status: u16,
    error: Option<&GraphError>,
    retry_after: Option<Duration>,
) -> Option<NothingLeft> {
    let limited =
        |why: &'static str, span: Duration| NothingLeft::RateLimited { why, retry_after: retry_after.unwrap_or(span) };
    let Some(error) = error else {
        return match status {
            401 | 403 => Some(NothingLeft::Unauthorized(unauthorized("Meta does not take it"))),
            429 => Some(limited("Meta's limit on calls is reached", CALLS)),
            400..=499 => Some(NothingLeft::Refused(format!("the Cloud API answers {status}"))),
            _ => None,
        };
    };
    // Meta's own words for 1 and 2 are "possible server error" and "service", whatever the status is.
    if matches!(error.code, 1 | 2) {
        return None;
    }
    // Only the messages' own numbers say for sure that nothing was taken when the server is in trouble.
    if status >= 500 && !(130_000..140_000).contains(&error.code) {
        return None;
    }
    Some(match error.code {
        131_047 => NothingLeft::TemplateRequired,
        PAIR_LIMIT => {
            limited("too many messages went to this recipient in a short time (Meta's pair rate limit)", PAIR)
        }
        130_429 => limited("the number's throughput at the Cloud API is reached", THROUGHPUT),
        4 | 80_007 | 613 => limited("Meta's limit on calls of this business account is reached", CALLS),
        131_048 => limited("Meta limits this number because its messages were blocked or reported", QUALITY),
        131_026 => NothingLeft::Unreachable(
            "WhatsApp cannot deliver to the number: it is not on WhatsApp, has an old version, or has not accepted the terms",
        ),
        131_030 => NothingLeft::Unreachable(
            "the number is not among the recipients that this test number of the Cloud API may write to: add it there",
        ),
        132_000..=132_099 => NothingLeft::TemplateInvalid(format!("{} ({})", template(error.code), error.code)),
        // 0: Meta could not authenticate. 131005: the permission is not granted.
        0 | 3 | 10 | 190 | 200..=299 | 131_005 => NothingLeft::Unauthorized(unauthorized(&error.message)),
        131_053 => NothingLeft::FileRefused("it is of no type or size that the Cloud API takes (131053)".to_owned()),
        // These come with 5xx: the request may have been carried out.
        131_000 | 131_016 if status >= 500 => return None,
        code => NothingLeft::RefusedAs(Cause::Number(code)),
    })
}

/// What it means that Meta took a message and then reports it as failed with this number; None for numbers without a name of
/// their own, and for those that pass: the end of the message is final, so no answer asks for the same once more.
pub fn final_refusal(code: i64) -> Option<NothingLeft> {
    let error = GraphError { code, ..GraphError::default() };
    let refusal = nothing_left(400, Some(&error), None)?;
    let has_a_name = matches!(
        refusal,
        NothingLeft::TemplateRequired
            | NothingLeft::TemplateInvalid(_)
            | NothingLeft::Unreachable(_)
            | NothingLeft::FileRefused(_)
    );
    has_a_name.then_some(refusal)
}

/// Meta's sentence may quote the token.
fn unauthorized(words: &str) -> String {
    let is_short = |word: &&str| word.len() <= WORD_MAX;
    let words: Vec<_> = words.split_whitespace().map(|word| Some(word).filter(is_short).unwrap_or("…")).collect();
    format!("the Cloud API does not accept CLOUD_API_TOKEN: {}", words.join(" ").trim_end_matches('.'))
}

fn template(code: i64) -> &'static str {
    match code {
        132_000 => "the number of values is not the one that the template has places for",
        132_001 => "there is no approved template of this name in this language",
        132_005 => "the filled-in text is too long",
        132_007 => "a value breaks WhatsApp's rules for templates",
        132_012 => "a value is not of the form that the template wants",
        132_015 => "the template is paused because of its quality",
        132_016 => "the template is disabled because of its quality",
        _ => "the Cloud API does not take the template like that",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(status: u16, code: i64) -> Option<NothingLeft> {
        nothing_left(status, Some(&GraphError { code, ..GraphError::default() }), None)
    }

    #[test]
    fn each_number_has_its_meaning() {
        assert_eq!(meant(400, 131_047), Some(NothingLeft::TemplateRequired));
        for code in [131_056, 130_429, 80_007, 131_048, 4] {
            assert!(matches!(meant(429, code), Some(NothingLeft::RateLimited { .. })), "{code}");
        }
        for code in [131_026, 131_030] {
            assert!(matches!(meant(400, code), Some(NothingLeft::Unreachable(_))), "{code}");
        }
        for code in [132_000, 132_001, 132_012, 132_015] {
            assert!(matches!(meant(400, code), Some(NothingLeft::TemplateInvalid(_))), "{code}");
        }
        for code in [0, 10, 190, 200, 299] {
            assert!(matches!(meant(401, code), Some(NothingLeft::Unauthorized(_))), "{code}");
        }
        assert_eq!(meant(400, 131_049), Some(NothingLeft::RefusedAs(Cause::Number(131_049))));
        assert!(matches!(nothing_left(401, None, None), Some(NothingLeft::Unauthorized(_))));
    }

    #[test]
    fn what_a_server_in_trouble_says_proves_nothing() {
        for code in [1, 2, 131_000, 131_016] {
            assert_eq!(meant(500, code), None, "{code}");
            assert_eq!(meant(503, code), None, "{code}");
        }
        assert_eq!((meant(400, 1), meant(400, 2)), (None, None));
        assert_eq!((nothing_left(500, None, None), nothing_left(502, None, None)), (None, None));
        assert_eq!(meant(400, 131_000), Some(NothingLeft::RefusedAs(Cause::Number(131_000))));
    }

    #[test]
    fn a_report_of_failure_means_what_the_answer_would_have_meant_unless_it_passes() {
        assert_eq!(final_refusal(131_047), Some(NothingLeft::TemplateRequired));
        for code in [131_026, 132_001, 131_053] {
            assert!(final_refusal(code).is_some(), "{code}");
        }
        for code in [131_056, 130_429, 190, 131_049, 131_000, 1] {
            assert_eq!(final_refusal(code), None, "{code}");
        }
    }

    #[test]
    fn the_pause_that_meta_asks_for_is_handed_on() {
        let error = GraphError { code: 130_429, ..GraphError::default() };
        let asked = nothing_left(429, Some(&error), Some(Duration::from_secs(42)));
        assert!(matches!(asked, Some(NothingLeft::RateLimited { retry_after, .. }) if retry_after.as_secs() == 42));
    }

    #[test]
    fn an_error_that_says_nothing_sure_of_the_message_is_no_refusal() {
        for code in [0, 3, 4, 10, 100, 190, 200, 613, 80_007] {
            assert_eq!(meant(503, code), None, "{code}");
        }
        assert_eq!(GraphError::read(br#"{"error":{"message":"upstream"}}"#), None);
        assert_eq!(GraphError::read(br#"{"error":"upstream"}"#), None);
        let odd = br#"{"error":{"code":131047,"message":null,"error_data":"why"}}"#;
        assert_eq!(GraphError::read(odd).map(|error| error.code), Some(131_047));
    }

    #[test]
    fn what_meta_says_of_a_token_does_not_repeat_it() {
        let token = "EAAG".repeat(40);
        for message in [format!("Malformed access token {token}"), format!("Cannot parse access token: '{token}'.")] {
            let error = GraphError { code: 190, message, subcode: None };
            let said = format!("{:?}", nothing_left(401, Some(&error), None));
            assert!(said.contains("access token") && !said.contains("EAAGEAAG"), "{said}");
        }
    }

    #[test]
    fn a_pause_without_an_end_is_cut() {
        assert_eq!(pause("42 "), Some(Duration::from_secs(42)));
        assert_eq!(pause("18446744073709551615"), Some(PAUSE_MAX));
        assert_eq!(pause("soon"), None);
    }
}
