//! Logs on standard output: lines for people, or JSON lines in production, panics included. A separate thread writes
//! them, so that a standard output that nobody reads blocks nothing else.

mod journal;

use std::fmt;
use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, SystemTime};

use tracing::Subscriber;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;

use crate::host::config::Log;

/// Libraries that log each of their connections or pages at `info` and below.
const TALKATIVE: [&str; 4] = ["h2", "hyper", "sled", "tower"];

/// The most lines that wait for a reader of standard output, some 2 MB; further lines are dropped and counted.
const LINES_MAX: usize = 8192;

/// How long writing the last lines may take when the process ends.
const FLUSH_DEADLINE: Duration = Duration::from_secs(2);

/// Counts the dropped lines of this process's log.
static DROPPED: OnceLock<ErrorCounter> = OnceLock::new();

/// Keeps the log running. Dropping it writes the remaining lines.
#[must_use = "dropping it ends the log"]
pub struct Written(Option<WorkerGuard>);

impl Drop for Written {
    fn drop(&mut self) {
        let lost = dropped_lines();
        if lost > 0 {
            tracing::warn!(lost, "log lines were dropped because standard output was not read");
        }
        let Some(guard) = self.0.take() else { return };
        let (done, flushed) = mpsc::channel();
        // In a separate thread: if nobody reads standard output, dropping the guard may never return.
        let flush = move || {
            drop(guard);
            let _ = done.send(());
        };
        if std::thread::Builder::new().name("log flush".to_owned()).spawn(flush).is_ok() {
            let _ = flushed.recv_timeout(FLUSH_DEADLINE);
        }
    }
}

/// How many lines of the log were dropped because standard output was not read.
pub fn dropped_lines() -> usize {
    DROPPED.get().map_or(0, ErrorCounter::dropped_lines)
}

/// Starts logging and takes over the reporting of panics. Once per process: later calls do not change the logs.
pub fn init(log: &Log) -> Written {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = !plain && io::stdout().is_terminal();
    let (stdout, guard) =
        NonBlockingBuilder::default().buffered_lines_limit(LINES_MAX).thread_name("log").finish(io::stdout());
    let dropped = stdout.error_counter();
    let writer = if journal::is_stdout() {
        BoxMakeWriter::new(journal::Prioritised(stdout))
    } else {
        BoxMakeWriter::new(stdout)
    };
    if tracing::subscriber::set_global_default(subscriber(log, colour, writer)).is_err() {
        tracing::debug!("logging had been started before");
    } else {
        let _ = DROPPED.set(dropped);
    }
    std::panic::set_hook(Box::new(report_panic));
    Written(Some(guard))
}

fn subscriber<W>(log: &Log, colour: bool, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = layer().with_writer(writer).with_timer(Utc);
    let lines = if log.json {
        lines.json().flatten_event(true).with_span_list(false).boxed()
    } else {
        lines.with_ansi(colour).boxed()
    };
    registry().with(filter(&log.level)).with(lines)
}

/// The filter of `LOG_LEVEL`, with the talkative libraries at `warn` (or less) unless it names them.
fn filter(level: &str) -> Targets {
    let given: Targets = level.parse().unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    let quiet = given.default_level().unwrap_or(LevelFilter::OFF).min(LevelFilter::WARN);
    TALKATIVE.into_iter().fold(given, |targets, name| {
        let named = targets.iter().any(|(target, _)| target == name);
        if named { targets } else { targets.with_target(name, quiet) }
    })
}

/// UTC with milliseconds, as everywhere else in the service.
struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, w: &mut Writer<'_>) -> fmt::Result {
        write!(w, "{}", humantime::format_rfc3339_millis(SystemTime::now()))
    }
}

fn report_panic(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let location = info.location().map(ToString::to_string);
    // In a field instead of the message: there line breaks are escaped, so that the panic stays one line.
    let payload = info.payload();
    let words = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref().map(String::as_str));
    let panic = words.unwrap_or("a panic without words");
    tracing::error!(thread = thread.name().unwrap_or("unnamed"), location, panic, "a thread panicked");
}

