//! Sizes, lengths, waves and thumbnails.

use std::io::Cursor;

use image::ImageFormat;

use super::builders::*;
use crate::files::{Inspected, inspect};

fn look(file: &[u8]) -> Inspected {
    inspect(Cursor::new(file), None, None, None).unwrap()
}

fn size(file: &[u8]) -> Option<(u32, u32)> {
    let found = look(file);
    found.width.zip(found.height)
}

#[test]
fn a_picture_is_as_large_as_it_is_shown() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        assert_eq!(size(&picture(300, 200, format)), Some((300, 200)), "{format:?}");
    }
    for orientation in 1..=8 {
        let expected = if orientation > 4 { (20, 30) } else { (30, 20) };
        assert_eq!(size(&turned_jpeg(30, 20, orientation)), Some(expected), "JPEG {orientation}");
        assert_eq!(size(&turned_webp(30, 20, orientation)), Some(expected), "WebP {orientation}");
    }
    assert_eq!(size(&lossy_webp(640, 480)), Some((640, 480)));
    assert_eq!(size(&moving_webp(512, 512)), Some((512, 512)));
    assert_eq!(size(&gif(11, 12)), Some((11, 12)));
}

#[test]
fn a_thumbnail_is_small_and_the_right_way_up() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let thumbnail = look(&picture(400, 300, format)).thumbnail.unwrap();
        let decoded = image::load_from_memory_with_format(&thumbnail, ImageFormat::Jpeg).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (100, 75), "{format:?}");
        assert!(thumbnail.len() <= 20_000);
    }
    // The red quarter is at the left and above in the file; turned by 90 degrees it is at the right and above.
    let thumbnail = look(&turned_jpeg(200, 100, 6)).thumbnail.unwrap();
    let decoded = image::load_from_memory(&thumbnail).unwrap().to_rgb8();
    assert_eq!(decoded.dimensions(), (50, 100));
    assert!(decoded.get_pixel(40, 10).0[0] > 200 && decoded.get_pixel(5, 10).0[0] < 50);
    let small = look(&picture(5, 3, ImageFormat::Png)).thumbnail.unwrap();
    assert_eq!(size(&small), Some((5, 3)));
    assert!(look(&moving_webp(64, 64)).thumbnail.is_some());
    assert!(look(&moving_webp(64, 64)).is_animated && !look(&turned_webp(64, 64, 1)).is_animated);
}

#[test]
fn the_worst_picture_still_gives_few_bytes() {
    let mut state = 1u32;
    let noise = image::RgbImage::from_fn(100, 100, |_, _| {
        image::Rgb([0, 8, 16].map(|shift| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> (8 + shift / 2)) as u8
        }))
    });
    let mut png = Vec::new();
    noise.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
    let thumbnail = look(&png).thumbnail.unwrap();
    assert!(thumbnail.len() <= 20_000 && thumbnail.len() > 2_000);
}

#[test]
fn what_is_transparent_becomes_white() {
    let clear = image::RgbaImage::new(10, 10);
    let mut png = Vec::new();
    clear.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
    let thumbnail = image::load_from_memory(&look(&png).thumbnail.unwrap()).unwrap().to_rgb8();
    assert!(thumbnail.pixels().all(|pixel| pixel.0.iter().all(|colour| *colour > 250)));
}

