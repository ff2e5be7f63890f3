// Linking a phone: this page's keys, the code and its rotation, and the eight characters for a phone number.
import { config } from '/config.js';
import { Emitter } from '/static/events.js';
import { Model } from '/static/models.js';
import { TIMES, moment, pause, wait } from '/static/clock.js';
import { bytes } from '/static/random.js';
import { faults, mark } from '/static/wire.js';
import { Cmd, Socket, connection, handlers, reopen, request, tell } from '/static/connection.js';
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

/** Events: `code` (text or undefined), `page` (the login page is mounted). */
export const linking = new Emitter();

/** The kind of device in the code: 1 is Chrome. */
export const DEVICE_PLATFORM = 1;

const keys = {};

export function encodeB64(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

export function decodeB64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer;
}

/** Reads this page's keys, or makes them: they stay until the page is logged out. */
export async function prepareKeys() {
  let companion = await storage.get('login', 'companion');
  if (!companion) {
    const random = () => encodeB64(bytes(32));
    companion = { staticKey: random(), identityKey: random(), advSecret: random(), platform: String(DEVICE_PLATFORM) };
    await storage.put('login', 'companion', companion);
  }
  Object.assign(keys, companion);
}

const pair = (key) => ({ pubKey: new Uint8Array(decodeB64(key)), privKey: new Uint8Array(32) });

export const waNoiseInfo = { get: async () => ({ staticKeyPair: pair(keys.staticKey) }) };
export const waSignalStore = {
  getRegistrationInfo: async () => ({ registrationId: 1, identityKeyPair: pair(keys.identityKey) }),
};
export const getADVSecretKey = () => keys.advSecret;

/** The text a phone scans, once there is a ref. */
export const code = () =>
  Conn.ref && [Conn.ref, keys.staticKey, keys.identityKey, keys.advSecret, DEVICE_PLATFORM].join(',');

// Each row of codes has a number; a row that is over must not go on.
let row = 0;
let firstBoot = true;
let awaitedRef = null;

handlers.ref = (frame) => awaitedRef?.(frame);

async function showRow() {
  row += 1;
  const mine = row;
  for (let shown = 0; shown < config.build.codes_in_a_row; shown += 1) {
    const next = new Promise((resolve) => {
      awaitedRef = resolve;
    });
    tell({ t: 'ref', first: shown === 0 });
    const { value, ttlMs } = await next;
    if (mine !== row) return;
    Conn.set({ refTTL: ttlMs, ref: value });
    linking.trigger('code', code());
    mark('codeShown');
    await pause(ttlMs);
    if (mine !== row) return;
  }
  hideCode();
  Socket.state = 'UNPAIRED_IDLE';
}

function hideCode() {
  row += 1;
  Conn.set({ ref: undefined, refTTL: undefined });
  linking.trigger('code', undefined);
}

connection.on('unpaired', async () => {
  hideCode();
  const mine = row;
  Socket.state = 'PAIRING';
  const first = firstBoot;
  firstBoot = false;
  await (first ? moment(TIMES.unpaired, faults.slow_boot_ms) : wait(TIMES.pairing));
  if (mine !== row || Socket.state !== 'PAIRING') return;
  Socket.state = 'UNPAIRED';
  await (first ? moment(TIMES.linkPage, faults.slow_boot_ms) : wait(TIMES.refresh));
  linking.trigger('page');
  await (first ? moment(TIMES.firstCode, faults.slow_boot_ms + faults.code_delay_ms) : wait(TIMES.refresh));
  if (mine === row && Socket.state === 'UNPAIRED') showRow();
});

Socket.on('change:state', (_socket, state) => {
  if (!['PAIRING', 'UNPAIRED', 'UNPAIRED_IDLE'].includes(state) && Conn.ref) hideCode();
});

Cmd.on('refresh_qr', async () => {
  if (Socket.state !== 'UNPAIRED_IDLE') return;
  Socket.state = 'UNPAIRED';
  await wait(TIMES.refresh);
  if (Socket.state === 'UNPAIRED') showRow();
});

handlers.linked = async ({ device, me }) => {
  hideCode();
  await storage.put('login', 'device', device);
  await storage.put('login', 'me', me);
  setMe(me);
  if (config.build.reload_after_link) {
    await wait(TIMES.refresh);
    location.reload();
    return;
  }
  reopen();
};

connection.on('connected', ({ me }) => {
  Conn.set({ platform: 'android', pushname: me.name, connected: true });
});

let prepared = false;

async function pairingCode(phone, _showNotification) {
  if (!prepared) throw new Error('linking by phone number is not initialized');
  if (!['UNPAIRED', 'UNPAIRED_IDLE'].includes(Socket.state)) throw new Error(`cannot link in state ${Socket.state}`);
  const { code: characters } = await request({ t: 'pairing-code', phone: String(phone) });
  if (!characters) throw new Error('the phone number has no account');
  return characters;
}

export const AltDeviceLinkingApi = {
  // whatsapp-web.js calls it first, wa-js never does: nothing depends on it.
  setPairingType() {},
  async initializeAltDeviceLinking() {
    prepared = true;
  },
  async initializeQRLinking() {
    prepared = false;
  },
  startAltLinkingFlow: pairingCode,
  genLinkDeviceCodeForPhoneNumber: pairingCode,
};
