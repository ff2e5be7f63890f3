// The service's binary on the simulator: started, asked, and its page looked into.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import readQr from 'jsqr';
import puppeteer from 'puppeteer';
import { executablePath, flags } from './chromium.mjs';
import { DEADLINE_MS, LOOK_MS, START_MS } from './simulator.mjs';

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until `probe` answers something. */
export async function until(what, probe) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`no ${what} in ${DEADLINE_MS} ms`);
    await pause(LOOK_MS);
  }
}

/** What a camera reads off a code drawn in half-block characters. */
export function scanned(drawing) {
  const SCALE = 4;
  const lines = drawing.split('\n').filter((line) => line.length > 0);
  const [width, height] = [lines[0].length * SCALE, lines.length * 2 * SCALE];
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  const isLit = (x, y) => {
    const character = lines[y >> 1][x];
    return character === '█' || character === (y % 2 === 0 ? '▀' : '▄');
  };
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (!isLit(Math.floor(x / SCALE), Math.floor(y / SCALE))) pixels.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  }
  return (readQr.default ?? readQr)(pixels, width, height)?.data;
}

export class Service {
  #process;
  #folder;
  #url;

  /** Starts the binary named by SESSION_MANAGER_BIN, which drives the page of the simulator as https://web.whatsapp.com. */
  static async start(simulator, folder) {
    const binary = process.env.SESSION_MANAGER_BIN;
    if (!binary) throw new Error('SESSION_MANAGER_BIN must name the session-manager binary');
    const started = new Service();
    started.#folder = folder;
    // The service lets nobody else at its browser, and separates flags by white space: a browser of another name
    // brings a port of its own, and takes the simulator for web.whatsapp.com.
    const browser = join(folder, 'browser');
    const quoted = [executablePath(), '--remote-debugging-port=0', ...flags(simulator)].map((word) => `'${word}'`);
    writeFileSync(browser, `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`);
    chmodSync(browser, 0o755);
    const port = await freePort();
    started.#url = `http://127.0.0.1:${port}`;
    started.#process = spawn(binary, [], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        TMPDIR: folder,
        PORT: String(port),
        HOST: '127.0.0.1',
        LOG_LEVEL: 'error',
        TOKENS_DIR: join(folder, 'tokens'),
        DATA_DIR: join(folder, 'data'),
        CHROME_PATH: browser,
      },
    });
    process.once('exit', () => started.#process.kill('SIGKILL'));
    await until('answer of the service', () => started.get('/health').catch(() => null));
    return started;
  }

  async get(path) {
    const answer = await fetch(`${this.#url}${path}`);
    return answer.headers.get('content-type').includes('json') ? answer.json() : answer.text();
  }

  /** The page that the service drives, over the browser's own debugging port. */
  async page() {
    const file = join(this.#folder, 'tokens/admin/DevToolsActivePort');
    await until('browser of the service', () => existsSync(file) && readFileSync(file, 'utf8').includes('\n'));
    const [port] = readFileSync(file, 'utf8').split('\n');
    const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${port}`, defaultViewport: null });
    const page = await until('page of the service', async () => (await browser.pages()).find((open) => open.url().startsWith('http')));
    return { browser, page };
  }

  async stop() {
    const ended = once(this.#process, 'exit', { signal: AbortSignal.timeout(START_MS) });
    this.#process.kill('SIGTERM');
    try {
      await ended;
    } finally {
      this.#process.kill('SIGKILL');
    }
  }
}
