//! The calls that fetch files, asked of the page directly.

use std::time::Duration;

use session_manager::domain::message::MessageId;
use session_manager::domain::state::State;
use session_manager::transport::web::whatsapp::{Fetched, Page, PageError, Reupload as Reuploaded};
use simulator::{HostAnswer, Kind, Media, Options, Reupload, Sent, Wrong};

use crate::messages::log;
use crate::world::{DEADLINE, FRIEND, World};

/// Longer than any pause of a host that answers.
const STALL: Duration = Duration::from_secs(20);
/// The host pauses for 0.3 s between the parts of a file that it sends slowly.
const SHORT_STALL: Duration = Duration::from_millis(100);

const MAX: u64 = 64 << 20;

const KINDS: [Kind; 8] =
    [Kind::Image, Kind::Video, Kind::Gif, Kind::Ptv, Kind::Audio, Kind::Ptt, Kind::Document, Kind::Sticker];

/// A service that fetches no file by itself.
async fn unasked() -> World {
    let mut world = World::new(Options::fast()).await;
    world.set("MEDIA_FETCH", "off");
    world
}

async fn ready() -> World {
    let mut world = unasked().await;
    world.start().await;
    world.link().await;
    world
}

fn page(world: &World) -> Page {
    world.service.as_ref().unwrap().session().page(State::Ready).unwrap()
}

/// Sends files, and waits until the service has their messages.
async fn send(world: &World, files: &[Media]) -> Vec<Sent> {
    let before = log(world, 0).await.len();
    let sent: Vec<_> = files.iter().map(|file| world.simulator.media(file).unwrap()).collect();
    log(world, before + files.len()).await;
    sent
}

async fn fetch(page: &Page, sent: &Sent, token: &str, stall: Duration) -> Result<Fetched, PageError> {
    page.media_fetch(&id(sent), token, stall, MAX, None, DEADLINE).await
}

fn id(sent: &Sent) -> MessageId {
    MessageId::new(sent.message.clone())
}

