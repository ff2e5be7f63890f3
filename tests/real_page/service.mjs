// Tests the service on WhatsApp's own page, claim by claim: node service.mjs [part…]. SM_BIN is the binary.
import { World } from './world.mjs';
import { acts } from './service/acts.mjs';
import { Claims } from './service/claims.mjs';
import { addons, change, sealed } from './service/changing.mjs';
import { ban, deafPhone, logout, operatorLogout, refusals, replaced, secondTab, unlinked } from './service/endings.mjs';
import { fileKills, filesIn, filesLarge, filesOut, filesPassedOn } from './service/files.mjs';
import { groups, limits } from './service/groups.mjs';
import { kills } from './service/killing.mjs';
import { calls, notices } from './service/notices.mjs';
import { history, idle, pairing, pairingRefused, rotation } from './service/linking.mjs';
import { manage } from './service/managing.mjs';
import { presence } from './service/presence.mjs';
import { people } from './service/people.mjs';
import { receipts } from './service/receipts.mjs';
import { kinds, line, restart, restored, text } from './service/receiving.mjs';
import { blocked, capabilities, numbers, refused, silence, toMyself, unconfirmed } from './service/sending.mjs';
import { thousands } from './service/thousands.mjs';

/** Parts before the link; `idle` takes minutes and runs only if it is named. */
const BEFORE = { idle, rotation, pairingRefused, pairing };
/** Parts after the link, in this order. */
const AFTER = {
  text, kinds, change, addons, calls, notices, sealed, refused, numbers, toMyself, blocked, unconfirmed, groups, receipts, people, manage, line, restart, restored, limits, capabilities,
  filesIn, filesOut, filesPassedOn, filesLarge, kills, fileKills, thousands, refusals, ban, silence, acts, presence, replaced, secondTab, unlinked, history, logout, operatorLogout, deafPhone,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in BEFORE || name in AFTER));
if (unknown.length > 0) {
  console.error(`there is no part ${unknown}; there are: ${Object.keys({ ...BEFORE, ...AFTER }).join(', ')}`);
  process.exit(64);
}
const isWanted = (name) => (wanted.length === 0 ? name !== 'idle' : wanted.includes(name));

const world = new World({ env: { SEND_RATE_PER_MINUTE: '6000', SEND_PAUSE_MS: '0', MEDIA_MAX_MB: '128' } });
const claims = new Claims(world);
try {
  await world.start();
  await world.service();
  for (const [name, make] of Object.entries(BEFORE)) if (isWanted(name)) await claims.part(name, make);
  const linked = await world.link();
  claims.say(linked.state === 'READY' && linked.ms !== null, 'linked: READY', linked.ms);
  for (const [name, make] of Object.entries(AFTER)) if (isWanted(name)) await claims.part(name, make);
} catch (error) {
  claims.say(false, `broke off: ${error.message}`);
}
await world.stop();
console.log(`${claims.made} claims, ${claims.failed} NO`);
process.exit(claims.failed > 0 ? 1 : 0);
