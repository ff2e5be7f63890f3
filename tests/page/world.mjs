// One simulated WhatsApp, one service on it, and one browser that shows its page. All of them end with the process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { chromium } from 'playwright-core';

/** The longest wait for one step: a loaded machine needs seconds where an idle one needs tenths. */
export const DEADLINE_MS = 30_000;
/** The longest start or stop of everything. */
export const START_MS = 60_000;
/** A file of tests that takes longer has a test that hangs; it fails and is named. The longest takes 45 s on two idle cores. */
export const SUITE_MS = 300_000;
export const FRIEND = '5491122334455';

const SCREENSHOTS = resolve('../../target/page-screenshots');
/** The simulator's first code lives 6 s and the later ones 2 s; its page takes a tenth of the real page's time. */
const TIME_SCALE = '0.1';
const DEBIAN = { script: '/usr/bin/chromium', browser: '/usr/lib/chromium/chromium' };

function browserPath() {
  const named = realpathSync(process.env.CHROME_PATH || DEBIAN.script);
  return named === DEBIAN.script && existsSync(DEBIAN.browser) ? DEBIAN.browser : named;
}

/** Waits until `probe` returns something; there is no event for it. */
export async function until(what, probe) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`no ${what} in ${DEADLINE_MS} ms`);
    await pause(50);
  }
}

/** Starts a program; returns it with the first result of `reads` on a line of its output. */
async function started(binary, args, env, reads) {
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
  process.once('exit', () => child.kill('SIGKILL'));
  child.stderr.pipe(process.stderr);
  const found = await new Promise((done, failed) => {
    createInterface(child.stdout).on('line', (line) => reads(line) && done(reads(line)));
    child.once('exit', (code) => failed(new Error(`${binary} ended with ${code}`)));
    setTimeout(() => failed(new Error(`${binary} did not start`)), START_MS).unref();
  });
  return { child, found };
}

async function ended(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit', { signal: AbortSignal.timeout(START_MS) });
  child.kill('SIGINT');
  await exit.finally(() => child.kill('SIGKILL'));
}

/** A target of webhooks that answers with the status that a test sets. */
export class Receiver {
  status = 200;
  taken = 0;

  static async start() {
    const receiver = new Receiver();
    receiver.server = createServer((request, response) => {
      request.resume().on('end', () => {
        if (receiver.status === 200) receiver.taken += 1;
        response.writeHead(receiver.status).end();
      });
    }).listen(0, '127.0.0.1');
    await once(receiver.server, 'listening');
    receiver.url = `http://127.0.0.1:${receiver.server.address().port}/hook`;
    return receiver;
  }

  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export class World {
  #folder = mkdtempSync(join(tmpdir(), 'page-'));
  #simulator;
  #service;
  #env;
  #browser;

  /** `env` is added to the service's environment. */
  static async start({ env = {} } = {}) {
    const world = new World();
    process.once('exit', () => rmSync(world.#folder, { recursive: true, force: true, maxRetries: 5 }));
    const announced = (line) => /^(http:\S+?)\/?$/.exec(line)?.[1];
    const args = ['--time-scale', TIME_SCALE];
    ({ child: world.#simulator, found: world.phone } = await started(process.env.SIMULATOR_BIN, args, process.env, announced));
    world.#env = {
      PATH: process.env.PATH, HOME: world.#folder, TMPDIR: world.#folder,
      NODE_ENV: 'production', PORT: '0', HOST: '127.0.0.1',
      TOKENS_DIR: join(world.#folder, 'tokens'), DATA_DIR: join(world.#folder, 'data'),
      WHATSAPP_WEB_URL: `${world.phone}/`, SEND_PAUSE_MS: '0', ...env,
    };
    await world.startService();
    world.#browser = await chromium.launch({
      executablePath: browserPath(), chromiumSandbox: process.getuid() !== 0, args: ['--disable-gpu'],
      env: { ...process.env, TMPDIR: world.#folder },
    });
    return world;
  }

  async startService() {
    const listening = (line) => line.includes('"listening"') && JSON.parse(line).address;
    const { child, found } = await started(process.env.SESSION_MANAGER_BIN, [], this.#env, listening);
    this.#service = child;
    this.url = /^http/.test(found) ? found : `http://${found}`;
    // The page expects the same address after a restart.
    this.#env.PORT = new URL(this.url).port;
  }

  stopService() {
    return ended(this.#service);
  }

  /** Runs an operation of the simulator's control API. */
  async control(operation, body = {}) {
    const answer = await fetch(`${this.phone}/control/${operation}`, { method: 'POST', body: JSON.stringify(body) });
    const result = await answer.json();
    if (!answer.ok) throw new Error(`${operation}: ${result.error}`);
    return result;
  }

  /** What the simulated WhatsApp has seen. */
  async record() {
    return (await fetch(`${this.phone}/control/record`)).json();
  }

  /** Scans the page's code once there is one. */
  async scan() {
    await until('code', async () => (await this.api('/qr')).status === 'QR_AVAILABLE');
    return this.control('scan');
  }

  async api(path, { method = 'GET', body, token } = {}) {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${this.url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    return answer.json();
  }

  /** A page in its own profile. `complaints` collects its errors, and `asked` its requests. */
  async look({ path = '/qr.html', locale = 'es-AR', mobile = false, dark = false, prepare } = {}) {
    const context = await this.#browser.newContext({
      locale,
      viewport: mobile ? { width: 390, height: 844 } : { width: 1280, height: 800 },
      deviceScaleFactor: mobile ? 2 : 1, isMobile: mobile, hasTouch: mobile,
      colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce',
    });
    context.setDefaultTimeout(DEADLINE_MS);
    const page = await context.newPage();
    page.complaints = [];
    page.asked = [];
    page.on('pageerror', (error) => page.complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
    page.on('request', (request) => page.asked.push(request.url()));
    await prepare?.(page);
    await page.goto(`${this.url}${path}`);
    return page;
  }

  /** Closes the tab, and ends the answers that a test gave in the service's place. */
  async leave(page) {
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await page.context().close();
  }

  async stop() {
    for (const context of this.#browser?.contexts() ?? []) {
      for (const page of context.pages()) await this.leave(page);
    }
    await this.#browser?.close();
    await ended(this.#service);
    await ended(this.#simulator);
  }
}

/**
 * How much of one PNG looks different in another, from 0 to 1. Both are made small first, so that another rendering of the
 * same letters, or another time of day in them, counts for little.
 */
export function difference(page, ...pictures) {
  return page.evaluate(async (encoded) => {
    const [width, height, visible] = [110, 90, 32];
    const pixels = await Promise.all(encoded.map(async (text) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes]), { resizeWidth: width, resizeHeight: height, resizeQuality: 'high' });
      const canvas = new OffscreenCanvas(width, height).getContext('2d');
      canvas.drawImage(bitmap, 0, 0);
      return canvas.getImageData(0, 0, width, height).data;
    }));
    const differs = (at) => [0, 1, 2].some((channel) => Math.abs(pixels[0][at + channel] - pixels[1][at + channel]) > visible);
    return Array.from({ length: width * height }, (_, pixel) => differs(4 * pixel)).filter(Boolean).length / (width * height);
  }, pictures.map((picture) => picture.toString('base64')));
}

/** A screenshot, kept with the test's results for people. */
export async function screenshot(page, name, options = {}) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), ...options });
}
