//! How long a sound is: MP3, AAC (ADTS), AMR and WAV. Nothing is decoded.

use std::io::{self, Read, Seek};

use super::source::{Source, be32, le16, le32};

/// The most frames that are counted; an hour of MP3 has 138,000. The rest of a longer file is estimated from these.
const FRAMES_MAX: u32 = 500_000;
/// Bytes after the tag in which the first frame is looked for.
const SEARCHED: usize = 4_096;
const CHUNKS_MAX: usize = 1_000;

/// A frame of sound as its header describes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    pub bytes: usize,
    pub seconds: f64,
    /// Where an MP3's first frame says how many frames the file has.
    xing_at: usize,
}

/// The header of an MPEG frame of layer III.
pub fn mp3_frame(bytes: &[u8]) -> Option<Frame> {
    const V1: [u32; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const V2: [u32; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let header = be32(bytes, 0)?;
    let (version, layer) = (header >> 19 & 3, header >> 17 & 3);
    if header >> 21 != 0x7ff || version == 1 || layer != 1 {
        return None;
    }
    let is_v1 = version == 3;
    let rates = if is_v1 { V1 } else { V2 };
    let kbit = rates.get((header >> 12 & 15).checked_sub(1)? as usize)?;
    let base = *[44_100, 48_000, 32_000].get((header >> 10 & 3) as usize)?;
    let rate = match version {
        3 => base,
        2 => base / 2,
        _ => base / 4,
    };
    let samples = if is_v1 { 1_152 } else { 576 };
    let is_mono = header >> 6 & 3 == 3;
    let side = match (is_v1, is_mono) {
        (true, false) => 32,
        (false, true) => 9,
        _ => 17,
    };
    let bytes = samples / 8 * kbit * 1_000 / rate + (header >> 9 & 1);
    Some(Frame { bytes: bytes as usize, seconds: f64::from(samples) / f64::from(rate), xing_at: 4 + side })
}

/// The header of an ADTS frame of AAC.
pub fn adts_frame(bytes: &[u8]) -> Option<Frame> {
    const RATES: [u32; 13] =
        [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];
    let (first, second) = (be32(bytes, 0)?, *bytes.get(4)?);
    let (third, fourth) = (*bytes.get(5)?, *bytes.get(6)?);
    // The bits between are the version and whether there is a checksum; the layer is always 0.
    if first >> 20 != 0xfff || first >> 17 & 3 != 0 {
        return None;
    }
    let rate = RATES.get((first >> 10 & 15) as usize)?;
    let length = (first & 3) << 11 | u32::from(second) << 3 | u32::from(third) >> 5;
    let blocks = u32::from(fourth & 3) + 1;
    let frame = Frame { bytes: length as usize, seconds: f64::from(1_024 * blocks) / f64::from(*rate), xing_at: 0 };
    (length >= 7).then_some(frame)
}

/// A frame of AMR, 20 ms, whose size follows from its mode.
fn amr_frame(bytes: &[u8]) -> Option<Frame> {
    const SIZES: [usize; 9] = [13, 14, 16, 18, 20, 21, 27, 32, 6];
    let mode = usize::from(bytes.first()? >> 3 & 15);
    let size = if mode == 15 { 1 } else { *SIZES.get(mode)? };
    Some(Frame { bytes: size, seconds: 0.02, xing_at: 0 })
}

/// How long a file of this type is, if that is one of the types here and the file has a frame.
pub fn seconds<R: Read + Seek>(source: &mut Source<R>, mimetype: &str) -> io::Result<Option<f64>> {
    match mimetype {
        "audio/mpeg" => mp3(source),
        "audio/aac" => {
            let at = first_frame(source, adts_frame)?;
            at.map_or(Ok(None), |(at, _)| walk(source, at, adts_frame).map(Some))
        }
        "audio/amr" => {
            walk(source, b"#!AMR\n".len() as u64, amr_frame).map(|seconds| Some(seconds).filter(|s| *s > 0.0))
        }
        "audio/wav" => wav(source),
        _ => Ok(None),
    }
}

/// The bytes of the ID3 tag that a file begins with.
pub fn tag_size(head: &[u8]) -> u64 {
    let Some(tag) = head.first_chunk::<10>().filter(|tag| tag.starts_with(b"ID3")) else { return 0 };
    let size = tag[6..].iter().fold(0, |size, byte| size << 7 | u64::from(byte & 0x7f));
    let footer = if tag[5] & 0x10 == 0 { 0 } else { 10 };
    10 + size + footer
}

fn first_frame<R: Read + Seek>(
    source: &mut Source<R>,
    header: fn(&[u8]) -> Option<Frame>,
) -> io::Result<Option<(u64, Frame)>> {
    let start = tag_size(source.up_to(0, 10)?);
    let head = source.up_to(start, SEARCHED)?;
    let found = (0..head.len()).find_map(|at| Some((at, header(&head[at..])?)));
    Ok(found.map(|(at, frame)| (start + at as u64, frame)))
}

fn mp3<R: Read + Seek>(source: &mut Source<R>) -> io::Result<Option<f64>> {
    let Some((at, frame)) = first_frame(source, mp3_frame)? else { return Ok(None) };
    let first = source.up_to(at, frame.bytes)?;
    let told = match first.get(frame.xing_at..frame.xing_at + 4) {
        Some(b"Xing" | b"Info") if be32(first, frame.xing_at + 4).is_some_and(|flags| flags & 1 != 0) => {
            be32(first, frame.xing_at + 8)
        }
        _ if first.get(36..40) == Some(b"VBRI") => be32(first, 50),
        _ => None,
    };
    // Each frame has at least 24 bytes (8 kbit/s), so a larger number is a lie.
    let told = told.filter(|frames| *frames > 0 && u64::from(*frames) <= source.len() / 24);
    match told {
        Some(frames) => Ok(Some(f64::from(frames) * frame.seconds)),
        None => walk(source, at, mp3_frame).map(Some),
    }
}

/// Adds up the frames from that place. What follows the last frame that was counted is taken to sound on in the same way, if it
/// is more than a tag.
fn walk<R: Read + Seek>(source: &mut Source<R>, start: u64, header: fn(&[u8]) -> Option<Frame>) -> io::Result<f64> {
    const TAGS: u64 = 16 * 1024;
    let (mut at, mut seconds) = (start, 0.0);
    for _ in 0..FRAMES_MAX {
        let Some(frame) = header(source.up_to(at, 8)?).filter(|frame| frame.bytes > 0) else { break };
        at += frame.bytes as u64;
        seconds += frame.seconds;
    }
    let rest = source.len().saturating_sub(at);
    if rest > TAGS && at > start {
        seconds *= 1.0 + rest as f64 / (at - start) as f64;
    }
    Ok(seconds)
}

fn wav<R: Read + Seek>(source: &mut Source<R>) -> io::Result<Option<f64>> {
    let (mut at, mut rate) = (12, None);
    for _ in 0..CHUNKS_MAX {
        let Some(header) = source.bytes(at, 8)?.map(<[u8]>::to_vec) else { break };
        let size = u64::from(le32(&header, 4).unwrap_or_default());
        let body = at + 8;
        match &header[..4] {
            b"fmt " => {
                let format = source.up_to(body, 16)?;
                let is_whole = le16(format, 14).is_some();
                rate = le32(format, 8).filter(|rate| *rate > 0 && is_whole);
            }
            b"data" => {
                // A recorder that could not go back leaves a size that is too large.
                let held = size.min(source.len() - body);
                return Ok(rate.map(|rate| held as f64 / f64::from(rate)));
            }
            _ => {}
        }
        at = body + size + size % 2;
    }
    Ok(None)
}
