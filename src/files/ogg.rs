//! Opus in Ogg (RFC 3533, RFC 7845): how long it is, how many channels it has, and how loud it seems. Nothing is decoded.

use std::io::{self, Read, Seek};

use super::source::{Source, le16, le64};

/// Samples of Opus a second, whatever the recorder's rate was.
const RATE: f64 = 48_000.0;
/// Points of the wave that a voice note is drawn with.
pub const POINTS: usize = 64;
/// A recorder that writes a page for each packet of 20 ms fills so many in five hours.
const PAGES_MAX: usize = 1_000_000;
/// With 8 bytes each this is the memory that a file can cost.
const PACKETS_MAX: usize = 1_000_000;
/// The longest packet, 120 ms.
const SAMPLES_MAX: u32 = 5_760;
/// A packet of up to 2 bytes holds no sound: with them an encoder marks silence.
const SILENT_BYTES: f64 = 2.0;

pub struct Opus {
    pub channels: u8,
    /// Whether the file holds other streams beside or after the first one.
    other_streams: bool,
    /// Samples that a player drops at the beginning.
    pre_skip: u16,
    /// Samples from the beginning of the first packet to the end of the last one, by the pages' granule positions.
    granules: Option<u64>,
    packets: Vec<Packet>,
}

#[derive(Clone, Copy)]
struct Packet {
    bytes: u32,
    samples: u32,
}

impl Opus {
    /// Reads the pages of the first stream. None when that is no Opus.
    pub fn read<R: Read + Seek>(source: &mut Source<R>) -> io::Result<Option<Self>> {
        let mut at = 0;
        let mut reading: Option<Reading> = None;
        for _ in 0..PAGES_MAX {
            let Some(page) = Page::read(source, at)? else { break };
            at = page.end;
            match &mut reading {
                None => {
                    let Some(first) = Reading::new(&page) else { return Ok(None) };
                    reading = Some(first);
                }
                Some(reading) if page.serial == reading.serial && !page.is_first => reading.page(&page),
                Some(reading) => reading.opus.other_streams = true,
            }
            if reading.as_ref().is_some_and(|reading| reading.opus.packets.len() >= PACKETS_MAX) {
                break;
            }
        }
        Ok(reading.map(Reading::end))
    }

    pub fn is_mono(&self) -> bool {
        self.channels == 1 && !self.other_streams
    }

    /// The samples of the packets, or those between the granule positions when these are believable: a recorder may leave out
    /// packets of silence, so they may be up to twice as many, but any number can be written there.
    pub fn seconds(&self) -> f64 {
        let held: u64 = self.packets.iter().map(|packet| u64::from(packet.samples)).sum();
        let samples = self.granules.filter(|granules| *granules <= held * 2 && *granules > 0).unwrap_or(held);
        samples.saturating_sub(u64::from(self.pre_skip)) as f64 / RATE
    }

    /// The wave to draw, an estimate from the sizes of the packets: an encoder with a variable bit rate spends more bytes where
    /// there is more sound.
    ///
    /// The packets' time is cut into 64 equal slices. Each packet gives its bytes to the slices that it lies in, by the part of
    /// its time that lies there, so each slice has a number of bytes. The smallest of these becomes 0 and the largest 100, in
    /// equal steps. Where the largest is less than a tenth above the smallest (a constant bit rate) every point is 50, and where
    /// no packet holds sound every point is 0.
    pub fn waveform(&self) -> [u8; POINTS] {
        let total: f64 = self.packets.iter().map(|packet| f64::from(packet.samples)).sum();
        let is_sound = |packet: &Packet| packet.samples > 0 && f64::from(packet.bytes) > SILENT_BYTES;
        if !self.packets.iter().any(is_sound) {
            return [0; POINTS];
        }
        let mut slices = [0.0; POINTS];
        let slice = total / POINTS as f64;
        let mut start = 0.0;
        for packet in self.packets.iter().filter(|packet| packet.samples > 0) {
            let end = start + f64::from(packet.samples);
            let first = ((start / slice) as usize).min(POINTS - 1);
            let last = ((end / slice) as usize).min(POINTS - 1);
            for (index, bytes) in slices.iter_mut().enumerate().take(last + 1).skip(first) {
                let (from, to) = (index as f64 * slice, (index + 1) as f64 * slice);
                let shared = (end.min(to) - start.max(from)).max(0.0);
                *bytes += f64::from(packet.bytes) * shared / (end - start);
            }
            start = end;
        }
        let low = slices.iter().copied().fold(f64::INFINITY, f64::min);
        let high = slices.iter().copied().fold(0.0, f64::max);
        if high - low < low / 10.0 {
            return [50; POINTS];
        }
        slices.map(|bytes| (100.0 * (bytes - low) / (high - low)).round() as u8)
    }
}

