//! The form in which a file is uploaded, streamed from the disk.

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::io::AsyncReadExt;

use crate::transport::Progress;

/// The piece in which a file is read.
const PIECE: usize = 16 << 10;

/// What stands before and after the file in a form.
pub(super) fn form(boundary: &str, mimetype: &str, filename: &str) -> (Bytes, Bytes) {
    let field = |name: &str, value: &str| {
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let filename: String =
        filename.chars().map(|c| if c.is_control() || matches!(c, '"' | '\\') { '_' } else { c }).collect();
    let head = format!(
        "{}{}--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\nContent-Type: {mimetype}\r\n\r\n",
        field("messaging_product", "whatsapp"),
        field("type", mimetype),
    );
    (head.into(), format!("\r\n--{boundary}--\r\n").into())
}

enum Part {
    Head(Bytes),
    File,
    Over,
}

/// The form, piece by piece.
pub(super) fn pieces(
    head: Bytes,
    file: tokio::fs::File,
    tail: Bytes,
    progress: Progress,
    size: u64,
) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send {
    let begin = (Part::Head(head), file, tail, 0_u64, progress);
    stream::try_unfold(begin, move |(part, mut file, tail, done, progress)| async move {
        match part {
            Part::Head(head) => Ok(Some((head, (Part::File, file, tail, done, progress)))),
            Part::File => {
                let mut piece = BytesMut::with_capacity(PIECE);
                if file.read_buf(&mut piece).await? == 0 {
                    return Ok(Some((tail.clone(), (Part::Over, file, tail, done, progress))));
                }
                let done = done + piece.len() as u64;
                progress.note(done.min(size), size);
                Ok(Some((piece.freeze(), (Part::File, file, tail, done, progress))))
            }
            Part::Over => Ok(None),
        }
    })
}
