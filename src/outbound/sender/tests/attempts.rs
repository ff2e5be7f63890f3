//! What may happen to a send, and when the process dies.

use proptest::prelude::*;

/// The fate of a write.
#[derive(Clone, Copy, Debug)]
pub(super) enum Write {
    Kept,
    /// The process dies before, or after, the write reaches the disk.
    CrashBefore,
    CrashAfter,
    /// The disk is full.
    Refused,
    /// No answer comes, but the write is made.
    WrittenUnsaid,
    /// No answer comes; the write is made later, before every later write.
    WrittenLater,
}

/// What the page does with a dispatch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dispatch {
    Acked,
    /// The page takes the message; the ack comes during the call, or not.
    Taken,
    Refuses,
    NoAnswerLeft,
    NoAnswerNotLeft,
    CrashLeft,
    CrashNotLeft,
}

/// What becomes of the file of a message before the message is dispatched.
#[derive(Clone, Copy, Debug)]
pub(super) enum Uploads {
    /// The message has no file.
    None,
    Done,
    Fails,
    /// The page dies while the file is uploaded, the first time.
    Lost,
    /// The process dies while the file is uploaded.
    Crash,
}

#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) upload: Uploads,
    pub(super) writes: [Write; 3],
    pub(super) dispatch: Dispatch,
    /// The process dies after the attempt, as it may at any time.
    pub(super) restart: bool,
    /// The server's ack for the message comes afterwards.
    pub(super) late_ack: bool,
}

pub(super) fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    use Dispatch as D;
    let write = prop_oneof![
        6 => Just(Write::Kept), 1 => Just(Write::CrashBefore), 1 => Just(Write::CrashAfter),
        1 => Just(Write::Refused), 1 => Just(Write::WrittenUnsaid), 1 => Just(Write::WrittenLater),
    ];
    let dispatch = proptest::sample::select(vec![
        D::Acked,
        D::Taken,
        D::Refuses,
        D::NoAnswerLeft,
        D::NoAnswerNotLeft,
        D::CrashLeft,
        D::CrashNotLeft,
    ]);
    let upload = prop_oneof![
        4 => Just(Uploads::None), 2 => Just(Uploads::Done), 1 => Just(Uploads::Fails),
        1 => Just(Uploads::Lost), 1 => Just(Uploads::Crash),
    ];
    let attempt = (upload, proptest::array::uniform3(write), dispatch, any::<bool>(), proptest::bool::weighted(0.3));
    let attempt = attempt.prop_map(|(upload, writes, dispatch, restart, late_ack)| Attempt {
        upload,
        writes,
        dispatch,
        restart,
        late_ack,
    });
    proptest::collection::vec(attempt, 1..8)
}
