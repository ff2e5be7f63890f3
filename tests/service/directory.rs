//! The lists of chats, people and groups, and one entry of each.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use session_manager::domain::address::ChatId;
use session_manager::domain::state::{Reason, State};
use session_manager::transport::web::whatsapp::PageError;
use simulator::{Action, Incoming, Options, PageBuild, Picture, PictureHost, ServerGroup};

use crate::messages::log;
use crate::world::{DEADLINE, FRIEND, World, answer};

const GROUP: &str = "120363000000000001@g.us";

/// All entries of a list, page by page.
async fn all(world: &World, path: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut after) = (vec![], String::new());
    loop {
        let (status, page) = world.get(&format!("{path}?limit={limit}{after}")).await;
        assert_eq!((status, &page["complete"]), (200, &json!(true)), "{page}");
        items.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { return items };
        after = format!("&after={next}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_is_answered_by_pages_each_person_once() {
    let page = PageBuild { crowd_people: 2000, crowd_chats: 500, ..PageBuild::default() };
    let mut world = World::new(Options { page, ..Options::fast() }).await;
    world.start().await;
    world.link().await;
    let chats = all(&world, "/chats", 70).await;
    let ids: HashSet<_> = chats.iter().map(|chat| chat["chat_id"].as_str().unwrap()).collect();
    assert_eq!((chats.len(), ids.len()), (500, 500));
    assert!(chats.windows(2).all(|two| two[0]["last_message_at"].as_str() >= two[1]["last_message_at"].as_str()));
    let people = all(&world, "/contacts", 300).await;
    let both = |person: &&Value| person["phone"].is_string() && person["lid"].is_string();
    let numbers: HashSet<_> = people.iter().filter(both).map(|person| person["phone"].as_str().unwrap()).collect();
    // The account itself is one of them.
    assert_eq!((people.len(), numbers.len()), (2001, 2001));
    assert_eq!(people.iter().filter(|person| person["me"] == true).count(), 1);
    assert_eq!(all(&world, "/groups", 7).await.len(), 50);
    let (_, found) = world.get("/contacts?query=Person%201999").await;
    assert_eq!(found["items"][0]["phone"], "5491100001999", "{found}");
    assert_eq!(found["next"], Value::Null);
    let (_, unread) = world.get("/chats?unread=true&limit=1000").await;
    assert!(unread["items"].as_array().unwrap().iter().all(|chat| chat["unread"] == 1), "{unread}");
    assert_eq!(unread["items"].as_array().unwrap().len(), 72);
    world.stop().await;
}

/// The page keeps its chats sorted, in the array that it gives to whoever reads them.
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_moves_while_the_list_is_read_hides_no_other() {
    let page = PageBuild { crowd_people: 1000, crowd_chats: 1000, ..PageBuild::default() };
    let mut world = World::new(Options { page, ..Options::fast() }).await;
    world.start().await;
    world.link().await;
    let page = world.service.as_ref().unwrap().session().page(State::Ready).unwrap();
    let mut part = page.chats_part(0).await.unwrap();
    let mut ids: Vec<_> = part.items.iter().map(|chat| chat.id.clone()).collect();
    // The oldest chat with a person, which is among the last ones, goes before all others.
    let oldest = ChatId::parse_recipient("5491100000001").unwrap();
    assert!(part.next.is_some() && page.pin(&oldest, true, DEADLINE).await.unwrap().pinned);
    while let Some(from) = part.next {
        part = page.chats_part(from).await.unwrap();
        ids.extend(part.items.iter().map(|chat| chat.id.clone()));
    }
    let different: HashSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), different.len()), (1000, 1000));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_and_a_group_are_told_with_both_identities() {
    let mut world = World::new(Options::fast()).await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    let group = ServerGroup {
        id: GROUP.to_owned(),
        subject: "Proveedores".to_owned(),
        description: Some("Pedidos".to_owned()),
        members: vec![FRIEND.to_owned()],
        untold: true,
        ..ServerGroup::default()
    };
    world.simulator.add_group(group).unwrap();
    world.start().await;
    assert_eq!(world.get("/chats").await.1["code"], "SESSION_NOT_READY");
    world.link().await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola").named("Ana")).unwrap();
    world.simulator.incoming(Incoming::text(FRIEND, "a todos").in_group(GROUP)).unwrap();
    log(&world, 2).await;

    for id in [FRIEND, &lid, "%2B54%209%2011%202233-4455"] {
        let (status, chat) = world.get(&format!("/chats/{id}")).await;
        assert_eq!(status, 200, "{chat}");
        let told = [&chat["chat_id"], &chat["phone"], &chat["lid"], &chat["name"], &chat["unread"]];
        assert_eq!(told, [&json!(lid), &json!(FRIEND), &json!(lid), &json!("Ana"), &json!(1)]);
    }
    assert_eq!(world.get("/chats/5491100000000").await.1["code"], "CHAT_NOT_FOUND");

    let (_, groups) = world.get("/groups?refresh=true").await;
    let group = &groups["items"][0];
    assert_eq!([&group["group_id"], &group["known"], &group["role"]], [&json!(GROUP), &json!(false), &Value::Null]);
    let (status, group) = world.get(&format!("/groups/{GROUP}")).await;
    assert_eq!((status, &group["known"], &group["subject"]), (200, &json!(true), &json!("Proveedores")), "{group}");
    assert_eq!([&group["description"], &group["role"]], [&json!("Pedidos"), &json!("member")]);
    assert_eq!(group["owner"], json!({ "phone": FRIEND, "lid": lid }));
    let roles: Vec<_> = group["participants"].as_array().unwrap().iter().map(|one| one["role"].as_str()).collect();
    assert_eq!(roles, [Some("creator"), Some("member")]);
    assert_eq!(world.get("/groups/120363000000000009@g.us").await.1["code"], "CHAT_NOT_FOUND");
    assert_eq!(world.get(&format!("/groups/{FRIEND}")).await.1["code"], "INVALID_NUMBER");

    // The last lists are answered while the page is away.
    while world.get("/groups?refresh=true").await.1["items"][0]["known"] == false {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (_, before) = world.get("/chats?refresh=true").await;
    assert_eq!(world.post("/disconnect", json!({})).await.0, 200);
    let (status, after) = world.get("/chats?refresh=true").await;
    assert_eq!((status, &after), (200, &before));
    let (status, chat) = world.get(&format!("/chats/{FRIEND}")).await;
    assert_eq!((status, &chat["as_of"]), (200, &before["as_of"]), "{chat}");
    let (status, group) = world.get(&format!("/groups/{GROUP}")).await;
    assert_eq!((status, &group["subject"], &group["participants"]), (200, &json!("Proveedores"), &Value::Null));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_login_does_not_see_the_lists_of_the_last() {
    let mut world = World::ready().await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    log(&world, 1).await;
    assert_eq!(world.get("/chats").await.0, 200);
    world.simulator.unlink();
    world.until_session("unlinked", |session| session.reason == Some(Reason::LoggedOut)).await;
    let (status, refused) = world.get("/chats").await;
    assert_eq!((status, &refused["code"]), (503, &json!("SESSION_NOT_READY")), "{refused}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_of_a_chat_take_once_and_last() {
    let mut world = World::ready().await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    log(&world, 1).await;
    let until = "2031-01-01T00:00:00.000Z";
    let marks = |chat: &Value| ["archived", "pinned", "muted", "muted_until"].map(|mark| chat[mark].clone());
    let on =
        |archived: bool, pinned: bool, muted: bool, until: Value| [json!(archived), json!(pinned), json!(muted), until];
    for (method, path, expected) in [
        ("POST", "archive", on(true, false, false, Value::Null)),
        ("POST", "archive", on(true, false, false, Value::Null)),
        ("DELETE", "archive", on(false, false, false, Value::Null)),
        ("POST", "pin", on(false, true, false, Value::Null)),
        ("POST", "mute", on(false, true, true, json!(until))),
        ("DELETE", "pin", on(false, false, true, json!(until))),
    ] {
        let body = if path == "mute" { json!({ "until": until }) } else { json!({}) };
        let request = world.request(method, &format!("/chats/{FRIEND}/{path}")).json(&body);
        let (status, chat) = answer(request).await;
        assert_eq!((status, marks(&chat)), (200, expected), "{method} {path}: {chat}");
    }
    let acts = world.simulator.record().actions;
    // The second archive sent nothing.
    assert_eq!(acts.iter().filter(|act| matches!(act, Action::Archive { on: true, .. })).count(), 1, "{acts:?}");
    let (_, refused) = world.post(&format!("/chats/{FRIEND}/mute"), json!({ "until": "2020-01-01T00:00:00Z" })).await;
    assert_eq!(refused["code"], "INVALID_UNTIL");
    let (status, refused) = world.post("/chats/5491100000000/pin", json!({})).await;
    assert_eq!((status, &refused["code"]), (404, &json!("CHAT_NOT_FOUND")));
    let (_, chat) = world.post(&format!("/chats/{FRIEND}/mute"), json!({})).await;
    assert_eq!(marks(&chat), on(false, false, true, Value::Null), "{chat}");

    for n in 1..=3 {
        let number = format!("549110000000{n}");
        world.simulator.incoming(Incoming::text(&number, "hola")).unwrap();
        log(&world, n + 1).await;
        assert_eq!(world.post(&format!("/chats/{number}/pin"), json!({})).await.0, 200);
    }
    let (status, refused) = world.post(&format!("/chats/{FRIEND}/pin"), json!({})).await;
    assert_eq!((status, &refused["code"]), (409, &json!("PIN_LIMIT")), "{refused}");
    // Two that are pinned at once are counted one after the other.
    let third = "/chats/5491100000003/pin";
    assert_eq!(world.delete(third).await.0, 200);
    let first = format!("/chats/{FRIEND}/pin");
    let (one, other) = tokio::join!(world.post(&first, json!({})), world.post(third, json!({})));
    let mut both = [one.0, other.0];
    both.sort_unstable();
    assert_eq!(both, [200, 409], "{one:?} {other:?}");

    // Where the server does not take a mark, the state shows none.
    world.simulator.faults(|faults| faults.nack = Some(500));
    let (status, refused) = world.post(&format!("/chats/{FRIEND}/archive"), json!({})).await;
    assert_eq!((status, &refused["code"]), (500, &json!("WHATSAPP_ERROR")), "{refused}");
    assert_eq!(world.get(&format!("/chats/{FRIEND}")).await.1["archived"], false);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_numbers_are_looked_up_within_the_limit_of_all_look_ups() {
    let mut world = World::ready().await;
    let number = |n: usize| format!("598990000{n:02}");
    let lids: Vec<_> = (0..25).map(|n| world.simulator.add_person(&number(n)).unwrap()).collect();
    world.simulator.add_person("541122334455").unwrap();
    let numbers = |range: std::ops::Range<usize>| range.map(number).map(Value::from).collect::<Vec<_>>();
    let mut asked = numbers(0..12);
    // Written twice, unknown, in its country's other form, and no number at all.
    asked.extend([json!(number(0)), json!("59899999999"), json!("+54 9 11 2233-4455"), json!("ana")]);
    let (status, body) = world.post("/numbers", json!({ "numbers": asked })).await;
    assert_eq!((status, &body["retry_after"]), (200, &Value::Null), "{body}");
    let item = |n: usize| &body["items"][n];
    for (n, lid) in lids.iter().enumerate().take(12) {
        let told = [&item(n)["number"], &item(n)["exists"], &item(n)["lid"], &item(n)["code"]];
        assert_eq!(told, [&json!(number(n)), &json!(true), &json!(lid), &Value::Null]);
    }
    assert_eq!(item(12), item(0));
    assert_eq!([&item(13)["exists"], &item(13)["chat_id"]], [&json!(false), &Value::Null]);
    assert_eq!([&item(14)["number"], &item(14)["to"]], [&json!("5491122334455"), &json!("541122334455")]);
    assert_eq!([&item(15)["exists"], &item(15)["code"]], [&Value::Null, &json!("INVALID_NUMBER")]);
    // 12 numbers, one unknown and one in two forms are 15 look-ups: the page remembers who was found.
    assert_eq!(world.simulator.record().lookups, 15);
    assert_eq!(world.get(&format!("/contacts/{}", number(3))).await.1["lid"], json!(lids[3]));
    assert_eq!(world.simulator.record().lookups, 15);

    let (status, body) = world.post("/numbers", json!({ "numbers": numbers(5..25) })).await;
    let codes: Vec<_> = body["items"].as_array().unwrap().iter().map(|item| item["code"].as_str()).collect();
    assert_eq!((status, &codes[..15], &codes[15..]), (200, &[None; 15][..], &[Some("RATE_LIMITED"); 5][..]), "{body}");
    assert!(body["retry_after"].as_u64().is_some_and(|seconds| (1..=60).contains(&seconds)), "{body}");
    let (status, refused) = world.post("/numbers", json!({ "numbers": numbers(0..2) })).await;
    assert_eq!((status, &refused["code"]), (429, &json!("RATE_LIMITED")), "{refused}");
    world.stop().await;
    world.start().await;
    world.until(State::Ready).await;
    // A number that the server says nothing about may be on WhatsApp.
    let silent = "59899999998";
    world.simulator.faults(|faults| faults.unanswered_numbers = vec![silent.to_owned()]);
    world.simulator.heard(DEADLINE).await.unwrap();
    let (status, body) = world.post("/numbers", json!({ "numbers": [silent, number(1), "59899999999"] })).await;
    let told: Vec<_> =
        body["items"].as_array().unwrap().iter().map(|item| (&item["exists"], item["code"].as_str())).collect();
    let expected = [(&Value::Null, Some("WHATSAPP_ERROR")), (&json!(true), None), (&json!(false), None)];
    assert_eq!((status, &told[..]), (200, &expected[..]), "{body}");
    for body in [json!({}), json!({ "numbers": [] }), json!({ "numbers": vec!["5491122334455"; 51] })] {
        assert_eq!(world.post("/numbers", body).await.1["code"], "INVALID_FIELD");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_of_many_numbers_is_not_lost_with_what_was_not() {
    let mut world = World::new(Options::fast()).await;
    let numbers: Vec<_> = (0..20).map(|n| format!("598990000{n:02}")).collect();
    world.simulator.add_person(&numbers[0]).unwrap();
    world.simulator.faults(|faults| faults.refused_numbers = vec![numbers[10].clone()]);
    world.start().await;
    world.link().await;
    let (status, body) = world.post("/numbers", json!({ "numbers": numbers })).await;
    let told: Vec<_> = body["items"].as_array().unwrap().iter().map(|item| (&item["exists"], &item["code"])).collect();
    assert_eq!((status, told.len(), told[0]), (200, 20, (&json!(true), &Value::Null)), "{body}");
    assert!(told[1..10].iter().all(|told| *told == (&json!(false), &Value::Null)), "{body}");
    assert!(told[10..].iter().all(|told| *told == (&Value::Null, &json!("WHATSAPP_ERROR"))), "{body}");
    assert_eq!(body["retry_after"], Value::Null);
    let (status, refused) = world.post("/numbers", json!({ "numbers": numbers[10..] })).await;
    assert_eq!((status, &refused["code"]), (500, &json!("WHATSAPP_ERROR")), "nothing was answered: {refused}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_is_blocked_once_and_says_something_of_themselves() {
    let mut world = World::ready().await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    world.simulator.faults(|faults| {
        faults.abouts.insert(FRIEND.to_owned(), "En el trabajo".to_owned());
    });
    for (method, blocked) in [("POST", true), ("POST", true), ("DELETE", false), ("POST", true)] {
        let (status, person) = answer(world.request(method, &format!("/contacts/{FRIEND}/block"))).await;
        let told = [&person["phone"], &person["lid"], &person["blocked"]];
        assert_eq!((status, told), (200, [&json!(FRIEND), &json!(lid), &json!(blocked)]), "{method}: {person}");
    }
    let acts = world.simulator.record().actions;
    assert_eq!(acts.iter().filter(|act| matches!(act, Action::Block { on: true, .. })).count(), 2, "{acts:?}");
    let (status, refused) = world.send(FRIEND, "hola").await;
    assert_eq!((status, &refused["code"]), (403, &json!("CONTACT_BLOCKED")));
    let (_, people) = world.get("/contacts?refresh=true").await;
    let friend = people["items"].as_array().unwrap().iter().find(|one| one["phone"] == FRIEND).unwrap();
    assert_eq!(friend["blocked"], true);
    for id in [FRIEND, &lid] {
        let (status, said) = world.get(&format!("/contacts/{id}/about")).await;
        assert_eq!((status, said), (200, json!({ "ok": true, "about": "En el trabajo" })));
    }
    for (method, path, status, code) in [
        ("POST", "/contacts/5491150000001/block".to_owned(), 409, "OWN_ACCOUNT"),
        ("POST", "/contacts/5491100000000/block".to_owned(), 404, "CONTACT_NOT_FOUND"),
        ("POST", format!("/contacts/{GROUP}/block"), 400, "INVALID_NUMBER"),
        ("GET", "/contacts/5491100000000/about".to_owned(), 404, "CONTACT_NOT_FOUND"),
    ] {
        let (answered, refused) = answer(world.request(method, &path)).await;
        assert_eq!((answered, refused["code"].as_str()), (status, Some(code)), "{path}: {refused}");
    }
    // Where the server refuses, the state shows it.
    world.simulator.faults(|faults| faults.nack = Some(500));
    let (status, refused) = answer(world.request("DELETE", &format!("/contacts/{FRIEND}/block"))).await;
    assert_eq!((status, &refused["code"]), (500, &json!("WHATSAPP_ERROR")), "{refused}");
    assert_eq!(world.get(&format!("/contacts/{FRIEND}")).await.1["blocked"], true);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_comes_as_bytes_and_is_kept() {
    const JPEG: &str = "/9j/4AAQSkZJRg==";
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    let stranger = "5491199998888";
    world.simulator.add_person(stranger).unwrap();
    let picture = |hidden| Picture { jpeg: JPEG.to_owned(), hidden, host: PictureHost::Whole };
    world.simulator.faults(|faults| {
        faults.pictures.insert(FRIEND.to_owned(), picture(false));
        faults.pictures.insert(stranger.to_owned(), picture(true));
    });
    world.simulator.heard(DEADLINE).await.unwrap();
    let get = |tag: &str| world.request("GET", &format!("/contacts/{FRIEND}/picture")).header("If-None-Match", tag);
    let response = get("\"other\"").send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"image/jpeg".parse().unwrap())
    );
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(response.bytes().await.unwrap().len(), 10);
    // The picture is kept: the page is not asked, which would find none.
    world.simulator.faults(|faults| faults.pictures.clear());
    let response = get(&tag).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.bytes().await.unwrap().len()), (304, 0));
    for (id, code) in [(stranger, "NO_PICTURE"), ("5491100000000", "CONTACT_NOT_FOUND")] {
        let (status, refused) = world.get(&format!("/contacts/{id}/picture")).await;
        assert_eq!((status, &refused["code"]), (404, &json!(code)), "{refused}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_does_not_end_is_given_up() {
    let mut world = World::ready().await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    let lid = ChatId::parse(&lid).unwrap();
    let page = world.service.as_ref().unwrap().session().page(State::Ready).unwrap();
    let deadline = Duration::from_secs(4);
    for (host, is_expected) in [
        (PictureHost::Endless, (|error| matches!(error, PageError::MediaTooLarge(_))) as fn(&PageError) -> bool),
        (PictureHost::Stalls, |error| matches!(error, PageError::Refused(why) if why.contains("fetched"))),
    ] {
        let jpeg = "/9j/4AAQSkZJRgAB".repeat(64);
        let picture = Picture { jpeg, hidden: false, host };
        world.simulator.faults(|faults| faults.pictures = [(FRIEND.to_owned(), picture)].into());
        world.simulator.heard(DEADLINE).await.unwrap();
        let refused = page.picture(&lid, None, 100_000, deadline).await;
        assert!(refused.as_ref().is_err_and(is_expected), "{host:?}: {:?}", refused.err());
    }
    world.stop().await;
}
