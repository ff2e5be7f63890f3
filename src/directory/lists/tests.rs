#![allow(clippy::unwrap_used)]

use super::*;

fn chat(id: &str, phone: Option<&str>, last_s: u64, unread: u32) -> ChatNow {
    ChatNow {
        id: id.to_owned(),
        phone: phone.map(str::to_owned),
        lid: id.ends_with("@lid").then(|| id.to_owned()),
        name: phone.map(|phone| format!("Persona {phone}")),
        unread,
        marked_unread: false,
        archived: false,
        pinned: false,
        muted: false,
        muted_until_s: None,
        read_only: false,
        last_s: Some(last_s),
    }
}

fn contact(phone: Option<&str>, lid: Option<&str>, name: Option<&str>, pushname: Option<&str>) -> ContactNow {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    ContactNow {
        phone: owned(phone),
        lid: owned(lid),
        name: owned(name),
        pushname: owned(pushname),
        verified_name: None,
        business: false,
        blocked: lid.is_some() && phone.is_none(),
        me: false,
    }
}

fn lists(chats: Vec<ChatNow>, contacts: Vec<ContactNow>) -> Lists {
    Lists::new((Timestamp::from_millis(0), Instant::now(), true), chats, contacts, Vec::new())
}

#[test]
fn pages_of_chats_give_each_chat_once_and_the_newest_first() {
    let ids: Vec<_> = (0..25).map(|n| format!("{n:02}@lid")).collect();
    // Chats of the same second are in the order of their ids.
    let lists = lists(ids.iter().enumerate().map(|(n, id)| chat(id, None, n as u64 / 3, 0)).collect(), vec![]);
    let (mut seen, mut after) = (vec![], None);
    loop {
        let found = lists.chats(&Wanted::new(after, 4));
        seen.extend(found.items.into_iter().map(|chat| chat.id));
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    let mut expected = ids;
    expected.reverse();
    assert_eq!(seen, expected);
    assert_eq!(lists.chats(&Wanted::new(Some("0-00@lid".to_owned()), 4)).items, []);
}

#[test]
fn a_person_is_one_chat_and_one_contact() {
    let mut by_number = chat("5491122334455@c.us", Some("5491122334455"), 5, 3);
    by_number.lid = Some("7@lid".to_owned());
    let lists = lists(
        vec![by_number, chat("7@lid", Some("5491122334455"), 9, 1)],
        vec![
            contact(Some("5491122334455"), Some("7@lid"), Some("Ana Pérez"), None),
            contact(Some("5491122334455"), Some("7@lid"), None, Some("ana")),
            contact(None, Some("8@lid"), None, Some("Sol")),
            contact(Some("5491100000000"), None, None, None),
        ],
    );
    let chats = lists.chats(&Wanted::new(None, 9)).items;
    assert_eq!(chats.iter().map(|chat| (&*chat.id, chat.unread)).collect::<Vec<_>>(), [("7@lid", 3)]);
    let people = lists.contacts(&Wanted::new(None, 9)).items;
    let names: Vec<_> = people.iter().map(|one| (one.name.as_deref(), one.pushname.as_deref(), one.blocked)).collect();
    assert_eq!(names, [(None, None, false), (Some("Ana Pérez"), Some("ana"), false), (None, Some("Sol"), true)]);
    assert_eq!(lists.chat("5491122334455@c.us", Some("5491122334455")).unwrap().id, "7@lid");
}

#[test]
fn a_query_finds_names_in_any_case_and_numbers_as_people_write_them() {
    let people = vec![
        contact(Some("5491122334455"), Some("7@lid"), Some("Ana PÉREZ"), None),
        contact(Some("5491199887766"), Some("8@lid"), None, Some("Bo")),
    ];
    let lists = lists(vec![chat("7@lid", Some("5491122334455"), 1, 0), chat("8@lid", None, 2, 1)], people);
    let found = |text: &str| {
        let found = lists.contacts(&Wanted::new(None, 9).matching(text));
        found.items.into_iter().map(|one| one.lid.unwrap()).collect::<Vec<_>>()
    };
    for (text, lids) in [
        ("pérez", vec!["7@lid"]),
        (" ana ", vec!["7@lid"]),
        ("2233-44", vec!["7@lid"]),
        ("+54 9 11", vec!["7@lid", "8@lid"]),
        ("bo", vec!["8@lid"]),
        ("9@lid", vec![]),
    ] {
        assert_eq!(found(text), lids, "{text}");
    }
    let unread = lists.chats(&Wanted::new(None, 9).unread(true)).items;
    assert_eq!(unread.iter().map(|chat| &*chat.id).collect::<Vec<_>>(), ["8@lid"]);
}
