// Claims about sent messages, and about messages that must not leave.
import { FRIEND } from './claims.mjs';
import { ask } from './page.mjs';

export async function refused(claims) {
  const { w, say } = claims;
  for (const code of ['475', '479', '421', '403']) {
    await w.ctl('ack', { rule: code });
    const t = Date.now();
    const s = await w.post('/send', { number: FRIEND, message: `no ${code}` });
    say(s.status !== 200 && s.status !== 504 && Date.now() - t < 5000, `the server's no ${code} is said at once`, {
      status: s.status,
      code: s.body.code ?? s.body.error,
      ms: Date.now() - t,
    });
  }
  await w.ctl('ack', { rule: 'ack' });
  const s = await w.post('/send', { number: FRIEND, message: 'yes again' });
  say(s.status === 200, 'and the next one goes', s.status);
}

export async function numbers(claims) {
  const { w, say } = claims;
  await w.ctl('unknown', { list: '5491100000000,541100000000,5491100000001' });
  const s = await w.post('/send', { number: '5491100000000', message: 'to nobody' });
  say(s.body && s.body.code === 'NOT_ON_WHATSAPP', 'a number without WhatsApp is refused', {
    status: s.status,
    body: s.body,
  });
  const { status, body } = await w.post('/send', { number: '+54 9 11 0000-0001', message: 'to the second form' });
  say(status === 200 && body.to === '541100000001', 'who is known by the second form of a number is reached', {
    status,
    to: body.to,
  });
}

export async function toMyself(claims) {
  const { w, say } = claims;
  const me = '5491150000001';
  const { status, body } = await w.post('/send', { number: me, message: 'to myself' });
  say(status === 200, 'POST /send to oneself: 200', status === 200 ? undefined : body);
  say((await claims.ids('to myself')).length === 1, 'and it leaves once');
  await w.ctl('fromphone', { to: me, text: 'a note of the phone to itself' });
  const note = await claims.row((entry) => entry.body === 'a note of the phone to itself', 10000);
  say(note?.direction === 'out' && note.phone === me, 'what the phone writes to itself is in the log', note && {
    direction: note.direction,
    phone: note.phone,
  });
  await w.ctl('fromphone', { to: FRIEND, text: 'from the phone to a friend' });
  const sent = await claims.row((entry) => entry.body === 'from the phone to a friend', 10000);
  say(sent?.direction === 'out' && sent.phone === FRIEND, 'and what the phone writes to others', sent && {
    direction: sent.direction,
    phone: sent.phone,
  });
}

/** A person whom the account has blocked. */
const UNWANTED = '5491155550000';

export async function blocked(claims) {
  const { w, say } = claims;
  await w.ctl('incoming', { from: UNWANTED, text: 'of somebody unwanted' });
  await claims.row(({ body }) => body === 'of somebody unwanted');
  await w.ctl('blocked', { list: UNWANTED });
  await claims.until(() => ask(w, `require('WAWebBlocklistCollection').BlocklistCollection.getModelsArray().length > 0`));
  const { status, body } = await w.post('/send', { number: UNWANTED, message: 'to somebody unwanted' });
  const left = await claims.ids('to somebody unwanted');
  say(status === 403 && body.code === 'CONTACT_BLOCKED' && left.length === 0, 'somebody blocked is refused before anything leaves', {
    status,
    code: body.code,
  });
  await w.ctl('blocked');
  const free = await claims.until(async () => (await w.post('/send', { number: UNWANTED, message: 'to somebody forgiven' })).status === 200);
  say(free, 'and written to when it is blocked no more');
}

/** The server does not answer within the timeout: the result stays unknown until the answer comes. */
export async function unconfirmed(claims) {
  const { w, say } = claims;
  await w.halt();
  await w.service({ SEND_TIMEOUT: '5s' });
  await w.until('READY', 60000);
  await w.ctl('ack', { rule: 'silent' });
  const message = { number: FRIEND, message: 'answered late', idempotency_key: 'late' };
  const { status, body } = await w.post('/send', message);
  say(status === 504 && body.code === 'SEND_UNCONFIRMED', 'no answer of the server: 504', { status, code: body.code });
  await w.ctl('ack', { rule: 'ack' });
  await w.ctl('drop');
  const settled = await claims.until(async () => {
    const entry = await w.get(`/messages/${encodeURIComponent(body.message_id)}`);
    return entry.ack >= 1;
  }, 30000);
  say(settled, 'and when the page sends it again after a lost line, the log says that it went');
  const again = await w.post('/send', message);
  const ids = await claims.ids('answered late');
  say(again.status === 200 && ids.length === 1, 'under its one id, which a retry with the key is told', { status: again.status, ids: ids.length });
  await claims.again();
}

/** The account must not appear online, which would silence its phone, and must not mark anything as read. */
export async function silence(claims) {
  const { w, say } = claims;
  await w.until('READY', 60000);
  const seen = await ask(w, '({ visible: document.visibilityState, focused: document.hasFocus() })');
  say(seen.visible === 'visible' && seen.focused === false, 'the page is visible, and never focused', seen);
  const { presences, receipts } = await w.ctl('state');
  say(!presences.includes('available'), 'the account was never shown as online', [...new Set(presences)]);
  const read = receipts.filter(({ type }) => /^read/.test(type));
  say(read.length === 0, 'and nothing that came was marked as read', read.length);
}

/** The capabilities that the service needs of the page, as its command line prints them. */
export async function capabilities(claims) {
  const { w, say } = claims;
  await w.until('READY', 60000);
  const { code, text } = await w.command('page', '--json');
  const table = JSON.parse(text);
  const missing = table.capabilities.filter(({ found, on_demand: isFetched }) => found === null && !isFetched).map(({ name }) => name);
  say(code === 0 && missing.length === 0, '`session-manager page`: all that is needed is found', {
    needed: table.capabilities.length,
    missing,
  });
}
