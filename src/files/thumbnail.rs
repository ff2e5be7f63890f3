//! The small picture that a receiver sees before the file itself is there.

use std::io::{self, BufRead, BufReader, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

use super::image::Picture;
use super::source::Source;

/// The longest edge, in pixels.
const EDGE: u32 = 100;
/// The most bytes that a message carries.
const BYTES_MAX: usize = 20_000;
/// Larger pictures get no thumbnail.
const PIXELS_MAX: u64 = 50_000_000;
/// A decoder may hold so much memory. One for JPEG holds the whole file besides.
const MEMORY_MAX: u64 = 256 * 1024 * 1024;
const FILE_MAX: u64 = 64 * 1024 * 1024;

/// A JPEG of the picture. None for pictures that are too large or cannot be decoded: a message does without.
pub fn thumbnail<R: Read + Seek>(
    source: &mut Source<R>,
    picture: &Picture,
    mimetype: &str,
) -> io::Result<Option<Vec<u8>>> {
    let format = match mimetype {
        "image/jpeg" => ImageFormat::Jpeg,
        "image/png" => ImageFormat::Png,
        "image/webp" => ImageFormat::WebP,
        _ => return Ok(None),
    };
    // The decoder of a progressive JPEG keeps three numbers of two bytes for each pixel beside the three bytes of colour.
    // A header may claim more pixels than the product holds.
    let memory = picture.pixels().saturating_mul(if picture.is_progressive { 9 } else { 3 });
    if picture.pixels() > PIXELS_MAX || memory > MEMORY_MAX || source.len() > FILE_MAX {
        return Ok(None);
    }
    let file = BufReader::new(source.rewound()?);
    // A decoder that panics on a damaged picture costs the thumbnail only.
    Ok(catch_unwind(AssertUnwindSafe(|| draw(file, format, picture))).ok().flatten())
}

fn draw(file: impl BufRead + Seek, format: ImageFormat, picture: &Picture) -> Option<Vec<u8>> {
    let mut reader = ImageReader::with_format(file, format);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(MEMORY_MAX);
    reader.limits(limits);
    let whole = reader.decode().ok()?;
    let mut small = if whole.width().max(whole.height()) > EDGE { whole.thumbnail(EDGE, EDGE) } else { whole };
    small.apply_orientation(picture.orientation);
    let paper = on_white(&small);
    [80, 60, 40, 20].into_iter().find_map(|quality| {
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(&paper).ok()?;
        (jpeg.len() <= BYTES_MAX).then_some(jpeg)
    })
}

/// JPEG has no transparency: what is behind the picture becomes white.
fn on_white(picture: &DynamicImage) -> RgbImage {
    let rgba = picture.to_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [red, green, blue, alpha] = rgba.get_pixel(x, y).0.map(u16::from);
        Rgb([red, green, blue].map(|colour| ((colour * alpha + 255 * (255 - alpha)) / 255) as u8))
    })
}
