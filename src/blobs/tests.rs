#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::os::unix::fs::PermissionsExt;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;

const QUOTA: u64 = 100;
const MAX: u64 = 1 << 20;

async fn open(dir: &TempDir) -> Blobs {
    Blobs::open(dir.path(), QUOTA).await.unwrap()
}

async fn write(blobs: &Blobs, bytes: &[u8]) -> Written {
    let mut writer = blobs.writer(None, MAX).await.unwrap();
    for part in bytes.chunks(7) {
        writer.write(part.to_vec()).await.unwrap();
    }
    writer.finish().await.unwrap()
}

fn id_of(bytes: &[u8]) -> BlobId {
    BlobId::from_bytes(Sha256::digest(bytes).into())
}

/// Every file below the folder.
fn names(dir: &TempDir) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir.path().join("media")).unwrap().map(Result::unwrap) {
        match fs::read_dir(entry.path()) {
            Ok(files) => names.extend(files.map(|file| file.unwrap().file_name().into_string().unwrap())),
            Err(_) => names.push(entry.file_name().into_string().unwrap()),
        }
    }
    names.sort();
    names
}

#[tokio::test]
async fn a_file_is_kept_once_under_its_hash_and_survives_a_restart() {
    let dir = TempDir::new().unwrap();
    let blobs = open(&dir).await;
    let (first, again) = (write(&blobs, b"a picture").await, write(&blobs, b"a picture").await);
    assert_eq!((first.was_known, again.was_known), (false, true));
    assert_eq!((first.pin.id(), first.pin.size()), (id_of(b"a picture"), 9));
    assert_eq!(names(&dir), [id_of(b"a picture").to_string()]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&first.pin.path()), mode(&dir.path().join("media"))), (0o600, 0o700));
    drop((blobs, first, again));
    let blobs = open(&dir).await;
    assert_eq!(blobs.usage(), Usage { files: 1, bytes: 9, quota: QUOTA });
    let (mut file, mut bytes) = (blobs.pin(id_of(b"a picture")).unwrap().open().await.unwrap(), Vec::new());
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"a picture");
    assert!(blobs.pin(id_of(b"another")).is_none());
}

#[tokio::test]
async fn nothing_of_a_file_stays_that_was_not_finished() {
    let dir = TempDir::new().unwrap();
    let blobs = open(&dir).await;
    let mut writer = blobs.writer(None, 10).await.unwrap();
    writer.write(b"12345".to_vec()).await.unwrap();
    assert_eq!(names(&dir).len(), 1);
    drop(writer);
    let mut large = blobs.writer(None, 10).await.unwrap();
    large.write(b"12345".to_vec()).await.unwrap();
    assert!(matches!(large.write(b"678901".to_vec()).await, Err(BlobError::TooLarge { max: 10 })));
    assert!(large.finish().await.is_err());
    assert_eq!(names(&dir), [""; 0]);
    // What a crash leaves.
    fs::write(dir.path().join("media").join(format!("{PART}0123")), b"half").unwrap();
    assert_eq!(open(&dir).await.usage().files, 0);
    assert_eq!(names(&dir), [""; 0]);
}

#[tokio::test]
async fn the_oldest_files_go_first_and_pinned_ones_stay() {
    let dir = TempDir::new().unwrap();
    let blobs = open(&dir).await;
    let mut ids = Vec::new();
    for byte in 1..=4u8 {
        ids.push(write(&blobs, &[byte; 40]).await.pin.id());
    }
    assert_eq!((blobs.usage().bytes, blobs.surplus()), (160, ids[..2].to_vec()));
    let pins: Vec<_> = ids.iter().map(|id| blobs.pin(*id).unwrap()).collect();
    assert_eq!(blobs.surplus(), [], "all are in use");
    assert!(matches!(blobs.writer(Some(1), MAX).await, Err(BlobError::Quota { quota: QUOTA })));
    let kept = pins[1].clone();
    drop(pins);
    assert_eq!(blobs.surplus(), [ids[0], ids[2]]);
    for id in [ids[0], ids[1], ids[2]] {
        assert_eq!(blobs.remove(id).await.unwrap(), id != kept.id());
    }
    assert_eq!((blobs.usage().bytes, blobs.surplus(), blobs.unpinned()), (80, vec![], vec![ids[3]]));
    assert_eq!(names(&dir).len(), 2);
    assert!(!blobs.remove(ids[0]).await.unwrap(), "it is gone already");
}

