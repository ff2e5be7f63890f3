//! Files that are cut off, damaged or made to mislead: looking at them ends soon, and never with a panic.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use image::ImageFormat;
use proptest::prelude::*;

use super::builders::*;
use crate::domain::media::MediaKind;
use crate::files::{InspectError, inspect, needs_transcoding};

fn files() -> Vec<Vec<u8>> {
    vec![
        picture(40, 30, ImageFormat::Jpeg),
        turned_jpeg(40, 30, 6),
        picture(40, 30, ImageFormat::Png),
        picture(40, 30, ImageFormat::WebP),
        turned_webp(40, 30, 8),
        moving_webp(32, 32),
        lossy_webp(40, 30),
        gif(40, 30),
        mp4(b"isom", &[H264, AAC]),
        mp4(b"M4A ", &[AAC]),
        voice(),
        opus(2, &[700; 20]),
        mp3(20),
        announced_mp3(100),
        aac(20),
        amr(20),
        wav(1),
    ]
}

fn look(file: &[u8]) {
    for wanted in [None].into_iter().chain(MediaKind::ALL.map(Some)) {
        if let Ok(found) = inspect(Cursor::new(file), Some("image/jpeg"), Some("a.docx"), wanted) {
            assert!(wanted.is_none_or(|wanted| wanted == found.kind));
            assert!(found.thumbnail.is_none_or(|thumbnail| thumbnail.len() <= 20_000));
            assert!(found.waveform.is_none_or(|wave| wave.iter().all(|point| *point <= 100)));
            assert!(found.duration_s != Some(0) && found.width != Some(0) && found.height != Some(0));
        }
    }
    for kind in MediaKind::ALL {
        let _ = needs_transcoding(Cursor::new(file), kind);
    }
}

#[test]
fn a_file_may_end_anywhere() {
    for file in files() {
        let step = (file.len() / 60).max(1);
        (0..file.len().min(100)).chain((0..file.len()).step_by(step)).for_each(|end| look(&file[..end]));
    }
}

/// Sizes of boxes, chunks and pages are where a walk goes wrong: each is replaced by the largest and the smallest number.
#[test]
fn numbers_may_be_any() {
    for file in files() {
        for at in 0..file.len().min(250) {
            for number in [[0xff; 4], [0; 4], [0x7f, 0xff, 0xff, 0xff], [0, 0, 0, 1]] {
                let mut damaged = file.clone();
                damaged.splice(at..(at + 4).min(file.len()), number);
                let _ = inspect(Cursor::new(&damaged), None, None, None);
            }
        }
    }
}

/// Boxes and chunks without a body, as many as fit: the walk has a bound.
#[test]
fn a_walk_over_a_million_parts_ends() {
    let boxes = [&mp4(b"isom", &[])[..24], &b"\0\0\0\x08free".repeat(1_000_000)].concat();
    let chunks = [&b"RIFF\xff\xff\xff\x7fWAVE"[..], &b"LIST\0\0\0\0".repeat(1_000_000)].concat();
    let pages = page(7, 0, 0, &[vec![0x78; 1]]).repeat(300_000);
    let pages = [page(7, 2, 0, &[opus_head(1)]), pages].concat();
    let amr = [b"#!AMR\n".to_vec(), vec![0x7c; 8_000_000]].concat();
    for file in [boxes, chunks, pages, amr] {
        assert!(inspect(Cursor::new(file), None, None, None).is_ok());
    }
}

/// A box inside of a box inside of a box.
#[test]
fn depth_has_no_effect() {
    let mut nested = Vec::new();
    for depth in 0u32..20_000 {
        nested.extend(((20_000 - depth) * 8).to_be_bytes());
        nested.extend(if depth == 0 { b"moov" } else { b"trak" });
    }
    look(&[&mp4(b"isom", &[])[..20], &nested].concat());
}

struct Unreadable(Cursor<Vec<u8>>);

impl Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Other.into())
    }
}

impl Seek for Unreadable {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_disk_that_fails_is_no_fault_of_the_file() {
    let failed = inspect(Unreadable(Cursor::new(voice())), None, None, Some(MediaKind::Voice));
    assert!(matches!(failed, Err(InspectError::Unreadable(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_looked_at(bytes in prop::collection::vec(any::<u8>(), 1..2_000)) {
        look(&bytes);
    }

    #[test]
    fn any_bytes_behind_a_known_beginning_are_looked_at(
        which in 0..17usize, kept in 4..60usize, bytes in prop::collection::vec(any::<u8>(), 1..2_000),
    ) {
        let file = &files()[which];
        look(&[&file[..kept.min(file.len())], &bytes].concat());
    }

    #[test]
    fn damaged_files_are_looked_at(
        which in 0..17usize, damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let mut file = files().swap_remove(which);
        for (place, byte) in damage {
            // Headers are where damage has an effect.
            let place = place.index(file.len().min(600));
            file[place] = byte;
        }
        look(&file);
    }
}

/// The product of the sides and of the bytes of a pixel is larger than the numbers that it is compared with.
#[test]
fn a_picture_may_claim_the_longest_sides() {
    let mut png = picture(40, 30, ImageFormat::Png);
    png[16..24].fill(0xff);
    look(&png);
}
