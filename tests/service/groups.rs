//! Groups: made at most once, changed, joined and left.

use serde_json::{Value, json};
use simulator::{Faults, Options, ServerFault, ServerGroup};

use crate::world::{FRIEND, World};

pub const ANA: &str = "5491166660001";
pub const BO: &str = "5491166660002";
const NOBODY: &str = "5491166669999";

/// A service in READY, and people on WhatsApp.
pub async fn ready() -> World {
    with_people(World::ready().await)
}

pub fn with_people(world: World) -> World {
    for number in [FRIEND, ANA, BO] {
        world.simulator.add_person(number).unwrap();
    }
    world
}

pub fn server(world: &World, id: &Value) -> ServerGroup {
    let groups = world.simulator.record().groups;
    groups.into_iter().find(|group| Some(group.id.as_str()) == id.as_str()).unwrap()
}

pub fn results(body: &Value) -> Vec<(&str, &str)> {
    let people = body["participants"].as_array().unwrap().iter();
    people.map(|one| (one["participant"].as_str().unwrap(), one["result"].as_str().unwrap())).collect()
}

fn refuse(world: &World, refusals: &[(&str, u16)]) {
    let refused = refusals.iter().map(|(number, code)| ((*number).to_owned(), *code)).collect();
    world.simulator.faults(|faults| faults.group_refusals = refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_made_with_a_result_for_each_person_and_an_invite_for_who_cannot_be_added() {
    let mut world = ready().await;
    refuse(&world, &[(BO, 403)]);
    let people = json!([ANA, BO, NOBODY]);
    let new = json!({ "subject": "Obra", "participants": people, "announce": true, "member_add_mode": "all", "ephemeral": 86400 });
    let (status, made) = world.post("/groups", new).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(results(&made), [(ANA, "done"), (BO, "invite_needed"), (NOBODY, "not_on_whatsapp")]);
    let bo = &made["participants"][1];
    assert!(bo["invite"]["expires_at"].is_string() && bo["invite"]["message_id"].is_null(), "{bo}");
    assert!(!made.to_string().contains("INVITE"), "the code of the invite is only for whom it is: {made}");
    let group = server(&world, &made["id"]);
    assert_eq!((group.subject.as_str(), &group.members[..]), ("Obra", &[ANA.to_owned()][..]));
    assert!(group.announce && !group.restrict && !group.approval && !group.admin_add && group.ephemeral == 86400);
    assert!(world.simulator.record().received.is_empty(), "nobody asked for an invite to be sent");

    let (status, made) =
        world.post("/groups", json!({ "subject": "Avisos", "participants": [ANA, BO], "invite": true })).await;
    assert_eq!(status, 200, "{made}");
    let id = made["participants"][1]["invite"]["message_id"].as_str().unwrap();
    let record = world.simulator.record();
    let message = record.message(id).unwrap();
    assert_eq!((message.kind.as_str(), message.phone.as_deref()), ("groups_v4_invite", Some(BO)));
    assert_eq!(message.fields["inviteCode"], "INVITE0002");
    assert_eq!((&message.fields["inviteGrp"], &message.fields["inviteGrpName"]), (&made["id"], &json!("Avisos")));
    let group = server(&world, &made["id"]);
    assert!(!group.announce && !group.restrict && !group.approval && group.admin_add, "{group:?}");

    let (status, refused) = world.post("/groups", json!({ "subject": "Nadie", "participants": [NOBODY] })).await;
    assert_eq!((status, &refused["code"]), (400, &json!("NOT_ON_WHATSAPP")));
    assert_eq!(world.simulator.record().groups.len(), 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_key_one_group_is_made_and_an_unknown_outcome_stays_unknown() {
    let mut world = ready().await;
    let new = |key: &str, subject: &str| json!({ "subject": subject, "participants": [ANA], "idempotency_key": key });
    let (status, first) = world.post("/groups", new("a", "Uno")).await;
    assert_eq!(status, 200, "{first}");
    let (status, again) = world.post("/groups", new("a", "Uno")).await;
    assert_eq!((status, &again["id"], &again["participants"]), (200, &first["id"], &Value::Null));
    let (status, other) = world.post("/groups", new("a", "Otro")).await;
    assert_eq!((status, &other["code"]), (422, &json!("IDEMPOTENCY_CONFLICT")));
    let (status, other) =
        world.post("/send", json!({ "number": FRIEND, "message": "x", "idempotency_key": "a" })).await;
    assert_eq!((status, &other["code"]), (422, &json!("IDEMPOTENCY_CONFLICT")));

    // The server makes the group, and its answer does not arrive.
    world.simulator.faults(|faults| faults.server = ServerFault::NeverAck);
    let (status, unknown) = world.post("/groups", new("b", "Dos")).await;
    assert_eq!((status, &unknown["code"]), (504, &json!("OUTCOME_UNKNOWN")), "{unknown}");
    world.simulator.faults(|faults| *faults = Faults::default());
    for restarted in [false, true] {
        if restarted {
            world.stop().await;
            world.start().await;
            world.until(session_manager::domain::state::State::Ready).await;
        }
        let (status, unknown) = world.post("/groups", new("b", "Dos")).await;
        assert_eq!((status, &unknown["code"]), (504, &json!("OUTCOME_UNKNOWN")), "{unknown}");
        let (_, again) = world.post("/groups", new("a", "Uno")).await;
        assert_eq!(again["id"], first["id"]);
    }
    assert_eq!(world.simulator.record().groups.len(), 2, "each was made once");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_the_page_does_not_fetch_is_named_and_its_key_can_be_used_again() {
    let mut world = with_people(World::new(Options::fast()).await);
    let doors = ["WAWebNewGroupFlow.react", "WAWebGroupInviteLinkModal.react"].map(str::to_owned);
    // Set before the page loads: a page that runs learns of it a moment later, and could fetch the modules before.
    world.simulator.faults(|faults| faults.missing_modules = doors.into());
    world.start().await;
    world.link().await;
    let new = json!({ "subject": "Uno", "participants": [ANA], "idempotency_key": "k" });
    let (status, refused) = world.post("/groups", new.clone()).await;
    assert_eq!(
        (status, &refused["code"], &refused["module"]),
        (501, &json!("NOT_AVAILABLE"), &json!("WAWebGroupCreateJob"))
    );
    let (status, refused) = world.post("/groups/join", json!({ "code": "AbCdEfGhIjKlMnOpQrStUv" })).await;
    assert_eq!((status, &refused["module"]), (501, &json!("WAWebGroupInviteJob")), "{refused}");
    world.simulator.faults(|faults| *faults = Faults::default());
    assert_eq!(world.post("/groups", new).await.0, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_and_its_people_are_changed_and_the_server_has_it() {
    let mut world = ready().await;
    let (_, made) = world.post("/groups", json!({ "subject": "Uno", "participants": [ANA] })).await;
    let (path, people) =
        (format!("/groups/{}", made["id"].as_str().unwrap()), |acts: &str| format!("{acts}/participants"));
    let people = people(&path);
    let change = json!({
        "subject": "Dos", "description": "De qué se trata", "announce": true, "restrict": true,
        "membership_approval": true, "member_add_mode": "all", "ephemeral": 604_800,
    });
    for _ in 0..2 {
        let (status, changed) = world.patch(&path, change.clone()).await;
        assert_eq!((status, &changed["id"]), (200, &made["id"]), "{changed}");
        let group = server(&world, &made["id"]);
        assert_eq!((group.subject.as_str(), group.description.as_deref()), ("Dos", Some("De qué se trata")));
        assert!(group.announce && group.restrict && group.approval && !group.admin_add && group.ephemeral == 604_800);
    }
    for description in ["", "Otra"] {
        let (status, changed) = world.patch(&path, json!({ "description": description, "ephemeral": 0 })).await;
        assert_eq!(status, 200, "{changed}");
        let expected = Some(description).filter(|text| !text.is_empty());
        assert_eq!(server(&world, &made["id"]).description.as_deref(), expected);
    }
    assert!(server(&world, &made["id"]).announce, "what is not given stays");

    refuse(&world, &[(FRIEND, 408), (BO, 403)]);
    let (status, added) = world.post(&people, json!({ "add": [ANA, BO, FRIEND, NOBODY], "invite": true })).await;
    assert_eq!(status, 200, "{added}");
    let expected =
        [(ANA, "already_member"), (BO, "invite_needed"), (FRIEND, "left_recently"), (NOBODY, "not_on_whatsapp")];
    assert_eq!(results(&added), expected);
    let sent = added["participants"][1]["invite"]["message_id"].as_str().unwrap();
    assert_eq!(world.simulator.record().message(sent).unwrap().fields["inviteGrpName"], "Dos");
    refuse(&world, &[]);
    for (act, who, word, members, admins) in [
        ("add", BO, "done", 2, 0),
        ("promote", BO, "done", 2, 1),
        ("demote", BO, "done", 2, 0),
        ("remove", ANA, "done", 1, 0),
        ("remove", ANA, "not_a_member", 1, 0),
        ("promote", FRIEND, "not_a_member", 1, 0),
    ] {
        let (status, answer) = world.post(&people, json!({ act: [who] })).await;
        assert_eq!((status, &results(&answer)[..]), (200, &[(who, word)][..]), "{act}: {answer}");
        let group = server(&world, &made["id"]);
        assert_eq!((group.members.len(), group.admins.len()), (members, admins), "{act} {who}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invites_are_told_reset_and_followed_and_groups_are_left() {
    let mut world = ready().await;
    let (_, made) = world.post("/groups", json!({ "subject": "Uno", "participants": [ANA] })).await;
    let path = format!("/groups/{}/invite", made["id"].as_str().unwrap());
    let (status, told) = world.get(&path).await;
    let code = server(&world, &made["id"]).code;
    assert_eq!((status, told["code"].as_str()), (200, Some(code.as_str())), "{told}");
    assert_eq!(told["link"], format!("https://chat.whatsapp.com/{code}"));
    let (status, reset) = world.post(&path, json!({})).await;
    assert_eq!(status, 200, "{reset}");
    assert_ne!(reset["code"], told["code"]);
    assert_eq!(reset["code"].as_str().unwrap(), server(&world, &made["id"]).code);

    let others =
        |approval| ServerGroup { members: vec![ANA.to_owned()], is_member: false, approval, ..ServerGroup::default() };
    for (approval, word) in [(false, "joined"), (true, "requested")] {
        let (id, code) = world.simulator.add_group(others(approval)).unwrap();
        for _ in 0..2 {
            let link = format!("https://chat.whatsapp.com/{code}");
            let (status, joined) = world.post("/groups/join", json!({ "code": link })).await;
            assert_eq!((status, &joined["id"], &joined["status"]), (200, &json!(id), &json!(word)), "{joined}");
            let group = server(&world, &json!(id));
            assert_eq!((group.is_member, group.asked), (!approval, approval));
        }
    }
    let (status, unknown) = world.post("/groups/join", json!({ "code": "NobodyHasThisInvite000" })).await;
    assert_eq!((status, &unknown["code"]), (404, &json!("INVITE_NOT_FOUND")));

    let path = format!("/groups/{}/leave", made["id"].as_str().unwrap());
    for _ in 0..2 {
        let (status, left) = world.post(&path, json!({})).await;
        assert_eq!(status, 200, "{left}");
        assert!(!server(&world, &made["id"]).is_member);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_admin_and_what_is_no_group_are_told() {
    let mut world = ready().await;
    let group =
        ServerGroup { members: vec![ANA.to_owned(), BO.to_owned()], is_member: false, ..ServerGroup::default() };
    let (id, code) = world.simulator.add_group(group).unwrap();
    assert_eq!(world.post("/groups/join", json!({ "code": code })).await.0, 200);
    let requests = |id: &str| {
        [
            ("PATCH", format!("/groups/{id}"), json!({ "announce": true })),
            ("POST", format!("/groups/{id}/participants"), json!({ "remove": [BO] })),
            ("POST", format!("/groups/{id}/participants"), json!({ "add": [FRIEND] })),
            ("POST", format!("/groups/{id}/invite"), json!({})),
        ]
    };
    for (method, path, body) in requests(&id) {
        let (status, refused) = crate::world::answer(world.request(method, &path).json(&body)).await;
        assert_eq!((status, &refused["code"]), (403, &json!("GROUP_NOT_ADMIN")), "{method} {path}: {refused}");
    }
    assert_eq!(world.get(&format!("/groups/{id}/invite")).await.1["code"], "GROUP_NOT_ADMIN");
    // Members may change the subject of a group that is not restricted.
    assert_eq!(world.patch(&format!("/groups/{id}"), json!({ "subject": "De todos" })).await.0, 200);
    for (method, path, body) in requests("120363000000000099@g.us") {
        let (status, refused) = crate::world::answer(world.request(method, &path).json(&body)).await;
        assert_eq!((status, &refused["code"]), (404, &json!("GROUP_NOT_FOUND")), "{method} {path}: {refused}");
    }
    let (status, refused) = world.patch(&format!("/groups/{FRIEND}@c.us"), json!({})).await;
    assert_eq!((status, &refused["code"]), (400, &json!("INVALID_NUMBER")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_pass_the_same_gates_as_messages() {
    for (mode, status, code) in [("off", 403, json!("SEND_DISABLED")), ("dry-run", 200, Value::Null)] {
        let mut world = World::new(Options::fast()).await;
        world.set("SEND_MODE", mode).start().await;
        let (early, refused) = world.post("/groups/join", json!({ "code": "AbCdEfGhIjKlMnOpQrStUv" })).await;
        let expected = if mode == "off" { (403, "SEND_DISABLED") } else { (503, "SESSION_NOT_READY") };
        assert_eq!((early, refused["code"].as_str().unwrap()), expected);
        world.link().await;
        let world = &mut with_people(world);
        let path = "/groups/120363000000000001@g.us";
        for (method, path, body) in [
            ("POST", "/groups".to_owned(), json!({ "subject": "Uno", "participants": [ANA] })),
            ("PATCH", path.to_owned(), json!({ "subject": "Dos" })),
            ("POST", format!("{path}/participants"), json!({ "add": [ANA] })),
            ("POST", format!("{path}/invite"), json!({})),
            ("POST", "/groups/join".to_owned(), json!({ "code": "AbCdEfGhIjKlMnOpQrStUv" })),
            ("POST", format!("{path}/leave"), json!({})),
        ] {
            let answer = crate::world::answer(world.request(method, &path).json(&body)).await;
            assert_eq!((answer.0, &answer.1["code"]), (status, &code), "{method} {path}: {}", answer.1);
            assert_eq!(answer.1["dry_run"] == true, mode == "dry-run", "{}", answer.1);
        }
        assert!(world.simulator.record().groups.is_empty());
        world.stop().await;
    }
    let mut world = World::new(Options::fast()).await;
    world.set("SEND_RATE_PER_MINUTE", "1").start().await;
    world.link().await;
    let world = &mut with_people(world);
    assert_eq!(world.send(FRIEND, "hola").await.0, 200);
    let (status, refused) = world.post("/groups", json!({ "subject": "Uno", "participants": [ANA] })).await;
    assert_eq!((status, &refused["code"]), (429, &json!("RATE_LIMITED")), "{refused}");
    world.stop().await;
}
