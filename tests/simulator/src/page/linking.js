// Linking a phone: this page's keys, the code and its rotation, and the pairing code for a phone number.
import { config } from '/config.js';
import { Emitter } from '/static/events.js';
import { Model } from '/static/models.js';
import { TIMES, moment, pause, wait } from '/static/clock.js';
import { bytes } from '/static/random.js';
import { faults, mark, wire } from '/static/wire.js';
import { BackendEventBus, Socket, connection, handlers, request, startComms, stopComms, tell } from '/static/connection.js';
import { setMe } from '/static/people.js';
import * as storage from '/static/storage.js';

export const Conn = new Model({
  ref: undefined,
  refTTL: undefined,
  platform: undefined,
  pushname: undefined,
  connected: undefined,
  battery: undefined,
  plugged: undefined,
});

/** Events: `code` (the text of the picture, or undefined), `page` (the login page is mounted). */
export const linking = new Emitter();

/** The kind of device in the code: 1 is Chrome. A string. */
export const DEVICE_PLATFORM = '1';

export const advSecretEventEmitter = new Emitter();

const keys = {};

export function encodeB64(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

export function decodeB64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}

const random = () => encodeB64(bytes(32));

/** Reads this page's keys, or creates them: they stay until the page is logged out. */
export async function prepareKeys() {
  let companion = await storage.get('login', 'companion');
  if (!companion) {
    companion = { staticKey: random(), identityKey: random(), advSecret: '', platform: DEVICE_PLATFORM };
    await storage.put('login', 'companion', companion);
  }
  Object.assign(keys, companion);
}

const pair = (key) => ({ pubKey: new Uint8Array(decodeB64(key)), privKey: new Uint8Array(32) });

export const waNoiseInfo = { get: async () => ({ staticKeyPair: pair(keys.staticKey) }) };
export const waSignalStore = {
  getRegistrationInfo: async () => ({ registrationId: 1, identityKeyPair: pair(keys.identityKey) }),
};

/** The secret as it is stored; undefined while there is none. */
export const storedSecret = () => keys.advSecret || undefined;

async function getADVSecretKey() {
  if (!keys.advSecret) throw new Error('no ADV secret key');
  return keys.advSecret;
}

/** The server checks a scan against the newest secret. */
async function setSecret(advSecret) {
  keys.advSecret = advSecret;
  await storage.put('login', 'companion', { ...keys });
  tell({ t: 'secret', advSecret });
}

/** The secret's module as it has been since 2026. */
export const AdvSignatureApi = {
  getADVSecretKey,
  generateADVSecretKey: () => setSecret(random()),
  clearADVSecretKey: () => setSecret(''),
  /** The identity that the phone signed for this device. */
  setADVSignedIdentity: (identity) => storage.put('login', 'signed-identity', identity),
};

// Each connection that waits for a phone gets a new secret.
connection.ready = async () => {
  if (await storage.get('login', 'device')) return;
  keys.advSecret = random();
  await storage.put('login', 'companion', { ...keys });
};

/** The server makes the page change its secret under the same ref. */
handlers['rotate-secret'] = async () => {
  await setSecret(random());
  advSecretEventEmitter.trigger('change');
  showPicture();
};

const PREFIX = 'https://wa.me/settings/linked_devices#';
const SUFFIX = ',https://faq.whatsapp.com/r/ld';

/** The text of the picture; it stays, invalid, when the codes have run out. */
export function code() {
  if (!Conn.ref || !keys.advSecret) return undefined;
  const text = [Conn.ref, keys.staticKey, keys.identityKey, keys.advSecret, DEVICE_PLATFORM].join(',');
  const forms = { plain: text, prefix: PREFIX + text, suffix: text + SUFFIX };
  return forms[config.build.code_form];
}

export const isNativeCameraQRLinkedDeviceTest = () => config.build.code_form === 'prefix';

const showPicture = () => linking.trigger('code', code());

// Each row of codes has a number; an older row must not go on.
let row = 0;
let firstBoot = true;
let awaitedRef = null;

handlers.ref = (frame) => awaitedRef?.(frame);

