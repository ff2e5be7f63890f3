// The sandbox with two services, as it is started by hand: each is linked with its own phone, and they talk; by themselves, or as
// somebody has them do.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './folder.mjs';
import { freePort, until } from './service.mjs';
import { START_MS } from './simulator.mjs';

const NUMBERS = ['5491150000001', '5491150000002'];

async function call(url, body) {
  const options = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(url, options);
  return answer.json();
}

async function start(more) {
  const [port, simulatorPort] = [await freePort(), await freePort()];
  const sandbox = spawn(fileURLToPath(new URL('../sandbox', import.meta.url)), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      BUILT: dirname(process.env.SIMULATOR_BIN),
      SANDBOX_DIR: join(temporaryFolder(), 'sandbox'),
      SIMULATOR_PORT: String(simulatorPort),
      PORT: String(port),
      SERVICES: '2',
      LOG_LEVEL: 'error',
      ...more,
    },
  });
  // Whatever ends this process, the sandbox ends with it.
  process.once('exit', () => sandbox.kill('SIGTERM'));
  const services = [port, port + 10].map((of) => `http://127.0.0.1:${of}`);
  return { sandbox, phone: `http://127.0.0.1:${simulatorPort}`, services };
}

async function stop(sandbox) {
  const ended = once(sandbox, 'exit');
  sandbox.kill('SIGTERM');
  await ended;
}

/** Longest conversation of the two, in milliseconds: some thirty steps, each of which waits until it is seen. */
const CONVERSATION_MS = 180_000;

describe('sandbox, talking by itself', () => {
  it('says and does everything with the other service', { timeout: CONVERSATION_MS }, async () => {
    const { sandbox } = await start({});
    const said = [];
    try {
      for await (const line of createInterface(sandbox.stdout)) {
        said.push(line);
        if (line.includes('They have said it all')) break;
      }
    } finally {
      await stop(sandbox);
    }
    assert.match(said.join('\n'), /B leaves the group, and comes back[^]*They have said it all/);
  });
});

describe('sandbox', () => {
  let sandbox;
  let phone;
  let services;

  before(async () => {
    ({ sandbox, phone, services } = await start({ TALK: '0' }));
    sandbox.stdout.resume();
    for (const service of services) await until('a service', () => call(`${service}/health`).catch(() => null));
  }, { timeout: START_MS });

  after(() => stop(sandbox), { timeout: START_MS });

  it('links each service with its own phone', async () => {
    for (const [i, service] of services.entries()) {
      await until('a code', async () => (await call(`${service}/status`)).state === 'QR_REQUIRED');
      const { code } = await until('a pairing code', async () => {
        const answer = await call(`${service}/pairing-code`, { phone_number: NUMBERS[i] });
        return answer.success && answer;
      });
      await call(`${phone}/control/pairing-code`, { code });
    }
    for (const [i, service] of services.entries()) {
      const ready = async () => (await call(`${service}/status`)).state === 'READY';
      await until('READY', ready);
      assert.equal((await call(`${service}/status`)).account.phone, NUMBERS[i]);
    }
    const { links } = await call(`${phone}/control/record`);
    assert.deepEqual(links.map(({ account }) => account), NUMBERS);
  });

  it('brings what one service sends to the other', async () => {
    const sent = await call(`${services[0]}/send`, { number: NUMBERS[1], message: 'hola' });
    assert.equal(sent.ok, true, JSON.stringify(sent));
    const [received] = await until('the message', async () => {
      const { items } = await call(`${services[1]}/messages?direction=in`);
      return items.length > 0 && items;
    });
    assert.deepEqual([received.body, received.phone], ['hola', NUMBERS[0]]);
    const delivered = async () => (await call(`${phone}/control/record`)).received[0].ack === 2;
    await until('delivery', delivered);
  });
});
