//! The real sender, between a page and a ledger that fail and crash as the test says.

#![allow(clippy::unwrap_used, clippy::panic)]

mod attempts;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use attempts::{Attempt, Dispatch, Uploads, Write, attempts};
use proptest::prelude::*;
use tokio::sync::mpsc;

use super::*;
use crate::blobs::{Blobs, Pin};
use crate::domain::address::ChatId;
use crate::domain::content::tests::attachment;
use crate::domain::content::{Attachment, Content};
use crate::domain::idempotency::{SendStage, Verdict, judge};
use crate::domain::log::Origin;
use crate::domain::message::MessageEvent;
use crate::domain::time::SystemClock;
use crate::host::activity::Activity;
use crate::host::config::Config;
use crate::outbound::pacing::Today;
use crate::outbound::queue::Queue;
use crate::outbound::resends::{UnderWay, resend};
use crate::transport::{NothingLeft, Progress, Recipient, Resent};

/// The record after a write.
type Written = Box<dyn FnOnce(Option<SendRecord>) -> Option<SendRecord> + Send>;

#[derive(Default)]
struct World {
    /// The record on the disk.
    record: Option<SendRecord>,
    writes: Vec<Write>,
    /// A write on its way to the disk.
    later: Option<Written>,
    dispatch: Option<Dispatch>,
    upload: Option<Uploads>,
    /// The file of the message is that of one that it passes on.
    is_forward: bool,
    /// The bytes of the file, where the message has one.
    pin: Option<Pin>,
    prepared: u32,
    /// Every dispatch that the page did not refuse.
    dispatched: Vec<MessageId>,
    left: Vec<MessageId>,
    /// The messages that the page has stored, whether they left or not.
    held: Vec<MessageId>,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<World>>);

impl Fake {
    async fn write(&self, written: Written) -> Result<(), StoreError> {
        let write = {
            let mut world = self.0.lock().unwrap();
            let write = if world.writes.is_empty() { Write::Kept } else { world.writes.remove(0) };
            if let Some(earlier) = world.later.take() {
                world.record = earlier(world.record.take());
            }
            match write {
                Write::CrashBefore | Write::Refused => {}
                Write::WrittenLater => world.later = Some(written),
                Write::Kept | Write::CrashAfter | Write::WrittenUnsaid => world.record = written(world.record.take()),
            }
            write
        };
        match write {
            Write::Kept => Ok(()),
            Write::CrashBefore | Write::CrashAfter => std::future::pending().await,
            Write::Refused | Write::WrittenUnsaid | Write::WrittenLater => Err(StoreError::Busy),
        }
    }
}

impl Fake {
    async fn uploads(&self) -> Result<(), NothingLeft> {
        let upload = self.0.lock().unwrap().upload.replace(Uploads::Done);
        match upload {
            Some(Uploads::Fails) => Err(NothingLeft::NotUploaded("why".to_owned())),
            Some(Uploads::Lost) => Err(NothingLeft::UploadLost("why".to_owned())),
            Some(Uploads::Crash) => std::future::pending().await,
            _ => Ok(()),
        }
    }
}

impl Ledger for Fake {
    async fn keep(&self, _: SendKey, record: SendRecord, _: Timestamp) -> Result<(), StoreError> {
        self.write(Box::new(|_| Some(record))).await
    }

    async fn forget(&self, _: SendKey, message: MessageId) -> Result<(), StoreError> {
        self.write(Box::new(move |record| record.filter(|record| record.message_id != message))).await
    }

