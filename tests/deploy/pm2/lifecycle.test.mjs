// From start to stop: how PM2 sees the service, and that the login survives.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SUITE_MS, Pm2, eventually } from './pm2.mjs';
import { Simulator } from '../../simulator/conformance/simulator.mjs';

/** Ten times faster than the real page: a code lives 6 s. */
const TIME_SCALE = 0.1;
/** kill_timeout of the shipped file: after this time PM2 would have killed the service. */
const KILL_TIMEOUT_MS = 10_000;

/** Runs a test with its own PM2, and ends that PM2. */
const withPm2 = (test) => async () => {
  const pm2 = await Pm2.daemon();
  try {
    await test(pm2);
  } finally {
    await pm2.end();
  }
};

/** The line with the settings that differ from their defaults, once for each start. */
const settings = (line) => line.message?.startsWith('settings: ');
const status = async (address) => (await fetch(`${address}/status`)).json();

describe('the shipped file', { concurrency: true, timeout: SUITE_MS }, () => {
  it('starts, stops in time with the login kept, and is back after a kill', withPm2(async (pm2) => {
    const simulator = await Simulator.start({ timeScale: TIME_SCALE });
    try {
      await pm2.start(pm2.app('live', { env: { WHATSAPP_WEB_URL: simulator.url, AUTO_CONNECT: 'true' } }));
      assert.equal((await pm2.of('live')).status, 'online');
      await pm2.reaches('live', 'QR_REQUIRED');
      await eventually('a code', async () => (await simulator.state()).code);
      await simulator.control('scan');
      await pm2.reaches('live', 'READY');

      const asked = Date.now();
      await pm2.run('stop', 'live');
      assert.ok(Date.now() - asked < KILL_TIMEOUT_MS);
      await pm2.line('live', 'the signal', (line) => line.message.startsWith('asked to stop') && line.by === 'SIGINT');
      await pm2.line('live', 'Chrome closed by the service', (line) => line.message === 'closed Chrome' && line.cleanly);
      assert.deepEqual(pick(await pm2.of('live')), { status: 'stopped', restarts: 0, exit: 0 });

      await pm2.run('start', 'live');
      await pm2.reaches('live', 'READY', 2);

      process.kill((await pm2.of('live')).pid, 'SIGKILL');
      await pm2.reaches('live', 'READY', 3);
      assert.equal((await status(await pm2.address('live', 3))).connected, true);
      const back = await pm2.of('live');
      assert.equal(back.status, 'online');
      assert.equal(back.restarts, 1);
      assert.equal((await simulator.record()).links.length, 1);
      assert.equal(pm2.log('live').filter((line) => line.message?.includes('not a setting of this service')).length, 0);
    } finally {
      await simulator.stop();
    }
  }));

  it('with wait_ready is online when HTTP is answered, and obeys the message to stop', withPm2(async (pm2) => {
    // If PM2 missed `ready`, it would wait longer than any command of these tests may take.
    const waiting = { wait_ready: true, listen_timeout: 600_000, shutdown_with_message: true };
    await pm2.start(pm2.app('ready', waiting));
    assert.equal((await pm2.of('ready')).status, 'online');
    const [listening] = pm2.log('ready').filter((line) => line.message === 'listening');
    assert.equal((await status(listening.address)).session, 'admin');
    await pm2.run('stop', 'ready');
    assert.deepEqual(pick(await pm2.of('ready')), { status: 'stopped', restarts: 0, exit: 0 });
    await pm2.line('ready', 'the message', (line) => line.message.startsWith('asked to stop') && line.by === 'PM2');
  }));

  it('opens a window with --env local, and takes changed values after delete and start', withPm2(async (pm2) => {
    const announced = async (n) => (await pm2.line('desk', 'the settings', settings, n)).message;
    await pm2.start(pm2.app('desk', { env: { CLIENTE_ID: 'one', NODE_ENV: 'production' } }));
    const first = await announced(1);
    assert.match(first, /\bCLIENTE_ID=one \(environment\)/);
    assert.doesNotMatch(first, /LOGIN_MODE=local/);
    const before = await pm2.of('desk');
    await pm2.run('delete', 'desk');
    await pm2.start(pm2.app('desk', { env: { CLIENTE_ID: 'two', NODE_ENV: 'production' } }), '--env', 'local');
    const second = await announced(2);
    assert.match(second, /\bCLIENTE_ID=two \(environment\)/);
    assert.match(second, /\bLOGIN_MODE=local \(environment\)/);
    const after = await pm2.of('desk');
    assert.notEqual(after.pid, before.pid);
    assert.equal(after.status, 'online');
  }));
});

const pick = ({ status, restarts, exit }) => ({ status, restarts, exit });
