use proptest::prelude::*;

use crate::domain::log::CIPHERTEXT;
use crate::domain::log::tests::page_message;
use crate::domain::message::PageMessage;

use super::*;

const AT: fn(u64) -> Timestamp = Timestamp::from_millis;

#[test]
fn what_changed_is_what_happened() {
    let Some(plain) = LoggedMessage::from_page(page_message("a", "hola"), AT(0), false) else { return };
    let changed = |message: &PageMessage| {
        let mut after = plain.clone();
        after.amend(message, AT(5));
        happenings(7, &plain, &after, AT(5))
    };
    assert_eq!(changed(&page_message("a", "hola")), []);
    assert_eq!(changed(&page_message("a", "adiós")), [Happening::Edited { of: 7, at: AT(5) }]);
    let gone = PageMessage { kind: "revoked".to_owned(), ..page_message("a", "") };
    assert_eq!(changed(&gone), [Happening::Revoked { of: 7, at: AT(5) }]);
    let read = PageMessage { ack: Ack::new(3), ..page_message("a", "hola") };
    assert_eq!(changed(&read), [Happening::Acked { of: 7, ack: Ack::new(3), at: AT(5) }]);
    let undecrypted = PageMessage { kind: CIPHERTEXT.to_owned(), ..page_message("a", "") };
    let Some(undecrypted) = LoggedMessage::from_page(undecrypted, AT(0), false) else { return };
    let mut open = undecrypted.clone();
    open.amend(&page_message("a", "hola"), AT(5));
    assert_eq!(happenings(7, &undecrypted, &open, AT(5)), [Happening::Opened { of: 7, at: AT(5) }]);
}

proptest! {
    #[test]
    fn a_cursor_reads_back_the_same(log: u32, cursor: u64) {
        let before = EventCursor { log: LogId(log), cursor };
        prop_assert_eq!(before.to_string().parse(), Ok(before));
    }

    #[test]
    fn any_other_text_is_no_cursor_and_no_panic(text in "\\PC{0,30}") {
        if let Ok(cursor) = text.parse::<EventCursor>() {
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }
}
