// The real page, the chat server and the service as one world: start(), link(), status(), until(), stop().
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fromWork } from './where.mjs';
const here = path.dirname(new URL(import.meta.url).pathname);
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
process.removeAllListeners('warning');
export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const BIN = process.env.SM_BIN || 'target/release/session-manager';

/** A free port. */
function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export class World {
  constructor(opt = {}) {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'realpage-'));
    this.opt = opt;
  }
  async start() {
    [this.real, this.port] = [await freePort(), await freePort()];
    const out = fs.openSync(this.dir + '/server.log', 'a');
    this.server = spawn(process.execPath, ['server.mjs', String(this.real)], {
      cwd: here,
      stdio: ['ignore', out, out],
      env: { ...process.env, REAL_LOG: process.env.REAL_LOG || '0' },
    });
    for (let i = 0; i < 200 && !this.log().includes('realpage on'); i++) {
      if (this.server.exitCode !== null) break;
      await sleep(100);
    }
    if (!this.log().includes('realpage on')) throw new Error(`the server did not start: ${this.log().slice(-500)}`);
  }
  async service(env = {}) {
    const out = fs.openSync(this.dir + '/service.log', 'a');
    // the service gives Chrome a clean environment, so the port is written into the wrapper
    const chrome = this.dir + '/chromium-to-us';
    fs.writeFileSync(
      chrome,
      fs
        .readFileSync(here + '/chromium-to-us', 'utf8')
        .replaceAll('${REAL_PORT:-8443}', String(this.real))
        // The claims ask the page questions beside the service, and the browser needs no proxy to find the chat
        // server.
        .replace('"$@"', '--remote-debugging-port=0 --no-proxy-server "$@"'),
      { mode: 0o755 },
    );
    this.sm = spawn(path.resolve(BIN), [], {
      cwd: this.dir,
      stdio: ['ignore', out, out],
      env: {
        ...process.env,
        PORT: String(this.port),
        TOKENS_DIR: this.dir + '/tokens',
        DATA_DIR: this.dir + '/data',
        CHROME_PATH: chrome,
        NODE_ENV: 'production',
        // The service itself tests whether the network is up: it tests the proxy, because it cannot resolve WhatsApp's
        // host here.
        PROXY_URL: `http://127.0.0.1:${this.real}`,
        ...this.opt.env,
        ...env,
      },
    });
    this.gone = new Promise((r) => this.sm.on('exit', r));
    for (let i = 0; i < 100; i++) {
      try {
        await this.get('/health');
        return;
      } catch {
        await sleep(100);
      }
    }
  }
  /** Runs a command of the service's program beside the running service. */
  command(...words) {
    const env = { ...process.env, PORT: String(this.port), TOKENS_DIR: this.dir + '/tokens', DATA_DIR: this.dir + '/data' };
    return new Promise((resolve) => {
      execFile(path.resolve(BIN), words, { cwd: this.dir, env }, (error, text) => resolve({ code: error?.code ?? 0, text }));
    });
  }
  async halt() {
    if (!this.sm) return;
    this.sm.kill('SIGTERM');
    await this.gone;
    this.sm = null;
  }
  async get(p) {
    const r = await fetch(`http://127.0.0.1:${this.port}${p}`);
    return r.json();
  }
  async post(p, body = {}) {
    const r = await fetch(`http://127.0.0.1:${this.port}${p}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: r.status, body: await r.json().catch(() => null) };
  }
  /** Asks under a key, if there is one. */
  async ask(method, p, body, key) {
    const headers = { 'content-type': 'application/json', ...(key && { 'idempotency-key': key }) };
    const r = await fetch(`http://127.0.0.1:${this.port}${p}`, { method, headers, body: body && JSON.stringify(body) });
    return { status: r.status, body: await r.json().catch(() => null) };
  }
  async del(p) {
    const r = await fetch(`http://127.0.0.1:${this.port}${p}`, { method: 'DELETE' });
    return { status: r.status, body: await r.json().catch(() => null) };
  }
  async ctl(name, params = {}) {
    const q = new URLSearchParams(
      Object.entries(params).map(([k, v]) => [k, typeof v === 'object' ? JSON.stringify(v) : String(v)]),
    );
    return (await fetch(`https://127.0.0.1:${this.real}/__ctl/${name}?${q}`)).json();
  }
  async status() {
    const s = await this.get('/status');
    return { state: s.state, reason: s.reason, detail: s.detail, account: s.account };
  }
  async until(want, ms = 40000) {
    const t = Date.now();
    let s;
    do {
      s = await this.status().catch(() => null);
      if (s && (typeof want === 'function' ? want(s) : s.state === want)) return { ...s, ms: Date.now() - t };
      await sleep(150);
    } while (Date.now() - t < ms);
    return { ...s, ms: null };
  }
  /** every state that the service passes through in this time, as "STATE reason" */
  async watch(ms) {
    const seen = [];
    const end = Date.now() + ms;
    while (Date.now() < end) {
      const s = await this.status().catch(() => null);
      const t = s ? s.state + (s.reason ? ' ' + s.reason : '') : 'no answer';
      if (seen.at(-1) !== t) seen.push(t);
      await sleep(200);
    }
    return seen;
  }
  async code() {
    const r = await fetch(`http://127.0.0.1:${this.port}/qr.png`);
    if (!r.ok) return null;
    const p = fromWork('pngjs').PNG.sync.read(Buffer.from(await r.arrayBuffer()));
    return fromWork('jsqr')(new Uint8ClampedArray(p.data), p.width, p.height)?.data ?? null;
  }
  async link(opt = {}) {
    const s = await this.until('QR_REQUIRED');
    if (s.ms === null) return s;
    // The code comes soon: it is drawn a moment after the state has changed.
    let code = null;
    for (let tries = 0; code === null && tries < 100; tries += 1) {
      code = await this.code();
      if (code === null) await sleep(100);
    }
    const scanned = await this.ctl('scan', { code, opt });
    if (scanned.error) throw new Error(scanned.error);
    return this.until('READY', 60000);
  }
  log() {
    return fs.readFileSync(this.dir + '/server.log', 'utf8');
  }
  async stop() {
    await this.halt();
    this.server?.kill('SIGTERM');
    if (!process.env.KEEP) fs.rmSync(this.dir, { recursive: true, force: true });
  }
}
