use super::*;

#[test]
fn only_words_between_two_are_personal() {
    let at = Timestamp::from_millis(0);
    let personal = |message: PageMessage| {
        LoggedMessage::from_page(message, at, false).is_some_and(|message| message.has_personal_words())
    };
    assert!(personal(page_message("a", "hola")) && !personal(page_message("a", " \n")));
    assert!(!personal(PageMessage { chat: "1@g.us".to_owned(), ..page_message("a", "hola") }));
    assert!(personal(PageMessage { kind: "image".to_owned(), ..page_message("a", "una foto") }));
    assert!(personal(PageMessage { kind: "buttons_response".to_owned(), ..page_message("a", "Sí") }));
}

pub(crate) fn page_message(id: &str, body: &str) -> PageMessage {
    PageMessage {
        id: MessageId::new(id),
        from_me: false,
        chat: "1@lid".to_owned(),
        author: None,
        from: Some("1@lid".to_owned()),
        to: None,
        phone: None,
        lid: None,
        author_phone: None,
        author_lid: None,
        subtype: None,
        data: None,
        edited_ms: None,
        edit_open: false,
        revoked_s: None,
        notice: None,
        revoked_by: None,
        row: None,
        name: None,
        media: None,
        quoted: None,
        kind: "chat".to_owned(),
        body: Secret::new(body),
        t: 1,
        ack: Ack::PENDING,
        is_new: true,
    }
}

#[test]
fn system_notices_are_not_messages() {
    let at = Timestamp::from_millis(0);
    let notice = PageMessage { kind: "gp2".to_owned(), ..page_message("a", "") };
    let status = PageMessage { chat: "status@broadcast".to_owned(), ..page_message("a", "x") };
    assert!(LoggedMessage::from_page(notice, at, false).is_none());
    assert!(LoggedMessage::from_page(status, at, false).is_none());
    assert!(LoggedMessage::from_page(page_message("a", "x"), at, false).is_some());
}

#[test]
fn edits_deletions_and_acks_are_kept_beside_what_was_said() {
    let at = Timestamp::from_millis;
    let Some(mut logged) = LoggedMessage::from_page(page_message("a", "hola"), at(0), false) else { return };
    let before = logged.clone();
    logged.amend(&page_message("a", "hola"), at(1));
    assert_eq!(logged, before, "nothing new");
    logged.amend(&page_message("a", "adiós"), at(2));
    assert_eq!((logged.body.reveal(), logged.edited_at), ("adiós", Some(at(2))));
    let gone = PageMessage { kind: "revoked".to_owned(), ..page_message("a", "") };
    logged.amend(&gone, at(3));
    assert_eq!((logged.body.reveal(), logged.revoked_at), ("adiós", Some(at(3))));
    logged.acknowledge(Ack::new(2), None, Via::Web, at(4));
    logged.acknowledge(Ack::new(1), None, Via::Web, at(5));
    assert_eq!(logged.acks, [(Ack::new(2), at(4))]);
    logged.acknowledge(Ack::new(-1), Some(475), Via::Web, at(6));
    logged.acknowledge(Ack::new(-1), None, Via::Web, at(7));
    assert_eq!((logged.ack, logged.error_code), (Ack::new(-1), Some(475)));
    logged.acknowledge(Ack::new(1), None, Via::Web, at(8));
    assert_eq!((logged.ack, logged.error_code), (Ack::new(1), None), "it was sent again");
}

#[test]
fn acks_of_the_cloud_api_come_in_any_order_and_never_fall() {
    let at = Timestamp::from_millis(0);
    let last_of = |source: Via, acks: &[i8]| {
        let mut logged = LoggedMessage::from_page(page_message("a", "hola"), at, false)?;
        logged.source = source;
        acks.iter().for_each(|ack| logged.acknowledge(Ack::new(*ack), Some(131_026), Via::Cloud, at));
        Some(logged.ack.level())
    };
    // Where the page told of the message first, too.
    for source in [Via::Cloud, Via::Web] {
        let last = |acks: &[i8]| last_of(source, acks);
        assert_eq!(
            [last(&[1, -1]), last(&[-1, 1]), last(&[2, -1]), last(&[-1, 2])],
            [Some(-1), Some(-1), Some(2), Some(2)]
        );
        assert_eq!([last(&[3, 1, 2]), last(&[1, 2, 3, 4])], [Some(3), Some(4)]);
    }
}

#[test]
fn an_older_word_of_the_page_does_not_undo_an_edit() {
    let at = Timestamp::from_millis;
    let said = |body: &str, edited_ms| PageMessage { edited_ms, ..page_message("a", body) };
    let Some(mut logged) = LoggedMessage::from_page(said("dos", Some(20)), at(0), true) else { return };
    assert_eq!(logged.edited_at, Some(at(0)));
    logged.amend(&said("uno", Some(10)), at(1));
    logged.amend(&said("cero", None), at(2));
    assert_eq!((logged.body.reveal(), logged.edited_at), ("dos", Some(at(0))));
    logged.amend(&said("tres", Some(30)), at(3));
    assert_eq!((logged.body.reveal(), logged.edited_at), ("tres", Some(at(3))));
}

