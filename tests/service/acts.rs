//! What messages say besides text, and actions on messages and chats, asked of the page directly.

use std::time::Duration;

use serde_json::{Value, json};
use session_manager::domain::address::{ChatId, PhoneNumber};
use session_manager::domain::content::{Contact, Content, Location, Outgoing, Poll};
use session_manager::domain::log::Origin;
use session_manager::domain::message::MessageId;
use session_manager::domain::secret::Secret;
use session_manager::domain::state::State;
use session_manager::transport::web::whatsapp::{Page, PageError, Payload, Prepared, Typing};
use simulator::{Action, Incoming, Kind, Media, Received, ServerFault};

use crate::world::{DEADLINE, FRIEND, World};

pub const STRANGER: &str = "5491166667777";
/// Less than the adapter waits for the end of an action.
const SHORT: Duration = Duration::from_secs(1);

fn page(world: &World) -> Page {
    world.service.as_ref().unwrap().session().page(State::Ready).unwrap()
}

fn friend() -> ChatId {
    ChatId::parse_recipient(FRIEND).unwrap()
}

fn outgoing(content: Content, reply_to: Option<&MessageId>) -> Outgoing {
    Outgoing { to: friend(), content, reply_to: reply_to.cloned(), origin: Origin::default(), key: None, via: None }
}

async fn dispatch(page: &Page, content: Content, reply_to: Option<&MessageId>) -> Result<Prepared, PageError> {
    let prepared = page.prepare(&friend(), DEADLINE).await?;
    let token = prepared.raw_id.as_str();
    if let Content::Forward { of } = &content {
        page.forward_file(of, token, 1 << 20, (DEADLINE, DEADLINE), DEADLINE).await?;
    }
    let payload = Payload::new(&outgoing(content, reply_to), token).unwrap();
    page.dispatch(&prepared.chat_id, &prepared.raw_id, &payload, DEADLINE).await?;
    Ok(prepared)
}

/// Sends to the friend; returns the id, and the message as the server received it. The page has the ack then.
async fn send(world: &World, content: Content, reply_to: Option<&MessageId>) -> (MessageId, Received) {
    let Prepared { message_id, .. } = dispatch(&page(world), content, reply_to).await.unwrap();
    let received = received(world, message_id.as_str()).await;
    let confirmed = |record: &simulator::Record| record.devices.iter().all(|device| device.queued == 0);
    world.simulator.wait_until("the page to have the ack", DEADLINE, confirmed).await.unwrap();
    (message_id, received)
}

pub async fn received(world: &World, id: &str) -> Received {
    let acked = |record: &simulator::Record| record.message(id).is_some_and(|message| message.ack > 0);
    world.simulator.wait_until("the message", DEADLINE, acked).await.unwrap().message(id).unwrap().clone()
}

fn text(body: &str) -> Content {
    Content::text(body).unwrap()
}

