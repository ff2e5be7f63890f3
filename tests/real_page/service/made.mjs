// Small files of the kinds that the service tells apart by their bytes. Nobody plays or draws them: the page uploads the
// bytes as they are.
import zlib from 'node:zlib';

const ascii = (text) => Buffer.from(text, 'latin1');
const be16 = (...numbers) => Buffer.concat(numbers.map((number) => Buffer.from([(number >> 8) & 255, number & 255])));
const be32 = (...numbers) => Buffer.concat(numbers.map((number) => Buffer.from(Uint32Array.of(number).buffer).swap32()));
const le16 = (...numbers) => be16(...numbers).swap16();
const le32 = (...numbers) => be32(...numbers).swap32();

function pngChunk(name, body) {
  const named = Buffer.concat([ascii(name), body]);
  return Buffer.concat([be32(body.length), named, be32(zlib.crc32(named))]);
}

/** A grey picture. */
export function png(width, height) {
  const rows = Buffer.alloc((width + 1) * height, 0x80);
  for (let row = 0; row < height; row += 1) rows[row * (width + 1)] = 0;
  const head = Buffer.concat([be32(width, height), Buffer.from([8, 0, 0, 0, 0])]);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, pngChunk('IHDR', head), pngChunk('IDAT', zlib.deflateSync(rows)), pngChunk('IEND', Buffer.alloc(0))]);
}

/** The header of a lossy WebP, without pixels. */
export function webp(width, height) {
  const frame = Buffer.concat([Buffer.from([0x10, 0, 0, 0x9d, 0x01, 0x2a]), le16(width, height)]);
  const body = Buffer.concat([ascii('WEBPVP8 '), le32(frame.length), frame]);
  return Buffer.concat([ascii('RIFF'), le32(body.length), body]);
}

const box = (name, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([be32(body.length + 8), ascii(name), body]);
};

/** An MP4 with one track of H.264: only what describes it. */
export function mp4(seconds, [width, height]) {
  const unity = be32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
  const head = box('tkhd', be32(0, 0, 0, 1, 0, seconds * 1000, 0, 0, 0, 0), unity, be32(width << 16, height << 16));
  const sample = box('avc1', Buffer.alloc(24), be16(width, height), Buffer.alloc(50));
  const table = box('stbl', box('stsd', be32(0, 1), sample));
  const media = box('mdia', box('hdlr', be32(0, 0), ascii('vide'), Buffer.alloc(13)), box('minf', table));
  const movie = box('moov', box('mvhd', be32(0, 0, 0, 1000, seconds * 1000), Buffer.alloc(80)), box('trak', head, media));
  return Buffer.concat([box('ftyp', ascii('isom'), be32(0), ascii('isommp42')), movie, box('mdat', Buffer.alloc(64))]);
}

function oggCrc(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

function oggPage(flags, granule, number, packets) {
  const lacing = packets.flatMap((packet) => [...Array(Math.floor(packet.length / 255)).fill(255), packet.length % 255]);
  const head = [ascii('OggS'), Buffer.from([0, flags]), le32(granule, 0, 7, number, 0), Buffer.from([lacing.length, ...lacing])];
  const page = Buffer.concat([...head, ...packets]);
  page.writeUInt32LE(oggCrc(page), 22);
  return page;
}

/** A voice note: Ogg with Opus in one channel, 20 ms a packet. */
export function voice(seconds) {
  const head = Buffer.concat([ascii('OpusHead'), Buffer.from([1, 1]), le16(312), le32(48000), Buffer.from([0, 0, 0])]);
  const tags = Buffer.concat([ascii('OpusTags'), le32(0, 0)]);
  const pages = [oggPage(2, 0, 0, [head]), oggPage(0, 0, 1, [tags])];
  for (let second = 1; second <= seconds; second += 1) {
    const packets = Array.from({ length: 50 }, (_, at) => Buffer.alloc(20 + ((at * second) % 60), 0x0b));
    pages.push(oggPage(second === seconds ? 4 : 0, second * 48000, second + 1, packets));
  }
  return Buffer.concat(pages);
}
