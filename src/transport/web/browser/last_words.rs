//! What Chrome's output tells of its end. Most of the output is noise, such as complaints about D-Bus and caches: a
//! person is told only of the lines that name a cause, and what helps against it. The log has all lines, at `debug`.

use std::collections::VecDeque;

/// How many lines are kept.
const LINES: usize = 3;
/// How many characters of them are told.
const CHARACTERS: usize = 400;

/// What a line may name, in lower case, and what helps against it. The first that fits counts.
const CAUSES: [(&[&str], &str); 10] = [
    (
        &["out of memory", "cannot allocate memory", "bad_alloc", "oom:"],
        "the machine is short of memory: free some or give it more",
    ),
    (
        &["no space left", "disk quota", "disk full", "disk is full"],
        "free some space on the disks of TOKENS_DIR, of the temporary folder (TMPDIR) and of /dev/shm",
    ),
    (
        &["no usable sandbox", "sandbox", "namespace", "running as root"],
        "Chrome's sandbox cannot be used here: `session-manager doctor` says how to allow it",
    ),
    (
        &["missing x server", "cannot open display"],
        "set DISPLAY to a display that can be used, or use LOGIN_MODE=server",
    ),
    (
        &["gpu process isn't usable", "gpu process launch failed"],
        "the graphics driver fails: CHROME_ARGS=--disable-gpu does without it",
    ),
    (
        &["shared librar", "symbol lookup error", "glibc"],
        "a library is missing: apt-get install --reinstall chromium brings those it needs",
    ),
    (&["too many open files"], "raise the limit of open files (ulimit -n, LimitNOFILE)"),
    (
        &["resource temporarily unavailable"],
        "raise the limit of processes (ulimit -u, TasksMax, pids of the container)",
    ),
    (
        &[
            "processsingleton",
            "singletonlock",
            "socket directory",
            "data directory",
            "profile appears",
            "read-only file",
        ],
        "let the user of the service write in TOKENS_DIR and in the temporary folder (TMPDIR)",
    ),
    (&[":fatal:", "check failed", "received signal"], "update the browser, or set CHROME_PATH to another one"),
];
/// Lines of these parts of Chrome never tell why it ended.
const NOISE: [&str; 4] = ["dbus", "org.freedesktop", "zygote_linux.cc", "initializesandbox"];

/// The last lines that name a cause, each with what helps.
#[derive(Clone, Debug, Default)]
pub(super) struct LastWords(VecDeque<(String, &'static str)>);

impl LastWords {
    pub(super) fn note(&mut self, line: &str) {
        let text = without_place(line);
        let Some(remedy) = remedy(line) else { return };
        if self.0.iter().any(|(known, _)| known == text) {
            return;
        }
        if self.0.len() == LINES {
            self.0.pop_front();
        }
        self.0.push_back((text.to_owned(), remedy));
    }

    /// How Chrome ended, and what it said of that.
    pub(super) fn described(&self, how: &str) -> String {
        let text = self.0.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(" | ");
        match text.char_indices().nth(CHARACTERS) {
            _ if text.is_empty() => how.to_owned(),
            Some((end, _)) => format!("{how}; it said: {}…", &text[..end]),
            None => format!("{how}; it said: {text}"),
        }
    }

    /// What helps against this end, where that is known.
    pub(super) fn remedy(&self, how: &str) -> Option<&'static str> {
        match how {
            "signal 9" => Some(
                "mostly the kernel does that when memory runs out: see `dmesg`, free some or give the machine more",
            ),
            _ if how.starts_with("not ready") => {
                Some("the machine is very slow or short of memory: free some, and it is tried again")
            }
            _ => self.0.back().map(|(_, remedy)| *remedy),
        }
    }

    pub(super) fn name(&self, word: &str) -> bool {
        self.0.iter().any(|(text, _)| text.contains(word))
    }
}

/// What helps against what a line names; None if it names no cause.
fn remedy(line: &str) -> Option<&'static str> {
    let line = line.to_lowercase();
    if NOISE.iter().any(|part| line.contains(part)) {
        return None;
    }
    let named = |words: &[&str]| words.iter().any(|word| line.contains(word));
    CAUSES.into_iter().find(|(words, _)| named(words)).map(|(_, remedy)| remedy)
}

