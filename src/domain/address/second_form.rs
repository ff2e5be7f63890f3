//! Countries whose mobile numbers are written in two forms: WhatsApp knows a person by one of them only, and which one that
//! is depends on when the person registered.

use super::PhoneNumber;

/// Argentina's area codes of three digits; 11 is Buenos Aires, and all others have four.
const AREAS: [&str; 38] = [
    "220", "221", "223", "230", "236", "237", "249", "260", "261", "263", "264", "266", "280", "291", "294", "297",
    "298", "299", "336", "341", "342", "343", "345", "348", "351", "353", "358", "362", "364", "370", "376", "379",
    "380", "381", "383", "385", "387", "388",
];

impl PhoneNumber {
    /// The other form of this number, where its country has two.
    ///
    /// ```text
    /// Argentina  54 9 AREA NUMBER      54 AREA NUMBER      54 AREA 15 NUMBER
    /// Mexico     52 1 NUMBER           52 NUMBER
    /// Brazil     55 AREA 9 NUMBER      55 AREA NUMBER
    /// ```
    pub fn second_form(&self) -> Option<Self> {
        let (country, rest) = self.0.split_at_checked(2)?;
        let other = match country {
            "54" => argentina(rest)?,
            "52" => mexico(rest)?,
            "55" => brazil(rest)?,
            _ => return None,
        };
        Some(Self(format!("{country}{other}")))
    }
}

/// Area and number have ten digits together.
fn argentina(rest: &str) -> Option<String> {
    let (mobile, national) = match rest.strip_prefix('9') {
        Some(national) if national.len() >= 10 => (true, national),
        _ => (false, rest),
    };
    match national.len() {
        10 => Some(if mobile { national.to_owned() } else { format!("9{national}") }),
        12 => {
            let area = match national {
                _ if national.starts_with("11") => 2,
                _ if AREAS.iter().any(|area| national.starts_with(area)) => 3,
                _ => 4,
            };
            let (area, number) = national.split_at_checked(area)?;
            Some(format!("9{area}{}", number.strip_prefix("15")?))
        }
        _ => None,
    }
}

fn mexico(rest: &str) -> Option<String> {
    match rest.len() {
        10 => Some(format!("1{rest}")),
        11 => rest.strip_prefix('1').map(str::to_owned),
        _ => None,
    }
}

/// Mobile numbers of eight digits began with 6 to 9 before they were given a ninth digit.
fn brazil(rest: &str) -> Option<String> {
    let (area, number) = rest.split_at_checked(2)?;
    match number.len() {
        8 if number.starts_with(['6', '7', '8', '9']) => Some(format!("{area}9{number}")),
        9 => number.strip_prefix('9').map(|number| format!("{area}{number}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn second(number: &str) -> Option<String> {
        PhoneNumber::parse(number).unwrap().second_form().map(|number| number.0)
    }

    #[test]
    fn each_country_has_its_second_form() {
        for (number, other) in [
            ("5491122334455", Some("541122334455")),
            ("541122334455", Some("5491122334455")),
            ("54 11 15 2233 4455", Some("5491122334455")),
            ("54 9 11 15 2233 4455", Some("5491122334455")),
            ("54 351 15 223 3445", Some("5493512233445")),
            ("54 2966 15 22 3344", Some("5492966223344")),
            ("5215512345678", Some("525512345678")),
            ("525512345678", Some("5215512345678")),
            ("5511987654321", Some("551187654321")),
            ("551187654321", Some("5511987654321")),
            // A landline has one form.
            ("551132654321", None),
            ("59899123456", None),
            ("5411223344", None),
            ("34600112233", None),
        ] {
            assert_eq!(second(number).as_deref(), other, "{number}");
        }
    }

    proptest! {
        #[test]
        fn a_second_form_is_another_number_of_the_same_country(number in "5[245][0-9]{5,13}") {
            if let Some(other) = second(&number) {
                prop_assert!(other != number && other[..2] == number[..2]);
                prop_assert_eq!(PhoneNumber::parse(&other).map(|number| number.0), Ok(other));
            }
        }
    }
}
