//! Converts a sound to a voice note with ffmpeg, where it is installed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::unistd::{AccessFlags, access};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::AttachError;
use crate::blobs::{BlobError, Blobs, Pin};

pub(super) const PROGRAM: &str = "ffmpeg";

/// An hour of sound takes some 25 s of one core (ffmpeg 5.1); this is for a machine that is busy, and for a hostile file.
const DEADLINE: Duration = Duration::from_secs(60);
/// At 32 kbit/s some four hours. WhatsApp takes no longer voice note.
const NOTE_MAX: u64 = 64 << 20;
const PIECE: usize = 64 << 10;
/// The most that ffmpeg takes in one piece of memory, in bytes: a hostile file may announce a frame of any size. An hour of MP3
/// needs less than a megabyte, an hour in MP4 some megabytes for its index.
const PIECE_OF_MEMORY_MAX: &str = "67108864";

/// Containers of sound whose readers open no other file. Readers of playlists do.
const READERS: &str = "aac,ac3,aiff,amr,asf,avi,caf,flac,matroska,webm,mov,mp4,mp3,mpeg,mpegts,ogg,w64,wav";

/// The program, or none along `search_path` (PATH).
pub fn find_converter(search_path: Option<&OsStr>) -> Option<PathBuf> {
    let is_program = |path: &PathBuf| path.is_file() && access(path, AccessFlags::X_OK).is_ok();
    std::env::split_paths(search_path?).map(|folder| folder.join(PROGRAM)).find(is_program)
}

/// The voice note; None if the program could not make one of this file.
pub(super) async fn convert(program: &Path, given: &Pin, blobs: &Blobs) -> Result<Option<Pin>, AttachError> {
    let mut child = match start(program, &given.path()) {
        Ok(child) => child,
        Err(error) => {
            tracing::warn!(%error, "ffmpeg could not be started");
            return Ok(None);
        }
    };
    // Dropping the child ends the program.
    timeout(DEADLINE, read(&mut child, blobs)).await.map_err(|_| AttachError::Late)?
}

fn start(program: &Path, file: &Path) -> std::io::Result<Child> {
    let mut input = std::ffi::OsString::from("file:");
    input.push(std::path::absolute(file)?);
    Command::new(program)
        .args(["-nostdin", "-hide_banner", "-loglevel", "quiet", "-threads", "1", "-max_alloc", PIECE_OF_MEMORY_MAX])
        .args(["-protocol_whitelist", "file", "-format_whitelist", READERS, "-i"])
        .arg(input)
        .args(["-map", "0:a:0", "-vn", "-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1"])
        .args(["-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", "32k", "-application", "voip"])
        // The same sound gives the same bytes.
        .args(["-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "ogg", "pipe:1"])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}

async fn read(child: &mut Child, blobs: &Blobs) -> Result<Option<Pin>, AttachError> {
    let Some(mut output) = child.stdout.take() else { return Ok(None) };
    let mut writer = blobs.writer(None, NOTE_MAX).await?;
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        if output.read_buf(&mut piece).await.map_err(AttachError::Unreadable)? == 0 {
            break;
        }
        match writer.write(piece).await {
            Err(BlobError::TooLarge { .. }) => return Ok(None),
            written => written?,
        }
    }
    let status = child.wait().await.map_err(AttachError::Unreadable)?;
    if !status.success() || writer.size() == 0 {
        return Ok(None);
    }
    Ok(Some(writer.finish().await?.pin))
}
