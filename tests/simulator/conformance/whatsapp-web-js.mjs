// whatsapp-web.js as published, on the simulator: a client, and what it has said since its start.
import { join } from 'node:path';
import whatsapp from 'whatsapp-web.js';
import { executablePath, flags } from './chromium.mjs';
import { EventLog } from './events.mjs';

const { Events } = whatsapp;

/** The library reads `_serialized` of message keys, which only older builds of the page have. */
export const OLDER_KEYS = { serialized_ids: true };

export class Client {

  /** The login is stored in `folder`: another client on it is the same device again. */
  constructor(simulator, folder, options = {}) {
    this.library = new whatsapp.Client({
      authStrategy: new whatsapp.LocalAuth({ dataPath: join(folder, 'login') }),
      webVersionCache: { type: 'local', path: join(folder, 'versions') },
      puppeteer: {
        executablePath: executablePath(),
        args: flags(simulator),
        // Over a pipe the browser ends by itself when this process is killed.
        pipe: true,
        env: { ...process.env, TMPDIR: folder },
      },
      ...options,
    });
    this.events = new EventLog(this.library, Object.values(Events));
    // The library injects its part into every document, and waits for nothing of it: also into the document that a logout opens
    // while the library closes the browser, which then fails.
    const inject = this.library.inject.bind(this.library);
    this.library.inject = () => inject().catch((error) => {
      if (error.name !== 'TargetCloseError') throw error;
    });
  }

  async start() {
    await this.library.initialize();
    return this;
  }

  /** Closes the browser; the login stays. */
  async stop() {
    try {
      await this.library.destroy();
    } finally {
      this.library.pupBrowser?.process()?.kill('SIGKILL');
    }
  }
}
