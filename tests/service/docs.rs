//! Compares the API's document with the service's real answers and events.

use std::collections::HashSet;

use serde_json::{Value, json};
use session_manager::http::document;
use session_manager::transport::web::browser::Chrome;
use simulator::{Incoming, Options};

use crate::events::Follower;
use crate::receiver::{Received, Receiver, messages};
use crate::world::{DEADLINE, FRIEND, World};

/// The violations of a schema of the document by a body.
fn broken(schema: &Value, body: &Value) -> Vec<String> {
    let mut schema = schema.clone();
    schema["components"] = document()["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Makes a request, compares the answer with the document's description of this operation, and returns it.
async fn checked(world: &World, method: &str, path: &str, described: &str, body: Option<Value>) -> Value {
    let mut request = world.request(method, path);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16().to_string();
    let body: Value = response.json().await.unwrap();
    let answer = &document()["paths"][described][method.to_lowercase()]["responses"][&status];
    assert!(answer.is_object(), "{method} {path} answers {status}, which is not in the document: {body}");
    let content = &answer["content"]["application/json"];
    let wrong = broken(&content["schema"], &body);
    assert!(wrong.is_empty(), "{method} {path} {status}: {wrong:?} in {body}");
    if let Some(code) = body["code"].as_str().filter(|_| body["ok"] == false) {
        assert!(content["examples"][code].is_object(), "{method} {path} answers {status} {code}, which is not named");
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_answers_is_what_the_document_says() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").set("ALLOWED_CLIENTE_IDS", "51").start().await;
    let world = &mut world;
    let plain =
        ["/health", "/health/live", "/health/ready", "/status", "/qr", "/qr-code", "/messages", "/deliveries/dead"];
    for path in plain {
        checked(world, "GET", path, path, None).await;
    }
    let unready = json!({ "number": FRIEND, "message": "hola" });
    assert_eq!(checked(world, "POST", "/send", "/send", Some(unready)).await["code"], "SESSION_NOT_READY");
    checked(world, "POST", "/logout", "/logout", Some(json!({}))).await;
    checked(world, "POST", "/connect", "/connect", None).await;
    world.until_session("a code", |session| session.code.is_some()).await;
    for path in plain {
        checked(world, "GET", path, path, None).await;
    }
    let phone = json!({ "phone_number": "5491150000001" });
    checked(world, "POST", "/pairing-code", "/pairing-code", Some(phone.clone())).await;
    checked(world, "DELETE", "/pairing-code", "/pairing-code", None).await;
    world.link().await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    for body in [
        json!({ "number": FRIEND, "message": "hola", "cliente_id": 51 }),
        json!({ "number": FRIEND, "message": "hola", "cliente_id": 52 }),
        json!({ "number": "12", "message": "hola" }),
        json!({ "number": FRIEND }),
        json!({ "number": FRIEND, "message": "hola", "idempotency_key": "" }),
        json!({ "number": FRIEND, "message": "uno", "idempotency_key": "k" }),
        json!({ "number": FRIEND, "message": "dos", "idempotency_key": "k" }),
        json!({ "number": "5491100000009999", "message": "hola" }),
    ] {
        checked(world, "POST", "/send", "/send", Some(body)).await;
    }
    for path in plain {
        checked(world, "GET", path, path, None).await;
    }
    let new = json!({ "subject": "Obra", "participants": [FRIEND] });
    let made = checked(world, "POST", "/groups", "/groups", Some(new)).await;
    let group = format!("/groups/{}", made["id"].as_str().unwrap());
    for (method, part, body) in [
        ("PATCH", "", Some(json!({ "subject": "Dos" }))),
        ("POST", "/participants", Some(json!({ "promote": [FRIEND] }))),
        ("GET", "/invite", None),
        ("POST", "/invite", Some(json!({}))),
        ("POST", "/leave", Some(json!({}))),
        ("POST", "/participants", Some(json!({}))),
    ] {
        checked(world, method, &format!("{group}{part}"), &format!("/groups/{{id}}{part}"), body).await;
    }
    let nowhere = json!({ "code": "NobodyHasThisInvite000" });
    checked(world, "POST", "/groups/join", "/groups/join", Some(nowhere)).await;
    checked(world, "GET", "/contacts/5491122334455/presence", "/contacts/{id}/presence", None).await;
    let log = checked(world, "GET", "/messages?direction=all", "/messages", None).await;
    for message in log["items"].as_array().unwrap() {
        let path = format!("/messages/{}", message["id"].as_str().unwrap());
        checked(world, "GET", &path, "/messages/{id}", None).await;
    }
    acts_agree(world, &log).await;
    for (method, path, described) in [
        ("GET", "/messages/none", "/messages/{id}"),
        ("GET", "/messages?limit=0", "/messages"),
        ("GET", "/qr?wait=soon", "/qr"),
        ("GET", "/qr.png", "/qr.png"),
        ("GET", "/numbers/5491122334455", "/numbers/{number}"),
        ("GET", "/numbers/1", "/numbers/{number}"),
        ("GET", "/contacts/5491122334455", "/contacts/{id}"),
        ("GET", "/contacts/1", "/contacts/{id}"),
        ("POST", "/numbers", "/numbers"),
        ("POST", "/contacts/5491122334455/block", "/contacts/{id}/block"),
        ("DELETE", "/contacts/5491122334455/block", "/contacts/{id}/block"),
        ("POST", "/contacts/5491150000001/block", "/contacts/{id}/block"),
        ("GET", "/contacts/5491122334455/about", "/contacts/{id}/about"),
        ("GET", "/contacts/5491122334455/picture", "/contacts/{id}/picture"),
        ("GET", "/contacts", "/contacts"),
        ("GET", "/chats?unread=true&query=54", "/chats"),
        ("GET", "/chats?after=x", "/chats"),
        ("GET", "/chats/5491122334455", "/chats/{chat}"),
        ("GET", "/chats/5491100000000", "/chats/{chat}"),
        ("POST", "/chats/5491122334455/archive", "/chats/{chat}/archive"),
        ("DELETE", "/chats/5491122334455/archive", "/chats/{chat}/archive"),
        ("POST", "/chats/5491122334455/pin", "/chats/{chat}/pin"),
        ("DELETE", "/chats/5491122334455/pin", "/chats/{chat}/pin"),
        ("POST", "/chats/5491122334455/mute", "/chats/{chat}/mute"),
        ("DELETE", "/chats/5491100000000/mute", "/chats/{chat}/mute"),
        ("GET", "/groups", "/groups"),
        ("GET", "/groups/120363000000000009@g.us", "/groups/{id}"),
        ("GET", "/deliveries/dead?after=x", "/deliveries/dead"),
        ("POST", "/deliveries/dead/none.1/replay", "/deliveries/dead/{id}/replay"),
        ("GET", "/opt-outs", "/opt-outs"),
        ("DELETE", "/opt-outs/5491122334455", "/opt-outs/{id}"),
        ("POST", "/connect", "/connect"),
        ("POST", "/disconnect", "/disconnect"),
    ] {
        checked(world, method, path, described, None).await;
    }
    checked(world, "POST", "/pairing-code", "/pairing-code", Some(phone)).await;
    checked(world, "DELETE", "/pairing-code", "/pairing-code", None).await;
    checked(world, "POST", "/logout", "/logout", Some(json!({ "force": true }))).await;
    world.stop().await;
}

/// What is done to messages and chats, with a message that came and one that was sent.
async fn acts_agree(world: &World, log: &Value) {
    let items = log["items"].as_array().unwrap();
    let of =
        |direction: &str| items.iter().find(|item| item["direction"] == direction).unwrap()["id"].as_str().unwrap();
    let (said, sent) = (of("in"), of("out"));
    let place = json!({ "number": FRIEND, "location": { "latitude": 1, "longitude": 2 }, "reply_to": said });
    checked(world, "POST", "/send", "/send", Some(place)).await;
    for id in [said, sent, "none", "wamid.AAAA"] {
        for (method, path, body) in [
            ("POST", "/messages/{id}/reaction", Some(json!({ "emoji": "👍" }))),
            ("POST", "/messages/{id}/reaction", Some(json!({ "emoji": "no" }))),
            ("PATCH", "/messages/{id}", Some(json!({ "message": "hola a todos" }))),
            ("PATCH", "/messages/{id}", Some(json!({ "message": " " }))),
            ("POST", "/messages/{id}/forward", Some(json!({ "to": FRIEND }))),
            ("DELETE", "/messages/{id}", None),
        ] {
            checked(world, method, &path.replace("{id}", id), path, body).await;
        }
    }
    for (method, path, described) in [
        ("DELETE", format!("/messages/{said}?for=me"), "/messages/{id}"),
        ("DELETE", format!("/messages/{said}?for=you"), "/messages/{id}"),
        ("POST", format!("/chats/{FRIEND}/read"), "/chats/{chat}/read"),
        ("POST", format!("/chats/{FRIEND}/unread"), "/chats/{chat}/unread"),
        ("POST", format!("/chats/{FRIEND}/typing"), "/chats/{chat}/typing"),
        ("POST", "/chats/5491199990000/read".to_owned(), "/chats/{chat}/read"),
        ("POST", "/chats/x/typing".to_owned(), "/chats/{chat}/typing"),
    ] {
        checked(world, method, &path, described, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_webhooks_and_followers_are_told_is_what_the_document_says() {
    let receiver = Receiver::start().await;
    let mut world = World::new(Options::fast()).await;
    world.set("WEBHOOK_URLS", &receiver.url()).start().await;
    let kind = |kind: &'static str| move |one: &Received| one.body["type"] == kind;
    receiver.until("a code", |taken| taken.iter().any(kind("session.qr"))).await;
    world.link().await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    assert_eq!(world.send(FRIEND, "hola").await.0, 200);
    let all = ["message", "message.ack", "session.state", "session.qr"];
    let taken = receiver
        .until("events of every kind", |taken| {
            messages(taken).len() == 2 && all.iter().all(|name| taken.iter().any(kind(name)))
        })
        .await;
    let schema = &document()["webhooks"]["event"]["post"]["requestBody"]["content"]["application/json"]["schema"];
    for one in &taken {
        let wrong = broken(schema, &one.body);
        assert!(wrong.is_empty(), "{wrong:?} in {}", one.body);
    }
    let event = json!({ "$ref": "#/components/schemas/Event" });
    let mut follower = Follower::follow(&world, Some("from the beginning")).await;
    assert_eq!(follower.next().await.name, "reset");
    let mut awaited: HashSet<_> = ["message", "message_ack", "state", "qr"].map(str::to_owned).into();
    while !awaited.is_empty() {
        let sent = follower.next().await;
        let wrong = broken(&event, &sent.data);
        assert!(wrong.is_empty(), "{wrong:?} in {sent:?}");
        awaited.remove(&sent.name);
    }
    drop(follower);
    let mut without = taken.iter().find(|one| one.body["type"] == "message").unwrap().body.clone();
    without["data"].as_object_mut().unwrap().remove("body");
    assert!(!broken(schema, &without).is_empty(), "a message without its text would pass");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_its_viewer_are_free_of_the_token_and_hold_nothing() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").set("API_TOKEN", "0123456789abcdef").start().await;
    assert_eq!(world.get("/openapi.json").await, (200, document().clone()));
    assert_eq!(world.get("/status").await.0, 401);
    for (path, kind) in [
        ("/docs", "text/html"),
        ("/docs/start.js", "text/javascript"),
        ("/docs/swagger-ui-bundle.js", "text/javascript"),
        ("/docs/swagger-ui.css", "text/css"),
    ] {
        let response = world.request("GET", path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-type").starts_with(kind), "{path}");
        assert!(header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert!(!header("content-security-policy").contains("unsafe"), "{path}");
        assert_eq!(response.headers().get_all("content-security-policy").iter().count(), 1, "{path}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_viewer_draws_every_operation() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let chrome = Chrome::find(None, std::env::var_os("PATH").as_deref()).await.unwrap();
    let mut command = tokio::process::Command::new(&chrome.path);
    let profile = format!("--user-data-dir={}", world.folder().join("viewer").display());
    command.args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--virtual-time-budget=10000",
    ]);
    command.args([profile.as_str(), "--dump-dom", &world.url("/docs")]).kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, command.output()).await.expect("it does not draw").unwrap();
    let [page, log] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(!log.contains("Content Security Policy") && !log.contains("Uncaught"), "{log}");
    for section in ["paths", "webhooks"] {
        for (path, item) in document()[section].as_object().unwrap() {
            for operation in item.as_object().unwrap().values() {
                let [id, tag] = [&operation["operationId"], &operation["tags"][0]].map(|name| name.as_str().unwrap());
                let tag = if section == "webhooks" { section } else { tag };
                assert!(page.contains(&format!("id=\"operations-{tag}-{id}\"")), "{path} is not drawn: {page}");
            }
        }
    }
    world.stop().await;
}