/// A header may announce any size: the memory for it is not reserved.
#[test]
fn a_picture_that_says_it_is_huge_has_no_thumbnail() {
    let mut png = picture(8, 8, ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let found = look(&png);
    assert_eq!((found.width, found.thumbnail), (Some(65_535), None));
    let mut jpeg = picture(8, 8, ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    assert_eq!(look(&jpeg).thumbnail, None);
}

#[test]
fn a_video_is_as_large_and_as_long_as_it_is_shown() {
    let found = look(&mp4(b"isom", &[H264, AAC]));
    assert_eq!((found.width, found.height, found.duration_s), (Some(1920), Some(1080), Some(12)));
    let turned = look(&mp4(b"isom", &[AAC, Made(b"vide", b"avc3", (1280, 720), true)]));
    assert_eq!((turned.width, turned.height), (Some(720), Some(1280)));
    assert_eq!(look(&mp4(b"M4A ", &[AAC])).duration_s, Some(12));
}

#[test]
fn a_sound_is_as_long_as_its_frames() {
    for (file, seconds) in [
        (mp3(200), 5),
        (announced_mp3(400), 10),
        // So many frames do not fit into the file, so its 40 are counted.
        (announced_mp3(u32::MAX), 1),
        (aac(200), 5),
        (amr(200), 4),
        (wav(3), 3),
        (opus(2, &[100; 300]), 6),
        (opus(1, &[100; 10]), 1),
    ] {
        assert_eq!(look(&file).duration_s, Some(seconds), "{:?}", look(&file));
    }
}

#[test]
fn granules_count_only_as_far_as_the_packets_believe_them() {
    let file = |granule: u64| {
        let packets = vec![vec![0x78; 20]; 100];
        [
            page(7, 2, 0, &[opus_head(1)]),
            page(7, 0, 0, &[b"OpusTags".to_vec()]),
            page(7, 0, 48_000, &packets[..50]),
            page(7, 4, granule, &packets[..50]),
        ]
        .concat()
    };
    let seconds = [96_000, 144_000, u64::MAX >> 1, u64::MAX, 0].map(|granule| look(&file(granule)).duration_s);
    assert_eq!(seconds, [Some(2), Some(3), Some(2), Some(1), Some(2)]);
    // A recording that is cut out of a stream does not begin at 0.
    let late = [
        page(7, 2, 0, &[opus_head(1)]),
        page(7, 0, 0, &[b"OpusTags".to_vec()]),
        page(7, 0, 4_848_000, &vec![vec![0x78; 20]; 50]),
    ];
    assert_eq!(look(&late.concat()).duration_s, Some(1));
}

#[test]
fn the_wave_follows_the_sizes_of_the_packets() {
    let wave = look(&voice()).waveform.unwrap();
    assert!(wave[..32].iter().all(|point| *point == 0) && wave[32..].iter().all(|point| *point == 100), "{wave:?}");
    assert_eq!(look(&opus(1, &[100; 300])).waveform, Some([50; 64]));
    assert_eq!(look(&opus(1, &[2; 300])).waveform, Some([0; 64]));
    let rising: Vec<usize> = (1..=200).collect();
    let wave = look(&opus(1, &rising)).waveform.unwrap();
    assert!(wave.is_sorted() && wave[0] == 0 && wave[63] == 100, "{wave:?}");
    // A note with fewer packets than points has a wave too.
    assert_eq!(
        look(&opus(1, &[10, 90])).waveform.map(|wave| (wave[0], wave[31], wave[32], wave[63])),
        Some((0, 0, 100, 100))
    );
    assert_eq!(look(&opus(1, &[])).waveform, Some([0; 64]));
}

#[test]
fn a_packet_may_go_on_in_the_next_page() {
    let mut first = page(7, 0, u64::MAX, &[vec![0x78; 255 * 3 + 10]]);
    // Without its last piece the packet is not ended.
    first[26] = 3;
    first.remove(27 + 3);
    first.truncate(27 + 3 + 255 * 3);
    let rest = page(7, 1, 960, &[vec![1; 10]]);
    let head = [page(7, 2, 0, &[opus_head(1)]), page(7, 0, 0, &[b"OpusTags".to_vec()])].concat();
    let whole = look(&[head.clone(), first, rest.clone()].concat());
    assert_eq!((whole.duration_s, whole.waveform), (Some(1), Some([50; 64])));
    let lost = look(&[head, rest].concat());
    assert_eq!((lost.duration_s, lost.waveform), (None, Some([0; 64])));
}