#[test]
fn an_edit_that_both_ways_tell_of_is_one_whichever_comes_first() {
    let at = Timestamp::from_millis;
    let said = |body: &str, edited_ms: u64| PageMessage { edited_ms: Some(edited_ms), ..page_message("a", body) };
    let edited = |reports: &[(&str, u64)]| {
        let mut logged = LoggedMessage::from_page(page_message("a", "uno"), at(0), false)?;
        let mut edits = 0;
        for (n, (body, edited_ms)) in (1..).zip(reports) {
            logged.amend(&said(body, *edited_ms), at(n));
            edits += u64::from(logged.edited_at == Some(at(n)));
        }
        Some((logged.body.reveal().to_owned(), edits, logged.history.versions.len()))
    };
    let one = Some(("dos".to_owned(), 1, 1));
    // Meta tells the second, and may be late.
    for second in [20_000, 23_000] {
        assert_eq!(edited(&[("dos", 20_400), ("dos", second)]), one, "{second}");
        assert_eq!(edited(&[("dos", second), ("dos", 20_400)]), one, "{second}");
        let two = Some(("tres".to_owned(), 2, 2));
        assert_eq!(edited(&[("dos", second), ("dos", 20_400), ("tres", 21_500)]), two, "{second}");
        assert_eq!(edited(&[("dos", 20_400), ("dos", second), ("tres", 21_500)]), two, "{second}");
    }
    let two = Some(("tres".to_owned(), 2, 2));
    // Meta repeats what it told, and the sender's clock may be behind its own.
    for reports in [&[("dos", 20_000), ("tres", 21_000)], &[("dos", 25_000), ("tres", 26_000)]] {
        let [first, second] = *reports;
        assert_eq!(edited(&[("dos", 20_400), ("tres", 21_500), first, second, first]), two, "{reports:?}");
    }
    assert_eq!(edited(&[("dos", 20_000), ("tres", 20_000), ("tres", 20_900)]), two);
}

#[test]
fn an_edit_that_the_server_may_not_have_is_none() {
    let at = Timestamp::from_millis;
    let said = |body: &str, edit_open| PageMessage { edited_ms: Some(20), edit_open, ..page_message("a", body) };
    let Some(mut logged) = LoggedMessage::from_page(page_message("a", "uno"), at(0), true) else { return };
    logged.amend(&said("dos", true), at(1));
    assert_eq!((logged.body.reveal(), logged.edited_at), ("uno", None));
    logged.amend(&said("dos", false), at(2));
    assert_eq!((logged.body.reveal(), logged.edited_at), ("dos", Some(at(2))));
    let first =
        LoggedMessage::from_page(said("dos", true), at(0), true).map(|logged| (logged.edited_ms, logged.edited_at));
    assert_eq!(first, Some((None, None)));
}

#[test]
fn words_that_an_earlier_version_did_not_read_are_no_edit() {
    let at = Timestamp::from_millis;
    let picture = |body: &str| PageMessage { kind: "image".to_owned(), ..page_message("a", body) };
    let Some(mut logged) = LoggedMessage::from_page(picture(""), at(0), false) else { return };
    logged.amend(&picture("el gato"), at(1));
    assert_eq!((logged.body.reveal(), logged.edited_at), ("el gato", None));
}

#[test]
fn a_deletion_that_comes_first_is_an_entry_that_is_deleted() {
    let at = Timestamp::from_millis;
    let gone = PageMessage { kind: "revoked".to_owned(), ..page_message("a", "") };
    let logged = LoggedMessage::from_page(gone, at(3), false);
    assert_eq!(logged.map(|logged| (logged.kind, logged.revoked_at)), Some(("revoked".to_owned(), Some(at(3)))));
}

#[test]
fn what_can_never_open_is_named() {
    let at = Timestamp::from_millis;
    let subtype = |subtype: &str| PageMessage {
        kind: CIPHERTEXT.to_owned(),
        subtype: Some(subtype.to_owned()),
        ..page_message("a", "")
    };
    assert!(may_open(&subtype("fanout")) && !may_open(&subtype("bot_unavailable_fanout")));
    let Some(mut logged) = LoggedMessage::from_page(subtype("view_once_unavailable_fanout"), at(0), false) else {
        return;
    };
    assert_eq!(logged.kind, "view_once");
    let before = logged.clone();
    logged.amend(&subtype("view_once_unavailable_fanout"), at(1));
    assert_eq!(logged, before);
    logged.withdraw(at(2));
    assert_eq!(logged.revoked_at, Some(at(2)));
    logged.amend(&page_message("a", "hola"), at(3));
    assert_eq!((logged.kind.as_str(), logged.revoked_at), ("chat", None), "it is there after all");
}

#[test]
fn a_ciphertext_that_opens_is_no_edit() {
    let at = Timestamp::from_millis;
    let closed = PageMessage { kind: CIPHERTEXT.to_owned(), ..page_message("a", "") };
    let Some(mut logged) = LoggedMessage::from_page(closed, at(0), false) else { return };
    logged.amend(&page_message("a", "hola"), at(1));
    assert_eq!((logged.kind.as_str(), logged.body.reveal(), logged.edited_at), ("chat", "hola", None));
}
