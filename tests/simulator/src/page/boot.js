// The boot of the page, in its measured order: the stored login, the loader with its first modules, the other modules
// step by step, the stored messages, and the socket.
import { config } from '/config.js';
import { TIMES, moment } from '/static/clock.js';
import { openWire } from '/static/wire.js';
import { launch } from '/static/connection.js';
import { PARTS } from '/static/groups.js';
import { defineAll, defineParts, install } from '/static/loader.js';
import '/static/backlog.js';
import { openStore } from '/static/messages.js';
import { EARLY } from '/static/modules.js';
import { LATE } from '/static/modules-late.js';
import { prepareKeys } from '/static/linking.js';
import { recall, setMe } from '/static/people.js';
import { mount } from '/static/ui.js';
import * as storage from '/static/storage.js';

await storage.open();
setMe(await storage.get('login', 'me'));
await recall();
await openStore();
await prepareKeys();
openWire();
mount();

install();
defineAll(EARLY);
defineParts(PARTS);
window.Debug = { VERSION: config.build.version };

/** Defines the modules in groups at most 0.5 s apart: clients take a longer pause for the end. */
async function defineLate() {
  const [, last] = TIMES.modules;
  const all = Object.entries(LATE);
  const groups = Math.ceil(last / 0.5);
  const size = Math.ceil(all.length / groups);
  for (let group = 0; group < groups; group += 1) {
    await moment((last * (group + 1)) / groups);
    defineAll(Object.fromEntries(all.slice(group * size, (group + 1) * size)));
  }
}

const socketLaunched = launch();
await defineLate();
await socketLaunched;
