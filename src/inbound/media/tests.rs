#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::source::{Failure, Fetched, Reader, Source};
use super::task::{Kept, Task};
use super::*;
use crate::domain::log::LoggedMessage;
use crate::domain::log::tests::page_message;
use crate::domain::media::tests::media;
use crate::domain::media::{BlobId, FetchMode, MediaKind};
use crate::domain::message::PageMessage;
use crate::domain::state::State;
use crate::domain::time::{SystemClock, Timestamp};
use crate::host::activity::Activity;
use crate::inbound::tests::page::snapshot;
use crate::transport::web::session::Snapshot;

/// The page: each message's answers, one a call; the last one is given again and again.
#[derive(Clone, Default)]
struct FakePage(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    answers: HashMap<String, Vec<Answer>>,
    kept: HashMap<String, Vec<u8>>,
    calls: Vec<String>,
}

#[derive(Clone)]
enum Answer {
    Bytes(Vec<u8>),
    /// These bytes, although others are announced.
    Other(Vec<u8>),
    Fails(Failure),
    Waits,
}

impl FakePage {
    fn has(&self, message: &str, answers: &[Answer]) {
        self.0.lock().unwrap().answers.insert(message.to_owned(), answers.to_vec());
    }

    fn calls(&self) -> Vec<String> {
        self.0.lock().unwrap().calls.clone()
    }

    fn kept(&self) -> usize {
        self.0.lock().unwrap().kept.len()
    }
}

impl Source for FakePage {
    type Reader = Slices;

    async fn fetch(
        &self,
        message: &MessageId,
        token: &str,
        _: Option<u64>,
        _: u64,
        path: Option<&str>,
    ) -> Result<Fetched, Failure> {
        let answer = {
            let mut told = self.0.lock().unwrap();
            told.calls.push(format!("{message}{}", path.unwrap_or_default()));
            let answers = told.answers.get_mut(message.as_str()).unwrap();
            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
        };
        let (bytes, sha256) = match answer {
            Answer::Waits => std::future::pending().await,
            Answer::Fails(failure) => return Err(failure),
            Answer::Bytes(bytes) => (bytes.clone(), id_of(&bytes)),
            Answer::Other(bytes) => (bytes, id_of(b"announced")),
        };
        let size = bytes.len() as u64;
        self.0.lock().unwrap().kept.insert(token.to_owned(), bytes);
        Ok(Fetched { size, sha256 })
    }

    async fn upload_again(&self, message: &MessageId) -> Result<String, Failure> {
        self.0.lock().unwrap().calls.push(format!("{message}?"));
        Ok("/new".to_owned())
    }

    async fn open(&self, token: &str) -> Result<Slices, Failure> {
        Ok(Slices(self.0.lock().unwrap().kept[token].chunks(3).map(<[u8]>::to_vec).collect()))
    }

    async fn forget(&self, token: &str) {
        self.0.lock().unwrap().kept.remove(token);
    }
}

struct Slices(Vec<Vec<u8>>);

impl Reader for Slices {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(if self.0.is_empty() { None } else { Some(self.0.remove(0)) })
    }
}

fn id_of(bytes: &[u8]) -> BlobId {
    BlobId::from_bytes(Sha256::digest(bytes).into())
}

struct World {
    _dir: TempDir,
    store: Store,
    page: FakePage,
    files: Files,
    state: watch::Sender<Arc<Snapshot>>,
    stop: CancellationToken,
}

fn in_state(state: State) -> Arc<Snapshot> {
    snapshot((Timestamp::from_millis(0), 1), state)
}

impl World {
    async fn new(quota: u64) -> Self {
        Self::on(TempDir::new().unwrap(), quota).await
    }

    async fn on(dir: TempDir, quota: u64) -> Self {
        let store = Store::open(&dir.path().join("data")).await.unwrap().store;
        let blobs = Blobs::open(dir.path(), quota).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let policy = FetchPolicy { modes: [FetchMode::Auto; 8], max: 20 };
        let (page, asked, stop) = (FakePage::default(), Arc::new(Notify::new()), CancellationToken::new());
        let (state, snapshots) = watch::channel(in_state(State::Ready));
        let timings = Timings {
            file_again: Duration::from_millis(1),
            file_again_max: Duration::from_millis(1),
            ..Timings::default()
        };
        let kept = Kept {
            store: store.clone(),
            source: page.clone(),
            cloud: None,
            blobs: blobs.clone(),
            clock: Arc::clone(&clock),
            max: policy.max,
            metrics: Metrics::new().unwrap(),
            activity: Activity::default(),
            timings,
            asked: Arc::clone(&asked),
        };
        tokio::spawn(Task::new(kept, snapshots).run(stop.clone()));
        let files = Files { store: store.clone(), blobs, clock, policy, asked };
        Self { _dir: dir, store, page, files, state, stop }
    }