struct Page {
    serial: u32,
    is_first: bool,
    is_continued: bool,
    granule: Option<u64>,
    lacing: Vec<u8>,
    body: Vec<u8>,
    end: u64,
}

impl Page {
    fn read<R: Read + Seek>(source: &mut Source<R>, at: u64) -> io::Result<Option<Self>> {
        let Some(header) = source.bytes(at, 27)? else { return Ok(None) };
        if !header.starts_with(b"OggS\0") {
            return Ok(None);
        }
        let (flags, segments) = (header[5], usize::from(header[26]));
        let granule = le64(header, 6).filter(|granule| *granule <= i64::MAX as u64);
        let serial = u32::from_le_bytes([header[14], header[15], header[16], header[17]]);
        let Some(lacing) = source.bytes(at + 27, segments)?.map(<[u8]>::to_vec) else { return Ok(None) };
        let size: usize = lacing.iter().map(|length| usize::from(*length)).sum();
        let body_at = at + 27 + segments as u64;
        let Some(body) = source.bytes(body_at, size)?.map(<[u8]>::to_vec) else { return Ok(None) };
        let (is_first, is_continued) = (flags & 2 != 0, flags & 1 != 0);
        Ok(Some(Self { serial, is_first, is_continued, granule, lacing, body, end: body_at + size as u64 }))
    }
}

/// What was read so far. The first two packets are headers and hold no sound.
struct Reading {
    serial: u32,
    opus: Opus,
    headers: u8,
    /// The packet that goes on in the next page: its size, and its first two bytes, which tell how long it sounds.
    open: Option<(u32, [u8; 2])>,
    begin: Option<u64>,
}

impl Reading {
    fn new(page: &Page) -> Option<Self> {
        let head = page.body.strip_prefix(b"OpusHead")?;
        let (version, channels, pre_skip) = (*head.first()?, *head.get(1)?, le16(head, 2)?);
        if version >= 16 || channels == 0 {
            return None;
        }
        let opus = Opus { channels, other_streams: false, pre_skip, granules: None, packets: Vec::new() };
        Some(Self { serial: page.serial, opus, headers: 1, open: None, begin: None })
    }

    fn page(&mut self, page: &Page) {
        let before = self.opus.packets.len();
        // A packet whose rest is missing is dropped, and so is a rest whose beginning is missing.
        let mut is_lost = page.is_continued && self.open.is_none();
        if !page.is_continued {
            self.open = None;
        }
        let mut at = 0;
        for length in &page.lacing {
            let part = &page.body[at..at + usize::from(*length)];
            at += part.len();
            let (size, mut start) = self.open.take().unwrap_or_default();
            for (index, byte) in (size..).zip(part).take_while(|(index, _)| *index < 2) {
                start[index as usize] = *byte;
            }
            let size = size.saturating_add(u32::from(*length));
            if *length == 255 {
                self.open = Some((size, start));
            } else if !std::mem::take(&mut is_lost) {
                self.packet(size, start);
            }
        }
        let sounded: u64 = self.opus.packets[before..].iter().map(|packet| u64::from(packet.samples)).sum();
        if let Some(granule) = page.granule.filter(|_| sounded > 0) {
            let begin = *self.begin.get_or_insert(granule.saturating_sub(sounded));
            self.opus.granules = granule.checked_sub(begin);
        }
    }

    fn packet(&mut self, bytes: u32, start: [u8; 2]) {
        if self.headers < 2 {
            self.headers += 1;
        } else if self.opus.packets.len() < PACKETS_MAX {
            self.opus.packets.push(Packet { bytes, samples: if bytes == 0 { 0 } else { samples(start) } });
        }
    }

    fn end(self) -> Opus {
        self.opus
    }
}

/// The samples of a packet, by its first two bytes (RFC 6716, section 3).
fn samples([first, second]: [u8; 2]) -> u32 {
    let frame = match first >> 3 {
        config @ 0..12 => [480, 960, 1_920, 2_880][usize::from(config % 4)],
        config @ 12..16 => [480, 960][usize::from(config % 2)],
        config => [120, 240, 480, 960][usize::from(config % 4)],
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(second & 0x3f),
    };
    Some(frame * frames).filter(|samples| *samples <= SAMPLES_MAX).unwrap_or(0)
}
