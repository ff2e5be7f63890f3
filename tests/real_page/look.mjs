// Opens the page in a Chromium and prints what it shows: node look.mjs PORT [seconds] [expression]
import { fromWork } from './where.mjs';
import { flags } from './flags.mjs';
const puppeteer = fromWork('puppeteer-core');
const [port = '8443', seconds = '10', expression] = process.argv.slice(2);
const browser = await puppeteer.launch({
  executablePath: process.env.REAL_CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  pipe: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    ...flags(port),
    '--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
    ...(process.env.PROFILE ? ['--user-data-dir=' + process.env.PROFILE] : []),
  ],
});
const page = await browser.newPage();
page.on('console', (m) => console.log('C', m.text().slice(0, Number(process.env.WIDTH || 700))));
page.on('pageerror', (e) => console.log('PAGEERROR', String(e.stack || e.message || e).slice(0, 900)));
page.on('framenavigated', (f) => console.log('NAV', f.url()));
await page
  .goto('https://web.whatsapp.com/', { waitUntil: 'domcontentloaded', timeout: 60000 })
  .catch((e) => console.log('goto', e.message));
if (process.env.SCAN) {
  // the fake phone scans the code that the page would show
  const code = await page.waitForFunction(
    `(async () => { const C = require('WAWebConnModel').Conn; if (require('WAWebSocketModel').Socket.state !== 'UNPAIRED' || !C.ref) return false; const b = require('WABase64').encodeB64; return [C.ref, b((await require('WAWebUserPrefsInfoStore').waNoiseInfo.get()).staticKeyPair.pubKey), b((await require('WAWebSignalStoreApi').waSignalStore.getRegistrationInfo()).identityKeyPair.pubKey), require('WAWebUserPrefsMultiDevice').getADVSecretKey(), require('WAWebCompanionRegClientUtils').DEVICE_PLATFORM].join(',') })()`,
    { timeout: 40000, polling: 300 },
  );
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  console.log(
    'SCAN',
    await (
      await fetch(`https://127.0.0.1:${port}/__ctl/scan?code=` + encodeURIComponent(await code.jsonValue()))
    ).text(),
  );
}
await new Promise((r) => setTimeout(r, Number(seconds) * 1000));
const show = async (e) =>
  console.log('=>', JSON.stringify(await page.evaluate(e).catch((x) => 'evaluate: ' + x.message), null, 1));
await show(
  `({step:__real.boot&&__real.boot.step,errors:__real.boot&&__real.boot.errors.slice(0,10),failed:[...__real.failed].map(([n,e])=>n+': '+String(e&&e.stack||e).slice(0,300)).slice(0,20),holes:[...__real.holes.keys()].slice(0,150),meta:[...__real.seen.meta],jk:[...__real.seen.justknobx],qex:[...__real.seen.qex]})`,
);
if (process.env.CTL) {
  console.log('CTL', await (await fetch(`https://127.0.0.1:${port}/__ctl/${process.env.CTL}`)).text());
  await new Promise((r) => setTimeout(r, Number(process.env.AFTER || 8) * 1000));
}
if (expression) await show(expression);
await browser.close();
