//! Slips of typing in names: of settings, of fields, of parameters.

/// Shorter names are a slip away from too many others: `to` from `go`, `wait` not yet.
const LETTERS: usize = 4;
/// A name that is longer is no slip of ours, and comparing names takes time by their length.
const LONGEST: usize = 64;

/// Whether two names differ by one letter that is added, dropped, replaced or swapped with its neighbour, or only in
/// case and separators.
pub fn one_slip_apart(a: &str, b: &str) -> bool {
    strsim::osa_distance(&folded(a), &folded(b)) <= 1
}

/// The known name that somebody meant who wrote an unknown one. Of short names only the case and the separators count.
pub fn meant<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if unknown.len() > LONGEST {
        return None;
    }
    let is_meant = |known: &&str| {
        folded(known) == folded(unknown)
            || (known.len() >= LETTERS && unknown.len() >= LETTERS && one_slip_apart(unknown, known))
    };
    known.into_iter().find(is_meant)
}

fn folded(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_slip_from_another_name() {
        for name in ["SEND_MOD", "SEND_MODEE", "SNED_MODE", "SEND_MODA", "SENDMODE", "send_mode"] {
            assert!(one_slip_apart(name, "SEND_MODE"), "{name}");
        }
        for name in ["SEND_RATE", "SENT_NODE", "MODE", ""] {
            assert!(!one_slip_apart(name, "SEND_MODE"), "{name}");
        }
    }

    #[test]
    fn of_a_short_name_only_the_case_is_a_slip() {
        let known = ["number", "to", "message", "phone_number"];
        for (unknown, expected) in [
            ("mesage", "message"),
            ("Message", "message"),
            ("phoneNumber", "phone_number"),
            ("numbers", "number"),
            ("To", "to"),
        ] {
            assert_eq!(meant(unknown, known), Some(expected), "{unknown}");
        }
        for unknown in ["go", "too", "t", "", "mensaje", "numero", "ñ", &"message".repeat(40)] {
            assert_eq!(meant(unknown, known), None, "{unknown}");
        }
    }
}
