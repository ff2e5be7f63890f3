//! How large a picture is, which way up it is shown, and whether it moves. No pixel is decoded.

use std::io::{self, Read, Seek};

use image::metadata::Orientation;

use super::source::{Source, be16, be32, four, le16, le24, le32};

/// The most chunks or segments of one file.
const PARTS_MAX: usize = 2_000;
/// The longest EXIF that is read. In a JPEG a segment cannot be longer.
const EXIF_MAX: usize = 64 * 1024;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture {
    /// As the file holds it, before it is turned.
    width: u32,
    height: u32,
    pub orientation: Orientation,
    pub is_animated: bool,
    /// Whether a JPEG is progressive: its decoder then needs more memory.
    pub is_progressive: bool,
}

impl Picture {
    fn new(width: u32, height: u32) -> Option<Self> {
        let orientation = Orientation::NoTransforms;
        let picture = Self { width, height, orientation, is_animated: false, is_progressive: false };
        (width > 0 && height > 0).then_some(picture)
    }

    /// Width and height as the picture is shown.
    pub fn shown(&self) -> (u32, u32) {
        use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
        match self.orientation {
            Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH => (self.height, self.width),
            _ => (self.width, self.height),
        }
    }

    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Reads the header of a picture of this type. None when the type is another, or the header is damaged.
    pub fn read<R: Read + Seek>(source: &mut Source<R>, mimetype: &str) -> io::Result<Option<Self>> {
        match mimetype {
            "image/jpeg" => jpeg(source),
            "image/png" => png(source),
            "image/webp" => webp(source),
            "image/gif" => {
                let head = source.up_to(0, 10)?;
                let size = le16(head, 6).zip(le16(head, 8));
                Ok(size.and_then(|(width, height)| Self::new(width.into(), height.into())))
            }
            _ => Ok(None),
        }
    }
}

fn orientation(exif: &[u8]) -> Orientation {
    let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    Orientation::from_exif_chunk(tiff).unwrap_or(Orientation::NoTransforms)
}

fn jpeg<R: Read + Seek>(source: &mut Source<R>) -> io::Result<Option<Picture>> {
    let (mut at, mut turned) = (2, None);
    for _ in 0..PARTS_MAX {
        let head = source.up_to(at, 9)?;
        let (Some(0xff), Some(marker)) = (head.first().copied(), head.get(1).copied()) else { break };
        let size = be16(head, 2).map_or(0, u64::from);
        match marker {
            // Bytes that fill up, and markers without a body.
            0xff => at += 1,
            0x01 | 0xd0..=0xd7 => at += 2,
            // The frame. C4, C8 and CC are tables in the same range of numbers.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let (height, width) = (be16(head, 5).unwrap_or_default(), be16(head, 7).unwrap_or_default());
                let picture = Picture::new(width.into(), height.into());
                return Ok(picture.map(|picture| Picture {
                    orientation: turned.unwrap_or(picture.orientation),
                    is_progressive: marker == 0xc2,
                    ..picture
                }));
            }
            // The pixels begin, or the file ends, without a frame.
            0xd9 | 0xda => break,
            _ if size < 2 => break,
            _ => {
                if marker == 0xe1 && turned.is_none() {
                    let body = source.up_to(at + 4, size as usize - 2)?;
                    turned = body.starts_with(b"Exif\0\0").then(|| orientation(body));
                }
                at += 2 + size;
            }
        }
    }
    Ok(None)
}

fn png<R: Read + Seek>(source: &mut Source<R>) -> io::Result<Option<Picture>> {
    let head = source.up_to(0, 24)?;
    let size = be32(head, 16).zip(be32(head, 20)).filter(|_| four(head, 12) == Some(*b"IHDR"));
    let Some(mut picture) = size.and_then(|(width, height)| Picture::new(width, height)) else { return Ok(None) };
    let mut at = 8;
    for _ in 0..PARTS_MAX {
        let head = source.up_to(at, 8)?;
        let (Some(size), Some(name)) = (be32(head, 0), four(head, 4)) else { break };
        match &name {
            b"acTL" => picture.is_animated = true,
            b"eXIf" => picture.orientation = orientation(source.up_to(at + 8, EXIF_MAX.min(size as usize))?),
            b"IEND" => break,
            _ => {}
        }
        at += 12 + u64::from(size);
    }
    Ok(Some(picture))
}

fn webp<R: Read + Seek>(source: &mut Source<R>) -> io::Result<Option<Picture>> {
    let (mut at, mut canvas) = (12, None::<Picture>);
    for _ in 0..PARTS_MAX {
        let head = source.up_to(at, 18)?;
        let (Some(name), Some(size)) = (four(head, 0), le32(head, 4)) else { break };
        match &name {
            b"VP8X" => {
                let flags = head.get(8).copied().unwrap_or_default();
                let size = le24(head, 12).zip(le24(head, 15));
                let found = size.and_then(|(width, height)| Picture::new(width + 1, height + 1));
                canvas = found.map(|picture| Picture { is_animated: flags & 2 != 0, ..picture });
                let has_exif = flags & 8 != 0;
                // Without a canvas there is no picture; without EXIF and animation nothing of interest follows.
                if canvas.is_none_or(|canvas| !canvas.is_animated && !has_exif) {
                    break;
                }
            }
            b"VP8 " | b"VP8L" if canvas.is_none() => return Ok(still(&name, head)),
            b"ANMF" => {
                if let Some(canvas) = &mut canvas {
                    canvas.is_animated = true;
                }
            }
            b"EXIF" => {
                let body = source.up_to(at + 8, EXIF_MAX.min(size as usize))?;
                canvas = canvas.map(|canvas| Picture { orientation: orientation(body), ..canvas });
            }
            _ => {}
        }
        at += 8 + u64::from(size) + u64::from(size % 2);
    }
    Ok(canvas)
}

/// The size in the only chunk of a simple WebP.
fn still(name: &[u8; 4], head: &[u8]) -> Option<Picture> {
    let low = |bits: u32| bits & 0x3fff;
    if name == b"VP8L" {
        let bits = le32(head, 9).filter(|_| head.get(8) == Some(&0x2f))?;
        return Picture::new(low(bits) + 1, low(bits >> 14) + 1);
    }
    let is_key_frame = head.get(8).is_some_and(|byte| byte & 1 == 0) && head.get(11..14) == Some(&[0x9d, 0x01, 0x2a]);
    let size = le16(head, 14).zip(le16(head, 16)).filter(|_| is_key_frame)?;
    Picture::new(low(size.0.into()), low(size.1.into()))
}