/// All bytes of a file that the page keeps.
async fn read(page: &Page, token: &str) -> Result<Vec<u8>, PageError> {
    let mut reader = page.media_open(token, DEADLINE).await?;
    let mut bytes = Vec::new();
    while let Some(slice) = reader.next(DEADLINE).await? {
        bytes.extend(slice);
    }
    Ok(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_kind_come_out_of_the_page_as_they_were_sent() {
    let mut world = ready().await;
    let page = page(&world);
    let bytes = |index: usize| [&[0, 0xff, 0xc3, u8::try_from(index).unwrap()], &b"no text"[..]].concat();
    let mut files: Vec<_> =
        KINDS.iter().enumerate().map(|(index, kind)| Media::new(FRIEND, *kind, &bytes(index))).collect();
    files[6].mimetype = Some("text/plain".to_owned());
    for (index, sent) in send(&world, &files).await.iter().enumerate() {
        let fetched = fetch(&page, sent, "token", STALL).await.unwrap();
        assert_eq!(fetched.size, bytes(index).len() as u64);
        assert_eq!(read(&page, "token").await.unwrap(), bytes(index));
        page.media_drop("token").await.unwrap();
        assert!(matches!(read(&page, "token").await, Err(PageError::MediaLater(_))));
    }
    let large: Vec<_> = (0..3 << 20).map(|at: u32| u8::try_from(at % 251).unwrap()).collect();
    let sent = send(&world, &[Media::new(FRIEND, Kind::Document, &large)]).await;
    fetch(&page, &sent[0], "large", STALL).await.unwrap();
    let mut reader = page.media_open("large", DEADLINE).await.unwrap();
    page.media_drop("large").await.unwrap();
    let mut read = Vec::new();
    while let Some(slice) = reader.next(DEADLINE).await.unwrap() {
        read.extend(slice);
    }
    assert!(read == large, "a file that is dropped while it is read is whole");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_fetched_says_why() {
    let mut world = ready().await;
    let page = page(&world);
    let image = |text: &str| Media::new(FRIEND, Kind::Image, text.as_bytes());
    let files = [
        image("gone"),
        image("limited"),
        image("hanging"),
        image("slow"),
        Media { wrong: Some(Wrong::Key), ..image("of another key") },
        Media { view_once: true, ..image("to be looked at once") },
    ];
    let [gone, limited, hanging, slow, wrong, once] = send(&world, &files).await.try_into().unwrap();
    for (sent, answer) in [
        (&gone, HostAnswer::Gone),
        (&limited, HostAnswer::Status(429)),
        (&hanging, HostAnswer::Hang),
        (&slow, HostAnswer::Slow),
    ] {
        world.simulator.host_answers(&sent.message, answer).unwrap();
    }
    assert!(matches!(fetch(&page, &gone, "a", STALL).await, Err(PageError::MediaGone(_))));
    assert!(matches!(fetch(&page, &limited, "b", STALL).await, Err(PageError::MediaLater(_))));
    assert!(matches!(fetch(&page, &wrong, "c", STALL).await, Err(PageError::MediaBroken(_))));
    assert!(matches!(fetch(&page, &once, "d", STALL).await, Err(PageError::MediaNotHere(_))));
    let nowhere = MessageId::new("false_100000000000099@lid_3EB0".to_owned());
    let absent = page.media_fetch(&nowhere, "e", STALL, MAX, None, DEADLINE).await;
    assert!(matches!(absent, Err(PageError::MessageAbsent)));

    let stalled = fetch(&page, &hanging, "f", SHORT_STALL).await;
    assert!(matches!(stalled, Err(PageError::MediaLater(why)) if why == "AbortError"));
    assert!(matches!(fetch(&page, &slow, "g", SHORT_STALL).await, Err(PageError::MediaLater(_))));
    fetch(&page, &slow, "h", STALL).await.unwrap();

    let large = [7, 8].map(|byte| Media::new(FRIEND, Kind::Document, &[byte; 100_000]));
    let [large, fits] = send(&world, &large).await.try_into().unwrap();
    let refused = page.media_fetch(&id(&large), "j", STALL, 99_900, None, DEADLINE).await;
    assert!(matches!(refused, Err(PageError::MediaTooLarge(_))), "{refused:?}");
    assert_eq!(page.media_fetch(&id(&fits), "k", STALL, 100_000, None, DEADLINE).await.unwrap().size, 100_000);

    let other = page.clone();
    let (message, token) = (id(&hanging), "i");
    let waiting = tokio::spawn(async move { other.media_fetch(&message, token, STALL, MAX, None, DEADLINE).await });
    while !waiting.is_finished() {
        page.media_cancel(token).await.unwrap();
    }
    assert!(matches!(waiting.await.unwrap(), Err(PageError::MediaLater(_))));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_uploads_a_file_again_says_where() {
    let mut world = ready().await;
    let page = page(&world);
    let sent = send(&world, &[Media::new(FRIEND, Kind::Video, b"a film")]).await.remove(0);
    world.simulator.host_answers(&sent.message, HostAnswer::Gone).unwrap();
    for (answer, end) in [(Reupload::NotFound, Reuploaded::NotOnPhone), (Reupload::GeneralError, Reuploaded::Failed)] {
        world.simulator.faults(|faults| faults.reupload = answer);
        assert_eq!(page.media_reupload(&id(&sent), STALL).await.unwrap(), end);
    }
    world.simulator.faults(|faults| faults.reupload = Reupload::Success);
    let again = page.media_reupload(&id(&sent), STALL).await.unwrap();
    let Reuploaded::Uploaded { direct_path } = again else { panic!("{again:?}") };
    page.media_fetch(&id(&sent), "token", STALL, MAX, Some(&direct_path), DEADLINE).await.unwrap();
    assert_eq!(read(&page, "token").await.unwrap(), b"a film");

    world.simulator.faults(|faults| faults.reupload = Reupload::Silent);
    assert_eq!(page.media_reupload(&id(&sent), SHORT_STALL).await.unwrap(), Reuploaded::NoAnswer);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_the_modules_of_files_does_all_else() {
    let mut world = unasked().await;
    let modules = ["WAWebDownloadManager", "WAWebMediaStore", "WAWebRequestMediaReuploadManager"];
    world.simulator.faults(|faults| faults.missing_modules.extend(modules.map(str::to_owned)));
    world.start().await;
    world.link().await;
    let page = page(&world);
    let sent = send(&world, &[Media::new(FRIEND, Kind::Image, b"a picture")]).await.remove(0);
    let fetched = fetch(&page, &sent, "token", STALL).await;
    assert!(matches!(fetched, Err(PageError::Missing(module)) if module == modules[0]));
    let again = page.media_reupload(&id(&sent), STALL).await;
    assert!(matches!(again, Err(PageError::Missing(module)) if module == modules[2]));
    page.media_drop("token").await.unwrap();
    let (code, answer) = world.send(FRIEND, "hola").await;
    assert_eq!(code, 200, "{answer}");
    world.stop().await;
}
