//! Writing the archive.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};

use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::cli::interrupt::Interrupt;
use crate::cli::{Failure, progress};

use super::contents::Item;
use super::manifest::{Entry, MANIFEST, Manifest};

/// zstd's default: faster than most disks write.
const LEVEL: i32 = 3;

/// Writes the items and then the manifest, which is given back complete.
pub(super) fn write(
    file: &File,
    items: &[Item],
    mut manifest: Manifest,
    interrupt: &Interrupt,
) -> Result<Manifest, Failure> {
    let failed = || Failure::io("the backup cannot be written");
    let bar = progress::bar(items.iter().map(|item| item.bytes).sum(), "Copying");
    let mut zstd = zstd::Encoder::new(BufWriter::new(file), LEVEL).map_err(failed())?;
    zstd.include_checksum(true).map_err(failed())?;
    let mut tar = Builder::new(zstd);
    for item in items {
        interrupt.check()?;
        let source = File::open(&item.path).map_err(Failure::io(item.path.display()))?;
        // Only the length that was found at first is read. That a file has grown is noticed by the second look at the folder.
        let mut source = Hashed::new(bar.wrap_read(BufReader::new(source).take(item.bytes)));
        let mut header = header(item.bytes);
        header.set_mtime(item.modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs());
        tar.append_data(&mut header, &item.name, &mut source).map_err(failed())?;
        let (bytes, sha256) = source.finish();
        if bytes != item.bytes {
            return Err(Failure::refused("files changed during the copy, which is discarded: try again"));
        }
        manifest.files.push(Entry { path: item.name.clone(), bytes, sha256 });
    }
    let text = serde_json::to_vec_pretty(&manifest).map_err(io::Error::other).map_err(failed())?;
    tar.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice()).map_err(failed())?;
    let zstd = tar.into_inner().map_err(failed())?;
    zstd.finish().and_then(|mut file| file.flush()).map_err(failed())?;
    bar.finish_and_clear();
    Ok(manifest)
}

fn header(bytes: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes);
    header.set_mode(0o600);
    header
}

/// A reader that counts and hashes what is read through it.
pub(crate) struct Hashed<T> {
    inner: T,
    bytes: u64,
    hash: Sha256,
}

impl<T> Hashed<T> {
    pub(crate) fn new(inner: T) -> Self {
        Self { inner, bytes: 0, hash: Sha256::new() }
    }

    /// How many bytes were read, and their SHA-256 in hexadecimal digits.
    pub(crate) fn finish(self) -> (u64, String) {
        let digest = self.hash.finalize();
        (self.bytes, digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.bytes += count as u64;
        Ok(count)
    }
}
