// Linking a phone: the code to scan, in the form that a phone accepts, and the pairing code to type.
/** @type {Adapter.File} */
(function code(page) {
  'use strict';
  const { from, whole, calling, push, guarded, attempt, refuse, has, need } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    noise: ['code', from('WAWebUserPrefsInfoStore', (m) => m.waNoiseInfo)],
    signal: ['code', from('WAWebSignalStoreApi', (m) => m.waSignalStore)],
    base64: ['code', from('WABase64', (m) => m.encodeB64)],
    secret: [
      'code',
      calling('WAWebAdvSignatureApi', 'getADVSecretKey'),
      calling('WAWebUserPrefsMultiDevice', 'getADVSecretKey'),
    ],
    rotation: ['rotation', from('WAWebUserPrefsMultiDevice', (m) => m.advSecretEventEmitter)],
    platform: ['code', from('WAWebCompanionRegClientUtils', (m) => m.DEVICE_PLATFORM)],
    refresh: [
      'refresh',
      from('WAWebBackendEventBus', (m) => m.BackendEventBus.triggerRefreshQR && (() => m.BackendEventBus.triggerRefreshQR?.())),
      calling('WAWebLaunchSocketUtils', 'refreshQR'),
      from('WAWebCmd', (m) => m.Cmd.refreshQR && (() => m.Cmd.refreshQR?.())),
    ],
    pairing: ['pairing', whole('WAWebAltDeviceLinkingApi', 'startAltLinkingFlow')],
    pairing_events: ['pairing_events', from('WAWebLinkDeviceEvents', (m) => m.WAWebLinkDeviceEvents)],
    prefix: ['code_prefix', whole('WAWebNativeCameraQRLinkedDeviceUtils', 'isNativeCameraQRLinkedDeviceTest')],
  };

  const PREFIX = 'https://wa.me/settings/linked_devices#';
  /** The page replaces a code in time; a code that stays this much longer is no longer accepted. */
  const STALE_AFTER_MS = 3000;
  const PICTURE = '[data-testid="link-device-qr-code"][data-ref], div[data-ref]';

  let turn = /** @type {{ again: boolean } | null} */ (null);
  let last = /** @type {Adapter.Text} */ (null);
  let observer = /** @type {MutationObserver | null} */ (null);
  /** The ref on show, and since when. */
  let shown = { ref: '', since: 0 };
  let staleTimer = /** @type {Adapter.Timer} */ (null);
  /** The service asked for a pairing code: codes to scan do not work until the service asks for them again. */
  let typing = false;

  const waitsForPhone = () => ['UNPAIRED', 'UNPAIRED_IDLE'].includes(has('socket')?.state ?? '');
  const byCharacters = () => typing || attempt(() => need('pairing').getPairingType()) === 'ALT_DEVICE_LINKING';

  /** @param {string} ref */
  async function compose(ref) {
    const [noise, registration, secret] = await Promise.all([
      need('noise').get(),
      need('signal').getRegistrationInfo(),
      need('secret')(),
    ]);
    const encode = need('base64');
    const keys = [encode(noise.staticKeyPair.pubKey), encode(registration.identityKeyPair.pubKey)];
    const parts = [ref, ...keys, secret, need('platform')];
    return parts.every(Boolean) ? parts.join(',') : null;
  }

  /** @param {string} text */
  const fields = (text) => (text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text).split(',');

  /**
   * The text of the page's own picture, perhaps with a prefix or one more field. It must have this ref and secret.
   * @param {string} ref
   * @param {Adapter.Text} composed
   */
  function pictured(ref, composed) {
    const text = document.querySelector(PICTURE)?.getAttribute('data-ref');
    if (!text) return null;
    const [pictureRef, , , secret] = fields(text);
    if (pictureRef !== ref) return null;
    return composed === null || fields(composed)[3] === secret ? text : null;
  }

  function watchPicture() {
    if (observer) return;
    observer = new MutationObserver(guarded('code', code));
    observer.observe(document.documentElement, { subtree: true, childList: true, attributeFilter: ['data-ref'] });
  }

  function ignorePicture() {
    observer?.disconnect();
    observer = null;
  }

  /**
   * How many milliseconds the shown ref stays valid; without a network the page stops replacing codes.
   * @param {WA.Conn} conn
   */
  function left(conn) {
    if (shown.ref !== conn.ref) shown = { ref: conn.ref ?? '', since: performance.now() };
    const life = Number(conn.refTTL) || 60000;
    return shown.since + life + STALE_AFTER_MS - performance.now();
  }

  async function present() {
    const conn = has('conn');
    const online = navigator.onLine && has('network')?.online !== false;
    // The ref exists before UNPAIRED is announced, and stays, invalid, when the codes have run out.
    const ref = has('socket')?.state === 'UNPAIRED' && online && !byCharacters() ? conn?.ref : null;
    if (!conn || !ref) {
      ignorePicture();
      return { code: null, source: 'modules', ttl_ms: null };
    }
    const patience = left(conn);
    if (staleTimer) clearTimeout(staleTimer);
    if (patience <= 0) return { code: null, source: 'modules', ttl_ms: null };
    staleTimer = setTimeout(guarded('code', code), patience + 1);
    watchPicture();
    const composed = await compose(ref).catch(() => null);
    const picture = pictured(ref, composed);
    const prefix = attempt(() => need('prefix').isNativeCameraQRLinkedDeviceTest()) ? PREFIX : '';
    const text = picture ?? (composed && prefix + composed);
    return { code: text, source: picture ? 'dom' : 'modules', ttl_ms: Number(conn.refTTL) || null };
  }

  /** One run at a time, and another if something changed meanwhile: the last report is always about the present. */
  async function code() {
    if (turn) {
      turn.again = true;
      return;
    }
    turn = { again: true };
    try {
      while (turn.again) {
        turn.again = false;
        const now = await present();
        if (!turn.again && now.code !== last) {
          last = now.code;
          push('code', now);
        }
      }
    } finally {
      turn = null;
    }
  }

  // ── Calls of the service ────────────────────────────────────────────────────────────────────────────────────────

  const UNPAIRED_MS = 10000;

  /**
   * Waits until the page's socket is in the wanted state; rejects if that takes too long.
   * @param {(socket: WA.Socket) => boolean} wanted
   */
  function socketIs(wanted) {
    const socket = need('socket');
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        socket.off('change:state', look);
        reject(new Error('the page did not connect in time'));
      }, UNPAIRED_MS);
      function look() {
        if (!wanted(socket)) return;
        clearTimeout(timer);
        socket.off('change:state', look);
        resolve(undefined);
      }
      socket.on('change:state', look);
      look();
    });
  }

  /** Makes the page connect again and waits for its codes: a pairing code needs a live connection. */
  async function refreshed() {
    const conn = need('conn');
    const before = conn.ref;
    need('refresh')();
    await socketIs((socket) => socket.state === 'UNPAIRED' && conn.ref !== before);
  }

  /**
   * The meaning of WhatsApp's refusals of a pairing code.
   * @type {{ [name: string]: [code: Adapter.Refusal, message: string] }}
   */
  const REFUSALS = {
    IQErrorRateOverlimit: ['RATE_LIMITED', 'WhatsApp gives no more pairing codes for now'],
    IQErrorFeatureNotAvailable: ['PHONE_APP_TOO_OLD', 'the WhatsApp on the phone is too old for pairing codes'],
    IQErrorBadRequest: ['INVALID_NUMBER', 'WhatsApp does not take this number'],
  };

  let asking = false;

  /** @param {string} phone */
  async function giveCharacters(phone) {
    const pairing = need('pairing');
    // After an earlier pairing code, or after codes that ran out, a new connection is needed.
    if (byCharacters() || need('socket').state === 'UNPAIRED_IDLE') {
      await refreshed();
    }
    typing = true;
    await code();
    await pairing.initializeAltDeviceLinking();
    pairing.setPairingType('ALT_DEVICE_LINKING');
    return pairing.startAltLinkingFlow(phone, true);
  }

  /** @type {Adapter.Calls['pairing_code']} */
  async function pairingCode({ phone }) {
    if (asking) refuse('BUSY', 'a pairing code is being asked for');
    asking = true;
    try {
      // A page without a login that is still connecting will wait for a phone in a moment.
      const linked = Boolean(need('me').getMaybeMePnUser());
      const waits = linked ? Promise.reject() : socketIs(waitsForPhone);
      await waits.catch(() => refuse('NOT_WAITING', 'the page is not waiting for a phone'));
      return { code: await giveCharacters(phone) };
    } catch (thrown) {
      const error = /** @type {{ refusal?: string, message?: string, type?: { name?: string } } | null} */ (thrown);
      if (error?.refusal === 'NOT_WAITING') throw error;
      await scanAgain().catch(() => {});
      // The message also ends with the name of the refusal.
      const name = error?.type?.name ?? Object.keys(REFUSALS).find((known) => String(error?.message).endsWith(known));
      const refusal = name && REFUSALS[name];
      if (refusal) refuse(...refusal);
      throw error;
    } finally {
      asking = false;
    }
  }

  /** Switches from a pairing code back to a code to scan. */
  async function scanAgain() {
    need('refresh')();
    const pairing = need('pairing');
    await pairing.initializeQRLinking();
    pairing.setPairingType('QR_CODE');
    typing = false;
    await code();
  }

  /** The service asks for a code when it has none for a while; by then there may be one, or a phone that has scanned it. */
  async function refreshCode() {
    if (byCharacters()) return scanAgain();
    if (has('me')?.getMaybeMePnUser() || (await present()).code) return;
    need('refresh')();
  }

  /** @type {{ [event in WA.PairingEvent]: string }} */
  const EVENTS = {
    primary_hello_received: 'hello',
    refresh_alt_linking_code: 'refresh',
    force_manual_refresh: 'manual_refresh',
    error_alt_linking: 'error',
  };

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    pairing_code: pairingCode,
    qr_again: scanAgain,
    refresh_code: refreshCode,
  };

  /** @type {Adapter.Listeners} */
  const listeners = {
    socket: (socket) => socket.on('change:state', guarded('code', code)),
    conn: (conn) => conn.on('change:ref', guarded('code', code)),
    // The secret may change while the ref stays the same.
    rotation: (emitter) => emitter.on('change', guarded('code', code)),
    network: (network) => network.on('change:online', guarded('code', code)),
    pairing_events: (events) => {
      for (const [event, name] of /** @type {[WA.PairingEvent, string][]} */ (Object.entries(EVENTS))) {
        events.on(`link_device_events:${event}`, guarded('pairing', () => push('pairing', { event: name })));
      }
    },
  };

  for (const name of ['online', 'offline']) window.addEventListener(name, guarded('code', code));

  return { forms, listeners, calls, looks: { code } };
})
