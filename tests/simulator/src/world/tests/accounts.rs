//! Several accounts on one simulator: messages arrive at the other account, and acks come back.

use super::{Outcome, connected, linked_as, outgoing, told, world};
use crate::error::Error;
use crate::faults::ServerFault;
use crate::message::{Incoming, Message};
use crate::options::Options;
use crate::protocol::{FromPage, Login};
use crate::world::World;

const A: &str = "5491150000001";
const B: &str = "5491150000002";

/// Two accounts, each with a linked device that is offline.
fn two() -> Result<(World, Login, Login), Box<dyn std::error::Error>> {
    let mut world = world()?;
    world.add_account(B, Some("Bea"))?;
    let (a, b) = (linked_as(&mut world, A)?, linked_as(&mut world, B)?);
    Ok((world, a, b))
}

fn only(world: &World, phone: &str) -> Result<Message, &'static str> {
    match &world.chats(phone)[..] {
        [chat] if chat.messages.len() == 1 => Ok(chat.messages[0].clone()),
        _ => Err("not exactly one message"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_account_sends_arrives_at_the_other_and_is_delivered_when_its_page_has_it() -> Outcome {
    let (mut world, a, b) = two()?;
    let (page_a, outbox_a) = connected(&mut world, &a);
    let (lid_a, lid_b) = (world.add_account(A, None)?.lid, world.add_account(B, None)?.lid);
    world.peer_said(page_a, FromPage::Send { message: outgoing("3EB0AA", &lid_b)? });
    let here = only(&world, A)?;
    let there = only(&world, B)?;
    assert_eq!((here.from_me, here.remote.as_str(), here.ack), (true, lid_b.as_str(), 1));
    assert_eq!((there.from_me, there.remote.as_str(), there.id.as_str()), (false, lid_a.as_str(), "3EB0AA"));
    assert_eq!(there.known[0].phone, format!("{A}@c.us"), "the receiver may know who it is from");
    assert!(world.take_later().is_empty(), "no phone delivers where a page will");

    let (page_b, outbox_b) = connected(&mut world, &b);
    let frames = told(&outbox_b);
    assert_eq!(frames[1]["event"]["message"]["body"], "hi");
    world.peer_said(page_b, FromPage::Got { seq: 1 });
    assert_eq!(only(&world, A)?.ack, 2);
    // Read by a person, and not delivered again afterwards.
    world.peer_said(page_b, FromPage::Seen { chat: lid_a });
    world.peer_said(page_b, FromPage::Got { seq: 1 });
    let acks: Vec<_> = told(&outbox_a).iter().filter_map(|frame| frame["event"]["ack"].as_i64()).collect();
    assert_eq!(acks, [1, 2, 3]);
    assert_eq!(world.record().received.len(), 1);
    assert_eq!(world.record().received[0].account, A);
    Ok(())
}

#[test]
fn a_silent_server_brings_the_message_and_says_nothing() -> Outcome {
    let (mut world, a, b) = two()?;
    let (page_a, _) = connected(&mut world, &a);
    let lid_b = world.add_account(B, None)?.lid;
    world.faults.server = ServerFault::NeverAck;
    world.peer_said(page_a, FromPage::Send { message: outgoing("3EB0AA", &lid_b)? });
    let (page_b, _) = connected(&mut world, &b);
    world.peer_said(page_b, FromPage::Got { seq: 1 });
    assert_eq!(only(&world, B)?.id, "3EB0AA");
    assert_eq!(world.record().received[0].ack, 0);
    Ok(())
}

#[test]
fn a_message_is_changed_wherever_it_is_and_acknowledged_for_its_writer() -> Outcome {
    let (mut world, ..) = two()?;
    let key = world.write_from_phone(B, A, "first")?;
    assert_eq!(world.newest(B), Some(key.clone()));
    world.edit(&key, "second")?;
    assert_eq!((only(&world, A)?.body, only(&world, B)?.body), ("second".to_owned(), "second".to_owned()));
    world.set_ack(&key, 3)?;
    assert_eq!((only(&world, A)?.ack, only(&world, B)?.ack), (1, 3));
    world.revoke(&key)?;
    assert_eq!((only(&world, A)?.kind, only(&world, B)?.kind), ("revoked".to_owned(), "revoked".to_owned()));
    Ok(())
}

#[test]
fn an_account_is_touched_by_its_own_phone_only() -> Outcome {
    let (mut world, _, b) = two()?;
    let (_, outbox) = connected(&mut world, &b);
    world.incoming(A, Incoming::text("5491122334455", "for A"))?;
    assert!(world.chats(B).is_empty());
    assert_eq!(world.unlink(A, None), 1);
    assert_eq!(world.conflict(A), 0);
    assert_eq!(told(&outbox).len(), 1, "the welcome, and nothing after it");
    assert_eq!(world.record().devices.len(), 1);
    assert!(matches!(world.phone_of(Some("5491199999999")), Err(Error::NotFound { .. })));
    let numbers: Vec<_> = world.accounts().into_iter().map(|account| account.phone).collect();
    assert_eq!(numbers, [A, B]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_same_calls_have_the_same_results_whatever_pages_do_meanwhile() -> Outcome {
    let mut keys = Vec::new();
    for rotations in [0, 3] {
        let mut world = world()?;
        let (page, _outbox) = world.peer_opened();
        for _ in 0..rotations {
            world.peer_said(page, FromPage::Ref { first: false });
        }
        let login = linked_as(&mut world, A)?;
        let (_, other) = (world.add_account(B, None)?, world.write_from_phone(B, A, "x")?);
        keys.push((login.id, world.incoming(A, Incoming::text("5491122334455", "one"))?, other));
    }
    assert_eq!(keys[0], keys[1]);
    let mut other = World::new(Options { seed: 2, ..Options::fast() })?;
    assert_ne!(other.incoming(A, Incoming::text("5491122334455", "one"))?, keys[0].1);
    Ok(())
}
