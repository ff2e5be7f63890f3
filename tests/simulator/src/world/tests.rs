//! The server's rules, without sockets: scan validation, deduplication, queues, one live page per device.

mod accounts;
mod files;
mod uploads;

use super::World;
use crate::error::Error;
use crate::faults::{Network, ServerFault};
use crate::message::{Incoming, Message};
use crate::options::Options;
use crate::outbox::Outbox;
use crate::protocol::{Companion, FromPage, Login};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::time::Duration;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The first account.
const ME: &str = "5491150000001";
const FRIEND: &str = "5491122334455";

fn world() -> Result<World, Error> {
    World::new(Options::fast())
}

fn keys() -> Companion {
    let [static_key, identity_key, adv_secret, platform] = ["s", "i", "a", "1"].map(str::to_owned);
    Companion { static_key, identity_key, adv_secret, platform }
}

fn hello(device: Option<Login>) -> FromPage {
    FromPage::Hello { load: 1, companion: device.is_none().then(keys), device }
}

/// All frames that the page was sent so far.
fn told(outbox: &Outbox) -> Vec<Value> {
    let frames = std::iter::from_fn(|| outbox.next().now_or_never().flatten());
    frames.filter_map(|text| serde_json::from_str(&text).ok()).collect()
}

fn kinds(frames: &[Value]) -> Vec<&str> {
    frames.iter().filter_map(|frame| frame["t"].as_str()).collect()
}

/// A page that shows a code.
fn waiting(world: &mut World) -> (u64, Outbox) {
    let (number, outbox) = world.peer_opened();
    world.peer_said(number, hello(None));
    world.peer_said(number, FromPage::Ref { first: true });
    (number, outbox)
}

fn linked(world: &mut World) -> Result<Login, Box<dyn std::error::Error>> {
    linked_as(world, ME)
}

fn linked_as(world: &mut World, phone: &str) -> Result<Login, Box<dyn std::error::Error>> {
    let (number, outbox) = waiting(world);
    let code = world.shown_codes().into_iter().next().ok_or("no code")?;
    world.scan(phone, &code)?;
    let frames = told(&outbox);
    world.peer_closed(number);
    Ok(serde_json::from_value(frames.last().ok_or("nothing told")?["device"].clone())?)
}

fn connected(world: &mut World, login: &Login) -> (u64, Outbox) {
    let (number, outbox) = world.peer_opened();
    world.peer_said(number, hello(Some(login.clone())));
    (number, outbox)
}

fn outgoing(id: &str, chat: &str) -> Result<Message, serde_json::Error> {
    serde_json::from_value(json!({
        "id": id, "fromMe": true, "remote": chat, "from": "1@lid", "to": chat, "type": "chat", "body": "hi", "t": 1,
    }))
}

