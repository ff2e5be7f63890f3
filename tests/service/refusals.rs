//! States in which the session cannot go on: it gives the reason, and does not retry by itself.

use std::time::Duration;

use session_manager::domain::state::{Reason, State};
use simulator::{Options, SocketState};

use crate::world::{DEADLINE, World, browsers, eventually};

async fn ends_in_error(world: &World, reason: Reason) -> String {
    let session = world.until(State::Error).await;
    assert_eq!(session.reason, Some(reason), "{}", session.detail);
    eventually("the browser to be gone", || browsers(&world.profile()).is_empty()).await;
    session.detail.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_agent_that_whatsapp_refuses() {
    let mut world = World::new(Options::fast()).await;
    world.set("USER_AGENT", "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/156.0.0.0 Safari/537.36").start().await;
    ends_in_error(&world, Reason::BrowserRefused).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_does_not_give_itself_away() {
    let mut world = World::started().await;
    let told = |record: &simulator::Record| record.pages.first().is_some_and(|page| page.webdriver.is_some());
    let record = world.simulator.wait_until("what the page tells of its browser", DEADLINE, told).await.unwrap();
    let page = record.pages.first().unwrap();
    assert!(!page.user_agent.contains("Headless") && page.user_agent.contains("Chrome/"), "{}", page.user_agent);
    assert_eq!(page.webdriver, Some(false));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_a_module_the_session_needs_names_it() {
    let mut world = World::new(Options::fast()).await;
    world.simulator.faults(|faults| faults.missing_modules.push("WAWebSocketModel".to_owned()));
    world.start().await;
    let detail = ends_in_error(&world, Reason::SurfaceChanged).await;
    assert!(detail.contains("WAWebSocketModel"), "{detail}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_a_module_that_sending_needs_is_ready_and_does_not_send() {
    let mut world = World::new(Options::fast()).await;
    world.simulator.faults(|faults| faults.missing_modules.push("WAWebSendMsgChatAction".to_owned()));
    world.start().await;
    world.link().await;
    world.until_session("the table of capabilities", |session| session.send_broken.is_some()).await;
    let (_, status) = world.get("/status").await;
    assert_eq!((&status["can_send_messages"], &status["state"]), (&false.into(), &"READY".into()));
    assert!(status["send"]["reason"].as_str().unwrap().contains("WAWebSendMsgChatAction"), "{status}");
    let (code, refused) = world.send(crate::world::FRIEND, "hola").await;
    assert_eq!((code, refused["code"].as_str()), (503, Some("SEND_UNAVAILABLE")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_forms_of_the_page_work_too() {
    let mut world = World::new(Options::fast()).await;
    world.simulator.page_build(|build| {
        build.unknown_module_null = true;
        build.msg_key_default = true;
        build.serialized_ids = false;
        build.bare_chat = true;
        build.bare_load = true;
        build.old_adv_secret = true;
        build.old_code_element = true;
        build.reload_after_link = true;
    });
    world.simulator.add_person(crate::world::FRIEND).unwrap();
    world.start().await;
    world.link().await;
    let (code, sent) = world.send(crate::world::FRIEND, "hola").await;
    assert_eq!(code, 200, "{sent}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_cannot_be_composed_is_read_off_the_page() {
    let mut world = World::new(Options::fast()).await;
    world.simulator.faults(|faults| faults.missing_modules.push("WABase64".to_owned()));
    world.start().await;
    world.link().await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_blocked() {
    let mut world = World::ready().await;
    world.simulator.socket_state(SocketState::TosBlock);
    ends_in_error(&world, Reason::AccountBlocked).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_browser_to_be_found() {
    let mut world = World::new(Options::fast()).await;
    let nowhere = world.folder().join("nowhere/chrome").display().to_string();
    world.set("CHROME_PATH", &nowhere).start().await;
    let detail = ends_in_error(&world, Reason::BrowserNotFound).await;
    assert!(detail.contains(&nowhere), "{detail}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_does_not_start_says_what_it_said() {
    let mut world = World::new(Options::fast()).await;
    let path = world.folder().join("chrome");
    let script = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'Chromium 1.2.3.4' && exit\necho 'no luck today' >&2\n\
                  echo 'error while loading shared libraries: libnss3.so' >&2; exit 3\n";
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = path.display().to_string();
    world.set("CHROME_PATH", &path).set("MAX_RECONNECTION_ATTEMPTS", "1").start().await;
    let detail = ends_in_error(&world, Reason::BrowserLaunchFailed).await;
    assert!(detail.contains("libnss3.so") && detail.contains("exit code 3"), "{detail}");
    assert!(!detail.contains("no luck today"), "it names no cause: {detail}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_somebody_else_uses() {
    let mut world = World::new(Options::fast()).await;
    std::fs::create_dir_all(world.profile()).unwrap();
    let chrome = session_manager::transport::web::browser::Chrome::find(None, std::env::var_os("PATH").as_deref())
        .await
        .unwrap();
    let mut stranger = tokio::process::Command::new(chrome.path)
        .args(["--headless=new", "--no-sandbox", "--disable-background-networking", "about:blank"])
        .arg(format!("--user-data-dir={}", world.profile().canonicalize().unwrap().display()))
        .stderr(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    eventually("the stranger's lock", || world.profile().join("SingletonLock").symlink_metadata().is_ok()).await;
    world.start().await;
    let session = world.until(State::Error).await;
    assert_eq!(session.reason, Some(Reason::ProfileInUse));
    assert!(stranger.try_wait().unwrap().is_none(), "it is left alone");
    world.stop().await;
    let pid = nix::unistd::Pid::from_raw(stranger.id().unwrap().cast_signed());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    tokio::time::timeout(Duration::from_secs(10), stranger.wait()).await.unwrap().unwrap();
    // Removes, with its locks, the folder that the killed browser leaves in the temporary folder.
    session_manager::transport::web::browser::Profile::open(&world.folder().join("tokens")).unwrap().clear().unwrap();
}
