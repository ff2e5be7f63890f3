//! Priorities for systemd's journal, which reads them from a `<N>` at the beginning of a line (sd-daemon(3)), so that
//! `journalctl -p warning` shows the important lines.

use std::env;
use std::io;

use nix::sys::stat::fstat;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Whether standard output is the journal itself: the environment names its stream, but programs that a service starts
/// inherit that variable too, with another output.
pub(super) fn is_stdout() -> bool {
    let Some(stream) = env::var("JOURNAL_STREAM").ok() else { return false };
    fstat(io::stdout()).is_ok_and(|stdout| stream == format!("{}:{}", stdout.st_dev, stdout.st_ino))
}

/// A writer that puts the priority before each line.
pub(super) struct Prioritised<W>(pub(super) W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Prioritised<W> {
    type Writer = Line<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        Line { out: self.0.make_writer(), priority: Some(priority(Level::INFO)) }
    }

    fn make_writer_for(&'w self, event: &Metadata<'_>) -> Self::Writer {
        Line { out: self.0.make_writer_for(event), priority: Some(priority(*event.level())) }
    }
}

/// syslog(3): 3 is an error, 4 a warning, 6 information, 7 debugging.
fn priority(level: Level) -> &'static [u8] {
    match level {
        Level::ERROR => b"<3>",
        Level::WARN => b"<4>",
        Level::INFO => b"<6>",
        _ => b"<7>",
    }
}

pub(super) struct Line<W> {
    out: W,
    /// The priority, until it is written.
    priority: Option<&'static [u8]>,
}

impl<W: io::Write> io::Write for Line<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.priority.take() {
            // In one write: another thread's output must not come in between.
            Some(priority) => self.out.write_all(&[priority, bytes].concat()).map(|()| bytes.len()),
            None => self.out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
