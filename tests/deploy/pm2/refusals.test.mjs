// PM2 does not restart after an error that needs a person; it restarts after others, but not for ever.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { BINARY, SUITE_MS, Pm2, eventually } from './pm2.mjs';

/** PM2's delays start at 100 ms and grow by half: ten exits in a row have nine waits. */
const WAITS_MS = [100, 150, 225, 337, 505, 757, 1135, 1702, 2553];

describe('what PM2 makes of an end', { concurrency: true, timeout: SUITE_MS }, () => {
  let pm2;

  before(async () => {
    pm2 = await Pm2.daemon();
  });
  after(() => pm2.end());

  /** Ends at once with a code after which PM2 restarts: once it came back three times, the others could have too. */
  async function othersAreRestarted(witness) {
    await pm2.start({ ...pm2.app(witness), script: '/bin/false' });
    await eventually('the restarts of the witness', () => pm2.said(`[${witness}:`).filter((line) => line.includes('exited')).length > 3);
  }

  it('wrong settings: stays down and says why', async () => {
    await pm2.start(pm2.app('wrong', { env: { PORT: 'many', SEND_MODE: 'maybe' } }));
    await eventually('its end', () => pm2.said('[wrong:').some((line) => line.includes('exited with code [78]')));
    await othersAreRestarted('witness-of-wrong');
    assert.deepEqual(pick(await pm2.of('wrong')), { restarts: 0, exit: 78, pid: 0 });
    const said = pm2.text('wrong', 'error.log');
    assert.match(said, /PORT.*"many"/);
    assert.match(said, /SEND_MODE.*"maybe"/);
  });

  it('folders in use: stays down and names the holder', async () => {
    const app = pm2.app('second');
    const holder = spawn(BINARY, { env: { ...pm2.environment, ...app.env }, stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      let said = '';
      for await (const chunk of holder.stdout) {
        said += chunk;
        if (said.includes('"listening"')) break;
      }
      await pm2.start(app);
      await eventually('its end', () => pm2.said('[second:').some((line) => line.includes('exited with code [75]')));
      await othersAreRestarted('witness-of-second');
      assert.deepEqual(pick(await pm2.of('second')), { restarts: 0, exit: 75, pid: 0 });
      await pm2.line('second', 'who holds it', (line) => line.level === 'ERROR' && line.message.includes(`pid ${holder.pid}`));
    } finally {
      holder.kill('SIGKILL');
    }
  });

  it('a taken port: tried ten times, further and further apart', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      await pm2.start(pm2.app('port', { env: { PORT: String(taken.address().port) } }));
      // The state stays "waiting restart" to the end; no restart is in progress.
      await eventually('PM2 to give up', () => pm2.said(`${BINARY} had too many unstable restarts (10)`)[0]);
      assert.deepEqual(pick(await pm2.of('port')), { restarts: 9, exit: 69, pid: 0 });
      const said = pm2.said('[port:');
      assert.equal(said.filter((line) => line.includes('exited with code [69]')).length, 10);
      const waits = said.map((line) => /will restart in (\d+)ms/.exec(line)?.[1]).filter(Boolean).map(Number);
      assert.deepEqual(waits.slice(0, WAITS_MS.length), WAITS_MS);
      // One line per start. PM2 may lose the output of a process right before its end.
      const errors = () => pm2.log('port').filter((line) => line.level === 'ERROR');
      await eventually('an error in the log', () => errors()[0]);
      const other = errors().filter((line) => !line.message.startsWith(`port ${taken.address().port} is taken by`));
      assert.deepEqual(other, []);
      assert.ok(errors().length <= 10, `${errors().length} lines`);
    } finally {
      taken.close();
    }
  });

  it('a death by signal is a clean stop to it, which is why 0 is not among the codes that stay down', async () => {
    const app = pm2.app('killed');
    assert.ok(!app.stop_exit_codes.includes(0));
    await pm2.start({ ...app, stop_exit_codes: [0] });
    await pm2.address('killed');
    process.kill((await pm2.of('killed')).pid, 'SIGKILL');
    await eventually('its end', () => pm2.said('[killed:').some((line) => line.includes('exited with code [0] via signal [SIGKILL]')));
    await othersAreRestarted('witness-of-killed');
    assert.deepEqual(pick(await pm2.of('killed')), { restarts: 0, exit: 0, pid: 0 });
  });
});

const pick = ({ restarts, exit, pid }) => ({ restarts, exit, pid });
