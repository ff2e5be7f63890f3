// The boot of the page, in its measured order: the stored login, the loader with its first modules, the other modules
// in waves, the stored messages, and the socket.
import { config } from '/config.js';
import { TIMES, moment } from '/static/clock.js';
import { openWire } from '/static/wire.js';
import { launch } from '/static/connection.js';
import { defineAll, install } from '/static/loader.js';
import { loadHistory } from '/static/messages.js';
import { EARLY } from '/static/modules.js';
import { WAVES } from '/static/modules-late.js';
import { prepareKeys } from '/static/linking.js';
import { recall, setMe } from '/static/people.js';
import { mount } from '/static/ui.js';
import * as storage from '/static/storage.js';

await storage.open();
setMe(await storage.get('login', 'me'));
await prepareKeys();
openWire();
mount();

install();
defineAll(EARLY);
window.Debug = { VERSION: config.build.version };

const socketLaunched = launch();
const [, ...waves] = TIMES.modules;
for (const [i, modules] of WAVES.entries()) {
  await moment(waves[i]);
  defineAll(modules);
}
await moment(TIMES.history);
await recall();
await loadHistory();
await socketLaunched;
