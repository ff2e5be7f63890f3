// The connection to the simulation itself, which stays open when the "network" is cut: for faults and reports.
import { config } from '/config.js';
import { Emitter } from '/static/events.js';
import { TIMES, pause, wait } from '/static/clock.js';

/** The current faults; the object stays the same. */
export const faults = { ...config.faults };

/** Events: `faults`, `online`, `offline`, `forget` (id), `state` (state), `tab`, `pairing-event` (name). */
export const wire = new Emitter();

/** The marks of this load, in milliseconds since `performance.timeOrigin`. */
export const marks = {};
window.__sim = { marks };

const load = Number(document.documentElement.dataset.load);
export const loadNumber = load;

let online = true;
let network = config.network;
Object.defineProperty(navigator, 'onLine', { configurable: true, get: () => online });

let socket = null;
const unsent = [];

function report(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
  else unsent.push(frame);
}

/** Records the first time that something happens. */
export function mark(name) {
  if (name in marks) return;
  marks[name] = performance.now();
  report({ t: 'mark', load, name, ms: marks[name], at: performance.timeOrigin + marks[name] });
}

/** Waits as long as the simulation holds the page at this step of a send, and reports that the step was reached. */
export async function reach(step) {
  while (faults.hold === step) {
    mark(`held:${step}`);
    await new Promise((changed) => wire.once('faults', changed));
  }
}

const heard = {
  faults({ faults: now }) {
    Object.assign(faults, now);
    wire.trigger('faults');
  },
  async network({ network: now }) {
    network = now;
    if (network === 'full') await wait(TIMES.offlineNoticed);
    // The page does not notice a cut that has ended meanwhile.
    const next = network !== 'full';
    if (next === online) return;
    online = next;
    window.dispatchEvent(new Event(online ? 'online' : 'offline'));
    wire.trigger(online ? 'online' : 'offline');
  },
  busy({ ms }) {
    mark('busy');
    const end = performance.now() + ms;
    while (performance.now() < end);
  },
  forget({ id }) {
    wire.trigger('forget', id);
  },
  state({ state }) {
    wire.trigger('state', state);
  },
  tab() {
    wire.trigger('tab');
  },
  'pairing-event'({ event }) {
    wire.trigger('pairing-event', event);
  },
};

/** Opens the connection and keeps it open. */
export async function openWire() {
  const { userAgent, webdriver } = navigator;
  const [visible, focused] = [document.visibilityState === 'visible', document.hasFocus()];
  report({ t: 'load', load, userAgent, webdriver: Boolean(webdriver), visible, focused });
  for (;;) {
    await new Promise((closed) => {
      socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/page/wire`);
      socket.onopen = () => unsent.splice(0).forEach(report);
      socket.onmessage = ({ data }) => {
        const frame = JSON.parse(data);
        heard[frame.t](frame);
        report({ t: 'heard' });
      };
      socket.onclose = closed;
    });
    await pause(200);
  }
}
