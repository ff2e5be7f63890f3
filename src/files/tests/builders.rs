//! Small files of every type, made byte by byte where no encoder is at hand.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

/// A picture whose left upper quarter is red, the rest blue.
pub fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let pixels = RgbaImage::from_fn(width, height, |x, y| {
        if x < width / 2 && y < height / 2 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 255, 255]) }
    });
    let mut image = DynamicImage::ImageRgba8(pixels);
    if format == ImageFormat::Jpeg {
        image = DynamicImage::ImageRgb8(image.to_rgb8());
    }
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    tiff
}

/// A JPEG that a camera held sideways writes.
pub fn turned_jpeg(width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let mut body = b"Exif\0\0".to_vec();
    body.extend(exif(orientation));
    let mut jpeg = picture(width, height, ImageFormat::Jpeg);
    let mut segment = vec![0xff, 0xe1];
    segment.extend((body.len() as u16 + 2).to_be_bytes());
    segment.extend(body);
    jpeg.splice(2..2, segment);
    jpeg
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend((body.len() as u32).to_le_bytes());
    chunk.extend(body);
    chunk.extend(vec![0; body.len() % 2]);
    chunk
}

fn riff(kind: &[u8; 4], chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"RIFF", &[&kind[..], &chunks.concat()].concat())
}

fn webp_canvas(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let mut body = vec![flags, 0, 0, 0];
    body.extend(&(width - 1).to_le_bytes()[..3]);
    body.extend(&(height - 1).to_le_bytes()[..3]);
    chunk(b"VP8X", &body)
}

/// A WebP of two frames. The picture inside of each comes from the encoder, behind the 12 bytes of its own container.
pub fn moving_webp(width: u32, height: u32) -> Vec<u8> {
    let still = picture(width, height, ImageFormat::WebP);
    let mut frame = vec![0; 6];
    frame.extend(&(width - 1).to_le_bytes()[..3]);
    frame.extend(&(height - 1).to_le_bytes()[..3]);
    frame.extend([100, 0, 0, 0]);
    frame.extend(&still[12..]);
    let frame = chunk(b"ANMF", &frame);
    riff(b"WEBP", &[webp_canvas(2, width, height), chunk(b"ANIM", &[0; 6]), frame.clone(), frame])
}

pub fn turned_webp(width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let still = picture(width, height, ImageFormat::WebP);
    riff(b"WEBP", &[webp_canvas(8, width, height), still[12..].to_vec(), chunk(b"EXIF", &exif(orientation))])
}

/// The header of a lossy WebP, without pixels.
pub fn lossy_webp(width: u16, height: u16) -> Vec<u8> {
    let mut body = vec![0x10, 0, 0, 0x9d, 0x01, 0x2a];
    body.extend(width.to_le_bytes());
    body.extend(height.to_le_bytes());
    riff(b"WEBP", &[chunk(b"VP8 ", &body)])
}

pub fn gif(width: u16, height: u16) -> Vec<u8> {
    [&b"GIF89a"[..], &width.to_le_bytes(), &height.to_le_bytes(), &[0, 0, 0, b';']].concat()
}

pub fn wav(seconds: u32) -> Vec<u8> {
    let format = [1u32 << 16 | 1, 8_000, 8_000, 8 << 16 | 1].map(u32::to_le_bytes).concat();
    riff(
        b"WAVE",
        &[chunk(b"LIST", b"odd"), chunk(b"fmt ", &format), chunk(b"data", &vec![128; 8_000 * seconds as usize])],
    )
}

/// A page of Ogg with whole packets. Its checksum is left out: nothing here looks at it.
pub fn page(serial: u32, flags: u8, granule: u64, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut lacing = Vec::new();
    for packet in packets {
        lacing.extend(vec![255; packet.len() / 255]);
        lacing.push((packet.len() % 255) as u8);
    }
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend(granule.to_le_bytes());
    page.extend(serial.to_le_bytes());
    page.extend([0; 8]);
    page.push(lacing.len() as u8);
    page.extend(lacing);
    page.extend(packets.concat());
    page
}

pub const PRE_SKIP: u16 = 312;

pub fn opus_head(channels: u8) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels);
    head.extend(PRE_SKIP.to_le_bytes());
    head.extend([0x80, 0xbb, 0, 0, 0, 0, 0]);
    head
}

