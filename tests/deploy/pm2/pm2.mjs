// Real PM2 with its own daemon and folder, and the shipped file with other paths and ports.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const require = createRequire(import.meta.url);
const PM2 = require.resolve('pm2/bin/pm2');
const SHIPPED = require('../../../deploy/pm2/ecosystem.config.js').apps[0];
export const BINARY = resolve(process.env.SESSION_MANAGER_BIN ?? '../../../target/debug/session-manager');

/** The longest wait: a loaded machine needs seconds where an idle one needs tenths. */
export const DEADLINE_MS = 60_000;
/** A file of tests that takes longer has a test that hangs; it fails and is named. The longest takes 15 s on two idle cores. */
export const SUITE_MS = 300_000;

/** Waits until `probe` returns something; PM2 fires no event for it. */
export async function eventually(what, probe) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited for ${what} in vain`);
    await pause(50);
  }
}

export class Pm2 {
  #alive = [];

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'pm2-'));
    this.environment = {
      PATH: process.env.PATH,
      HOME: this.folder,
      PM2_HOME: join(this.folder, 'home'),
      // PM2 asks its maker's server for news at every start.
      PM2_DISABLE_VERSION_CHECK: 'true',
    };
    // Cleans up however this process ends.
    process.once('exit', this.#clear);
  }

  /** A PM2 whose daemon is running: two commands at once would start two daemons. */
  static async daemon() {
    const pm2 = new Pm2();
    await pm2.run('ping');
    return pm2;
  }

  /** Runs a command of PM2. */
  async run(...args) {
    const options = { env: this.environment, timeout: DEADLINE_MS, maxBuffer: 16 << 20 };
    const { stdout } = await promisify(execFile)(process.execPath, [PM2, ...args], options);
    return stdout;
  }

  /** The shipped definition with another name, a free port, its own folders, and a test's changes. */
  app(name, { env = {}, ...changes } = {}) {
    const place = (what) => join(this.folder, name, what);
    const places = { PORT: '0', HOST: '127.0.0.1', TOKENS_DIR: place('tokens'), DATA_DIR: place('data') };
    return {
      ...SHIPPED,
      name,
      cwd: this.folder,
      script: BINARY,
      out_file: place('out.log'),
      error_file: place('error.log'),
      env: { ...SHIPPED.env, ...places, AUTO_CONNECT: 'false', ...env },
      env_local: { ...SHIPPED.env_local, ...places, AUTO_CONNECT: 'false', ...env, LOGIN_MODE: SHIPPED.env_local.LOGIN_MODE },
      ...changes,
    };
  }

  /** Starts a definition from an ecosystem file. */
  start(app, ...args) {
    const file = join(this.folder, `${app.name}.json`);
    writeFileSync(file, JSON.stringify({ apps: [app] }));
    return this.run('start', file, ...args);
  }

  /** PM2's data about an application. */
  async of(name) {
    const list = await this.run('jlist');
    const found = JSON.parse(list.slice(list.indexOf('['))).find((app) => app.name === name);
    if (found?.pid) this.#alive.push(found.pid);
    return found && { pid: found.pid, status: found.pm2_env.status, restarts: found.pm2_env.restart_time, exit: found.pm2_env.exit_code };
  }

  /** The lines of the service's log; each must be JSON. */
  log(name) {
    return readIfThere(join(this.folder, name, 'out.log')).split('\n').slice(0, -1).map((line) => JSON.parse(line));
  }

  text(name, file) {
    return readIfThere(join(this.folder, name, file));
  }

  /** The n-th matching line of the log, counted from 1. */
  line(name, what, fits, n = 1) {
    return eventually(`${what} (${n}) of ${name}`, () => this.log(name).filter(fits)[n - 1]);
  }

  reaches(name, state, n = 1) {
    return this.line(name, state, (line) => line.message === 'session state changed' && line.to === state, n);
  }

  async address(name, n = 1) {
    return (await this.line(name, 'the address', (line) => line.message === 'listening', n)).address;
  }

  /** The lines of the daemon's own log that contain a text; `[name:` for an application. */
  said(text) {
    return readIfThere(join(this.folder, 'home/pm2.log')).split('\n').filter((line) => line.includes(text));
  }

  async end() {
    try {
      await this.run('kill');
    } finally {
      process.off('exit', this.#clear);
      this.#clear();
    }
  }

  #clear = () => {
    const daemon = Number(readIfThere(join(this.folder, 'home/pm2.pid')));
    for (const pid of [daemon, ...this.#alive].filter((pid) => pid > 0 && isOurs(pid, this.folder))) process.kill(pid, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  };
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

/** The pid may belong to another process meanwhile. */
function isOurs(pid, folder) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder);
  } catch {
    return false;
  }
}
