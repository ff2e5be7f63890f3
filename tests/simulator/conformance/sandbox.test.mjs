// The sandbox with two services, as it is started by hand: each is linked with its own phone, and they talk.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
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

describe('sandbox', () => {
  let sandbox;
  let phone;
  let services;

  before(async () => {
    const [port, simulatorPort] = [await freePort(), await freePort()];
    phone = `http://127.0.0.1:${simulatorPort}`;
    services = [port, port + 10].map((of) => `http://127.0.0.1:${of}`);
    sandbox = spawn(fileURLToPath(new URL('../sandbox', import.meta.url)), {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        BUILT: dirname(process.env.SIMULATOR_BIN),
        SANDBOX_DIR: join(temporaryFolder(), 'sandbox'),
        SIMULATOR_PORT: String(simulatorPort),
        PORT: String(port),
        SERVICES: '2',
        LOG_LEVEL: 'error',
      },
    });
    // Whatever ends this process, the sandbox ends with it.
    process.once('exit', () => sandbox.kill('SIGTERM'));
    for (const service of services) await until('a service', () => call(`${service}/health`).catch(() => null));
  }, { timeout: START_MS });

  after(async () => {
    const ended = once(sandbox, 'exit');
    sandbox.kill('SIGTERM');
    await ended;
  }, { timeout: START_MS });

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
