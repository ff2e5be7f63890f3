//! Two services on one simulator, each with its own account, use all that there is to use with each other: what one of them
//! does, the other is told.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::ImageFormat;
use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{Options, Picture, PictureHost};

use crate::events::Follower;
use crate::made;
use crate::two_accounts::link;
use crate::world::{DEADLINE, World, answer};

const A: &str = "5491150000001";
const B: &str = "5491150000002";
const PDF: &[u8] = b"%PDF-1.7\nprices";

/// One of the two, with what it was told and nobody has asked for yet.
struct Side {
    world: World,
    follower: Follower,
    told: Vec<(String, Value)>,
}

impl Side {
    async fn new(world: World) -> Self {
        let follower = Follower::follow(&world, None).await;
        Self { world, follower, told: Vec::new() }
    }

    /// What it is told under this name, once it is as wanted.
    async fn hears(&mut self, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut looked = 0;
        loop {
            let found = self.told[looked..].iter().position(|(kind, data)| kind == name && wanted(data));
            if let Some(place) = found {
                return self.told.remove(looked + place).1;
            }
            looked = self.told.len();
            let event = tokio::time::timeout(DEADLINE, self.follower.next()).await;
            let event = event.unwrap_or_else(|_| panic!("no such {name}: {:?}", self.told));
            self.told.push((event.name, event.data["data"].clone()));
        }
    }

    /// The message with this bare id that came from the other side.
    async fn receives(&mut self, id: &str) -> Value {
        let bare = bare(id);
        self.hears("message", |data| data["direction"] == "in" && holds(&data["id"], bare)).await
    }

    /// What the service answers to a request that it must not refuse.
    async fn asks(&self, method: &str, path: &str, body: Value) -> Value {
        let request = self.world.request(method, path);
        let (status, body) = answer(if body.is_null() { request } else { request.json(&body) }).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {body}");
        body
    }

    /// Sends to a number or a group; returns the id of the message.
    async fn sends(&self, to: &str, mut content: Value) -> String {
        content["to"] = json!(to);
        self.asks("POST", "/send", content).await["message_id"].as_str().unwrap().to_owned()
    }

    async fn says(&self, to: &str, text: &str) -> String {
        self.sends(to, json!({ "message": text })).await
    }

