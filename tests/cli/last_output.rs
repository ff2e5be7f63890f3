//! The last lines of the service under PM2, which loses the lines that it has not read when a process ends.

use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use command_fds::{CommandFdExt, FdMapping};

/// As long as the service waits under PM2 before it ends.
const WAIT: Duration = Duration::from_millis(250);

#[test]
fn under_pm2_the_sentence_about_wrong_settings_has_time_to_be_read() {
    let (_pm2, channel) = UnixStream::pair().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_session-manager"));
    command.env_clear().env("PORT", "many").env("NODE_CHANNEL_FD", "3").stdout(Stdio::null()).stderr(Stdio::piped());
    command.fd_mappings(vec![FdMapping { parent_fd: channel.into(), child_fd: 3 }]).unwrap();
    let started = Instant::now();
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    assert!(started.elapsed() >= WAIT, "ended after {:?}", started.elapsed());
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&output.stderr).contains("PORT"));
}
