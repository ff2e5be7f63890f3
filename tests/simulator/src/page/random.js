// Random-looking bytes: the same for the same seed and the same load of the page, and different for every load (sfc32,
// Chris Doty-Humphrey 2010).
import { config } from '/config.js';
import { loadNumber } from '/static/wire.js';

/** Rounds until every word of the state depends on the others. */
const WARM_UP = 15;

let [a, b, c, counter] = [config.seed >>> 0, Math.floor(config.seed / 2 ** 32) >>> 0, loadNumber >>> 0, 1];

function next() {
  const sum = (a + b + counter) >>> 0;
  counter = (counter + 1) >>> 0;
  a = (b ^ (b >>> 9)) >>> 0;
  b = (c + (c << 3)) >>> 0;
  c = (((c << 21) | (c >>> 11)) + sum) >>> 0;
  return sum;
}

for (let round = 0; round < WARM_UP; round += 1) next();

export const bytes = (count) => Uint8Array.from({ length: count }, () => next() >>> 24);

/** `count` bytes as upper-case hexadecimal digits. */
export const hex = (count) => [...bytes(count)].map((byte) => byte.toString(16).padStart(2, '0')).join('').toUpperCase();
