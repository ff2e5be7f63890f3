// The measured times of the real page, in seconds since the navigation unless stated otherwise, and waits for them.
import { config } from '/config.js';

export const TIMES = {
  unlaunched: 0.3,
  // The first and the last modules; the others follow in between, never far apart.
  modules: [0.01, 4.5],
  history: 4.7,
  opening: 5.3,
  unpaired: 6.0,
  linkPage: 9.0,
  firstCode: 15.0,
  // From here on: durations.
  connect: 0.5,
  sync: 1.6,
  pairing: 0.4,
  refresh: 0.3,
  offlineNoticed: 1.0,
  lossNoticed: 3.0,
  // Back online, the first attempt starts so late that CONNECTED follows within 2 to 5 s.
  backOnline: 1.5,
  retry: 1.0,
  logout: 0.3,
  // The page waits at most this long for an unlinking.
  unlink: 3.0,
};

/** Browsers slow down pages that open sockets faster than this, in milliseconds. */
const SHORTEST_RETRY_MS = 100;

const milliseconds = (seconds) => seconds * 1000 * config.timeScale;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for `seconds`, scaled. */
export const wait = (seconds) => pause(milliseconds(seconds));

/** How long the page waits for the server's answer about a new group. A busy machine needs some time even if all is scaled. */
export const createWaits = () => pause(10_000 * Math.max(config.timeScale, 0.2));

/** The longest pause between two attempts, in seconds. */
const LONGEST_RETRY = 900;

/** The pause before an attempt after so many failures: Fibonacci numbers, as on the real page. */
export function retryMs(failures) {
  let [now, next] = [0, 1];
  for (let step = 0; step < failures && now < LONGEST_RETRY; step += 1) [now, next] = [next, now + next];
  return Math.max(SHORTEST_RETRY_MS, milliseconds(Math.min(now, LONGEST_RETRY) * TIMES.retry));
}

/** Waits until a moment of the boot, plus `extra` real milliseconds if the boot is slow. */
export const moment = (seconds, extra = 0) =>
  pause(Math.max(0, milliseconds(seconds) + extra - performance.now()));