    async fn arrives(&self, id: &str, change: impl FnOnce(&mut Media)) {
        let mut file = media(MediaKind::Image);
        change(&mut file);
        let page = PageMessage { kind: "image".to_owned(), media: Some(file), ..page_message(id, "") };
        let message = LoggedMessage::from_page(page, Timestamp::from_millis(1), false).unwrap();
        self.store.log(Arc::new(vec![LogChange::Add(Box::new(message))])).await.unwrap();
    }

    async fn status(&self, id: &str) -> MediaStatus {
        let entry = self.store.logged_message(MessageId::new(id)).await.unwrap().unwrap();
        entry.message.media.unwrap().status
    }

    async fn becomes(&self, id: &str, status: MediaStatus) {
        let mut newest = self.store.newest();
        tokio::time::timeout(Duration::from_secs(120), async {
            while self.status(id).await != status {
                let _ = tokio::time::timeout(Duration::from_millis(20), newest.changed()).await;
            }
        })
        .await
        .unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn a_file_is_fetched_checked_and_the_page_forgets_it() {
    let world = World::new(100).await;
    world.page.has("a", &[Answer::Bytes(b"a picture".to_vec())]);
    world.page.has("b", &[Answer::Other(b"not it".to_vec())]);
    world.page.has("c", &[Answer::Bytes(vec![7; 21])]);
    world.page.has("d", &[Answer::Fails(Failure::Unavailable)]);
    for id in ["a", "b", "c", "d"] {
        world.arrives(id, |_| {}).await;
    }
    world.becomes("a", MediaStatus::Stored).await;
    world.becomes("b", MediaStatus::Broken).await;
    world.becomes("c", MediaStatus::TooLarge).await;
    world.becomes("d", MediaStatus::Unavailable).await;
    let large = world.files.of(MessageId::new("c")).await.unwrap();
    assert!(matches!(large, File::TooLarge(20)), "it is not fetched again and again: {large:?}");
    let File::Here(pin, media) = world.files.of(MessageId::new("a")).await.unwrap() else { panic!("it is not here") };
    assert_eq!((pin.id(), media.sha256), (id_of(b"a picture"), Some(id_of(b"a picture"))));
    assert_eq!((world.files.usage().files, world.page.kept()), (1, 0));
}

#[tokio::test]
async fn the_same_file_in_ten_chats_is_fetched_once() {
    let world = World::new(100).await;
    world.page.has("0", &[Answer::Bytes(b"a picture".to_vec())]);
    let announced = |file: &mut Media| file.sha256 = Some(id_of(b"a picture"));
    world.arrives("0", announced).await;
    world.becomes("0", MediaStatus::Stored).await;
    for n in 1..10 {
        world.arrives(&n.to_string(), announced).await;
        world.becomes(&n.to_string(), MediaStatus::Stored).await;
    }
    assert_eq!((world.page.calls(), world.files.usage().files), (vec!["0".to_owned()], 1));
}

#[tokio::test]
async fn what_is_gone_is_asked_of_the_phone_and_what_fails_is_tried_again() {
    let world = World::new(100).await;
    let later = Answer::Fails(Failure::Later("why".to_owned()));
    world.page.has("a", &[Answer::Fails(Failure::Gone), Answer::Bytes(b"again".to_vec())]);
    world.page.has("b", &[later.clone(), later.clone(), Answer::Bytes(b"at last".to_vec())]);
    world.page.has("c", &[Answer::Fails(Failure::Gone)]);
    world.page.has("d", &[later]);
    for id in ["a", "b", "c", "d"] {
        world.arrives(id, |_| {}).await;
    }
    world.becomes("a", MediaStatus::Stored).await;
    world.becomes("b", MediaStatus::Stored).await;
    world.becomes("c", MediaStatus::Gone).await;
    world.becomes("d", MediaStatus::Gone).await;
    let calls = world.page.calls();
    let of = |id: &str| calls.iter().filter(|call| call.starts_with(id)).map(String::as_str).collect::<Vec<_>>();
    assert_eq!((of("a"), of("b").len(), of("d").len()), (vec!["a", "a?", "a/new"], 3, 24));
}

#[tokio::test]
async fn a_file_that_somebody_removed_is_fetched_again() {
    let world = World::new(100).await;
    world.page.has("a", &[Answer::Bytes(b"a picture".to_vec())]);
    world.arrives("a", |_| {}).await;
    world.becomes("a", MediaStatus::Stored).await;
    let File::Here(pin, _) = world.files.of(MessageId::new("a")).await.unwrap() else { panic!("it is not here") };
    std::fs::remove_file(pin.path()).unwrap();
    assert!(matches!(world.files.of(MessageId::new("a")).await.unwrap(), File::Pending));
    world.becomes("a", MediaStatus::Stored).await;
    assert_eq!(std::fs::read(pin.path()).unwrap(), b"a picture");
}

#[tokio::test]
async fn the_page_fetches_nothing_for_which_there_is_no_room() {
    let world = World::new(25).await;
    let mut writer = world.files.blobs.writer(None, 100).await.unwrap();
    writer.write(vec![7; 20]).await.unwrap();
    let _uploaded = writer.finish().await.unwrap().pin;
    world.page.has("a", &[Answer::Bytes(b"a picture".to_vec())]);
    world.arrives("a", |_| {}).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.page.calls(), [""; 0]);
}

#[tokio::test]
async fn the_files_of_a_store_that_was_set_aside_stay() {
    for is_held in [false, true] {
        let dir = TempDir::new().unwrap();
        let blobs = Blobs::open(dir.path(), 100).await.unwrap();
        let mut writer = blobs.writer(None, 100).await.unwrap();
        writer.write(b"of a message").await.unwrap();
        let path = writer.finish().await.unwrap().pin.path();
        std::fs::create_dir(dir.path().join("data")).unwrap();
        if is_held {
            std::fs::write(dir.path().join("data/store.reset"), "why").unwrap();
        }
        let world = World::on(dir, 100).await;
        world.page.has("a", &[Answer::Bytes(b"a".to_vec())]);
        world.arrives("a", |_| {}).await;
        world.becomes("a", MediaStatus::Stored).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(path.exists(), is_held);
    }
}

#[tokio::test]
async fn a_small_file_overtakes_large_ones() {
    let world = World::new(64 << 20).await;
    for id in ["large", "another"] {
        world.page.has(id, &[Answer::Waits]);
        world.arrives(id, |file| file.size = Some(8 << 20)).await;
    }
    world.page.has("small", &[Answer::Bytes(b"a voice".to_vec())]);
    world.arrives("small", |_| {}).await;
    world.becomes("small", MediaStatus::Stored).await;
    assert_eq!(world.page.calls(), ["large", "small"]);
}

#[tokio::test]
async fn nothing_is_fetched_before_the_session_is_ready() {
    let world = World::new(100).await;
    world.state.send_replace(in_state(State::Reconnecting));
    world.page.has("a", &[Answer::Bytes(b"a".to_vec())]);
    world.arrives("a", |_| {}).await;
    world.arrives("b", |file| file.status = MediaStatus::OnRequest).await;
    world.page.has("b", &[Answer::Bytes(b"b".to_vec())]);
    assert!(matches!(world.files.of(MessageId::new("b")).await.unwrap(), File::Pending));
    assert!(world.page.calls().is_empty());
    world.state.send_replace(in_state(State::Ready));
    world.becomes("a", MediaStatus::Stored).await;
    world.becomes("b", MediaStatus::Stored).await;
}

#[tokio::test]
async fn the_oldest_file_goes_over_the_quota_and_comes_again_when_it_is_asked_for() {
    let world = World::new(25).await;
    for id in ["a", "b", "c"] {
        world.page.has(id, &[Answer::Bytes(id.repeat(10).into_bytes())]);
        world.arrives(id, |_| {}).await;
        world.becomes(id, MediaStatus::Stored).await;
    }
    world.becomes("a", MediaStatus::OnRequest).await;
    assert!(matches!(world.files.of(MessageId::new("a")).await.unwrap(), File::Pending));
    world.becomes("a", MediaStatus::Stored).await;
    world.becomes("b", MediaStatus::OnRequest).await;
    // The message says so before the file is removed.
    let mut total = world.files.blobs.follow();
    tokio::time::timeout(Duration::from_secs(20), total.wait_for(|total| *total == 20)).await.unwrap().unwrap();
    assert_eq!(world.files.usage().files, 2);
}

#[tokio::test]
async fn what_was_not_fetched_says_why() {
    let world = World::new(100).await;
    world.arrives("large", |file| (file.status, file.size) = (MediaStatus::TooLarge, Some(21))).await;
    for (id, status) in
        [("gone", MediaStatus::Gone), ("once", MediaStatus::Unavailable), ("broken", MediaStatus::Broken)]
    {
        world.arrives(id, |file| file.status = status).await;
    }
    let text = LoggedMessage::from_page(page_message("text", "hola"), Timestamp::from_millis(1), false).unwrap();
    world.store.log(Arc::new(vec![LogChange::Add(Box::new(text))])).await.unwrap();
    let of = async |id: &str| world.files.of(MessageId::new(id)).await.unwrap();
    assert!(matches!(of("large").await, File::TooLarge(20)));
    assert!(matches!(of("gone").await, File::Gone) && matches!(of("once").await, File::Unavailable));
    assert!(matches!(of("broken").await, File::Broken) && matches!(of("text").await, File::None));
    assert!(matches!(of("nobody").await, File::NoMessage));
}
