//! Typing errors in the names of settings, fields and parameters.

/// Names with fewer letters are compared by case and separators only: `to` is one letter away from `go`, `no` and many more.
const LETTERS: usize = 4;
/// Longer names are not compared. No known name is that long, and a comparison takes time by the length of both names.
const LONGEST: usize = 64;
/// The most unknown names that are compared with the known names, because each comparison takes time.
const COMPARED_MAX: usize = 64;

/// Whether two names differ by one letter that is added, dropped, replaced or swapped with its neighbour, or only in
/// case and separators.
pub fn one_slip_apart(a: &str, b: &str) -> bool {
    strsim::osa_distance(&folded(a), &folded(b)) <= 1
}

/// The first unknown name that looks like a typing error of a known name, and that known name.
pub fn first<'a, N: AsRef<str>>(unknown: impl IntoIterator<Item = N>, known: &[&'a str]) -> Option<(N, &'a str)> {
    unknown.into_iter().take(COMPARED_MAX).find_map(|name| {
        let meant = meant(name.as_ref(), known.iter().copied())?;
        Some((name, meant))
    })
}

/// The known name that an unknown name was most likely meant to be.
fn meant<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
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
    fn the_first_slip_is_found_among_a_bounded_number_of_names() {
        let known = ["number", "message"];
        assert_eq!(first(["other", "mesage", "nubmer"], &known), Some(("mesage", "message")));
        let many = |others: usize| std::iter::repeat_n("other", others).chain(["mesage"]);
        assert!(first(many(COMPARED_MAX - 1), &known).is_some());
        assert_eq!(first(many(COMPARED_MAX), &known), None);
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
