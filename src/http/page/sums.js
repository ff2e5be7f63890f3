// What happened to a message since it was written: reactions, votes and earlier words. The answer for one message has them
// where the service sums them up, and `/events` tells of each as it happens.

import { Refused, get } from './api.js';

const NOTHING = { reactions: [], votes: [], edits: [] };
/** How many answers are under way at a time: a browser has few connections to one host. */
const AT_ONCE = 3;

const sums = new Map();
/** What the answers of the service were asked for, with the state of the message then. */
const asked = new Map();
/** False once the service has shown that its answers have no sums. */
let offered = true;
let generation = 0;

export const of = (id) => sums.get(id) ?? NOTHING;

/** One entry a person, the newest; an empty choice takes the earlier one back. */
function put(id, kind, entry, isEmpty) {
  const sum = of(id);
  const others = sum[kind].filter(({ sender }) => sender !== entry.sender);
  sums.set(id, { ...sum, [kind]: isEmpty ? others : [...others, entry] });
}

/** Takes an event of the stream; true if it was about the sum of a message that is shown. */
export function happened(event) {
  const { type, data } = event ?? {};
  const id = data?.message_id;
  // The sum of every other message is read when its chat is opened.
  if (!asked.has(id) && !sums.has(id)) return false;
  if (type === 'message.reaction') put(id, 'reactions', data, !data.emoji);
  else if (type === 'message.vote') put(id, 'votes', data, data.options.length === 0);
  else return false;
  // The service's own sum is newer than what was read, and than an answer that is under way.
  asked.delete(id);
  return true;
}

function take(id, item) {
  const { reactions, votes, edits, edit_history: earlier } = item;
  const history = edits ?? earlier;
  offered = [reactions, votes, history].some(Array.isArray);
  if (!offered) return;
  const lists = { reactions, votes, edits: history };
  const read = Object.entries(lists).filter(([, list]) => Array.isArray(list));
  sums.set(id, { ...of(id), ...Object.fromEntries(read) });
}

/** Reads the sums of messages that changed since; `changed` is told after each. */
export async function read(items, changed) {
  const now = generation;
  const key = ({ edited_at: edited, revoked_at: revoked }) => `${edited} ${revoked}`;
  const due = items.filter((item) => asked.get(item.id) !== key(item)).reverse();
  const work = async () => {
    while (due.length > 0 && offered && now === generation) {
      const item = due.shift();
      asked.set(item.id, key(item));
      try {
        const answer = await get(`messages/${encodeURIComponent(item.id)}`);
        if (now !== generation) return;
        // Something happened to the message after the service wrote this answer, perhaps: it is asked again.
        if (!asked.has(item.id)) due.unshift(item);
        else {
          take(item.id, answer);
          if (offered) changed();
        }
      } catch (error) {
        asked.delete(item.id);
        // A message may be gone by now. Where the service does not answer, the next look asks again.
        if (!(error instanceof Refused)) return;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Nothing is kept of what only those with the token may see. */
export function clear() {
  generation += 1;
  sums.clear();
  asked.clear();
  offered = true;
}
