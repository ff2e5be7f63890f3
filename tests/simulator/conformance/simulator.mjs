// The simulator's binary: started, told what to do over its control API, read, stopped.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

/** A code after 1.5 s, 6 s to scan it, the next ones for 2 s each. */
const TIME_SCALE = 0.1;
/** Longest wait for one thing to happen: a loaded machine of CI needs seconds where this one needs tenths. */
export const DEADLINE_MS = 20_000;
/** Longest start of a client with its browser. */
export const START_MS = 45_000;
/** Longest wait for the binary to listen, and to end, in milliseconds. */
const START_OR_STOP_MS = 10_000;
/** Between two looks at something that nobody tells of. */
export const LOOK_MS = 50;
/** One long poll of the record, in seconds; a deadline is met this late at most. */
const POLL_S = 1;

export class Simulator {
  #process;

  /** Where the page, the phone and the control API are, without TLS. */
  url;
  /** Port of the TLS listener on 127.0.0.1. */
  tlsPort;
  /** What Chromium's --ignore-certificate-errors-spki-list wants. */
  spki;

  constructor(process, announcement) {
    const [, url, tlsPort, spki] = /^(http:\S+) tls_port=(\d+) spki_sha256_base64=(\S+)$/.exec(announcement) ?? [];
    if (!url) throw new Error(`the simulator announced: ${announcement}`);
    this.#process = process;
    this.url = url;
    this.tlsPort = Number(tlsPort);
    this.spki = spki;
  }

  /** Starts the binary named by SIMULATOR_BIN; `timeScale` is the factor on the real page's times. */
  static async start({ timeScale = TIME_SCALE, flags = [] } = {}) {
    const binary = process.env.SIMULATOR_BIN;
    if (!binary) throw new Error('SIMULATOR_BIN must name the whatsapp-simulator binary');
    const child = spawn(binary, ['--tls-port', '0', '--time-scale', String(timeScale), ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Not inherited: the test runner would wait for whoever holds its own.
    child.stderr.pipe(process.stderr);
    // Whatever ends this process, the simulator ends with it.
    process.once('exit', () => child.kill('SIGKILL'));
    try {
      await once(child, 'spawn');
      const signal = AbortSignal.timeout(START_OR_STOP_MS);
      const [announcement] = await once(createInterface(child.stdout), 'line', { signal });
      return new Simulator(child, announcement);
    } catch (cause) {
      child.kill('SIGKILL');
      throw new Error(`${binary} did not start`, { cause });
    }
  }

  async #ask(path, options) {
    const answer = await fetch(new URL(`control/${path}`, this.url), options);
    const body = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${body.error}`);
    return body;
  }

  /** Runs an operation of the control API; `GET /control/` of a running simulator lists them. */
  control(operation, body = {}) {
    return this.#ask(operation, { method: 'POST', body: JSON.stringify(body) });
  }

  /** Scans the code that a page shows, once one does; between two codes there is none. */
  async scan() {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      try {
        return await this.control('scan');
      } catch (error) {
        if (!/no page shows a code/.test(error.message) || Date.now() > deadline) throw error;
        await pause(LOOK_MS);
      }
    }
  }

  /** The code shown now, the account's number, people, devices, faults. */
  state() {
    return this.#ask('state');
  }

  /** The chats as the account's phone shows them. */
  chats() {
    return this.#ask('chats');
  }

  /** Everything the simulator has seen. */
  record() {
    return this.#ask('record');
  }

  /** The record, once it satisfies `condition`. */
  async recordWhen(what, condition, deadlineMs = DEADLINE_MS) {
    const deadline = Date.now() + deadlineMs;
    let record = await this.record();
    while (!condition(record)) {
      if (Date.now() > deadline) throw new Error(`no ${what} in ${deadlineMs} ms: ${JSON.stringify(record)}`);
      record = await this.#ask(`record?after=${record.version}&wait=${POLL_S}`);
    }
    return record;
  }

  async stop() {
    const ended = once(this.#process, 'exit', { signal: AbortSignal.timeout(START_OR_STOP_MS) });
    this.#process.kill('SIGINT');
    try {
      await ended;
    } finally {
      this.#process.kill('SIGKILL');
    }
  }
}
