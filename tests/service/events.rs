//! `/events`: followed, resumed, and bounded.

use std::collections::VecDeque;

use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{Incoming, NewChats, Options, Timelock};

use crate::receiver::{Received, Receiver};
use crate::world::{DEADLINE, FRIEND, World};

/// A client of the stream.
pub struct Follower {
    response: reqwest::Response,
    text: String,
    events: VecDeque<Sent>,
}

#[derive(Debug)]
pub struct Sent {
    pub name: String,
    pub id: String,
    pub data: Value,
}

impl Follower {
    pub async fn follow(world: &World, last: Option<&str>) -> Self {
        Self::follow_at(world, "/events", last).await
    }

    /// Follows the events that the query of the path chooses.
    pub async fn follow_at(world: &World, path: &str, last: Option<&str>) -> Self {
        let mut request = world.request("GET", path);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new(), events: VecDeque::new() }
    }

    pub async fn next(&mut self) -> Sent {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let chunk = tokio::time::timeout(DEADLINE, self.response.chunk()).await.expect("no event came");
            self.text.push_str(std::str::from_utf8(&chunk.unwrap().expect("the stream ended")).unwrap());
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let prefix = format!("{name}: ");
                    event.lines().find_map(|line| line.strip_prefix(prefix.as_str())).unwrap_or_default().to_owned()
                };
                if !field("event").is_empty() {
                    let data = serde_json::from_str(&field("data")).unwrap();
                    self.events.push_back(Sent { name: field("event"), id: field("id"), data });
                }
                self.text = rest.to_owned();
            }
        }
    }

    pub async fn until(&mut self, name: &str) -> Sent {
        loop {
            let event = self.next().await;
            if event.name == name {
                return event;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_comes_back_misses_nothing() {
    let mut world = World::ready().await;
    let mut first = Follower::follow(&world, None).await;
    let one = world.simulator.incoming(Incoming::text(FRIEND, "uno")).unwrap();
    let heard = first.until("message").await;
    assert_eq!((&heard.data["data"]["id"], &heard.data["id"]), (&one.as_str().into(), &heard.id.as_str().into()));
    assert_eq!((&heard.data["type"], &heard.data["data"]["body"]), (&"message".into(), &"uno".into()));
    drop(first);
    let missed: Vec<_> =
        (0..200).map(|n| world.simulator.incoming(Incoming::text(FRIEND, format!("{n}"))).unwrap()).collect();
    let mut second = Follower::follow(&world, Some(&heard.id)).await;
    for id in &missed {
        assert_eq!(second.next().await.data["data"]["id"], id.as_str());
    }
    let sent = world.send(FRIEND, "hola").await.1;
    let acked = second.until("message_ack").await;
    assert_eq!((&acked.data["type"], &acked.data["data"]["id"]), (&"message.ack".into(), &sent["message_id"]));
    assert_eq!(world.post("/disconnect", serde_json::json!({})).await.0, 200);
    let last = second.until("state").await;
    assert_eq!(last.data["data"]["state"], "DISCONNECTED");
    // This works over a restart, too.
    world.stop().await;
    world.start().await;
    let mut third = Follower::follow(&world, Some(&last.id)).await;
    assert_eq!(third.until("state").await.data["data"]["state"], "INIT");
    drop(third);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_the_types_that_it_chooses_also_of_what_it_missed() {
    let mut world = World::ready().await;
    let mut all = Follower::follow(&world, None).await;
    let mut acks = Follower::follow_at(&world, "/events?events=message.ack,session.state", None).await;
    let first = world.simulator.incoming(Incoming::text(FRIEND, "uno")).unwrap();
    let place = all.until("message").await.id;
    let sent = world.send(FRIEND, "hola").await.1;
    // The last steps to READY may still be told.
    let mut acked = acks.next().await;
    while acked.name == "state" {
        acked = acks.next().await;
    }
    assert_eq!((acked.name.as_str(), &acked.data["data"]["id"]), ("message_ack", &sent["message_id"]));
    // More than a hundred messages that this client does not want come before the next event for it.
    for n in 0..120 {
        world.simulator.incoming(Incoming::text(FRIEND, format!("{n}"))).unwrap();
    }
    assert_eq!(world.post("/disconnect", serde_json::json!({})).await.0, 200);
    let last = acks.until("state").await;
    let mut missed = Follower::follow_at(&world, "/events?events=message_ack,state", Some(&place)).await;
    let mut names = Vec::new();
    loop {
        let event = missed.next().await;
        names.push(event.name.clone());
        if event.id == last.id {
            break;
        }
    }
    assert!(names.contains(&"message_ack".to_owned()) && !names.contains(&"message".to_owned()), "{names:?}");
    let mut reset = Follower::follow_at(&world, "/events?events=message", Some("rubbish")).await;
    assert_eq!(reset.next().await.name, "reset", "it comes whatever was chosen");
    assert_eq!(reset.next().await.data["data"]["id"], first.as_str());
    let (status, refused) = world.get("/events?events=message,presense").await;
    assert_eq!((status, &refused["code"]), (400, &serde_json::json!("INVALID_PARAMETER")));
    let why = refused["message"].as_str().unwrap();
    assert!(why.contains("presense") && why.contains("group.changed"), "{why}");
    assert_eq!(world.get("/events?event=message").await.0, 400, "a slip of the parameter's name");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_not_known_begins_anew() {
    let mut world = World::ready().await;
    let heard = world.simulator.incoming(Incoming::text(FRIEND, "uno")).unwrap();
    let mut follower = Follower::follow(&world, None).await;
    world.simulator.incoming(Incoming::text(FRIEND, "dos")).unwrap();
    let known = follower.until("message").await.id;
    let (log, _) = known.rsplit_once('_').unwrap();
    for strange in ["rubbish", "evt_00000000_1", &format!("{log}_999999")] {
        let mut follower = Follower::follow(&world, Some(strange)).await;
        assert_eq!(follower.next().await.name, "reset", "{strange}");
        assert_eq!(follower.until("message").await.data["data"]["id"], heard.as_str(), "from the beginning");
    }
    drop(follower);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_sixty_four_follow_and_a_stop_sends_them_home() {
    let mut world = World::started().await;
    let mut followers = Vec::new();
    for _ in 0..64 {
        followers.push(Follower::follow(&world, None).await);
    }
    let refused = world.request("GET", "/events").send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (503, true));
    followers.pop();
    // The client's place is free as soon as the service has noticed its end.
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while world.request("GET", "/events").send().await.unwrap().status().as_u16() != 200 {
        assert!(tokio::time::Instant::now() < deadline, "the place of a client that left is not given again");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let stopping = std::time::Instant::now();
    world.stop().await;
    assert!(stopping.elapsed() < std::time::Duration::from_secs(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatsapps_limits_are_told_as_status_shows_them_when_they_change() {
    let receiver = Receiver::start().await;
    let mut world = World::new(Options::fast()).await;
    world.set("WEBHOOK_URLS", &receiver.url()).set("WEBHOOK_EVENTS", "limits.changed");
    world.start().await;
    world.link().await;
    let mut follower = Follower::follow_at(&world, "/events?events=limits.changed", None).await;
    world.simulator.faults(|faults| {
        faults.timelock = Some(Timelock { kind: "DEFAULT".to_owned(), until_s: 2_000_000_000 });
    });
    let locked = follower.next().await;
    let expected = json!({
        "new_chats": null, "timelock": { "kind": "DEFAULT", "until": "2033-05-18T03:33:20.000Z" }, "ban": null,
    });
    assert_eq!((locked.name.as_str(), &locked.data["type"]), ("limits.changed", &json!("limits.changed")));
    assert_eq!((&locked.data["data"], &world.get("/status").await.1["limits"]), (&expected, &expected));
    world.simulator.faults(|faults| {
        faults.timelock = None;
        faults.new_chats = Some(NewChats { status: "CAPPED".to_owned(), used: 10, quota: 10, until_s: 2_000_000_000 });
    });
    let mut capped = follower.next().await.data;
    while !capped["data"]["timelock"].is_null() {
        capped = follower.next().await.data;
    }
    assert_eq!(capped["data"]["new_chats"]["status"], "CAPPED", "{capped}");
    world.simulator.faults(|faults| faults.new_chats = None);
    let free = json!({ "new_chats": null, "timelock": null, "ban": null });
    assert_eq!(follower.next().await.data["data"], free);
    let is_free = |taken: &[Received]| taken.iter().any(|one| one.body["data"] == free);
    let taken = receiver.until("the end of the limits", is_free).await;
    assert!(taken.iter().all(|one| one.body["type"] == "limits.changed") && taken[0].body == locked.data, "{taken:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_that_end_while_the_service_is_down_are_told_and_those_that_stay_are_not_told_again() {
    let mut world = World::new(Options::fast()).await;
    world.start().await;
    world.link().await;
    let mut follower = Follower::follow_at(&world, "/events?events=limits.changed", None).await;
    world.simulator.faults(|faults| {
        faults.timelock = Some(Timelock { kind: "DEFAULT".to_owned(), until_s: 2_000_000_000 });
    });
    let locked = follower.next().await;
    assert_eq!(locked.data["data"]["timelock"]["kind"], "DEFAULT", "{}", locked.data);
    drop(follower);
    for is_over in [false, true] {
        world.stop().await;
        if is_over {
            world.simulator.faults(|faults| faults.timelock = None);
        }
        world.start().await;
        world.until(State::Ready).await;
    }
    let mut follower = Follower::follow_at(&world, "/events?events=limits.changed", Some(&locked.id)).await;
    let free = json!({ "new_chats": null, "timelock": null, "ban": null });
    assert_eq!(follower.next().await.data["data"], free, "only the end is told");
    world.stop().await;
}
