//! The same seed, the same operations: the same ids, in the page too.

use crate::chromium::{Browser, Outcome};
use simulator::{Incoming, Options, Simulator};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(15);
const FRIEND: &str = "5491122334455";

/// The code, the device, and the keys of a message in each direction.
async fn story(seed: u64) -> Outcome<[String; 4]> {
    let simulator = Simulator::start(Options { seed, code_scale: Some(1.0), ..Options::fast() }).await?;
    let profile = tempfile::tempdir()?;
    let mut browser = Browser::launch(profile.path(), &[]).await?;
    browser.open(&simulator.url()).await?;
    let code = simulator.code(DEADLINE).await?;
    let device = simulator.scan(&code)?;
    browser.wait_for("require('WAWebSocketModel').Socket.hasSynced").await?;
    let received = simulator.incoming(Incoming::text(FRIEND, "hola"))?;
    browser.wait_for(&format!("require('WAWebCollections').Msg.get('{received}')")).await?;
    let send =
        "require('WAWebSendTextMsgChatAction').sendTextMsgToChat(require('WAWebCollections').Chat.models[0], 'x')";
    browser.evaluate(send).await?;
    let sent = simulator.record().received[0].key.clone();
    browser.close().await?;
    Ok([code, device, received, sent])
}

#[tokio::test]
async fn a_seed_tells_the_same_story_again() -> Outcome {
    let first = story(7).await?;
    assert_eq!(first, story(7).await?);
    let other = story(8).await?;
    assert!(first[0] != other[0] && first[2] != other[2] && first[3] != other[3], "{first:?} {other:?}");
    Ok(())
}