    async fn accepted(&self, _: MessageId, _: MessageId, _: Option<String>, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn waits(&self, _: LoggedMessage, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }

    async fn nothing_left(&self, _: MessageId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn has_talked(&self, _: Vec<String>) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn has_opted_out(&self, _: Vec<String>) -> Result<bool, StoreError> {
        Ok(false)
    }

    async fn departs(&self, departure: Departure) -> Result<(), StoreError> {
        self.write(Box::new(move |_| departure.key.map(|(_, record)| record))).await
    }
}

impl Transport for Fake {
    fn via(&self) -> Via {
        Via::Web
    }

    fn takes(&self, _: &Outgoing) -> Result<(), NothingLeft> {
        Ok(())
    }

    async fn recipient(&self, _: &ChatId) -> Result<Recipient, NothingLeft> {
        Ok(Recipient { is_known: true, talked: true, restricted: None })
    }

    /// A message that the page took and did not send leaves now.
    async fn resend(&self, message: &MessageId) -> Result<Resent, NothingLeft> {
        let mut world = self.0.lock().unwrap();
        if world.left.contains(message) {
            return Ok(Resent::UnderWay);
        }
        if !world.held.contains(message) {
            return Ok(Resent::Absent);
        }
        world.left.push(message.clone());
        Ok(Resent::UnderWay)
    }

    fn sends_unconfirmed(&self) {}

    async fn reserve(&self, to: &ChatId, _: Duration) -> Result<Reservation, NothingLeft> {
        let mut world = self.0.lock().unwrap();
        world.prepared += 1;
        let raw_id = format!("{:X}", world.prepared);
        let message_id = MessageId::new(format!("true_{to}_{raw_id}"));
        let recipient = Recipient { is_known: true, talked: true, restricted: None };
        Ok(Reservation { message_id, raw_id, chat_id: to.to_string(), phone: None, recipient })
    }

    async fn recovered(&self) -> bool {
        true
    }

    async fn typing(&self, _: &Reservation) -> Result<(), NothingLeft> {
        Ok(())
    }

    async fn forwards_file(&self, _: &MessageId, _: u64) -> Result<bool, NothingLeft> {
        Ok(true)
    }

    async fn bring_forward(&self, _: &Reservation, _: &MessageId, _: u64, _: Duration) -> Result<(), NothingLeft> {
        self.uploads().await
    }

    async fn upload(&self, _: &Reservation, _: &Attachment, _: &Path, _: &Progress) -> Result<(), NothingLeft> {
        self.uploads().await
    }

    async fn dispatch(&self, to: &Reservation, _: &Outgoing, _: Duration) -> Result<Dispatched, SendFailure> {
        let dispatch = {
            let mut world = self.0.lock().unwrap();
            let dispatch = world.dispatch.unwrap();
            if !matches!(dispatch, Dispatch::Refuses) {
                world.dispatched.push(to.message_id.clone());
                // A page that did not answer may still have stored the message.
                if !matches!(dispatch, Dispatch::CrashNotLeft) {
                    world.held.push(to.message_id.clone());
                }
            }
            let stays = [Dispatch::Refuses, Dispatch::NoAnswerNotLeft, Dispatch::CrashNotLeft];
            if !stays.iter().any(|stay| std::mem::discriminant(stay) == std::mem::discriminant(&dispatch)) {
                world.left.push(to.message_id.clone());
            }
            dispatch
        };
        match dispatch {
            Dispatch::Acked => Ok(Dispatched::Acked(Ack::SERVER)),
            Dispatch::Taken => Ok(Dispatched::Acked(Ack::PENDING)),
            Dispatch::Refuses => Err(SendFailure::NothingLeft(NothingLeft::Refused("no".to_owned()))),
            Dispatch::NoAnswerLeft | Dispatch::NoAnswerNotLeft => Err(SendFailure::Unknown),
            Dispatch::CrashLeft | Dispatch::CrashNotLeft => std::future::pending().await,
        }
    }
}

/// One run of the process.
struct Process {
    sender: Sender<Fake, Fake>,
    events: mpsc::Sender<MessageEvent>,
    queue: Queue,
}

impl Process {
    async fn start(world: &Fake, key: SendKey) -> Self {
        Self::with_clocks(world, key, Arc::new(SystemClock), Arc::new(SystemClock)).await
    }

    async fn with_clocks(world: &Fake, key: SendKey, clock: Arc<dyn Clock>, steady: Arc<dyn Clock>) -> Self {
        let none: BTreeMap<String, String> =
            [("SEND_PAUSE_MS", "0"), ("SEND_RATE_PER_MINUTE", "0")].map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        let (events, received) = mpsc::channel(8);
        let queue = Queue::start(
            &Config::read(&none).unwrap().send,
            Today::default(),
            clock.clone(),
            &crate::host::tasks::set().0,
        );
        let sender = Sender {
            transport: world.clone(),
            ledger: world.clone(),
            acks: Acks::listen(received, &crate::host::tasks::set().0),
            new_contacts: NewContacts::new(0, 0, 0),
            unconfirmed: Arc::default(),
            activity: Activity::default(),
            uploading: Uploading::new(1 << 20, tokio_util::sync::CancellationToken::new()),
            dispatch: Duration::from_secs(10),
            people: People::default(),
            clock,
            steady,
        };
        let record = world.0.lock().unwrap().record.clone();
        if let Some(record) = record.filter(|record| record.stage == SendStage::Dispatching) {
            sender.resume(key, record.clone()).await;
            resend(&sender, key, record, &UnderWay::default()).await;
        }
        Self { sender, events, queue }
    }

    /// The answer, as `Outbound` gives it; None if the process died first.
    async fn attempt(&self, key: SendKey) -> Option<Result<MessageId, SendError>> {
        let fingerprint = key.fingerprint(&["hola"]);
        let record = self.sender.ledger.0.lock().unwrap().record.clone();
        match judge(record, fingerprint, self.sender.steady.now()) {
            Verdict::Send => {}
            Verdict::Sent { message_id, .. } => return Some(Ok(message_id)),
            Verdict::Failed(message_id, cause) => return Some(Err(SendError::Failed { message_id, cause })),
            Verdict::Unconfirmed(message_id) => return Some(Err(SendError::Unconfirmed { message_id })),
            Verdict::Conflict => panic!("there is one message"),
        }
        let deadline = Instant::now() + Duration::from_secs(50);
        let turn = self.queue.turn(deadline).await.unwrap();
        let to = ChatId::parse("5491122334455@c.us").unwrap();
        let (file, is_forward) = {
            let world = self.sender.ledger.0.lock().unwrap();
            (world.pin.clone().filter(|_| !matches!(world.upload, None | Some(Uploads::None))), world.is_forward)
        };
        let of = MessageId::new("false_5491122334455@c.us_ABC".to_owned());
        let content = match &file {
            _ if is_forward => Content::Forward { of },
            None => Content::text("hola").unwrap(),
            Some(pin) => Content::File(Box::new(attachment(pin.id()))),
        };
        let outgoing = Outgoing { to, content, reply_to: None, origin: Origin::default(), key: Some(key), via: None };
        let reserved = Arc::default();
        let sending = Sending { outgoing, file, reserved, deadline, turn, counted: false, typing: true };
        let sending = self.sender.send_with_key(key, fingerprint, sending);
        let answer = tokio::time::timeout(Duration::from_secs(100), sending).await.ok()?;
        Some(answer.map(|sent| sent.message_id))
    }
}

async fn play(attempts: Vec<Attempt>) -> Result<(), TestCaseError> {
    let (world, key) = (Fake::default(), SendKey::of("k"));
    let folder = tempfile::tempdir().unwrap();
    let mut file = Blobs::open(folder.path(), 100).await.unwrap().writer(None, 100).await.unwrap();
    file.write(b"file".to_vec()).await.unwrap();
    world.0.lock().unwrap().pin = Some(file.finish().await.unwrap().pin);
    let mut process = Process::start(&world, key).await;
    let mut acked: Option<MessageId> = None;
    for attempt in attempts {
        let before = world.0.lock().unwrap().left.clone();
        {
            let mut world = world.0.lock().unwrap();
            (world.writes, world.dispatch) = (attempt.writes.to_vec(), Some(attempt.dispatch));
            world.upload = Some(attempt.upload);
        }
        let answer = process.attempt(key).await;
        let (left, dispatched) = {
            let mut world = world.0.lock().unwrap();
            world.writes.clear();
            (world.left.clone(), world.dispatched.clone())
        };
        prop_assert!(dispatched.len() <= 1, "dispatched {:?}", dispatched);
        if left.len() > before.len() && matches!(attempt.dispatch, Dispatch::Acked) {
            acked = left.first().cloned();
        }
        match &answer {
            Some(Ok(id)) => prop_assert_eq!(Some(id), acked.as_ref(), "said to be sent without the server's word"),
            Some(Err(SendError::Unconfirmed { message_id })) if !left.is_empty() => {
                prop_assert_eq!(message_id, &left[0]);
            }
            // The page refused, or the write failed, or (unconfirmed) only the stage was stored.
            Some(Err(error)) => {
                prop_assert!(!matches!(error, SendError::Failed { .. }) && left.is_empty(), "{:?} but it left", error);
            }
            None => {}
        }
        if let Some(Err(SendError::Unavailable(_) | SendError::Refused(_) | SendError::NotUploaded(_))) = &answer {
            // Nothing was sent, so a retry may send as soon as the disk works.
            tokio::time::sleep(2 * keyed::STORE_AGAIN).await;
            let record = world.0.lock().unwrap().record.clone();
            let verdict = judge(record, key.fingerprint(&["hola"]), SystemClock.now());
            prop_assert_eq!(verdict, Verdict::Send, "a key of which nothing was sent is stuck");
        }
        if attempt.restart || answer.is_none() {
            drop(process);
            process = Process::start(&world, key).await;
        }
        if let Some(id) = left.first().filter(|_| attempt.late_ack) {
            process.events.send(MessageEvent::Acked(id.clone(), Ack::SERVER, None)).await.unwrap();
            // This also holds if the disk was full at first.
            tokio::time::sleep(2 * keyed::STORE_AGAIN).await;
            acked = Some(id.clone());
            let settled = process.attempt(key).await.and_then(Result::ok);
            prop_assert_eq!(settled.as_ref(), Some(id), "the ack settles it");
        }
    }
    Ok(())
}

struct At(u64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0 * 24 * 60 * 60 * 1000)
    }
}

