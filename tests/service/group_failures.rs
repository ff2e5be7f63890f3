//! Groups: what is told when a change fails, or when nobody knows.

use serde_json::{Value, json};
use simulator::{Faults, Options, ServerFault};

use crate::groups::{ANA, BO, ready, results, server, with_people};
use crate::world::{DEADLINE, World};

/// The server answers these requests about groups with errors.
fn errors(world: &World, errors: &[(&str, u16)]) {
    let errors = errors.iter().map(|(what, code)| ((*what).to_owned(), *code)).collect();
    world.simulator.faults(|faults| faults.group_errors = errors);
}

async fn made(world: &World) -> (Value, String) {
    let (status, made) = world.post("/groups", json!({ "subject": "Uno", "participants": [ANA] })).await;
    assert_eq!(status, 200, "{made}");
    let path = format!("/groups/{}", made["id"].as_str().unwrap());
    (made["id"].clone(), path)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_follows_a_new_group_is_looked_for_before_it_is_made() {
    let mut world = ready().await;
    world.simulator.faults(|faults| faults.missing_modules = vec!["WAWebGroupQueryJob".to_owned()]);
    world.simulator.heard(DEADLINE).await.unwrap();
    let new = json!({ "subject": "Uno", "participants": [ANA], "idempotency_key": "k" });
    let (status, refused) = world.post("/groups", new.clone()).await;
    assert_eq!((status, &refused["code"]), (501, &json!("NOT_AVAILABLE")), "{refused}");
    assert!(world.simulator.record().groups.is_empty(), "a group that nobody is told of");
    world.simulator.faults(|faults| *faults = Faults::default());
    let (status, made) = world.post("/groups", new).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(world.simulator.record().groups.len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_certain_refusal_of_a_new_group_forgets_its_key() {
    let mut world = ready().await;
    let new = |key: &str| json!({ "subject": "Uno", "participants": [ANA], "idempotency_key": key });
    for (made, code) in [500, 503, 530, 408].into_iter().enumerate() {
        errors(&world, &[("create", code)]);
        let (status, unknown) = world.post("/groups", new(&code.to_string())).await;
        assert_eq!((status, &unknown["code"]), (504, &json!("OUTCOME_UNKNOWN")), "{code}: {unknown}");
        errors(&world, &[]);
        let (status, unknown) = world.post("/groups", new(&code.to_string())).await;
        assert_eq!((status, &unknown["code"]), (504, &json!("OUTCOME_UNKNOWN")), "{code} again: {unknown}");
        assert_eq!(world.simulator.record().groups.len(), made + 1, "the server made one, and was asked once");
    }
    let before = world.simulator.record().groups.len();
    for (code, status, word) in [(406, 500, "WHATSAPP_ERROR"), (403, 500, "WHATSAPP_ERROR"), (429, 429, "RATE_LIMITED")]
    {
        errors(&world, &[("create", code)]);
        let (answered, refused) = world.post("/groups", new("refused")).await;
        assert_eq!((answered, &refused["code"]), (status, &json!(word)), "{code}: {refused}");
        assert_eq!(world.simulator.record().groups.len(), before);
    }
    errors(&world, &[]);
    assert_eq!(world.post("/groups", new("refused")).await.0, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_fails_names_the_fields_that_were_changed_before_it() {
    let mut world = ready().await;
    let (id, path) = made(&world).await;
    let change = json!({ "subject": "Dos", "description": "Nueva", "announce": true });

    errors(&world, &[("announcement", 406)]);
    let (status, refused) = world.patch(&path, change.clone()).await;
    assert_eq!((status, &refused["code"], &refused["whatsapp_code"]), (500, &json!("WHATSAPP_ERROR"), &json!(406)));
    assert_eq!(refused["changed"], json!(["subject", "description"]), "{refused}");
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("subject, description") && !message.contains("nothing was changed"), "{message}");
    let group = server(&world, &id);
    assert_eq!((group.subject.as_str(), group.announce), ("Dos", false));

    errors(&world, &[("subject", 406)]);
    let (status, refused) = world.patch(&path, json!({ "subject": "Tres", "announce": true })).await;
    assert_eq!((status, &refused["changed"]), (500, &json!([])), "{refused}");
    assert!(!server(&world, &id).announce, "what comes after a failure is not tried");

    // The server's own troubles say nothing about the change.
    for (what, change) in [
        ("subject", json!({ "subject": "Cuatro" })),
        ("description", json!({ "description": "Otra" })),
        ("announcement", json!({ "announce": true })),
        ("member_add_mode", json!({ "member_add_mode": "all" })),
    ] {
        errors(&world, &[(what, 500)]);
        let (status, unknown) = world.patch(&path, change.clone()).await;
        assert_eq!((status, &unknown["code"]), (504, &json!("OUTCOME_UNKNOWN")), "{what}: {unknown}");
        errors(&world, &[]);
        let (status, changed) = world.patch(&path, change).await;
        assert_eq!(status, 200, "{what}: it may be repeated: {changed}");
    }
    let people = format!("{path}/participants");
    for (what, method, path, body) in [
        ("people", "POST", &people, json!({ "add": [BO] })),
        ("reset_invite", "POST", &format!("{path}/invite"), json!({})),
        ("leave", "POST", &format!("{path}/leave"), json!({})),
    ] {
        errors(&world, &[(what, 503)]);
        let (status, unknown) = crate::world::answer(world.request(method, path).json(&body)).await;
        assert_eq!((status, &unknown["code"]), (504, &json!("OUTCOME_UNKNOWN")), "{what}: {unknown}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_server_does_not_answer_names_the_field_and_what_was_changed_before() {
    let mut world = with_people(World::new(Options::fast()).await);
    world.set("SEND_TIMEOUT", "5s").start().await;
    world.link().await;
    let (_, path) = made(&world).await;
    world.simulator.faults(|faults| faults.server = ServerFault::NeverAck);
    // The group has this subject, so the server is asked for the description alone.
    let (status, unknown) =
        world.patch(&path, json!({ "subject": "Uno", "description": "Otra", "announce": true })).await;
    assert_eq!(
        (status, &unknown["code"], &unknown["changed"]),
        (504, &json!("OUTCOME_UNKNOWN"), &json!(["subject"])),
        "{unknown}"
    );
    assert!(unknown["message"].as_str().unwrap().contains("description"), "{unknown}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_the_answer_about_another_person() {
    let mut world = ready().await;
    world.simulator.faults(|faults| {
        faults.group_answers_strange = true;
        faults.group_refusals = [(BO.to_owned(), 419)].into();
    });
    let (status, made) = world.post("/groups", json!({ "subject": "Uno", "participants": [ANA, BO] })).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(results(&made), [(ANA, "unknown"), (BO, "unknown")], "the order proves nothing");
    let people = format!("/groups/{}/participants", made["id"].as_str().unwrap());
    let (_, only) = world.post(&people, json!({ "add": [BO] })).await;
    assert_eq!(results(&only), [(BO, "full")], "one person and one answer");
    world.simulator.faults(|faults| *faults = Faults::default());
    let own = "5491150000001";
    let (status, told) = world.post(&people, json!({ "remove": [own, ANA] })).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(results(&told), [(own, "done"), (ANA, "done")], "the account itself is answered about too");
    world.stop().await;
}
