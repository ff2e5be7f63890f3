//! Every loss is recovered from, by the mildest means that helps.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use session_manager::domain::state::{Reason, State};
use simulator::Network;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::{DEADLINE, World, browsers, family};

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_comes_back_needs_no_relaunch() {
    let mut world = World::ready().await;
    let (browser, loads) = (world.browser_pid(), world.simulator.record().pages.len());
    world.simulator.network(Network::Full);
    let session = world.until(State::Reconnecting).await;
    assert_eq!(session.reason, Some(Reason::NetworkLost));
    // Longer than all steps of recovery would have taken with the network up.
    let patience = Duration::from_secs(300).mul_f64(world.scale) + Duration::from_secs(2);
    let moved = tokio::time::timeout(patience, async {
        world.service.as_ref().unwrap().session().watch().wait_for(|s| s.state != State::Reconnecting).await.map(|_| ())
    });
    assert!(moved.await.is_err(), "the page is left alone while the network is down");
    world.simulator.network(Network::Up);
    world.until(State::Ready).await;
    assert_eq!((world.browser_pid(), world.simulator.record().pages.len()), (browser, loads));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_while_the_network_is_up_leads_to_a_reload_and_a_relaunch() {
    let mut world = World::ready().await;
    let browser = world.browser_pid();
    world.simulator.network(Network::ServerOnly);
    world.until(State::Reconnecting).await;
    world.simulator.wait_until("a reload", DEADLINE, |record| record.pages.len() > 1).await.unwrap();
    world.until_session("a relaunch", |session| session.attempts > 0).await;
    world.simulator.network(Network::Up);
    world.until(State::Ready).await;
    assert_ne!(world.browser_pid(), browser);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_renderer_is_replaced_within_its_browser() {
    let mut world = World::ready().await;
    let browser = world.browser_pid();
    let renderers = family(browser, "--type=renderer");
    assert!(!renderers.is_empty(), "no renderer runs");
    for renderer in renderers {
        kill(Pid::from_raw(renderer), Signal::SIGKILL).unwrap();
    }
    let session = world.until(State::Reconnecting).await;
    assert_eq!(session.reason, Some(Reason::PageCrashed));
    world.until(State::Ready).await;
    assert_eq!(world.browser_pid(), browser);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_browser_is_started_again_with_its_login() {
    let mut world = World::ready().await;
    let browser = world.browser_pid();
    kill(Pid::from_raw(browser), Signal::SIGKILL).unwrap();
    let session = world.until(State::Reconnecting).await;
    assert_eq!((session.reason, session.attempts), (Some(Reason::BrowserCrashed), 1));
    // Chromium without D-Bus complains of that all the time.
    let detail = session.detail.to_lowercase();
    assert!(detail.contains("signal 9") && detail.contains("memory") && !detail.contains("bus"), "{detail}");
    world.until(State::Ready).await;
    assert_eq!(world.simulator.record().links.len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_renderer_is_noticed_and_replaced() {
    let mut world = World::ready().await;
    let browser = world.browser_pid();
    world.simulator.busy(Duration::from_secs(120));
    let session = world.until(State::Reconnecting).await;
    assert_eq!(session.reason, Some(Reason::PageUnresponsive));
    world.until(State::Ready).await;
    assert_ne!(world.browser_pid(), browser);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_loaded_says_why_and_is_tried_again() {
    let mut world = World::new(simulator::Options::fast()).await;
    world.simulator.network(Network::Full);
    world.start().await;
    let session = world.until_session("a second try", |s| s.attempts >= 2 && s.detail.contains("net::ERR_")).await;
    assert_eq!((session.state, session.reason), (State::Init, Some(Reason::PageLoadFailed)));
    world.simulator.network(Network::Up);
    world.link().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_wants_a_password_is_named_as_the_cause() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut world = World::new(simulator::Options::fast()).await;
    world.set("PROXY_URL", &format!("http://{}", proxy.local_addr().unwrap()));
    // Chrome asks no proxy for an address of this machine.
    world.set("WHATSAPP_WEB_URL", "https://page.example/");
    tokio::spawn(async move {
        while let Ok((mut asked, _)) = proxy.accept().await {
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n\
                           Content-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = asked.read(&mut [0; 4096]).await;
            let _ = asked.write_all(refusal.as_bytes()).await;
        }
    });
    world.start().await;
    let session = world.until_session("the cause", |it| it.reason == Some(Reason::PageLoadFailed)).await;
    let detail = &session.detail;
    assert!(
        detail.contains("(407)") && detail.contains("PROXY_URL") && !detail.contains("check the network"),
        "{detail}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_the_login_that_is_replaced_is_named_and_recovered_from_once_it_is_back() {
    let mut world = World::ready().await;
    let [tokens, away] = ["tokens", "away"].map(|name| world.folder().join(name));
    std::fs::rename(&tokens, &away).unwrap();
    std::fs::write(&tokens, "").unwrap();
    let names_it = |detail: &str| detail.starts_with("TOKENS_DIR cannot") && detail.contains("is not a folder");
    world.until_session("the folder to be named", |it| it.state == State::Ready && names_it(&it.detail)).await;

    kill(Pid::from_raw(browsers(&world.profile())[0]), Signal::SIGKILL).unwrap();
    let session = world.until(State::Error).await;
    assert_eq!(session.reason, Some(Reason::BrowserLaunchFailed));
    assert!(names_it(&session.detail), "{session:?}");
    let (_, status) = world.get("/status").await;
    assert_eq!(
        (&status["detail"], &status["recommended_action"]),
        (&session.detail.clone().into(), &"CHECK_SERVER".into())
    );

    std::fs::remove_file(&tokens).unwrap();
    std::fs::rename(&away, &tokens).unwrap();
    world.until_session("READY without a word", |it| it.state == State::Ready && it.detail.is_empty()).await;
    assert_eq!(world.simulator.record().links.len(), 1, "the login is still there");
    world.stop().await;
}
