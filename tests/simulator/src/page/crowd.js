// A crowd for measuring: people, chats and groups that are there from the page's start, without a message, and in no storage.
// While there is one, tasks that take the main thread for more than 50 ms are marked.
import { config } from '/config.js';
import { Chat, GroupMetadata, Participants, open } from '/static/chats.js';
import { marksOf } from '/static/marks.js';
import { remember } from '/static/people.js';
import { createWid } from '/static/wids.js';
import { mark } from '/static/wire.js';

/** Every so many chats one is a group, and one has unread messages. */
const GROUP_EVERY = 10;
const UNREAD_EVERY = 7;
const MEMBERS = 50;
const FIRST_S = 1_600_000_000;

const digits = (n, length) => String(n).padStart(length, '0');
const lidOf = (n) => `9${digits(n, 14)}@lid`;

function group(n, people) {
  const id = createWid(`1203639${digits(n, 11)}@g.us`);
  const members = Array.from({ length: Math.min(MEMBERS, people) }, (_, m) => ({
    id: createWid(lidOf((n + m) % people)),
    isAdmin: m === 0,
    isSuperAdmin: m === 0,
  }));
  const [groupMetadata] = GroupMetadata.add({
    id,
    stale: false,
    subject: `Group ${n}`,
    isLidAddressingMode: true,
    participants: new Participants(),
  });
  groupMetadata.participants.add(members);
  return Chat.add({ id, unreadCount: 0, ...marksOf(String(id)), groupMetadata })[0];
}

export function gather() {
  const { crowd_chats: chats, crowd_people: people } = config.build;
  if (people === 0) return;
  for (let n = 0; n < people; n += 1) {
    remember({ lid: lidOf(n), phone: `54911${digits(n, 8)}@c.us`, name: `Person ${n}` });
  }
  for (let n = 0; n < Math.min(chats, people); n += 1) {
    const chat = n % GROUP_EVERY === 0 ? group(n, people) : open(createWid(lidOf(n))).chat;
    chat.set({ t: FIRST_S + n, unreadCount: n % UNREAD_EVERY === 0 ? 1 : 0 });
  }
  new PerformanceObserver((list) => {
    for (const { duration, startTime } of list.getEntries()) mark(`task:${Math.round(duration)}:${Math.round(startTime)}`);
  }).observe({ type: 'longtask' });
}
