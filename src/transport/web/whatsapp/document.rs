//! `WHATSAPP_WEB_HTML`: a stored document of the page, which is answered instead of the one on the network.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::transport::web::browser::DOCUMENT_MAX;

#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("WHATSAPP_WEB_HTML {path} cannot be read ({source}): correct it or unset it")]
    Unreadable { path: String, source: io::Error },
    #[error(
        "WHATSAPP_WEB_HTML {path} is not a document of WhatsApp Web ({why}): keep one with `session-manager page --save FILE` \
         while the service is READY, or unset it"
    )]
    NoDocument { path: String, why: &'static str },
}

/// Reads the document. Blocking.
pub fn read(path: &Path) -> Result<Arc<[u8]>, DocumentError> {
    let shown = || path.display().to_string();
    let mut document = Vec::new();
    let limit = u64::try_from(DOCUMENT_MAX).unwrap_or(u64::MAX);
    let taken = File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut document));
    taken.map_err(|source| DocumentError::Unreadable { path: shown(), source })?;
    let start = document.trim_ascii_start();
    let why = match document.len() {
        0 => "it is empty",
        length if length > DOCUMENT_MAX => "it is too large",
        // A document may begin with the mark of its encoding.
        _ if !start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).starts_with(b"<") => "it is no HTML",
        _ => return Ok(document.into()),
    };
    Err(DocumentError::NoDocument { path: shown(), why })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_a_document_is_taken_and_every_refusal_names_the_setting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        let told = |path: &Path| read(path).unwrap_err().to_string();
        assert!(told(&path).starts_with("WHATSAPP_WEB_HTML /") && told(&path).contains("cannot be read"));
        assert!(told(folder.path()).contains("cannot be read"));
        for (content, why) in [("", "empty"), ("{\"ok\":false}", "no HTML")] {
            std::fs::write(&path, content).unwrap();
            assert!(told(&path).contains(why) && told(&path).contains("page --save"), "{}", told(&path));
        }
        File::create(&path).unwrap().set_len(u64::try_from(DOCUMENT_MAX).unwrap() + 1).unwrap();
        assert!(told(&path).contains("too large"));
        std::fs::write(&path, "\n<!DOCTYPE html>").unwrap();
        assert_eq!(&*read(&path).unwrap(), b"\n<!DOCTYPE html>");
    }
}