#[tokio::test]
async fn files_in_use_and_those_that_are_written_stay_within_the_quota() {
    let dir = TempDir::new().unwrap();
    let blobs = open(&dir).await;
    let kept = write(&blobs, &[1; 60]).await;
    let mut first = blobs.writer(None, MAX).await.unwrap();
    first.write(vec![2; 30]).await.unwrap();
    assert!(matches!(blobs.writer(Some(11), MAX).await, Err(BlobError::Quota { quota: QUOTA })));
    let mut second = blobs.writer(Some(10), MAX).await.unwrap();
    second.write(vec![3; 10]).await.unwrap();
    assert!(matches!(second.write(vec![3; 1]).await, Err(BlobError::Quota { .. })));
    first.write(vec![2; 10]).await.unwrap();
    let first = first.finish().await.unwrap();
    assert!(matches!(blobs.writer(Some(1), MAX).await, Err(BlobError::Quota { .. })));
    drop(kept);
    assert!(blobs.writer(Some(60), MAX).await.is_ok(), "a file that is not in use can be evicted");
    drop(first);
    assert!(matches!(blobs.writer(Some(11), 10).await, Err(BlobError::TooLarge { max: 10 })));
}

#[tokio::test]
async fn what_is_no_file_of_this_room_stays_untouched() {
    let dir = TempDir::new().unwrap();
    fs::create_dir_all(dir.path().join("media/ab")).unwrap();
    fs::write(dir.path().join("media/ab/notes.txt"), b"x").unwrap();
    fs::write(dir.path().join("media/README"), b"x").unwrap();
    let blobs = open(&dir).await;
    assert_eq!(blobs.usage().files, 0);
    assert_eq!(names(&dir), ["README", "notes.txt"]);
}

#[tokio::test]
async fn folders_of_others_are_not_looked_into() {
    let dir = TempDir::new().unwrap();
    let id = id_of(b"x").to_string();
    for folder in ["lost+found", "zz", "0"] {
        fs::create_dir_all(dir.path().join("media").join(folder)).unwrap();
        fs::write(dir.path().join("media").join(folder).join(&id), b"x").unwrap();
    }
    assert_eq!(open(&dir).await.usage().files, 0);
}

#[tokio::test]
async fn a_file_that_somebody_removed_is_kept_again() {
    let dir = TempDir::new().unwrap();
    let blobs = open(&dir).await;
    let pin = write(&blobs, b"a picture").await.pin;
    assert!(pin.is_there().await);
    fs::remove_file(pin.path()).unwrap();
    assert!(!pin.is_there().await && blobs.pin(pin.id()).is_none());
    let again = write(&blobs, b"a picture").await;
    assert!(!again.was_known && again.pin.is_there().await);
    drop(pin);
    assert!(!blobs.remove(again.pin.id()).await.unwrap(), "it is in use");
    assert_eq!(blobs.usage(), Usage { files: 1, bytes: 9, quota: QUOTA });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_takes_no_file_that_is_written_again_meanwhile() {
    let dir = TempDir::new().unwrap();
    let blobs = open(&dir).await;
    for _ in 0..50 {
        let id = write(&blobs, b"a sticker").await.pin.id();
        let (removing, writing) = (blobs.clone(), blobs.clone());
        let removed = tokio::spawn(async move { removing.remove(id).await.unwrap() });
        let written = tokio::spawn(async move { write(&writing, b"a sticker").await.pin });
        removed.await.unwrap();
        let pin = written.await.unwrap();
        assert!(pin.path().exists());
    }
}
