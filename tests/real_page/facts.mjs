// Compares the facts about WhatsApp's page with the real page and the simulated one.
//
//   REAL_MODULES=… SIMULATOR_BIN=… node facts.mjs [part…]   both; a difference, also from the sheets, is an error
//   REAL_MODULES=… node facts.mjs --record [part…]          stores the real page's answers in facts/recorded.json
//   SIMULATOR_BIN=… node facts.mjs --recorded [part…]       compares the simulated page with the stored answers
import fs from 'node:fs';
import { Asked } from './facts/asked.mjs';
import { code, link, loads, pairing } from './facts/link.mjs';
import { line, logout, refusals, replaced, tab } from './facts/line.mjs';
import { actions, contents } from './facts/acts.mjs';
import { business } from './facts/business.mjs';
import { calls } from './facts/calls.mjs';
import { clients } from './facts/clients.mjs';
import { edits } from './facts/edits.mjs';
import { groups } from './facts/groups.mjs';
import { download, media, mimetypes } from './facts/media.mjs';
import { backlog, change, listener, message, rows } from './facts/messages.mjs';
import { groupChanges, memberships, names } from './facts/notices.mjs';
import { marks, numbers, people, person } from './facts/people.mjs';
import { presence } from './facts/presence.mjs';
import { receipts } from './facts/receipts.mjs';
import { reupload } from './facts/reupload.mjs';
import { refusedUploads, unsentFiles, uploads } from './facts/uploads.mjs';
import { sends, unanswered, unsent } from './facts/sending.mjs';
import { Simulated } from './facts/simulated.mjs';

/** The parts run in this order: each starts in the state that the one before leaves. `link` always runs. */
const PARTS = {
  code, pairing, link, loads, message, change, rows, media, download, reupload, mimetypes, sends, unanswered, unsent,
  contents, actions, edits, groups, receipts, presence, people, marks, numbers, person, business, calls, groupChanges, memberships, names, clients, uploads, refusedUploads, unsentFiles, listener, backlog, line,
  tab, refusals, replaced, logout,
};
const RECORD = new URL('./facts/recorded.json', import.meta.url);

const options = process.argv.slice(2).filter((word) => word.startsWith('--'));
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`there is no part ${unknown.join(', ')}; there are: ${Object.keys(PARTS).join(', ')}`);
  process.exit(64);
}
const isWanted = (name) => wanted.length === 0 || wanted.includes(name) || name === 'link';
let errors = 0;

function wrong(text) {
  errors += 1;
  console.log(`NO  ${text}`);
}

/** The facts of a page, part by part. */
async function ask(world) {
  const asked = new Asked(world);
  const facts = {};
  try {
    await asked.open().catch((error) => {
      console.error(`${world.name} cannot be asked: ${error.message}`);
      process.exit(1);
    });
    for (const [name, part] of Object.entries(PARTS)) {
      if (!isWanted(name)) continue;
      asked.facts = facts[name] = {};
      await part(asked).catch((error) => wrong(`${world.name}, ${name}: broke off: ${error.message}`));
    }
  } finally {
    await asked.close();
  }
  for (const text of asked.wrong) wrong(`${world.name}: ${text}`);
  return facts;
}

const flat = (facts) =>
  Object.entries(facts).flatMap(([part, answers]) =>
    Object.entries(answers).map(([name, answer]) => [`${part}: ${name}`, JSON.stringify(answer)]),
  );

function compare(real, simulated) {
  const answers = new Map(flat(simulated));
  for (const [name, answer] of flat(real)) {
    if (answers.get(name) === answer) console.log(`yes ${name} — ${answer}`);
    else wrong(`${name}: the simulated page says ${answers.get(name) ?? 'nothing'}, the real one ${answer}`);
  }
  const known = new Map(flat(real));
  for (const [name] of answers) if (!known.has(name)) wrong(`${name}: nothing is known of the real page`);
}

const askReal = async () => {
  const { Real } = await import('./facts/real.mjs');
  return ask(new Real());
};

if (options.includes('--recorded')) {
  const recorded = JSON.parse(fs.readFileSync(RECORD, 'utf8'));
  const parts = Object.entries(recorded).filter(([name]) => isWanted(name));
  compare(Object.fromEntries(parts), await ask(new Simulated()));
} else if (options.includes('--record')) {
  const facts = await askReal();
  const others = wanted.length === 0 ? {} : JSON.parse(fs.readFileSync(RECORD, 'utf8'));
  const all = { ...others, ...facts };
  const inOrder = Object.fromEntries(Object.keys(PARTS).filter((name) => name in all).map((name) => [name, all[name]]));
  if (errors === 0) fs.writeFileSync(RECORD, `${JSON.stringify(inOrder, null, 2)}\n`);
  console.log(`${flat(facts).length} facts of the real page`);
} else {
  const [real, simulated] = [await askReal(), await ask(new Simulated())];
  compare(real, simulated);
  console.log(`${flat(real).length} facts`);
}
console.log(errors === 0 ? 'all as it should be' : `${errors} NO`);
process.exit(errors === 0 ? 0 : 1);
