//! Behaviour of the real page that no client library documents: its codes, its table, its keys, its limits.

use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{CodeForm, Incoming, NewChats, Options, SendStep, ServerGroup, Timelock};

use crate::world::{DEADLINE, FRIEND, World, client, eventually};

const STRANGER: &str = "5491166667777";
const GROUP: &str = "120363000000000001@g.us";
const ACCOUNT: &str = "5491150000001";

async fn code(world: &World) -> String {
    world.until_session("a code", |session| session.code.is_some()).await;
    world.get("/qr").await.1["qr"].as_str().unwrap_or_default().to_owned()
}

/// The entries of the log, once there are this many.
async fn log(world: &World, entries: usize) -> Vec<Value> {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let items = world.get("/messages?limit=1000").await.1["items"].as_array().unwrap().clone();
        if items.len() >= entries {
            return items;
        }
        assert!(tokio::time::Instant::now() < deadline, "{} of {entries} in the log", items.len());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// The entry with this id, once it is as wanted.
async fn entry(world: &World, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let entry = world.get(&format!("/messages/{id}")).await.1;
        let entry = entry.get("message").unwrap_or(&entry).clone();
        if wanted(&entry) {
            return entry;
        }
        assert!(tokio::time::Instant::now() < deadline, "{entry}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_come_again_after_the_last_without_another_browser() {
    let mut world = World::new(Options { code_scale: Some(0.003), ..Options::fast() }).await;
    world.start().await;
    world.until(State::QrRequired).await;
    world.simulator.wait_until("three series of six", DEADLINE, |record| record.refs > 12).await.unwrap();
    assert_eq!(world.simulator.record().pages.len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_visible_and_never_focused() {
    let mut world = World::ready().await;
    world.stop().await;
    world.start().await;
    world.until(State::Ready).await;
    let pages = world.simulator.record().pages;
    let seen: Vec<_> = pages.iter().map(|page| (page.visible, page.focused)).collect();
    assert_eq!(seen, [(Some(true), Some(false)); 2]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_follows_its_secret_and_the_picture_of_the_page() {
    for form in [CodeForm::Plain, CodeForm::Prefix, CodeForm::Suffix] {
        let mut world = World::new(Options::fast()).await;
        world.simulator.page_build(|build| build.code_form = form);
        world.start().await;
        let before = code(&world).await;
        assert_eq!(world.simulator.rotate_secret(), 1);
        eventually("another code", || world.snapshot().code.as_ref().is_some_and(|code| code.data_url != before)).await;
        assert_eq!(world.snapshot().code.as_ref().map(|code| code.attempt), Some(1), "the same ref");
        world.link().await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pairing_code_takes_the_code_to_scan_off_until_it_is_over() {
    let mut world = World::started().await;
    code(&world).await;
    let phone = json!({ "phone_number": "5491150000001" });
    let (status, given) = world.post("/pairing-code", phone.clone()).await;
    assert_eq!(status, 200, "{given}");
    assert_eq!(world.get("/qr").await.1["status"], "NO_QR");
    world.simulator.pairing_event("error_alt_linking");
    code(&world).await;
    assert_eq!(world.post("/pairing-code", phone.clone()).await.0, 200);
    assert_eq!(world.get("/qr").await.1["status"], "NO_QR");
    assert_eq!(world.delete("/pairing-code").await.0, 200);
    code(&world).await;
    for (name, status, code) in [
        ("IQErrorRateOverlimit", 429, "RATE_LIMITED"),
        ("IQErrorFeatureNotAvailable", 409, "PHONE_APP_TOO_OLD"),
        ("IQErrorBadRequest", 400, "INVALID_NUMBER"),
    ] {
        world.simulator.faults(|faults| faults.pairing = Some(name.to_owned()));
        world.simulator.heard(DEADLINE).await.unwrap();
        let refused = world.post("/pairing-code", phone.clone()).await;
        assert_eq!((refused.0, refused.1["code"].as_str()), (status, Some(code)), "{}", refused.1);
    }
    world.simulator.faults(|faults| faults.pairing = None);
    world.link().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_words_wherever_the_page_keeps_them() {
    let mut world = World::ready().await;
    let incoming = |kind: &str, body: &str, fields: &[(&str, Value)]| {
        let mut message = Incoming::text(FRIEND, body).kind(kind);
        for (name, value) in fields {
            message = message.field(*name, value.clone());
        }
        world.simulator.incoming(message).unwrap()
    };
    let location = [("loc", json!("Obelisco\nCABA")), ("lat", json!(-34.6)), ("lng", json!(-58.4))];
    let poll = [("pollName", json!("¿Cuándo?")), ("pollOptions", json!([{ "name": "hoy", "localId": 0 }]))];
    let card = "BEGIN:VCARD\nVERSION:3.0\nFN:Ana\nTEL;waid=5491133334444:+54 9 11 3333-4444\nEND:VCARD";
    let wanted = [
        (incoming("buttons_response", "Sí, quiero", &[("selectedButtonId", json!("si"))]), "Sí, quiero", "button"),
        (incoming("list_response", "Turno de las 10", &[]), "Turno de las 10", "list"),
        (incoming("template_button_reply", "De acuerdo", &[("selectedId", json!("ok"))]), "De acuerdo", "button"),
        (incoming("location", "/9j/picture", &location), "Obelisco, CABA (-34.6, -58.4)", "location"),
        (incoming("vcard", card, &[("vcardFormattedName", json!("Ana"))]), "Ana: +54 9 11 3333-4444", "contacts"),
        (incoming("poll_creation", "", &poll), "¿Cuándo?", "poll"),
    ];
    log(&world, wanted.len()).await;
    for (id, words, rest) in &wanted {
        let entry = entry(&world, id, |_| true).await;
        assert_eq!(entry["body"], *words, "{entry}");
        assert!(entry["data"][rest].is_object() || entry["data"][rest].is_array(), "{entry}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_edits_and_reactions_find_their_message_also_after_an_absence() {
    let mut world = World::ready().await;
    let incoming = |body: &str| world.simulator.incoming(Incoming::text(FRIEND, body)).unwrap();
    let [live, away, edited] = ["uno", "dos", "tres"].map(incoming);
    log(&world, 3).await;
    world.simulator.revoke(&live).unwrap();
    let gone = entry(&world, &live, |entry| entry["revoked_at"].is_string()).await;
    assert_eq!(gone["body"], "uno", "what was said is kept");
    world.simulator.react(&edited, FRIEND, "👍").unwrap();
    eventually_event(&world, "message.reaction").await;
    world.stop().await;
    world.simulator.revoke(&away).unwrap();
    world.simulator.edit(&edited, "tres (corregido)").unwrap();
    world.start().await;
    world.until(State::Ready).await;
    entry(&world, &away, |entry| entry["revoked_at"].is_string()).await;
    entry(&world, &edited, |entry| entry["body"] == "tres (corregido)" && entry["edited_at"].is_string()).await;
    assert_eq!(log(&world, 3).await.len(), 3, "each is one entry");
    world.stop().await;
}

/// Waits until the stream of events has an event of this type.
async fn eventually_event(world: &World, kind: &str) {
    let url = world.url(&format!("/events?events={kind}"));
    let told = async {
        let mut stream = client().get(url).header("Last-Event-ID", "0").send().await.unwrap();
        let mut text = String::new();
        while let Ok(Some(chunk)) = stream.chunk().await {
            text.push_str(&String::from_utf8_lossy(&chunk));
            if text.contains(kind) {
                return;
            }
        }
    };
    tokio::time::timeout(DEADLINE, told).await.unwrap_or_else(|_| panic!("no {kind}"));
}

/// Many messages from many people at once.
fn burst(world: &World, prefix: &str) -> Vec<String> {
    let from = |n: usize| format!("54911{:08}", n % 20);
    world.simulator.burst(600, |n| Incoming::text(from(n), format!("{prefix} {n}"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_backlog_is_whole_whether_the_page_boots_or_is_open() {
    let mut world = World::new(Options::fast()).await;
    world.simulator.page_build(|build| build.backlog_limit = 200);
    world.start().await;
    world.link().await;
    world.simulator.network(simulator::Network::ServerOnly);
    world.until(State::Reconnecting).await;
    let open = burst(&world, "open");
    // The page has released its mutex, and goes on until the server has answered with the document.
    world.simulator.faults(|faults| faults.slow_document_ms = 2_000);
    world.simulator.network(simulator::Network::Up);
    let items = log(&world, open.len()).await;
    let ids: Vec<_> = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, open, "each once, in the order in which it was received");
    world.until(State::Ready).await;
    world.stop().await;
    let boot = burst(&world, "boot");
    world.start().await;
    world.until(State::Ready).await;
    let deadline = tokio::time::Instant::now() + DEADLINE;
    let last = boot.last().unwrap();
    while world.get(&format!("/messages/{last}")).await.0 != 200 {
        assert!(tokio::time::Instant::now() < deadline, "the newest is not there");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_known_is_written_to_without_a_query_and_a_refusal_has_its_number() {
    let mut world = World::ready().await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    log(&world, 1).await;
    assert_eq!(world.send(FRIEND, "buenas").await.0, 200);
    assert_eq!(world.simulator.record().lookups, 0);
    world.simulator.add_person(STRANGER).unwrap();
    assert_eq!(world.send(STRANGER, "buenas").await.0, 200);
    assert_eq!(world.send(STRANGER, "otra").await.0, 200);
    assert_eq!(world.simulator.record().lookups, 1);
    world.simulator.faults(|faults| faults.nack = Some(475));
    let (status, refused) = world.send(FRIEND, "no").await;
    assert_eq!((status, &refused["code"], &refused["whatsapp_code"]), (500, &"WHATSAPP_ERROR".into(), &475.into()));
    world.simulator.faults(|faults| faults.nack = None);
    assert_eq!(world.send(FRIEND, "sí").await.0, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn first_messages_wait_while_whatsapp_limits_them_and_answers_do_not() {
    let mut world = World::ready().await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    log(&world, 1).await;
    world.simulator.add_person(STRANGER).unwrap();
    let until_s = 4_000_000_000;
    for limit in ["cap", "timelock"] {
        world.simulator.faults(|faults| match limit {
            "cap" => {
                faults.new_chats = Some(NewChats { status: "CAPPED".to_owned(), used: 200, quota: 200, until_s });
            }
            _ => {
                faults.new_chats = None;
                faults.timelock = Some(Timelock { kind: "DEFAULT".to_owned(), until_s });
            }
        });
        world
            .until_session("the limit", |s| match limit {
                "cap" => s.limits.as_ref().is_some_and(|limits| limits.new_chats.is_some()),
                _ => s.limits.as_ref().is_some_and(|limits| limits.timelock.is_some()),
            })
            .await;
        let (status, refused) = world.send(STRANGER, "hola").await;
        assert_eq!((status, refused["code"].as_str()), (429, Some("NEW_CHATS_RESTRICTED")), "{limit}: {refused}");
        assert_eq!(world.send(FRIEND, "hola").await.0, 200, "{limit}");
    }
    assert_eq!(world.simulator.record().lookups, 0, "nobody was asked for");
    assert_eq!(world.get("/status").await.1["limits"]["timelock"]["kind"], "DEFAULT");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_groups_and_blocked_contacts_are_refused_before_anything_is_sent() {
    let mut world = World::ready().await;
    let closed = (403, "CHAT_READ_ONLY");
    assert_eq!(refusal(&world, GROUP).await, closed, "not in it");
    let members = vec![FRIEND.to_owned()];
    world.simulator.add_group(ServerGroup { id: GROUP.to_owned(), members, ..ServerGroup::default() }).unwrap();
    world.simulator.change_group(GROUP, "remove", FRIEND, Some(ACCOUNT)).unwrap();
    told(&world).await;
    assert_eq!(refusal(&world, GROUP).await, closed, "left");
    world.simulator.faults(|faults| faults.blocked = vec![FRIEND.to_owned()]);
    world.simulator.add_person(FRIEND).unwrap();
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    log(&world, 1).await;
    assert_eq!(refusal(&world, FRIEND).await, (403, "CONTACT_BLOCKED"));
    assert!(world.simulator.record().received.is_empty());
    world.stop().await;
}

/// Waits until the page has handled all that the server has told it.
async fn told(world: &World) {
    let confirmed = |record: &simulator::Record| record.devices.iter().all(|device| device.queued == 0);
    world.simulator.wait_until("the page to have it all", DEADLINE, confirmed).await.unwrap();
}

async fn refusal(world: &World, to: &str) -> (u16, &'static str) {
    let (status, refused) = world.send(to, "hola").await;
    let known = ["CHAT_READ_ONLY", "CONTACT_BLOCKED"];
    let code = known.into_iter().find(|code| refused["code"] == *code);
    (status, code.unwrap_or_else(|| panic!("{refused}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_known_from_a_message_only_is_looked_up_before_it_is_written_to() {
    let mut world = World::ready().await;
    for (n, announce) in [(1, false), (2, true)] {
        let id = format!("12036300000000000{n}@g.us");
        let members = vec![FRIEND.to_owned()];
        let group = ServerGroup { id: id.clone(), members, announce, untold: true, ..ServerGroup::default() };
        world.simulator.add_group(group).unwrap();
        world.simulator.incoming(Incoming::text(FRIEND, "hola a todos").in_group(&id)).unwrap();
        log(&world, n).await;
        if announce {
            assert_eq!(refusal(&world, &id).await, (403, "CHAT_READ_ONLY"));
        } else {
            let (status, sent) = world.send(&id, "hola").await;
            assert_eq!(status, 200, "{sent}");
            assert!(sent["message_id"].as_str().unwrap().ends_with("@lid"), "{sent}");
        }
    }
    assert_eq!(world.simulator.record().received.len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_are_written_to_by_the_name_they_go_by() {
    let mut world = World::ready().await;
    for (id, by_lid) in [(GROUP, true), ("120363000000000002@g.us", false)] {
        let members = vec![FRIEND.to_owned()];
        let group = ServerGroup { id: id.to_owned(), members, by_lid, ..ServerGroup::default() };
        world.simulator.add_group(group).unwrap();
        told(&world).await;
        let (status, sent) = world.send(id, "a todos").await;
        assert_eq!(status, 200, "{sent}");
        let server = if by_lid { "@lid" } else { "@c.us" };
        assert!(sent["message_id"].as_str().unwrap().ends_with(server), "{sent}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_not_left_when_everything_died_leaves_once_under_its_id() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    world.simulator.faults(|faults| faults.hold = Some(SendStep::Transmit));
    world.simulator.heard(DEADLINE).await.unwrap();
    let body = json!({ "number": FRIEND, "message": "antes de salir", "idempotency_key": "k" });
    let url = world.url("/send");
    let asked = body.clone();
    let sending = tokio::spawn(async move { client().post(url).json(&asked).send().await });
    let held = |record: &simulator::Record| record.mark(SendStep::Transmit.mark()).is_some();
    world.simulator.wait_until("the page to hold it", DEADLINE, held).await.unwrap();
    let pid = nix::unistd::Pid::from_raw(world.browser_pid());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    world.simulator.faults(|faults| faults.hold = None);
    let left = |record: &simulator::Record| record.received.len() == 1;
    world.simulator.wait_until("the message to leave", DEADLINE, left).await.unwrap();
    let answered = sending.await.unwrap().unwrap();
    assert_eq!(answered.status(), 200, "its caller hears of it");
    let (status, again) = world.post("/send", body).await;
    assert_eq!(status, 200, "{again}");
    let received = world.simulator.record().received;
    assert_eq!((received.len(), received[0].count), (1, 1));
    world.stop().await;
}