/// The error and its causes, in one line.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !sentence.contains(&told) {
            sentence = format!("{sentence}: {told}");
        }
        cause = error.source();
    }
    sentence
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::process::Command;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    const CHILD: &str = "TELEMETRY_TEST_CHILD";
    const UNREAD: &str = "TELEMETRY_TEST_UNREAD";

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(json: bool, level: &str, work: impl FnOnce()) -> String {
        let memory = Memory::default();
        let writer = memory.clone();
        let log = Log { level: level.to_owned(), json };
        tracing::subscriber::with_default(subscriber(&log, false, move || writer.clone()), work);
        String::from_utf8(memory.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn people_read_a_line_with_its_fields() {
        let text = logged(false, "info", || tracing::info!(wait_ms = 20, "sent"));
        assert!(text.ends_with("Z  INFO session_manager::host::telemetry::tests: sent wait_ms=20\n"), "{text}");
        humantime::parse_rfc3339(text.split(' ').next().unwrap()).unwrap();
    }

    #[test]
    fn the_journal_reads_priorities() {
        let memory = Memory::default();
        let writer = memory.clone();
        let log = Log { level: "debug".to_owned(), json: true };
        let subscriber = subscriber(&log, false, journal::Prioritised(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!("e");
            tracing::warn!("w");
            tracing::info!("i");
            tracing::debug!("d");
        });
        let text = String::from_utf8(memory.0.lock().unwrap().clone()).unwrap();
        let priorities: Vec<_> = text.lines().map(|line| line.split_once('{').unwrap().0).collect();
        assert_eq!(priorities, ["<3>", "<4>", "<6>", "<7>"]);
    }

    #[test]
    fn machines_read_flat_json() {
        let text = logged(true, "info", || tracing::warn!(attempt = 2, who = "a\nb", "sent"));
        let line: Value = serde_json::from_str(&text).unwrap();
        let fixed = ["level", "message", "target"].map(|name| line[name].as_str().unwrap());
        assert_eq!(fixed, ["WARN", "sent", "session_manager::host::telemetry::tests"]);
        assert_eq!((&line["attempt"], &line["who"]), (&2.into(), &"a\nb".into()));
        humantime::parse_rfc3339(line["timestamp"].as_str().unwrap()).unwrap();
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn libraries_are_quiet_unless_named() {
        use tracing::Level;
        let enabled = |level: &str, target: &str, at: Level| filter(level).would_enable(target, &at);
        assert!(enabled("debug", "session_manager::http", Level::DEBUG));
        assert!(!enabled("debug", "hyper_util::client", Level::INFO));
        assert!(enabled("debug", "tower_http", Level::WARN));
        assert!(enabled("info,hyper=trace", "hyper::proto", Level::TRACE));
        assert!(enabled("info,hyper_util=debug", "hyper_util::client", Level::DEBUG));
        assert!(!enabled("error", "hyper", Level::WARN));
        assert!(!enabled("session_manager=info", "hyper", Level::ERROR));
    }

    /// The hook belongs to the whole process, so a separate one tests it: this test binary with only [`child`].
    #[test]
    fn a_panic_is_one_line() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "host::telemetry::tests::child", "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        assert!(output.status.success());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(!stderr.contains("left"), "{stderr}");
        let stdout = String::from_utf8(output.stdout).unwrap();
        let line: Value = stdout.lines().find_map(|line| serde_json::from_str(&line[line.find('{')?..]).ok()).unwrap();
        assert_eq!((&line["level"], &line["thread"]), (&"ERROR".into(), &"worker".into()));
        assert!(line["location"].as_str().unwrap().contains("telemetry.rs:"), "{line}");
        assert!(line["panic"].as_str().unwrap().contains("left"), "{line}");
    }

    #[test]
    fn child() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        let _written = init(&Log { level: "info".to_owned(), json: true });
        let work = || assert_eq!("one", "two", "two lines\nof text");
        let worker = std::thread::Builder::new().name("worker".to_owned()).spawn(work).unwrap();
        assert!(worker.join().is_err());
    }

    #[test]
    fn a_standard_output_that_nobody_reads_holds_nothing_up() {
        use std::io::Read;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "host::telemetry::tests::unread_child", "--nocapture"])
            .env(UNREAD, "1")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        let (told, heard) = mpsc::channel();
        let mut stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            let mut byte = [0];
            while stderr.read_exact(&mut byte).is_ok() {
                let _ = told.send(byte[0]);
            }
        });
        let word =
            b"logged".iter().all(|wanted| heard.recv_timeout(deadline - std::time::Instant::now()) == Ok(*wanted));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(word, "logging waits for a reader");
    }

    #[test]
    fn unread_child() {
        if std::env::var_os(UNREAD).is_none() {
            return;
        }
        let written = init(&Log { level: "info".to_owned(), json: true });
        // A pipe holds 64 KiB; these lines are 4 MB, more than may wait for a reader.
        (0..2 * LINES_MAX).for_each(|n| tracing::info!(n, "{}", "x".repeat(200)));
        assert!(dropped_lines() > 0);
        drop(written);
        io::Write::write_all(&mut io::stderr(), b"logged").unwrap();
    }
}
