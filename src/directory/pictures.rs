//! The pictures of people: their bytes, fetched by the page and kept for a while. WhatsApp's own links expire.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::person::failed;
use super::{Directory, DirectoryError};
use crate::domain::address::ChatId;
use crate::domain::state::State;
use crate::transport::web::session::SessionError;
use crate::transport::web::whatsapp::PageError;

/// A full picture has 640 pixels a side: some 100 KB.
const MAX: usize = 512 << 10;
/// The page asks WhatsApp's server for the link, then the host for the bytes.
const DEADLINE: Duration = Duration::from_secs(20);
/// After this time the server is asked whether the picture is still the same.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// So long it is not asked again for somebody who has none.
const NONE_FRESH: Duration = Duration::from_secs(10 * 60);
/// Bytes of pictures that are kept; the oldest go first.
const KEPT_MAX: usize = 16 << 20;
const ENTRIES_MAX: usize = 2000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub bytes: Bytes,
    pub mimetype: &'static str,
    /// SHA-256 of the bytes, in hexadecimal digits.
    pub sha256: String,
}

struct Entry {
    lid: String,
    asked_at: Instant,
    tag: Option<String>,
    /// None: there is no picture.
    picture: Option<Arc<Picture>>,
}

/// The pictures in the order in which they were asked for.
#[derive(Default)]
pub(super) struct Pictures(Mutex<VecDeque<Entry>>);

impl Pictures {
    /// What is kept of somebody, and whether it is new enough to be answered.
    fn get(&self, lid: &str) -> Option<(Option<Arc<Picture>>, Option<String>, bool)> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.iter().find(|entry| entry.lid == lid)?;
        let fresh = if entry.picture.is_some() { FRESH } else { NONE_FRESH };
        Some((entry.picture.clone(), entry.tag.clone(), entry.asked_at.elapsed() < fresh))
    }

    fn put(&self, lid: String, tag: Option<String>, picture: Option<Arc<Picture>>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.lid != lid);
        entries.push_back(Entry { lid, asked_at: Instant::now(), tag, picture });
        let mut kept: usize = entries.iter().map(Entry::size).sum();
        while kept > KEPT_MAX || entries.len() > ENTRIES_MAX {
            kept -= entries.pop_front().map_or(kept, |entry| entry.size());
        }
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Entry {
    fn size(&self) -> usize {
        self.picture.as_ref().map_or(0, |picture| picture.bytes.len())
    }
}

impl Directory {
    /// The picture of somebody. WhatsApp's server is asked, which counts as a look-up, unless it was within the last hour.
    pub async fn picture(&self, id: &ChatId) -> Result<Arc<Picture>, DirectoryError> {
        let page = self.session.page(State::Ready)?;
        let lid = self.lid_of(id).await?;
        let key = lid.to_string();
        let kept = self.pictures.get(&key);
        if let Some((picture, _, true)) = kept {
            return picture.ok_or(DirectoryError::NoPicture);
        }
        self.take_lookup()?;
        let (old, old_tag) = kept.map_or((None, None), |(picture, tag, _)| (picture, tag));
        let known_tag = old_tag.as_deref().filter(|_| old.is_some());
        let now = match page.picture(&lid, known_tag, MAX, DEADLINE).await {
            Ok(now) => now,
            Err(PageError::NoPicture) => {
                self.pictures.put(key, None, None);
                return Err(DirectoryError::NoPicture);
            }
            Err(error) => return Err(failed(error)),
        };
        let picture = match (now.data, old) {
            (Some(data), _) => Arc::new(read(&data)?),
            (None, Some(old)) => old,
            (None, None) => return Err(DirectoryError::NoPicture),
        };
        self.pictures.put(key, now.tag, Some(picture.clone()));
        Ok(picture)
    }
}

fn read(data: &str) -> Result<Picture, DirectoryError> {
    let wrong = |why: &str| DirectoryError::Session(SessionError::Refused(why.to_owned()));
    let bytes = STANDARD.decode(data).map_err(|_| wrong("the picture is not base64"))?;
    let mimetype = kind_of(&bytes).ok_or_else(|| wrong("the picture is of no known kind"))?;
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Picture { bytes: bytes.into(), mimetype, sha256 })
}

/// By its first bytes. Nothing else is passed on.
fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn picture(size: usize) -> Option<Arc<Picture>> {
        let bytes = Bytes::from(vec![0; size]);
        Some(Arc::new(Picture { bytes, mimetype: "image/jpeg", sha256: String::new() }))
    }

    #[tokio::test(start_paused = true)]
    async fn pictures_are_kept_for_a_while_and_not_without_bound() {
        let pictures = Pictures::default();
        pictures.put("1@lid".to_owned(), Some("a".to_owned()), picture(5));
        pictures.put("2@lid".to_owned(), None, None);
        let is_fresh = |lid: &str| pictures.get(lid).unwrap().2;
        assert!(is_fresh("1@lid") && is_fresh("2@lid"));
        tokio::time::advance(NONE_FRESH).await;
        assert!(is_fresh("1@lid") && !is_fresh("2@lid"));
        tokio::time::advance(FRESH).await;
        assert!(!is_fresh("1@lid"));
        for n in 0..40 {
            pictures.put(format!("{n}@lid"), None, picture(MAX));
        }
        assert!(pictures.get("1@lid").is_none() && pictures.get("39@lid").is_some());
        let kept: usize = pictures.0.lock().unwrap().iter().map(Entry::size).sum();
        assert!(kept <= KEPT_MAX, "{kept}");
        pictures.clear();
        assert!(pictures.get("39@lid").is_none());
    }

    #[test]
    fn only_pictures_are_passed_on() {
        assert_eq!(read("/9j/4AAQ").unwrap().mimetype, "image/jpeg");
        assert!(read("PGh0bWw+").is_err() && read("not base64").is_err());
    }
}
