// Facts about the code to scan, pairing codes, and the link.

export async function code(asked) {
  await asked.waitsForPhone();
  const events = await asked.events();
  asked.fact('on the way to the first code', events.slice(0, events.indexOf('state UNPAIRED') + 1), [
    'state OPENING',
    'state PAIRING',
    'ref in PAIRING',
    'state UNPAIRED',
  ]);
  const first = await asked.evaluate(() => require('WAWebConnModel').Conn.refTTL);
  asked.fact('the first code lives, in ms', first, 60000);
  const absent = await asked.evaluate(() => typeof require('WAWebCmd').Cmd.refreshQR);
  asked.fact('Cmd.refreshQR', absent, 'undefined');
  const takeover = await asked.evaluate(() => {
    try {
      require('WAWebSocketModel').Socket.takeover();
      return 'returns';
    } catch {
      return 'throws';
    }
  });
  asked.fact('Socket.takeover()', takeover, 'throws');

  const before = await asked.code();
  asked.fact('the kind of device is a text', before[4], '1');
  await asked.evaluate(() => require('WAWebBackendEventBus').BackendEventBus.triggerRefreshQR());
  const ref = (old) => {
    const { Socket } = require('WAWebSocketModel');
    return Socket.state === 'UNPAIRED' && require('WAWebConnModel').Conn.ref !== old;
  };
  await asked.until('another code', ref, before[0]);
  const after = await asked.code();
  const changed = (a, b) => ({
    ref: a[0] !== b[0],
    noise: a[1] !== b[1],
    identity: a[2] !== b[2],
    secret: a[3] !== b[3],
  });
  const all = { ref: true, noise: false, identity: false, secret: true };
  asked.fact('triggerRefreshQR changes', changed(before, after), all);
  await asked.world.rotate();
  const secret = async (old) => (await require('WAWebAdvSignatureApi').getADVSecretKey()) !== old;
  await asked.until('another secret', secret, after[3]);
  const rotated = await asked.code();
  asked.fact('a rotation changes', changed(after, rotated), { ...all, ref: false });
}

export async function pairing(asked) {
  await asked.waitsForPhone();
  const secret = await asked.evaluate(async () => {
    await require('WAWebAltDeviceLinkingApi').initializeAltDeviceLinking();
    const { getADVSecretKey } = require('WAWebAdvSignatureApi');
    return getADVSecretKey().then(
      () => 'is there',
      () => 'throws',
    );
  });
  asked.fact('the secret once a pairing code is begun', secret, 'throws');
  const begin = () =>
    asked.evaluate(() =>
      require('WAWebAltDeviceLinkingApi')
        .startAltLinkingFlow('5491150000001', true)
        .then(
          (text) => (/^[1-9A-HJ-NP-TV-Z]{8}$/.test(text) ? 'eight characters' : text),
          () => 'throws',
        ),
    );
  asked.fact('startAltLinkingFlow', await begin(), 'eight characters');
  asked.fact('startAltLinkingFlow once more', await begin(), 'throws');
  const type = await asked.evaluate(() => require('WAWebAltDeviceLinkingApi').getPairingType());
  asked.fact('the pairing type with a pairing code', type, 'ALT_DEVICE_LINKING');
  const old = await asked.evaluate(() => require('WAWebConnModel').Conn.ref);
  await asked.evaluate(async () => {
    require('WAWebBackendEventBus').BackendEventBus.triggerRefreshQR();
    const linking = require('WAWebAltDeviceLinkingApi');
    await linking.initializeQRLinking();
    linking.setPairingType('QR_CODE');
  });
  await asked.until(
    'a code to scan again',
    async (before) => {
      const { Socket } = require('WAWebSocketModel');
      if (Socket.state !== 'UNPAIRED' || require('WAWebConnModel').Conn.ref === before) return false;
      return Boolean(await require('WAWebAdvSignatureApi').getADVSecretKey());
    },
    old,
  );
  const again = await asked.evaluate(() => require('WAWebAltDeviceLinkingApi').getPairingType());
  asked.fact('the pairing type afterwards', again, 'QR_CODE');
}

/** The first event of a login says that the account is not banned. */
const LOGIN = [
  'state OPENING',
  'state PAIRING',
  'state CONNECTED',
  'command account_temporarily_banned_from_bridge',
];
const END = 'command offline_delivery_end_from_bridge';

export async function loads(asked) {
  const events = [...LOGIN, 'hasSynced true', 'stream CONNECTED', 'command main_stream_mode_ready_from_bridge', END];
  await asked.reload();
  asked.fact('events of a load', await asked.eventsUntil(END), events);
  await asked.page.goto('about:blank');
  for (let n = 0; n < 5; n += 1) await asked.world.incoming(`absent ${n}`);
  await asked.page.goto('https://web.whatsapp.com/', { waitUntil: 'domcontentloaded' });
  asked.fact('events of a load with messages waiting', await asked.eventsUntil(END), events);
  await asked.connected();
  await asked.world.drop();
  asked.fact('events of a reconnection', await asked.eventsUntil(END), [
    'stream DISCONNECTED',
    ...LOGIN.slice(0, 3),
    'stream CONNECTED',
    LOGIN[3],
    'command offline_delivery_state_reset_from_bridge',
    END,
  ]);
  await asked.connected();
}

export async function link(asked) {
  const loads = asked.loads.length;
  await asked.waitsForPhone();
  await asked.events();
  await asked.link();
  const events = await asked.eventsUntil('command on_critical_sync_done_from_bridge');
  asked.fact('loads of the page while it links', asked.loads.length - loads, 0);
  asked.fact('events of a link', events, [
    ...LOGIN,
    'command main_stream_mode_ready_from_bridge',
    'command offline_delivery_end_from_bridge',
    'command on_initial_chat_synced_from_bridge',
    'hasSynced true',
    'stream CONNECTED',
    'command on_critical_sync_done_from_bridge',
  ]);
  const me = await asked.evaluate(() => {
    const prefs = require('WAWebUserPrefsMeUser');
    const device = prefs.getMaybeMeDevicePn();
    return {
      phone: prefs.getMaybeMePnUser().server,
      lid: prefs.getMaybeMeLidUser().server,
      device: /^\d+:\d+@c\.us$/.test(String(device)),
    };
  });
  asked.fact('who the account is', me, { phone: 'c.us', lid: 'lid', device: true });
  const history = await asked.evaluate(async () => {
    const rows = await require('WAWebSchemaMessage').getMessageTable().all({ index: ['rowId'] }, false);
    const models = require('WAWebCollections').Msg.getModelsArray();
    return {
      rows: rows.length > 0,
      newest: rows.at(-1)?.rowId ?? null,
      news: models.some((model) => model.isNewMsg),
    };
  });
  asked.fact('a history', history, { rows: true, newest: 1e9, news: false });
}