/// Packets of 20 ms with these sizes, 50 of them a page, after the two headers.
pub fn opus(channels: u8, sizes: &[usize]) -> Vec<u8> {
    let mut file = page(7, 2, 0, &[opus_head(channels)]);
    file.extend(page(7, 0, 0, &[[&b"OpusTags"[..], &[0; 700]].concat()]));
    let mut granule = 0;
    for sizes in sizes.chunks(50) {
        let packets: Vec<_> = sizes.iter().map(|size| [&[0x78][..], &vec![1; size - 1]].concat()).collect();
        granule += 960 * sizes.len() as u64;
        file.extend(page(7, 0, granule, &packets));
    }
    file
}

/// Ten seconds of which the first half is silent.
pub fn voice() -> Vec<u8> {
    opus(1, &[vec![3; 250], vec![80; 250]].concat())
}

fn boxed(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], name, body].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A track: what handles it, its codec, its size, and whether it is turned by 90 degrees.
pub struct Made(pub &'static [u8; 4], pub &'static [u8; 4], pub (u16, u16), pub bool);

pub const H264: Made = Made(b"vide", b"avc1", (1920, 1080), false);
pub const AAC: Made = Made(b"soun", b"mp4a", (0, 0), false);

fn track(Made(handler, codec, (width, height), is_turned): &Made) -> Vec<u8> {
    let matrix: [u32; 9] = match is_turned {
        true => [0, 0x1_0000, 0, 0xffff_0000, 0, 0, 0, 0, 0x4000_0000],
        false => [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000],
    };
    let header = boxed(b"tkhd", &[words(&[0; 10]), words(&matrix), words(&[0, 0])].concat());
    let mut entry = vec![0; 24];
    entry.extend(width.to_be_bytes());
    entry.extend(height.to_be_bytes());
    entry.extend([0; 50]);
    let description = boxed(b"stsd", &[words(&[0, 1]), boxed(codec, &entry)].concat());
    let media = [
        boxed(b"mdhd", &words(&[0, 0, 0, 1_000, 12_400, 0])),
        boxed(b"hdlr", &[&words(&[0, 0])[..], *handler, &[0; 13]].concat()),
        boxed(b"minf", &boxed(b"stbl", &description)),
    ];
    boxed(b"trak", &[header, boxed(b"mdia", &media.concat())].concat())
}

/// A file of 12.4 seconds whose description follows the data.
pub fn mp4(brand: &[u8; 4], tracks: &[Made]) -> Vec<u8> {
    let header = boxed(b"mvhd", &[words(&[0, 0, 0, 1_000, 12_400]), vec![0; 80]].concat());
    let tracks: Vec<u8> = tracks.iter().flat_map(track).collect();
    [
        boxed(b"ftyp", &[&brand[..], &[0; 4], b"isom"].concat()),
        boxed(b"free", b""),
        // A box with a size of eight bytes.
        [&words(&[1])[..], b"mdat", &116u64.to_be_bytes(), &[0; 100]].concat(),
        boxed(b"moov", &[header, tracks].concat()),
    ]
    .concat()
}

fn frames(header: &[u8], size: usize, count: usize) -> Vec<u8> {
    let mut frame = header.to_vec();
    frame.resize(size, 0x55);
    frame.repeat(count)
}

/// MPEG 1, layer III, 128 kbit/s, 44,100 Hz: each frame has 417 bytes and 26.1 ms.
pub fn mp3(count: usize) -> Vec<u8> {
    [b"ID3\x04\0\0\0\0\x01\x48".to_vec(), vec![0; 200], frames(&[0xff, 0xfb, 0x90, 0x00], 417, count)].concat()
}

/// A variable bit rate as an encoder announces it, with fewer frames than the number that it tells.
pub fn announced_mp3(told: u32) -> Vec<u8> {
    let mut file = frames(&[0xff, 0xfb, 0x90, 0x00], 417, 40);
    file[36..48].copy_from_slice(&[&b"Xing\0\0\0\x01"[..], &told.to_be_bytes()].concat());
    file
}

/// ADTS, 44,100 Hz: each frame has 100 bytes and 23.2 ms.
pub fn aac(count: usize) -> Vec<u8> {
    frames(&[0xff, 0xf1, 0x50, 0x80, 0x0c, 0x9f, 0xfc], 100, count)
}

pub fn amr(count: usize) -> Vec<u8> {
    [b"#!AMR\n".to_vec(), frames(&[0x3c], 32, count)].concat()
}