#[tokio::test(start_paused = true)]
async fn a_code_is_checked_field_by_field() -> Outcome {
    let mut world = world()?;
    let (_, outbox) = waiting(&mut world);
    let code = world.shown_codes().pop().ok_or("no code")?;
    assert!(code.ends_with(",s,i,a,1"));
    assert!(matches!(world.scan(ME, "a,b,c"), Err(Error::CodeMalformed(_))));
    assert!(matches!(world.scan(ME, "a,b,c,d,1,e"), Err(Error::CodeMalformed(_))));
    assert!(matches!(world.scan(ME, "undefined,s,i,a,1"), Err(Error::CodeMalformed(_))));
    assert!(matches!(world.scan(ME, "2@other,s,i,a,1"), Err(Error::CodeUnknown(_))));
    assert!(matches!(world.scan(ME, &code.replace(",s,", ",x,")), Err(Error::CodeUnknown(_))));
    world.scan(ME, &code)?;
    assert_eq!(kinds(&told(&outbox)), ["unpaired", "ref", "linked"]);
    assert!(matches!(world.scan(ME, &code), Err(Error::CodeExpired)), "a code links once");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_code_links_without_its_platform_too() -> Outcome {
    let mut world = world()?;
    let (_, _outbox) = waiting(&mut world);
    let code = world.shown_codes().pop().ok_or("no code")?;
    assert_eq!(world.record().codes.first(), Some(&code));
    assert!(matches!(world.scan(ME, &code.replace(",1", ",2")), Err(Error::CodeUnknown(_))));
    world.scan(ME, code.strip_suffix(",1").ok_or("no platform")?)?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_code_expires_by_time_and_by_its_successor() -> Outcome {
    let mut world = world()?;
    let (number, _outbox) = waiting(&mut world);
    let first = world.shown_codes().pop().ok_or("no code")?;
    world.peer_said(number, FromPage::Ref { first: false });
    assert!(matches!(world.scan(ME, &first), Err(Error::CodeExpired)));
    let second = world.shown_codes().pop().ok_or("no code")?;
    tokio::time::advance(Duration::from_secs(21)).await;
    assert!(world.shown_codes().is_empty());
    assert!(matches!(world.scan(ME, &second), Err(Error::CodeExpired)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_pairing_code_survives_the_rotation_of_refs() -> Outcome {
    let mut world = world()?;
    let (number, outbox) = waiting(&mut world);
    let phone = world.options.phone.clone();
    world.peer_said(number, FromPage::PairingCode { req: 7, phone });
    world.peer_said(number, FromPage::PairingCode { req: 8, phone: "11111111".to_owned() });
    let frames = told(&outbox);
    let code = frames[2]["code"].as_str().ok_or("no pairing code")?.to_owned();
    assert_eq!(code.len(), 8);
    assert!(frames[3]["code"].is_null(), "a phone without an account gets none");
    world.peer_said(number, FromPage::Ref { first: false });
    world.enter_pairing_code(&format!("{}-{}", &code[..4].to_lowercase(), &code[4..]))?;
    assert!(matches!(world.enter_pairing_code(&code), Err(Error::CodeUnknown(_))), "it links once");
    Ok(())
}

#[test]
fn what_comes_while_a_device_is_away_waits_until_it_is_confirmed() -> Outcome {
    let mut world = world()?;
    let login = linked(&mut world)?;
    world.incoming(ME, Incoming::text(FRIEND, "one"))?;
    world.incoming(ME, Incoming::text(FRIEND, "two"))?;
    let (number, outbox) = connected(&mut world, &login);
    let frames = told(&outbox);
    assert_eq!(kinds(&frames), ["welcome", "event", "event"]);
    assert_eq!(frames[0]["queued"], 2);
    assert_eq!(frames[1]["offline"], true);
    // Only the first event is confirmed before the connection closes: the second comes again.
    world.peer_said(number, FromPage::Got { seq: 1 });
    world.peer_closed(number);
    let (_, outbox) = connected(&mut world, &login);
    let frames = told(&outbox);
    assert_eq!(frames[0]["queued"], 1);
    assert_eq!(frames[1]["event"]["message"]["body"], "two");
    Ok(())
}

#[test]
fn a_message_is_received_once_however_often_it_comes() -> Outcome {
    let mut world = world()?;
    let login = linked(&mut world)?;
    let (number, outbox) = connected(&mut world, &login);
    let lid = world.directory.add(FRIEND, None)?.lid;
    for _ in 0..3 {
        world.peer_said(number, FromPage::Send { message: outgoing("3EB0AA", &lid)? });
    }
    let record = world.record();
    assert_eq!(record.received.len(), 1);
    assert_eq!(record.received[0].count, 3);
    assert_eq!(record.received[0].phone.as_deref(), Some(FRIEND));
    assert!(told(&outbox).iter().skip(1).all(|frame| frame["event"]["ack"] == 1));
    assert_eq!(world.chats(ME)[0].messages.len(), 1);
    Ok(())
}

#[test]
fn a_server_that_drops_has_not_received_and_one_that_is_silent_has() -> Outcome {
    let mut world = world()?;
    let login = linked(&mut world)?;
    let (number, outbox) = connected(&mut world, &login);
    world.faults.server = ServerFault::Drop;
    world.peer_said(number, FromPage::Send { message: outgoing("3EB0BB", "7@lid")? });
    assert!(world.record().received.is_empty());
    world.faults.server = ServerFault::NeverAck;
    world.peer_said(number, FromPage::Send { message: outgoing("3EB0BB", "7@lid")? });
    assert_eq!(world.record().received.len(), 1);
    assert_eq!(kinds(&told(&outbox)), ["welcome"], "neither was acknowledged");
    Ok(())
}

#[test]
fn one_page_per_device_is_live() -> Outcome {
    let mut world = world()?;
    let login = linked(&mut world)?;
    let (first, outbox) = connected(&mut world, &login);
    let (_, second) = connected(&mut world, &login);
    assert_eq!(kinds(&told(&outbox)), ["welcome", "conflict"]);
    world.peer_closed(first);
    assert!(world.record().devices[0].online, "the end of the first does not end the second");
    assert_eq!(world.conflict(ME), 1);
    assert_eq!(kinds(&told(&second)), ["welcome", "conflict"]);
    assert!(!world.record().devices[0].online);
    Ok(())
}

#[test]
fn an_unlinked_device_is_told_at_once_or_when_it_comes() -> Outcome {
    let mut world = world()?;
    let (here, away) = (linked(&mut world)?, linked(&mut world)?);
    let (_, outbox) = connected(&mut world, &here);
    assert_eq!(world.unlink(ME, None), 2);
    assert_eq!(kinds(&told(&outbox)), ["welcome", "logged-out"]);
    let (_, outbox) = connected(&mut world, &away);
    assert_eq!(kinds(&told(&outbox)), ["failure"]);
    Ok(())
}

#[test]
fn a_stolen_id_without_the_secret_is_refused() -> Outcome {
    let mut world = world()?;
    let login = linked(&mut world)?;
    let (_, outbox) = connected(&mut world, &Login { id: login.id, secret: "guess".to_owned() });
    assert_eq!(kinds(&told(&outbox)), ["failure"]);
    Ok(())
}

#[test]
fn lids_depend_on_the_seed_and_hide_the_number() -> Outcome {
    let mut world = world()?;
    let lid = world.directory.add(FRIEND, None)?.lid;
    assert_eq!(lid, self::world()?.directory.add(FRIEND, None)?.lid);
    let other = World::new(Options { seed: 2, ..Options::fast() })?.directory.add(FRIEND, None)?.lid;
    assert_ne!(lid, other);
    assert!(!lid.contains(FRIEND));
    assert!(world.directory.exists("100000000@c.us").is_none(), "who is not in the directory does not exist");
    world.incoming(ME, Incoming::text(FRIEND, "?").phone_unknown())?;
    let found = world.directory.exists(&lid).ok_or("not found")?;
    assert_eq!(found.phone, None, "a hidden number is not told");
    Ok(())
}

#[test]
fn a_new_device_gets_the_past_as_history() -> Outcome {
    let mut world = world()?;
    world.incoming(ME, Incoming::text(FRIEND, "before the link"))?;
    let login = linked(&mut world)?;
    let (_, outbox) = connected(&mut world, &login);
    let frames = told(&outbox);
    assert_eq!(frames[1]["event"]["e"], "history");
    assert_eq!(frames[1]["event"]["messages"][0]["body"], "before the link");
    Ok(())
}

#[test]
fn a_cut_closes_every_connection() -> Outcome {
    let mut world = world()?;
    let login = linked(&mut world)?;
    let (_, outbox) = connected(&mut world, &login);
    told(&outbox);
    world.set_network(Network::ServerOnly);
    assert_eq!(outbox.next().now_or_never(), Some(None), "closed and empty");
    Ok(())
}

#[test]
fn changes_reach_the_device_and_the_phone() -> Outcome {
    let mut world = world()?;
    let login = linked(&mut world)?;
    let (_, outbox) = connected(&mut world, &login);
    let key = world.incoming(ME, Incoming::text(FRIEND, "first"))?;
    world.edit(&key, "second")?;
    assert_eq!(world.chats(ME)[0].messages[0].body, "second");
    world.revoke(&key)?;
    world.set_ack(&key, 3)?;
    assert!(matches!(world.revoke("ABCDEF"), Err(Error::NotFound { .. })));
    let frames = told(&outbox);
    let happened: Vec<_> = frames.iter().filter_map(|frame| frame["event"]["e"].as_str()).collect();
    assert_eq!(happened, ["message", "edit", "revoke", "ack"]);
    Ok(())
}