/// Waits until the service has a message: messages of this account enter the log too, so their number tells nothing.
async fn logged(world: &World, id: String) -> MessageId {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while world.get(&format!("/messages/{id}")).await.0 != 200 {
        assert!(tokio::time::Instant::now() < deadline, "the log does not have {id}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    MessageId::new(id)
}

/// A message of the friend, once the service has it.
pub async fn incoming(world: &World, body: &str) -> MessageId {
    logged(world, world.simulator.incoming(Incoming::text(FRIEND, body)).unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_content_arrives_whole_and_under_the_id_that_was_prepared() {
    let mut world = World::ready().await;
    let question = incoming(&world, "¿dónde?").await;

    let (_, answer) = send(&world, text("aquí"), Some(&question)).await;
    assert_eq!((&*answer.body, &answer.fields["quotedMsg"]["body"]), ("aquí", &json!("¿dónde?")));
    assert_eq!(answer.fields["quotedStanzaID"], json!(question.as_str().split('_').nth(2).unwrap()));

    let lid = world.simulator.add_person(STRANGER).unwrap();
    let mentions = vec![ChatId::parse_recipient(STRANGER).unwrap()];
    let body = Secret::new(format!("gracias @{STRANGER}, y @123"));
    let (_, thanks) = send(&world, Content::Text { body, mentions, preview: true }, None).await;
    let user = lid.split('@').next().unwrap();
    assert_eq!(
        (&*thanks.body, &thanks.fields["mentionedJidList"]),
        (&*format!("gracias @{user}, y @123"), &json!([lid]))
    );

    let place = Location::new(-34.5, 58.25, Some("Obelisco"), Some("9 de Julio")).unwrap();
    let (_, place) = send(&world, Content::Location(Box::new(place)), Some(&question)).await;
    let of = |message: &Received, names: &[&str]| {
        names.iter().map(|name| message.fields[*name].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(of(&place, &["lat", "lng", "loc"]), [json!(-34.5), json!(58.25), json!("Obelisco\n9 de Julio")]);
    assert_eq!((&*place.kind, &place.fields["quotedMsg"]["body"]), ("location", &json!("¿dónde?")));

    let contact = |name| Contact::new(name, PhoneNumber::parse(FRIEND).unwrap()).unwrap();
    let (_, one) = send(&world, Content::contacts(vec![contact("Ana")]).unwrap(), None).await;
    assert_eq!((&*one.kind, &one.fields["vcardFormattedName"]), ("vcard", &json!("Ana")));
    assert!(one.body.contains("TEL;type=CELL;waid=5491122334455:+5491122334455"), "{}", one.body);
    let (_, two) = send(&world, Content::contacts(vec![contact("Ana"), contact("Bo")]).unwrap(), None).await;
    assert_eq!((&*two.kind, &two.fields["vcardList"][1]["displayName"]), ("multi_vcard", &json!("Bo")));

    let poll = Poll::new("¿cuándo?", ["hoy", "mañana"], false).unwrap();
    let (id, poll) = send(&world, Content::Poll(poll), None).await;
    assert_eq!(of(&poll, &["pollName", "pollSelectableOptionsCount"]), [json!("¿cuándo?"), json!(1)]);
    assert_eq!(
        poll.fields["pollOptions"],
        json!([{ "name": "hoy", "localId": 0 }, { "name": "mañana", "localId": 1 }])
    );
    assert!(poll.fields["messageSecret"]["$bytes"].is_string(), "without a secret nobody can vote");
    // The same id again sends nothing.
    let prepared = page(&world).prepare(&friend(), DEADLINE).await.unwrap();
    let payload = Payload::new(&outgoing(text("una vez"), None), "none").unwrap();
    for _ in 0..2 {
        page(&world).dispatch(&prepared.chat_id, &prepared.raw_id, &payload, DEADLINE).await.unwrap();
    }
    assert_eq!(received(&world, prepared.message_id.as_str()).await.count, 1);
    assert_ne!(id, prepared.message_id);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_passed_on_is_the_message_with_its_file_and_says_so() {
    let mut world = World::ready().await;
    let said = incoming(&world, "pasalo").await;
    let (first, forward) = send(&world, Content::Forward { of: said }, None).await;
    assert_eq!((&*forward.body, &forward.fields["isForwarded"]), ("pasalo", &json!(true)));
    assert_eq!(forward.fields["forwardingScore"], json!(1));
    let (_, again) = send(&world, Content::Forward { of: first }, None).await;
    assert_eq!(again.fields["forwardingScore"], json!(2));

    let file = world.simulator.media(&Media::new(FRIEND, Kind::Document, b"a document")).unwrap();
    let of = logged(&world, file.message).await;
    let (_, passed) = send(&world, Content::Forward { of }, None).await;
    assert_eq!(&*passed.kind, "document");
    assert_eq!(&passed.file.expect("a file that its receiver can open").bytes[..], b"a document");

    let once = Media { view_once: true, ..Media::new(FRIEND, Kind::Image, b"once") };
    let once = world.simulator.media(&once).unwrap();
    let of = logged(&world, once.message).await;
    let refused = dispatch(&page(&world), Content::Forward { of }, None).await;
    assert!(matches!(refused, Err(PageError::NotPossible(_))), "{refused:?}");
    let absent = MessageId::new("false_100000000000099@lid_3EB0");
    let refused = dispatch(&page(&world), Content::Forward { of: absent.clone() }, None).await;
    assert!(matches!(refused, Err(PageError::MessageAbsent)), "{refused:?}");
    let refused = dispatch(&page(&world), text("hola"), Some(&absent)).await;
    assert!(matches!(refused, Err(PageError::MessageAbsent)), "{refused:?}");
    let nobody = vec![ChatId::parse_recipient("5491199990000").unwrap()];
    let unknown = Content::Text { body: Secret::new("@5491199990000"), mentions: nobody, preview: false };
    let refused = dispatch(&page(&world), unknown, None).await;
    assert!(matches!(refused, Err(PageError::MentionUnknown(_))), "{refused:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_end_with_the_state_that_they_lead_to_and_repeat_without_effect() {
    let mut world = World::ready().await;
    let page = page(&world);
    let said = incoming(&world, "hola").await;
    let (mine, _) = send(&world, text("ola"), None).await;
    let bare = |id: &MessageId| id.as_str().split('_').nth(2).unwrap().to_owned();

    for emoji in ["👍", "👍", "🎉", "", ""] {
        page.react(&said, emoji, DEADLINE).await.unwrap();
    }
    for _ in 0..2 {
        page.edit(&mine, &Secret::new("hola"), DEADLINE).await.unwrap();
    }
    let refused = page.edit(&said, &Secret::new("chau"), DEADLINE).await;
    assert!(
        matches!(&refused, Err(PageError::NotPossible(why)) if why.contains("not from this account")),
        "{refused:?}"
    );
    let refused = page.revoke(&said, DEADLINE).await;
    assert!(matches!(&refused, Err(PageError::NotPossible(why)) if why.contains("somebody else")), "{refused:?}");
    for _ in 0..2 {
        page.revoke(&mine, DEADLINE).await.unwrap();
    }
    let refused = page.edit(&mine, &Secret::new("tarde"), DEADLINE).await;
    assert!(matches!(&refused, Err(PageError::NotPossible(why)) if why.contains("deleted")), "{refused:?}");
    for _ in 0..2 {
        page.delete_for_me(&said, DEADLINE).await.unwrap();
    }
    let reaction = |emoji: &str| Action::Reaction { message: bare(&said), emoji: emoji.to_owned() };
    let done = [
        reaction("👍"),
        reaction("🎉"),
        reaction(""),
        Action::Edit { message: bare(&mine), text: "hola".to_owned() },
        Action::Revoke { message: bare(&mine) },
        Action::DeleteForMe { message: bare(&said) },
    ];
    assert_eq!(world.simulator.record().actions, done);
    let refused = page.react(&said, "👍", DEADLINE).await;
    assert!(matches!(refused, Err(PageError::MessageAbsent)), "{refused:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_are_marked_as_read_and_unread_and_show_what_somebody_does() {
    let mut world = World::ready().await;
    let page = page(&world);
    incoming(&world, "hola").await;
    let chat = page.prepare(&friend(), DEADLINE).await.unwrap().chat_id;
    for _ in 0..2 {
        page.seen(&chat, DEADLINE).await.unwrap();
    }
    assert_eq!(world.simulator.record().seen, std::slice::from_ref(&chat));
    for _ in 0..2 {
        page.unread(&chat, DEADLINE).await.unwrap();
    }
    assert_eq!(world.simulator.record().actions, [Action::Unread { chat: chat.clone() }]);
    page.seen(&chat, DEADLINE).await.unwrap();
    let peer = world.simulator.add_person(FRIEND).unwrap();
    world.simulator.call(FRIEND, "CALL", true).unwrap();
    page.reject_call("CALL", &peer).await.unwrap();
    world.simulator.hang_up(FRIEND, "CALL").unwrap();
    let refusal = Action::RejectCall { call: "CALL".to_owned(), peer };
    let refused = |record: &simulator::Record| record.actions.last() == Some(&refusal);
    world.simulator.wait_until("the refusal", DEADLINE, refused).await.unwrap();
    for kind in [Typing::Text, Typing::Voice, Typing::Nothing] {
        page.typing(&chat, kind).await.unwrap();
    }
    let shown = |record: &simulator::Record| record.chat_states.len() == 3;
    let record = world.simulator.wait_until("what was shown", DEADLINE, shown).await.unwrap();
    let states: Vec<_> = record.chat_states.iter().map(|state| state.state.as_str()).collect();
    assert_eq!(states, ["composing", "recording", "paused"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_the_server_does_not_take_is_no_success() {
    let mut world = World::ready().await;
    let page = page(&world);
    let said = incoming(&world, "hola").await;
    let (mine, _) = send(&world, text("ola"), None).await;
    let chat = page.prepare(&friend(), DEADLINE).await.unwrap().chat_id;
    page.seen(&chat, DEADLINE).await.unwrap();
    world.simulator.faults(|faults| faults.nack = Some(479));
    for refused in [page.react(&said, "👍", DEADLINE).await, page.edit(&mine, &Secret::new("hola"), DEADLINE).await] {
        assert!(matches!(refused, Err(PageError::Refused(_))), "its own row says that it was refused: {refused:?}");
    }
    // Nothing in the page's state says of these that nothing was sent.
    for unknown in [
        page.revoke(&mine, DEADLINE).await,
        page.delete_for_me(&mine, DEADLINE).await,
        page.unread(&chat, DEADLINE).await,
    ] {
        assert!(matches!(unknown, Err(PageError::Unconfirmed(_))), "{unknown:?}");
    }
    world.simulator.faults(|faults| (faults.nack, faults.server) = (None, ServerFault::NeverAck));
    assert!(matches!(page.react(&said, "👍", SHORT).await, Err(PageError::Lost(_))));
    assert!(matches!(page.revoke(&mine, SHORT).await, Err(PageError::Lost(_))));
    world.stop().await;
}
