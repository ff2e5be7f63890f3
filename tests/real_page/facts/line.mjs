// Facts about a lost connection, and about logins that are refused, used elsewhere or ended.

export async function line(asked) {
  await asked.world.cut();
  await asked.until('the loss', () => require('WAWebSocketModel').Socket.stream !== 'CONNECTED');
  const lost = await asked.stands();
  const expected = { stream: 'DISCONNECTED', synced: true, comms: true };
  asked.fact('a lost line', { stream: lost.stream, synced: lost.synced, comms: lost.comms }, expected);
  await asked.until('another try', () => require('WAWebSocketModel').Socket.state === 'OPENING');
  asked.fact('a lost line tries again in', (await asked.stands()).state, 'OPENING');
  await asked.world.mend();
  await asked.connected();
}

export async function tab(asked) {
  const close = await asked.world.secondTab(asked.browser);
  await asked.until('the loss', () => require('WAWebSocketModel').Socket.stream !== 'CONNECTED');
  await asked.until('the mutex elsewhere', () => !require('WAWebUserPrefsTabMutex').currentTabHasMutex());
  asked.fact('a tab whose login another has taken', await asked.stands(), {
    state: 'CONNECTED',
    stream: 'DISCONNECTED',
    synced: true,
    comms: true,
  });
  await close();
  await asked.reload();
  await asked.connected();
}

/** Refusals after which the page keeps trying by itself. */
const REFUSALS = [
  ['503', {}, 'command service_unavailable_503_from_bridge'],
  ['402', { code: '101', expire: '3600' }, 'command account_temporarily_banned_from_bridge'],
];

export async function refusals(asked) {
  for (const [reason, attributes, event] of REFUSALS) {
    await asked.events();
    const loads = asked.loads.length;
    await asked.world.refuse(Number(reason), attributes);
    let told = [];
    await asked.eventually(event, async () => {
      told = told.concat(await asked.events());
      return told.includes(event);
    });
    await asked.until('the loss', () => require('WAWebSocketModel').Socket.stream !== 'CONNECTED');
    const { stream, synced } = await asked.stands();
    asked.fact(`a login refused with ${reason}`, { stream, synced, loads: asked.loads.length - loads }, {
      stream: 'DISCONNECTED',
      synced: true,
      loads: 0,
    });
    await asked.world.accept();
    const how = await asked.evaluate(() => {
      require('WAComms').forceResetSocketLoop();
      return 'returns';
    });
    asked.fact(`forceResetSocketLoop after ${reason}`, how, 'returns');
    await asked.connected();
  }
  for (const reason of [405, 409]) {
    const loads = asked.loads.length;
    await asked.world.refuse(reason);
    await asked.eventually('another load', () => asked.loads.length > loads);
    asked.fact(`a login refused with ${reason}`, 'the page loads itself again', 'the page loads itself again');
    await asked.world.accept();
    await asked.connected();
  }
}

export async function replaced(asked) {
  await asked.events();
  await asked.world.replaced();
  await asked.until('the end of the loop', () => !require('WAComms').getComms());
  asked.fact('a login that is used elsewhere', await asked.stands(), {
    state: 'CONNECTED',
    stream: 'DISCONNECTED',
    synced: true,
    comms: false,
  });
  const events = await asked.events();
  asked.fact('what tells of it', events.filter((event) => event.startsWith('command')), []);
  const reconnect = await asked.evaluate(() => {
    try {
      require('WAWebSocketModel').Socket.reconnect();
      return 'returns';
    } catch {
      return 'throws';
    }
  });
  asked.fact('Socket.reconnect() without a loop', reconnect, 'throws');
  await asked.reload();
  await asked.connected();
  asked.fact('a load takes the login back', (await asked.stands()).stream, 'CONNECTED');
}

export async function logout(asked) {
  const told = [];
  await asked.page.exposeFunction('__toldOfLogout', (name) => told.push(name));
  await asked.evaluate(() => {
    const { Cmd } = require('WAWebCmd');
    for (const name of ['starting_logout_from_bridge', 'logout_from_bridge', 'logout']) {
      Cmd.on(name, () => window.__toldOfLogout(name));
    }
  });
  const loads = asked.loads.length;
  await asked.world.unlink();
  await asked.eventually('another load', () => asked.loads.length > loads);
  asked.fact('what tells of an unlinking by the phone', told.slice(0, 1), ['starting_logout_from_bridge']);
  const marked = asked.loads.slice(loads).some((url) => new URL(url).searchParams.has('post_logout'));
  asked.fact('the address after it is marked', marked, true);
  await asked.waitsForPhone();
  asked.fact('and then the page waits for a phone', (await asked.stands()).synced, false);
}