    /// The bytes of the file of a message that it received.
    async fn opens(&mut self, message: &Value) -> Vec<u8> {
        let id = text(&message["id"]).to_owned();
        let ready = |data: &Value| data["id"] == json!(id) && data["media"]["status"] == "stored";
        self.hears("message_media", ready).await;
        let file = self.world.request("GET", &format!("/messages/{id}/media")).send().await.unwrap();
        assert_eq!(file.status().as_u16(), 200);
        file.bytes().await.unwrap().to_vec()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// The part of a message's id that is the same on both sides.
fn bare(id: &str) -> &str {
    id.split('_').nth(2).unwrap()
}

fn holds(id: &Value, bare: &str) -> bool {
    id.as_str().is_some_and(|id| id.contains(bare))
}

async fn both() -> (Side, Side) {
    let options = Options { more_accounts: vec![B.to_owned()], ..Options::fast() };
    let mut a = World::new(options).await;
    let mut b = World::beside(Arc::clone(&a.simulator));
    for (world, number) in [(&mut a, A), (&mut b, B)] {
        world.set("PRESENCE", "available").start().await;
        link(world, number).await;
    }
    (Side::new(a).await, Side::new(b).await)
}

async fn stop(a: Side, b: Side) {
    for side in [a, b] {
        let Side { mut world, follower, .. } = side;
        drop(follower);
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn words_places_people_polls_and_files_come_as_they_were_sent() {
    let (mut a, mut b) = both().await;
    let found = a.asks("GET", &format!("/numbers/{B}"), json!(null)).await;
    assert_eq!(found["exists"], true, "{found}");

    let hello = a.says(B, "hola, ¿me lees?").await;
    let heard = b.receives(&hello).await;
    assert_eq!((&heard["body"], &heard["phone"]), (&json!("hola, ¿me lees?"), &json!(A)));
    a.hears("message_ack", |data| data["id"] == json!(hello) && data["ack"] == 2).await;
    b.asks("POST", &format!("/chats/{A}/read"), json!(null)).await;
    a.hears("message_ack", |data| data["id"] == json!(hello) && data["ack"] == 3).await;

    let reply = b.sends(A, json!({ "message": "sí", "reply_to": heard["id"] })).await;
    let reply = a.receives(&reply).await;
    assert_eq!((&reply["body"], &reply["quoted_id"]), (&json!("sí"), &json!(bare(&hello))), "{reply}");

    let words = format!("@{B} mirá https://example.com/precios");
    let sent = a.sends(B, json!({ "message": words, "mentions": [B], "link_preview": true })).await;
    let named = b.receives(&sent).await;
    assert_eq!(named["data"]["mentions"][0]["phone"], B, "{named}");
    let chats = b.world.simulator.account(B).unwrap().chats();
    let kept = chats[0].messages.iter().find(|message| message.id == bare(&sent)).unwrap();
    assert_eq!((&kept.fields["title"], &kept.fields["subtype"]), (&json!("example.com"), &json!("url")));

    let place = json!({ "latitude": -34.5, "longitude": 58.25, "name": "Obelisco", "address": "9 de Julio" });
    let place = a.sends(B, json!({ "location": place })).await;
    let place = b.receives(&place).await;
    assert_eq!((&place["type"], &place["data"]["location"]["latitude"]), (&json!("location"), &json!(-34.5)));
    assert_eq!(place["data"]["location"]["name"], "Obelisco", "{place}");

    let people = json!([{ "name": "Ana", "phone": A }, { "name": "Bo", "phone": B }]);
    let cards = b.sends(A, json!({ "contacts": people })).await;
    let cards = a.receives(&cards).await;
    assert_eq!(cards["data"]["contacts"][1]["name"], "Bo", "{cards}");

    let poll = json!({ "question": "¿cuándo?", "options": ["hoy", "mañana"] });
    let poll = a.sends(B, json!({ "poll": poll })).await;
    assert_eq!(b.receives(&poll).await["data"]["poll"]["options"], json!(["hoy", "mañana"]));
    a.world.simulator.vote(&poll, B, &["mañana"]).unwrap();
    for (side, from_me) in [(&mut a, false), (&mut b, true)] {
        let vote = side.hears("message_vote", |data| holds(&data["message_id"], bare(&poll))).await;
        let told = (&vote["options"], &vote["sender_phone"], &vote["from_me"]);
        assert_eq!(told, (&json!(["mañana"]), &json!(B), &json!(from_me)));
    }

    let picture = made::picture(64, 48, ImageFormat::Jpeg);
    let image = a.sends(B, json!({ "media": { "data": STANDARD.encode(&picture) }, "message": "una foto" })).await;
    let image = b.receives(&image).await;
    assert_eq!((&image["type"], &image["body"]), (&json!("image"), &json!("una foto")), "{image}");
    assert_eq!(b.opens(&image).await, picture);
    let document = json!({ "media": { "data": STANDARD.encode(PDF), "filename": "precios.pdf" } });
    let document = b.sends(A, document).await;
    let document = a.receives(&document).await;
    assert_eq!(a.opens(&document).await, PDF);

    let path = format!("/messages/{}/forward", text(&document["id"]));
    let passed = a.asks("POST", &path, json!({ "to": B })).await["message_id"].clone();
    let passed = b.receives(text(&passed)).await;
    let chats = b.world.simulator.account(B).unwrap().chats();
    let kept = chats[0].messages.iter().find(|message| holds(&passed["id"], &message.id)).unwrap();
    assert_eq!((&kept.fields["isForwarded"], &kept.fields["forwardingScore"]), (&json!(true), &json!(1)));
    assert_eq!(b.opens(&passed).await, PDF);
    stop(a, b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reactions_edits_deletions_typing_and_calls_are_told_to_the_other_side() {
    let (mut a, mut b) = both().await;
    let hello = a.says(B, "ola").await;
    let heard = b.receives(&hello).await;
    let reaction = format!("/messages/{}/reaction", text(&heard["id"]));
    for emoji in ["👍", ""] {
        b.asks("POST", &reaction, json!({ "emoji": emoji })).await;
        let told =
            a.hears("message_reaction", |data| data["message_id"] == json!(hello) && data["emoji"] == emoji).await;
        assert_eq!((&told["sender_phone"], &told["from_me"]), (&json!(B), &json!(false)), "{told}");
    }

    a.asks("PATCH", &format!("/messages/{hello}"), json!({ "message": "hola" })).await;
    let edited = b.hears("message_edited", |data| data["body"] == "hola").await;
    assert!(holds(&edited["id"], bare(&hello)), "{edited}");

    let mistake = b.says(A, "esto no").await;
    let mistaken = a.receives(&mistake).await;
    b.asks("DELETE", &format!("/messages/{mistake}"), json!(null)).await;
    a.hears("message_revoked", |data| data["id"] == mistaken["id"]).await;

    // Only the own copy goes: the other side still has the message.
    a.asks("DELETE", &format!("/messages/{hello}?for=me"), json!(null)).await;
    let (status, refused) = a.world.post(&format!("/messages/{hello}/reaction"), json!({ "emoji": "👍" })).await;
    assert_eq!((status, &refused["code"]), (404, &json!("MESSAGE_NOT_FOUND")), "{refused}");
    b.asks("POST", &reaction, json!({ "emoji": "🎉" })).await;

    for (kind, state) in [("text", "typing"), ("voice", "recording"), ("none", "available")] {
        let path = format!("/contacts/{B}/presence");
        a.asks("GET", &path, json!(null)).await;
        b.asks("POST", &format!("/chats/{A}/typing"), json!({ "kind": kind })).await;
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            let seen = a.asks("GET", &path, json!(null)).await;
            if seen["state"] == state {
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "{kind}: {seen}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    let phone = a.world.simulator.account(A).unwrap();
    phone.call(B, "CALL1", true).unwrap();
    let call = a.hears("call", |data| data["status"] == "offered").await;
    assert_eq!((&call["phone"], &call["video"]), (&json!(B), &json!(true)), "{call}");
    a.world.simulator.account(A).unwrap().hang_up(B, "CALL1").unwrap();
    a.hears("call", |data| data["call_id"] == "CALL1" && data["status"] == "missed").await;
    stop(a, b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_one_makes_is_the_group_of_both() {
    let (mut a, mut b) = both().await;
    let hello = a.says(B, "hola").await;
    b.receives(&hello).await;
    let made = a.asks("POST", "/groups", json!({ "subject": "Obra", "participants": [B] })).await;
    assert_eq!(made["participants"][0]["result"], "done", "{made}");
    let (id, path) = (text(&made["id"]).to_owned(), format!("/groups/{}", text(&made["id"])));
    let changed = |change: &'static str| move |data: &Value| data["change"] == change;
    let added = b.hears("group.changed", changed("add")).await;
    assert_eq!((&added["author"]["phone"], &added["participants"][0]["phone"]), (&json!(A), &json!(B)), "{added}");

    let first = a.says(&id, "a todos").await;
    let heard = b.receives(&first).await;
    assert_eq!((&heard["chat_id"], &heard["body"]), (&json!(id), &json!("a todos")), "{heard}");
    assert_eq!(heard["author_phone"], A, "{heard}");
    a.hears("message_ack", |data| data["id"] == json!(first) && data["ack"] == 2).await;
    let second = b.sends(&id, json!({ "message": "acá estoy", "reply_to": heard["id"] })).await;
    let second = a.receives(&second).await;
    assert_eq!((&second["chat_id"], &second["author_phone"]), (&json!(id), &json!(B)), "{second}");
    assert_eq!(second["quoted_id"], json!(bare(&first)));

    a.asks("PATCH", &path, json!({ "subject": "Obra nueva" })).await;
    let renamed = b.hears("group.changed", changed("subject")).await;
    assert_eq!((&renamed["value"], &renamed["author"]["phone"]), (&json!("Obra nueva"), &json!(A)), "{renamed}");
    // No admin of it, until the other makes it one.
    let participants = format!("{path}/participants");
    let (status, refused) = b.world.post(&participants, json!({ "remove": [A] })).await;
    assert_eq!((status, &refused["code"]), (403, &json!("GROUP_NOT_ADMIN")), "{refused}");
    a.asks("POST", &participants, json!({ "promote": [B] })).await;
    b.hears("group.changed", changed("promote")).await;
    b.asks("PATCH", &path, json!({ "description": "De qué se trata" })).await;
    let described = a.hears("group.changed", changed("description")).await;
    assert_eq!(described["author"]["phone"], B, "{described}");
    a.asks("POST", &participants, json!({ "demote": [B] })).await;
    b.hears("group.changed", changed("demote")).await;

    a.asks("POST", &participants, json!({ "remove": [B] })).await;
    b.hears("group.changed", changed("remove")).await;
    let (status, refused) = b.world.send(&id, "¿y yo?").await;
    assert_eq!((status, &refused["code"]), (403, &json!("CHAT_READ_ONLY")), "{refused}");
    a.asks("POST", &participants, json!({ "add": [B] })).await;
    b.hears("group.changed", changed("add")).await;
    let again = b.says(&id, "gracias").await;
    a.receives(&again).await;

    for side in [&a, &b] {
        let groups = side.asks("GET", "/groups?refresh=true", json!(null)).await;
        assert_eq!(groups["items"][0]["subject"], "Obra nueva", "{groups}");
        let chats = side.asks("GET", "/chats?refresh=true", json!(null)).await;
        assert_eq!(chats["items"].as_array().unwrap().len(), 2, "{chats}");
        let people = side.asks("GET", "/contacts?refresh=true", json!(null)).await;
        let numbers: Vec<_> = people["items"].as_array().unwrap().iter().map(|one| text(&one["phone"])).collect();
        assert!(numbers.contains(&A) && numbers.contains(&B), "{people}");
    }
    let whole = b.asks("GET", &path, json!(null)).await;
    assert_eq!((&whole["description"], &whole["role"]), (&json!("De qué se trata"), &json!("member")), "{whole}");
    b.asks("POST", &format!("{path}/leave"), json!({})).await;
    let left = a.hears("group.changed", changed("leave")).await;
    assert_eq!(left["author"]["phone"], B, "{left}");
    let invite = a.asks("GET", &format!("{path}/invite"), json!(null)).await;
    let joined = b.asks("POST", "/groups/join", json!({ "code": invite["link"] })).await;
    assert_eq!((&joined["id"], &joined["status"]), (&json!(id), &json!("joined")), "{joined}");
    let back = b.says(&id, "volví").await;
    a.receives(&back).await;
    a.world.until(State::Ready).await;
    stop(a, b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_and_people_are_marked_for_oneself_alone() {
    let (mut a, mut b) = both().await;
    let hello = b.says(A, "hola").await;
    a.receives(&hello).await;
    let chat = format!("/chats/{B}");
    for (mark, shown) in [("archive", "archived"), ("pin", "pinned"), ("mute", "muted")] {
        for (method, on) in [("POST", true), ("DELETE", false), ("POST", true)] {
            let told = a.asks(method, &format!("{chat}/{mark}"), json!(null)).await;
            assert_eq!(told[shown], on, "{method} {mark}: {told}");
        }
    }
    a.asks("POST", &format!("{chat}/read"), json!(null)).await;
    b.hears("message_ack", |data| data["id"] == json!(hello) && data["ack"] == 3).await;
    a.asks("POST", &format!("{chat}/unread"), json!(null)).await;
    let marked = a.asks("GET", &chat, json!(null)).await;
    assert_eq!(marked["marked_unread"], true, "{marked}");
    let other = b.asks("GET", &format!("/chats/{A}"), json!(null)).await;
    let marks = ["archived", "pinned", "muted", "marked_unread"].map(|mark| other[mark].as_bool());
    assert_eq!(marks, [Some(false); 4], "{other}");

    let jpeg = made::picture(32, 32, ImageFormat::Jpeg);
    let picture = Picture { jpeg: STANDARD.encode(&jpeg), hidden: false, host: PictureHost::Whole };
    a.world.simulator.faults(|faults| {
        faults.abouts.insert(B.to_owned(), "En el trabajo".to_owned());
        faults.pictures.insert(B.to_owned(), picture);
    });
    let person = format!("/contacts/{B}");
    assert_eq!(a.asks("GET", &format!("{person}/about"), json!(null)).await["about"], "En el trabajo");
    let seen = a.world.request("GET", &format!("{person}/picture")).send().await.unwrap();
    assert_eq!((seen.status().as_u16(), seen.bytes().await.unwrap().to_vec()), (200, jpeg));
    for (method, blocked) in [("POST", true), ("DELETE", false)] {
        let told = a.asks(method, &format!("{person}/block"), json!(null)).await;
        assert_eq!(told["blocked"], blocked, "{told}");
    }
    let again = a.says(B, "acá sigo").await;
    b.receives(&again).await;
    stop(a, b).await;
}
