// Which Chromium, and the flags that make it take the simulator for web.whatsapp.com.
import { existsSync, realpathSync } from 'node:fs';

const DEFAULT_PATH = '/usr/bin/chromium';

/** The distributions' launch scripts, which add flags of their own, and the browsers behind them. */
const BEHIND_SCRIPT = {
  '/usr/bin/chromium': '/usr/lib/chromium/chromium',
  '/opt/google/chrome/google-chrome': '/opt/google/chrome/chrome',
};

/** The browser named by CHROME_PATH, or Debian's. */
export function executablePath() {
  const named = realpathSync(process.env.CHROME_PATH || DEFAULT_PATH);
  const behind = BEHIND_SCRIPT[named];
  return behind && existsSync(behind) ? behind : named;
}

export function flags({ tlsPort, spki }) {
  return [
    // Every other name is unknown: a mistake here must not reach the real site.
    `--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:${tlsPort}, MAP * ~NOTFOUND`,
    `--ignore-certificate-errors-spki-list=${spki}`,
    '--disable-gpu',
    // Chromium refuses its sandbox to root, as in a container.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
}