/// As after a boot without a battery-backed clock.
#[tokio::test(start_paused = true)]
async fn a_machine_whose_clock_is_days_behind_remembers_its_keys() {
    let (world, key) = (Fake::default(), SendKey::of("k"));
    let process = Process::with_clocks(&world, key, Arc::new(At(20_000)), Arc::new(At(20_003))).await;
    world.0.lock().unwrap().dispatch = Some(Dispatch::Acked);
    let sent = process.attempt(key).await.unwrap().unwrap();
    assert_eq!(process.attempt(key).await.unwrap().unwrap(), sent);
    assert_eq!(world.0.lock().unwrap().dispatched.len(), 1);
}

/// Until the file of a forward is there, nothing has left: its key is free, also after a crash.
#[tokio::test(start_paused = true)]
async fn a_forward_is_kept_as_dispatching_only_once_its_file_is_there() {
    let (world, key) = (Fake::default(), SendKey::of("k"));
    {
        let mut world = world.0.lock().unwrap();
        (world.is_forward, world.dispatch, world.upload) = (true, Some(Dispatch::Acked), Some(Uploads::Crash));
    }
    let process = Process::start(&world, key).await;
    assert!(process.attempt(key).await.is_none(), "the process dies while the file is uploaded");
    assert_eq!(world.0.lock().unwrap().record.as_ref().unwrap().stage, SendStage::Reserved);
    let process = Process::start(&world, key).await;
    // The page dies meanwhile.
    world.0.lock().unwrap().upload = Some(Uploads::Lost);
    let sent = process.attempt(key).await.unwrap().unwrap();
    assert_eq!(world.0.lock().unwrap().dispatched, [sent]);
}

proptest! {
    #[test]
    fn whatever_dies_when_it_is_dispatched_once_and_never_called_failed(attempts in attempts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(attempts))?;
    }
}
