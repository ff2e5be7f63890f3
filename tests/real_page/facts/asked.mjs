// A page whose facts are collected: in its own browser, with listeners from before its first script.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import puppeteer from 'puppeteer-core';

const USER_AGENT =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36';
/** The longest wait for something that takes seconds. */
const DEADLINE_MS = 60_000;
const LOOK_MS = 50;

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs in the page: records the events of models and commands, in order. */
function listen() {
  window.__events = [];
  const told = (text) => window.__events.push(text);
  const hears = /logout|critical|offline|main_stream|banned|503|initial_chat/;
  const begin = () => {
    const { Socket } = window.require('WAWebSocketModel');
    const { Conn } = window.require('WAWebConnModel');
    const { Cmd } = window.require('WAWebCmd');
    for (const field of ['state', 'stream', 'hasSynced']) {
      Socket.on(`change:${field}`, () => told(`${field} ${Socket[field]}`));
    }
    Conn.on('change:ref', () => told(`ref in ${Socket.state}`));
    const { trigger } = Cmd;
    Cmd.trigger = function (name, ...values) {
      if (hears.test(name) && !/progress/.test(name)) told(`command ${name}`);
      return trigger.call(this, name, ...values);
    };
  };
  const timer = setInterval(() => {
    try {
      if (!window.require?.('WAWebCmd')?.Cmd) return;
    } catch {
      return;
    }
    clearInterval(timer);
    begin();
  }, 1);
}

export class Asked {
  /** name → answer */
  facts = {};
  /** The facts that differ from the fact sheets. */
  wrong = [];
  loads = [];

  constructor(world) {
    this.world = world;
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'facts-'));
  }

  async open() {
    await this.world.start();
    this.browser = await puppeteer.launch({
      executablePath: process.env.REAL_CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      pipe: true,
      userDataDir: path.join(this.folder, 'profile'),
      args: [
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--disable-gpu',
        `--user-agent=${USER_AGENT}`,
        ...this.world.flags(),
      ],
    });
    [this.page] = await this.browser.pages();
    this.page.on('framenavigated', (frame) => this.loads.push(frame.url()));
    await this.page.evaluateOnNewDocument(listen);
    await this.page.goto('https://web.whatsapp.com/', { waitUntil: 'domcontentloaded' });
  }

  async close() {
    await this.browser?.close();
    await this.world.stop();
    fs.rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Records a fact: small JSON that is the same each time. `expected` is the fact sheets' value, if they have one. */
  fact(name, answer, expected) {
    const plain = answer === undefined ? null : JSON.parse(JSON.stringify(answer));
    this.facts[name] = plain;
    if (expected !== undefined && JSON.stringify(plain) !== JSON.stringify(expected)) {
      this.wrong.push(`${name}: ${JSON.stringify(plain)} instead of ${JSON.stringify(expected)}`);
    }
  }

  evaluate(work, ...values) {
    return this.page.evaluate(work, ...values);
  }

  /** The result of `work` once it is true; between two documents there is none. */
  async until(what, work, ...values) {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const found = await this.page.evaluate(work, ...values).catch(() => null);
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`${what}: not in ${DEADLINE_MS / 1000} s`);
      await pause(LOOK_MS);
    }
  }

  /** Waits in the same way for something outside of the page. */
  async eventually(what, look) {
    const deadline = Date.now() + DEADLINE_MS;
    while (!(await look())) {
      if (Date.now() > deadline) throw new Error(`${what}: not in ${DEADLINE_MS / 1000} s`);
      await pause(LOOK_MS);
    }
  }

  reload() {
    return this.page.reload({ waitUntil: 'domcontentloaded' });
  }

  connected() {
    return this.until('a connected page', () => {
      const { Socket } = require('WAWebSocketModel');
      const { BackendEventBus } = require('WAWebBackendEventBus');
      return Socket.stream === 'CONNECTED' && Socket.hasSynced && BackendEventBus.isOfflineDeliveryEnd;
    });
  }

  /** The events since the last call. */
  events() {
    return this.evaluate(() => window.__events?.splice(0) ?? []);
  }

  /** The events from now on, up to this one. */
  async eventsUntil(last) {
    const told = [];
    await this.eventually(last, async () => {
      told.push(...(await this.events().catch(() => [])));
      return told.includes(last);
    });
    return told;
  }

  /** The state of the page. */
  stands() {
    return this.evaluate(() => {
      const { Socket } = require('WAWebSocketModel');
      return {
        state: Socket.state,
        stream: Socket.stream,
        synced: Socket.hasSynced === true,
        comms: Boolean(require('WAComms').getComms()),
      };
    });
  }

  /** The fields of the code, from the page's modules. */
  code() {
    return this.evaluate(async () => {
      const encode = require('WABase64').encodeB64;
      const noise = await require('WAWebUserPrefsInfoStore').waNoiseInfo.get();
      const registration = await require('WAWebSignalStoreApi').waSignalStore.getRegistrationInfo();
      return [
        require('WAWebConnModel').Conn.ref,
        encode(noise.staticKeyPair.pubKey),
        encode(registration.identityKeyPair.pubKey),
        await require('WAWebAdvSignatureApi').getADVSecretKey(),
        require('WAWebCompanionRegClientUtils').DEVICE_PLATFORM,
      ];
    });
  }

  async waitsForPhone() {
    await this.until('a code', () => {
      return require('WAWebSocketModel').Socket.state === 'UNPAIRED' && require('WAWebConnModel').Conn.ref;
    });
  }

  async link() {
    await this.waitsForPhone();
    await this.world.scan((await this.code()).join(','));
    await this.connected();
  }
}
