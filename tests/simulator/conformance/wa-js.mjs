// wa-js as published, injected into a page of the simulator that is opened as https://web.whatsapp.com.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import puppeteer from 'puppeteer';
import { executablePath, flags } from './chromium.mjs';
import { EventLog } from './events.mjs';
import { EventEmitter } from 'node:events';

const LIBRARY = readFileSync(createRequire(import.meta.url).resolve('@wppconnect/wa-js'), 'utf8');

const EVENTS = [
  'loader.injected', 'loader.ready', 'loader.full_ready',
  'conn.authenticated', 'conn.auth_code_change', 'conn.require_auth', 'conn.logout', 'conn.online', 'conn.stream_mode_changed',
  'chat.new_message', 'chat.msg_ack_change', 'chat.msg_edited', 'chat.msg_revoke', 'chat.unread_count_changed',
];

/** What of an event's value is told to the test: ids as text, and the fields that checks look at. */
function relayEvents(names) {
  const text = (value) => (value === undefined || value === null ? value : String(value));
  const plain = (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const { ack, body, fullCode, ids, id, refId, unreadCount, chat, msg } = value;
    return { ack, body: body ?? msg?.body, fullCode, ids: ids?.map(text), id: text(id), refId: text(refId), unreadCount, chat: text(chat?.id ?? chat) };
  };
  for (const name of names) window.WPP.on(name, (value) => window.relay(name, plain(value)));
}

/** Puts the library into a page, as its readers are told to. */
export async function inject(page, emitter = new EventEmitter()) {
  await page.exposeFunction('relay', (name, value) => emitter.emit(name, value));
  // It would report to its authors.
  await page.evaluate(() => { window.WPPConfig = { disableGoogleAnalytics: true }; });
  await page.evaluate(LIBRARY);
  await page.evaluate(relayEvents, EVENTS);
}

export class Page {
  #emitter = new EventEmitter();

  /** Uncaught errors of the page. */
  errors = [];
  events = new EventLog(this.#emitter, EVENTS);

  static async open(simulator, folder) {
    const opened = new Page();
    opened.browser = await puppeteer.launch({
      executablePath: executablePath(),
      args: [...flags(simulator), '--disable-blink-features=AutomationControlled'],
      pipe: true,
      userDataDir: `${folder}/profile`,
      env: { ...process.env, TMPDIR: folder },
    });
    [opened.page] = await opened.browser.pages();
    opened.page.on('pageerror', (error) => opened.errors.push(error.message));
    await opened.page.setUserAgent((await opened.browser.userAgent()).replace('Headless', ''));
    await opened.page.goto('https://web.whatsapp.com/');
    await opened.page.waitForFunction('window.require && window.Debug');
    await inject(opened.page, opened.#emitter);
    return opened;
  }

  /** Runs a function in the page; it finds the library as `WPP`. */
  run(work, ...values) {
    return this.page.evaluate(work, ...values);
  }

  async close() {
    try {
      await this.browser.close();
    } finally {
      this.browser.process()?.kill('SIGKILL');
    }
  }
}
