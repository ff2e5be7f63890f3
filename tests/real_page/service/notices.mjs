// Claims about what the page tells besides messages: calls, groups, names, chats that are read on the phone.
import { FRIEND } from './claims.mjs';
import { told } from './changing.mjs';

const GROUP = '120363000000000088';
const [ADMIN, MEMBER] = ['5491133330001', '5491133330003'];
const TEXT = 'We take no calls here.';

export async function calls(claims) {
  const { w, say } = claims;
  const statuses = async (id) => (await told(w, 'call')).filter((call) => call.call_id === id).map(({ status }) => status);
  const becomes = (id, wanted) => claims.until(async () => (await statuses(id)).join() === wanted, 10000);
  await w.ctl('call', { from: FRIEND, id: 'CLAIM1', what: 'offer', opt: { video: true } });
  say(await becomes('CLAIM1', 'offered'), 'a call that rings is told', await statuses('CLAIM1'));
  const [call] = (await told(w, 'call')).filter(({ call_id: id }) => id === 'CLAIM1');
  say(call?.phone === FRIEND && /@lid$/.test(call.lid) && call.video, 'with the phone and the LID of whoever calls', call);
  await w.ctl('call', { from: FRIEND, id: 'CLAIM1', what: 'terminate', opt: { video: true } });
  say(await becomes('CLAIM1', 'offered,missed'), 'and so is its end, once each', await statuses('CLAIM1'));
  await w.ctl('call', { from: FRIEND, id: 'CLAIM2', what: 'offer' });
  await becomes('CLAIM2', 'offered');
  await w.ctl('call', { from: FRIEND, id: 'CLAIM2', what: 'terminate', opt: { reason: 'rejected_elsewhere' } });
  say(await becomes('CLAIM2', 'offered,rejected'), 'a call that the phone refuses is told as refused', await statuses('CLAIM2'));
  await w.halt();
  await w.ctl('call', { from: FRIEND, id: 'CLAIM3', what: 'offer' });
  await w.ctl('call', { from: FRIEND, id: 'CLAIM3', what: 'terminate' });
  await w.service({ CALLS: 'reject', CALLS_REJECT_TEXT: TEXT });
  await w.until('READY', 60000);
  const missed = await claims.until(async () => (await statuses('CLAIM3')).at(-1) === 'missed', 20000);
  say(missed, 'a call of an absence is told by its entry', await statuses('CLAIM3'));
  await w.ctl('call', { from: FRIEND, id: 'CLAIM4', what: 'offer' });
  say(await becomes('CLAIM4', 'offered,rejected'), 'with CALLS=reject a call is refused', await statuses('CLAIM4'));
  const refusals = (await w.ctl('state')).calls.filter(({ what }) => what === 'reject').map(({ id }) => id);
  say(refusals.join() === 'CLAIM4', 'and the server gets one refusal, of that call', refusals);
  const texts = await claims.until(async () => (await claims.ids(TEXT)).length > 0 && claims.ids(TEXT), 15000);
  say(texts?.length === 1, 'and whoever called gets the text, once', texts?.length);
  await claims.again();
}

export async function notices(claims) {
  const { w, say } = claims;
  await w.ctl('group', { id: GROUP, opt: { members: [ADMIN, MEMBER] } });
  await w.ctl('ingroup', { id: GROUP, from: ADMIN, text: 'in the group of changes' });
  await claims.row(({ body }) => body === 'in the group of changes', 10000);
  const changes = async () => (await told(w, 'group.changed')).filter(({ chat_id: id }) => id === `${GROUP}@g.us`);
  const wanted = [
    ['subject', 'New name', 'subject', ADMIN, [], 'New name'],
    ['promote', MEMBER, 'promote', ADMIN, [MEMBER], null],
    ['announcement', undefined, 'announce', ADMIN, [], 'on'],
    ['leave', MEMBER, 'leave', MEMBER, [MEMBER], null],
    ['join', MEMBER, 'join', MEMBER, [MEMBER], null],
    ['remove', MEMBER, 'remove', ADMIN, [MEMBER], null],
  ];
  for (const [what, of, change, by, whom, value] of wanted) {
    await w.ctl('groupchange', { id: GROUP, what, ...(of && { of }) });
    const event = await claims.until(async () => (await changes()).find((one) => one.change === change), 8000);
    const seen = event && [event.author?.phone, event.participants.map(({ phone }) => phone), event.value];
    say(JSON.stringify(seen) === JSON.stringify([by, whom, value]), `a group's ${change}: who, whom, and what`, seen);
  }
  const all = (await changes()).map(({ change }) => change);
  say(all.length === wanted.length, 'each change is told once', all);
  await w.ctl('incoming', { from: FRIEND, text: 'a first name', opt: { extra: { notify: 'Ana' } } });
  await claims.row(({ body }) => body === 'a first name');
  await w.ctl('incoming', { from: FRIEND, text: 'a second name', opt: { extra: { notify: 'Ana María' } } });
  const names = () => told(w, 'contact.changed').then((events) => events.filter(({ pushname }) => pushname === 'Ana María'));
  const named = await claims.until(async () => (await names())[0], 10000);
  say(named?.phone === FRIEND && (await names()).length === 1, 'another name of somebody is told once', named);
  await w.ctl('readonphone', { from: FRIEND });
  // The phone names one message; how many others stay unread is the page's to say, which may tell of them in steps.
  const read = await claims.until(async () => {
    const [last] = (await told(w, 'chat.read')).slice(-1);
    const { unread } = await w.get(`/chats/${FRIEND}`);
    return last?.unread === unread && last;
  }, 10000);
  say(read?.phone === FRIEND, 'a chat that is read on the phone is told', read);
}
