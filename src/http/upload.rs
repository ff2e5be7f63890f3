//! Writes a file that arrives to the disk, piece by piece, from a caller who may be slow or send too much.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http::StatusCode;
use tokio::time::{Instant, timeout};

use crate::blobs::{Blobs, Pin};

use super::error::ApiError;

/// A caller that sends nothing for this long is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// A caller that sends more slowly than this many bytes a second is given up after a while.
const SLOWEST_PER_S: u64 = 4 << 10;
const SLOW_FOR: Duration = Duration::from_secs(60);
/// Larger pieces take fewer calls of the disk.
const PIECE: usize = 128 << 10;

/// Of a caller that is refused, bodies of up to this size are read to their end, for no longer than this.
const DISCARD_MAX: u64 = 16 << 20;
const DISCARD_FOR: Duration = Duration::from_secs(2);

/// A file that a caller sent, and what the caller says about it.
#[derive(Debug)]
pub struct Given {
    pub pin: Pin,
    pub mimetype: Option<String>,
    pub filename: Option<String>,
}

/// Writes all bytes of a stream as one file of at most `max` bytes. `expected` is its size, where it is known.
pub async fn receive(
    blobs: &Blobs,
    max: u64,
    expected: Option<u64>,
    mut arriving: impl Stream<Item = Result<Bytes, ApiError>> + Send + Unpin,
) -> Result<Pin, ApiError> {
    let mut writer = blobs.writer(expected, max).await?;
    let mut piece = BytesMut::new();
    let slow = || ApiError::new(StatusCode::REQUEST_TIMEOUT, "BODY_TOO_SLOW", "The body did not arrive in time.");
    let patience = Instant::now() + SLOW_FOR;
    while let Some(bytes) = timeout(SILENCE, arriving.next()).await.map_err(|_| slow())? {
        if Instant::now() > patience + Duration::from_secs((writer.size() + piece.len() as u64) / SLOWEST_PER_S) {
            return Err(slow());
        }
        piece.extend_from_slice(&bytes?);
        if piece.len() >= PIECE {
            writer.write(piece.split().freeze()).await?;
        }
    }
    writer.write(piece.freeze()).await?;
    Ok(writer.finish().await?.pin)
}

/// Reads what a refused caller still sends, if it is little: the connection would be closed in the middle of it, and many
/// callers would then see a broken pipe instead of the refusal.
pub async fn discard<E>(mut arriving: impl Stream<Item = Result<Bytes, E>> + Unpin, expected: Option<u64>) {
    if expected.is_some_and(|size| size <= DISCARD_MAX) {
        let rest = async { while let Some(Ok(_)) = arriving.next().await {} };
        // A caller that is slower than this sees the connection close.
        let _ = timeout(DISCARD_FOR, rest).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures_util::stream;

    use super::*;

    const MAX: u64 = 2 << 20;

    #[tokio::test]
    async fn a_file_is_written_as_it_arrives_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path(), 1 << 20).await.unwrap();
        let pieces = || stream::iter((0..40_u8).map(|n| Ok(Bytes::from(vec![n; 10_000]))));
        let pin = receive(&blobs, MAX, None, pieces()).await.unwrap();
        let expected: Vec<u8> = (0..40_u8).flat_map(|n| vec![n; 10_000]).collect();
        assert_eq!(std::fs::read(pin.path()).unwrap(), expected);
        let broken = pieces().chain(stream::iter([Err(ApiError::bad_request("INVALID_MEDIA", "broke off"))]));
        assert!(receive(&blobs, MAX, None, broken).await.is_err());
        let error = |expected, pieces: u8| {
            let blobs = blobs.clone();
            let sent = stream::iter((0..pieces).map(|_| Ok(Bytes::from(vec![7; 10_000]))));
            async move { format!("{:?}", receive(&blobs, MAX, expected, sent).await.unwrap_err()) }
        };
        assert!(error(Some(1 << 20), 0).await.contains("MEDIA_QUOTA"));
        assert!(error(None, 70).await.contains("MEDIA_QUOTA"));
        assert!(error(Some(MAX + 1), 0).await.contains("MEDIA_TOO_LARGE"));
        assert_eq!(blobs.usage().files, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_falls_silent_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(dir.path(), 1 << 20).await.unwrap();
        let sent = stream::iter([Ok(Bytes::from_static(b"half"))]).chain(stream::pending());
        assert!(format!("{:?}", receive(&blobs, MAX, None, sent).await.unwrap_err()).contains("BODY_TOO_SLOW"));
        let drop_by_drop = stream::repeat_with(|| Ok(Bytes::from_static(b"1"))).then(|byte| async {
            tokio::time::sleep(SILENCE / 2).await;
            byte
        });
        let sent = Box::pin(drop_by_drop.take(100));
        assert!(format!("{:?}", receive(&blobs, MAX, None, sent).await.unwrap_err()).contains("BODY_TOO_SLOW"));
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_refused_caller_a_small_body_is_read_to_its_end_and_a_slow_or_large_one_is_not() {
        let mut read = 0;
        let pieces =
            |count: usize| stream::iter((0..count).map(|_| Ok::<_, ApiError>(Bytes::from_static(b"12345678"))));
        discard(pieces(100).inspect(|_| read += 1), Some(800)).await;
        assert_eq!(read, 100);
        let began = Instant::now();
        discard(pieces(1).chain(stream::pending()), Some(800)).await;
        assert_eq!(began.elapsed(), DISCARD_FOR);
        let mut read = 0;
        discard(pieces(1).inspect(|_| read += 1), Some(DISCARD_MAX + 1)).await;
        discard(pieces(1).inspect(|_| read += 1), None).await;
        assert_eq!(read, 0);
    }
}
