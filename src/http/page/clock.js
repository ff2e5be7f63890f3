// The service's clock, which is not the one of whoever looks: every answer's Date header, a whole second, bounds it.

let earliest = -Infinity;
let latest = Infinity;

/** Takes the Date header of an answer that was asked for at `asked`, both on this page's own steady clock, in ms. */
export function observe(date, asked, received) {
  const second = Date.parse(date);
  if (Number.isNaN(second)) return;
  const [low, high] = [second - received, second + 1000 - asked];
  const fits = low <= latest && high >= earliest;
  // Nothing in common: one of the clocks was set, or this machine slept.
  [earliest, latest] = fits ? [Math.max(low, earliest), Math.min(high, latest)] : [low, high];
}

/** Milliseconds since 1970 by the service; by this machine until the service has said. */
export function now() {
  return Number.isFinite(earliest) ? performance.now() + (earliest + latest) / 2 : Date.now();
}

/** Waits so many milliseconds, or until the signal is aborted. */
export function slept(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