/// A line without the `[process:thread:time:level:file:line]` in front of it.
fn without_place(line: &str) -> &str {
    match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((place, text)) if place.contains(':') => text,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a Chromium without D-Bus prints at every start, and one whose disk is full.
    const NOISY: [&str; 6] = [
        "[3829:3898:1126/022217.784124:ERROR:dbus/bus.cc:405] Failed to connect to the bus: Failed to connect to socket \
         /run/dbus/system_bus_socket: No such file or directory",
        "[3829:3829:1126/022218.852792:ERROR:dbus/object_proxy.cc:572] Failed to call method: \
         org.freedesktop.DBus.NameHasOwner: object_path= /org/freedesktop/DBus: unknown error type: ",
        "[4373:4373:0100/000000.711364:ERROR:content/zygote/zygote_linux.cc:662] write: Broken pipe (32)",
        "[4892:4892:1126/022234.201913:ERROR:net/disk_cache/disk_cache.cc:293] Unable to create cache",
        "[4892:4892:1126/022234.201908:ERROR:gpu/ipc/host/gpu_disk_cache.cc:737] Gpu Cache Creation failed: -2",
        "DevTools listening on ws://127.0.0.1:1/devtools",
    ];

    fn words(lines: &[&str]) -> LastWords {
        let mut words = LastWords::default();
        lines.iter().for_each(|line| words.note(line));
        words
    }

    #[test]
    fn noise_is_not_told_and_does_not_push_out_what_means_something() {
        let noise = words(&NOISY);
        assert_eq!((noise.described("exit code 1").as_str(), noise.remedy("exit code 1")), ("exit code 1", None));
        let cause = "[1:1:1126/1.2:ERROR:base/x.cc:1] write: No space left on device (28)";
        let many = [&[cause][..], &NOISY, &NOISY, &[cause]].concat();
        assert_eq!(words(&many).described("exit code 1"), "exit code 1; it said: write: No space left on device (28)");
        let long = words(&[&format!("out of memory {}", "x".repeat(2 * CHARACTERS))]);
        assert!(long.described("").chars().count() < CHARACTERS + 20);
    }

    #[test]
    fn each_cause_leads_to_what_helps() {
        for (line, helps) in [
            ("[1:1:FATAL:zygote_host_impl_linux.cc(127)] No usable sandbox! Update your kernel", "doctor"),
            ("chrome: error while loading shared libraries: libnss3.so: cannot open shared object file", "library"),
            ("[9:9:1/2:ERROR:x.cc:1] mkdir: No space left on device", "free some space"),
            (
                "[9:9:1/2:FATAL:content/browser/gpu/gpu_data_manager.cc:1] GPU process isn't usable. Goodbye.",
                "graphics",
            ),
            ("[9:9:1/2:ERROR:v8.cc:1] V8 javascript OOM: (CALL_AND_RETRY_LAST).", "short of memory"),
            ("[9:9:1/2:ERROR:base/process/launch_posix.cc:1] fork: Resource temporarily unavailable (11)", "TasksMax"),
            ("[9:9:1/2:ERROR:process_singleton_posix.cc:349] Failed to create /t/SingletonLock: x", "TOKENS_DIR"),
            ("[9:9:1/2:FATAL:base/y.cc:349] Something broke.", "update the browser"),
            ("Received signal 11 SEGV_MAPERR 000000000000", "update the browser"),
        ] {
            let words = words(&[line]);
            let told = words.described("exit code 1");
            assert!(told.starts_with("exit code 1; it said: ") && !told.contains(": ["), "{told}");
            assert!(words.remedy("exit code 1").is_some_and(|remedy| remedy.contains(helps)), "{line}");
        }
    }

    #[test]
    fn a_kill_hints_at_memory() {
        assert!(words(&[]).remedy("signal 9").is_some_and(|remedy| remedy.contains("memory")));
        assert_eq!(words(&[]).remedy("signal 11"), None);
    }
}