async function showRow(mine) {
  for (let shown = 0; shown < config.build.codes_in_a_row; shown += 1) {
    const next = new Promise((resolve) => {
      awaitedRef = resolve;
    });
    tell({ t: 'ref', first: shown === 0 });
    const { value, ttlMs } = await next;
    if (mine !== row) return;
    // The ref exists before UNPAIRED is announced.
    Conn.set({ refTTL: ttlMs, ref: value });
    Socket.state = 'UNPAIRED';
    showPicture();
    mark('codeShown');
    await pause(ttlMs);
    // Without a network the page just stops: the state stays, and the code is invalid.
    if (mine !== row || !navigator.onLine) return;
  }
  Socket.state = 'UNPAIRED_IDLE';
}

async function mountPage(first) {
  await (first ? moment(TIMES.linkPage, faults.slow_boot_ms) : wait(TIMES.refresh));
  linking.trigger('page');
}

connection.on('unpaired', async () => {
  row += 1;
  const mine = row;
  const first = firstBoot;
  firstBoot = false;
  mountPage(first);
  await (first ? moment(TIMES.unpaired, faults.slow_boot_ms + faults.code_delay_ms) : wait(TIMES.refresh));
  if (mine === row) showRow(mine);
});

Socket.on('change:stream change:state', () => {
  if (!['PAIRING', 'UNPAIRED', 'UNPAIRED_IDLE'].includes(Socket.state)) row += 1;
});

function refreshQR() {
  row += 1;
  stage = 'none';
  stopComms();
  startComms();
}

BackendEventBus.on('refresh_qr', refreshQR);
export const LaunchSocketUtils = { refreshQR };

handlers.linked = async ({ device, me }) => {
  row += 1;
  await storage.put('login', 'device', device);
  // The phone assigns numbers to its devices.
  const identity = { ...me, device: device.id.split(':')[1] };
  await storage.put('login', 'me', identity);
  setMe(identity);
  Conn.set({ platform: 'android' });
  pairingType = 'QR_CODE';
  if (config.build.reload_after_link) {
    await wait(TIMES.refresh);
    location.reload();
    return;
  }
  // The server ends the stream, and the page logs in on a new one, in the same document.
  stopComms();
  startComms();
};

connection.on('connected', ({ me }) => {
  Conn.set({ platform: 'android', pushname: me.name, connected: true });
});

// ── Linking by phone number ─────────────────────────────────────────────────────────────────────────────────────────

export const LinkDeviceEvents = Object.assign(new Emitter(), {
  triggerRefreshAltLinkingCode() {
    this.trigger('link_device_events:refresh_alt_linking_code');
  },
});

let pairingType = 'QR_CODE';
let stage = 'none';

class CompanionHelloError extends Error {
  constructor(name) {
    super(`companion_hello failed: ${name}`);
    this.name = 'CompanionHelloError';
    this.type = { name };
  }
}

async function startAltLinkingFlow(phone, _showNotification) {
  if (stage !== 'initialized') throw new Error('Invariant Violation: alt linking is not initialized');
  stage = 'started';
  if (faults.pairing) throw new CompanionHelloError(faults.pairing);
  if (!['UNPAIRED', 'UNPAIRED_IDLE'].includes(Socket.state)) throw new Error(`cannot link in state ${Socket.state}`);
  const { code: characters } = await request({ t: 'pairing-code', phone: String(phone) });
  if (!characters) throw new CompanionHelloError('IQErrorBadRequest');
  return characters;
}

export const AltDeviceLinkingApi = {
  getPairingType: () => pairingType,
  setPairingType(type) {
    pairingType = type;
  },
  /** After this call no code to scan of this connection works. */
  async initializeAltDeviceLinking() {
    pairingType = 'ALT_DEVICE_LINKING';
    stage = 'initialized';
    await setSecret('');
  },
  async initializeQRLinking() {
    stage = 'none';
    await setSecret(random());
  },
  startAltLinkingFlow,
};

/** The functions behind the clicks on the login screen. */
export const LinkDeviceAction = {
  genLinkDeviceCodeForPhoneNumber: startAltLinkingFlow,
  refreshAltLinkingCode: () => LinkDeviceEvents.triggerRefreshAltLinkingCode(),
};

wire.on('pairing-event', (event) => LinkDeviceEvents.trigger(`link_device_events:${event}`));
