// Claims about later changes: edits, deletions, reactions, votes, and messages that open late or never.
import { FRIEND, bytes } from './claims.mjs';
import { sleep } from '../world.mjs';

export async function change(claims) {
  const { w, say } = claims;
  const at = { remoteJid: '100000000000001@lid', fromMe: true };
  await w.ctl('incoming', { from: FRIEND, text: 'one', opt: { id: '3EB0DDDD0000000000000001' } });
  await w.ctl('incoming', { from: FRIEND, text: 'two', opt: { id: '3EB0DDDD0000000000000002' } });
  await claims.row((x) => x.body === 'two');
  await claims.fromFriend(
    {
      editedMessage: {
        message: {
          protocolMessage: {
            key: { ...at, id: '3EB0DDDD0000000000000001' },
            type: 14,
            editedMessage: { conversation: 'one (mended)' },
            timestampMs: Date.now(),
          },
        },
      },
    },
    '3EB0DDDD000000000000000E',
    { edit: '1' },
  );
  const e = await claims.row((x) => x.id.includes('3EB0DDDD0000000000000001') && x.edited_at, 4000);
  say(e && e.body === 'one (mended)', 'an edit amends the entry', e && { body: e.body, edited_at: e.edited_at });
  await claims.fromFriend(
    { protocolMessage: { key: { ...at, id: '3EB0DDDD0000000000000002' }, type: 0 } },
    '3EB0DDDD000000000000000F',
    { edit: '7' },
  );
  const d = await claims.row((x) => x.id.includes('3EB0DDDD0000000000000002') && x.revoked_at, 4000);
  say(
    !!d,
    'a deletion marks the entry',
    d
      ? { revoked_at: d.revoked_at }
      : (await claims.rows()).filter((x) => /DDDD/.test(x.id)).map((x) => [x.id, x.type, x.body, x.revoked_at]),
  );
  await claims.fromFriend(
    {
      reactionMessage: { key: { ...at, id: '3EB0DDDD0000000000000001' }, text: '👍', senderTimestampMs: Date.now() },
    },
    '3EB0DDDD0000000000000010',
  );
  await claims.fromFriend({ conversation: 'after the reaction' }, '3EB0DDDD0000000000000011');
  await claims.row(({ body }) => body === 'after the reaction');
  say(
    !(await claims.rows()).some((x) => x.id.includes('3EB0DDDD0000000000000010') && x.body === ''),
    'a reaction is no empty message',
    (await claims.rows()).filter((x) => x.id.includes('0000000010')).map((x) => [x.type, x.body]),
  );
}

/** The events of /events since the beginning. */
export async function told(w, name) {
  const answer = await fetch(`http://127.0.0.1:${w.port}/events?after=0`, { headers: { 'last-event-id': '0' } });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (const end = Date.now() + 2000; Date.now() < end; ) {
    const part = await Promise.race([reader.read(), sleep(500).then(() => null)]);
    if (!part || part.done) break;
    text += part.value;
  }
  await reader.cancel().catch(() => {});
  return text
    .split('\n\n')
    .filter((event) => event.includes(`event: ${name}\n`))
    .map((event) => JSON.parse(/^data: (.*)$/m.exec(event)[1]).data);
}

export async function addons(claims) {
  const { w, say } = claims;
  const key = { remoteJid: '100000000000001@lid', fromMe: true, id: '3EB0ABAB0000000000000000' };
  const react = (text, id) =>
    claims.fromFriend({ reactionMessage: { key, text, senderTimestampMs: Date.now() } }, `3EB0ABAB00000000000000${id}`);
  await w.ctl('incoming', { from: FRIEND, text: 'to react to', opt: { id: key.id } });
  await claims.row(({ id }) => id.includes(key.id));
  await react('❤️', '01');
  const isMine = ({ message_id: id }) => id?.includes(key.id);
  const reaction = await claims.until(async () => (await told(w, 'message_reaction')).find(isMine), 15000);
  say(reaction?.emoji === '❤️', 'a reaction is an event that names its message', reaction && { emoji: reaction.emoji });

  await w.halt();
  await react('👍', '02');
  await w.service();
  await w.until('READY', 60000);
  const again = (event) => isMine(event) && event.emoji === '👍';
  const missed = await claims.until(async () => (await told(w, 'message_reaction')).find(again), 20000);
  const emoji = (await told(w, 'message_reaction')).filter(isMine).map((event) => event.emoji);
  say(missed !== null && emoji.length === 2, 'and so is one of an absence, and each is told once', emoji);

  const poll = {
    pollCreationMessageV3: { name: 'When?', options: [{ optionName: 'today' }, { optionName: 'later' }], selectableOptionsCount: 1 },
    messageContextInfo: { messageSecret: bytes('7'.repeat(32)) },
  };
  await claims.fromFriend(poll, '3EB0ABAB00000000000000AA');
  await claims.row(({ body }) => body === 'When?');
  await w.ctl('vote', { from: FRIEND, id: '3EB0ABAB00000000000000AA', secret: '7'.repeat(32), option: 'later' });
  const vote = await claims.until(async () => (await told(w, 'message_vote'))[0], 15000);
  say(vote?.options?.[0] === 'later', 'a vote is an event that names its poll and what was chosen', vote && {
    poll: vote.message_id.includes('3EB0ABAB00000000000000AA'),
    options: vote.options,
  });

  await w.halt();
  await w.ctl('vote', { from: FRIEND, id: '3EB0ABAB00000000000000AA', secret: '7'.repeat(32), option: 'today' });
  await w.service();
  await w.until('READY', 60000);
  const changed = await claims.until(async () => (await told(w, 'message_vote')).find(({ options }) => options[0] === 'today'), 20000);
  const votes = (await told(w, 'message_vote')).map(({ options }) => options);
  say(changed !== null && votes.length === 2, 'and so is one of an absence, and each is told once', votes);

  const late = { ...key, id: '3EB0ABAB0000000000000009' };
  const deletion = { protocolMessage: { key: late, type: 0 } };
  await w.ctl('incoming', { from: FRIEND, text: 'written, then edited', opt: { id: '3EB0ABAB0000000000000011' } });
  await w.ctl('incoming', { from: FRIEND, text: 'written, then deleted', opt: { id: late.id } });
  await claims.row(({ body }) => body === 'written, then deleted');
  await w.halt();
  const edit = {
    key: { ...key, id: '3EB0ABAB0000000000000011' },
    type: 14,
    editedMessage: { conversation: 'edited meanwhile' },
    timestampMs: Date.now(),
  };
  await claims.fromFriend({ editedMessage: { message: { protocolMessage: edit } } }, '3EB0ABAB0000000000000012', { edit: '1' });
  await claims.fromFriend(deletion, '3EB0ABAB0000000000000013', { edit: '7' });
  await w.service();
  await w.until('READY', 60000);
  const edited = await claims.row(({ body }) => body === 'edited meanwhile', 20000);
  say(Boolean(edited?.edited_at), 'an edit of an absence amends its entry');
  const deleted = await claims.row((entry) => entry.id.includes(late.id) && entry.revoked_at, 20000);
  say(Boolean(deleted), 'a deletion of an absence marks its entry');
}

export async function sealed(claims) {
  const { w, say } = claims;
  await w.ctl('viewonce', { from: FRIEND, id: '3EB0ACAC0000000000000001' });
  const once = await claims.row(({ id }) => id.includes('3EB0ACAC0000000000000001'), 15000);
  say(once?.type === 'view_once', 'what only phones may open says so at once', once && { type: once.type, body: once.body });

  const id = '3EB0ACAC0000000000000002';
  await w.ctl('garbled', { from: FRIEND, id });
  const asked = await claims.until(async () => {
    const { receipts } = await w.ctl('state');
    return receipts.some((receipt) => receipt.id === id && receipt.type === 'retry');
  }, 15000);
  say(asked !== null, 'the page asks again for what it cannot decrypt');
  await w.ctl('again', { from: FRIEND, id, text: 'legible at last' });
  const opened = await claims.row(({ body }) => body === 'legible at last', 20000);
  const entries = (await claims.rows()).filter((entry) => entry.id.includes(id));
  say(opened?.type === 'chat' && entries.length === 1, 'and when it comes legibly it is one entry', {
    entries: entries.map(({ type, body }) => [type, body]),
  });

  const lost = '3EB0ACAC0000000000000006';
  await w.ctl('garbled', { from: FRIEND, id: lost });
  const request = await claims.until(async () => {
    const { sent } = await w.ctl('state');
    return sent.find(({ encs }) => JSON.stringify(encs).includes('peerDataOperationRequestMessage') && JSON.stringify(encs).includes(lost));
  }, 60000);
  say(request !== null, 'and the own phone is asked for it, where the sender does not answer');
  if (request) {
    await w.ctl('handover', { from: FRIEND, id: lost, text: 'handed over by the phone', asked: request.id });
    const found = await claims.row(({ body }) => body === 'handed over by the phone', 30000);
    const all = (await claims.rows()).filter((entry) => entry.id.includes(lost));
    say(found && all.length === 1, 'whose answer amends the entry', { entries: all.map(({ type, body }) => [type, body]) });
  }

  const late = '3EB0ACAC0000000000000003';
  const key = { remoteJid: '100000000000001@lid', fromMe: true, id: late };
  await claims.fromFriend({ protocolMessage: { key, type: 0 } }, '3EB0ACAC0000000000000004', { edit: '7' });
  await w.ctl('incoming', { from: FRIEND, text: 'deleted before it came', opt: { id: late } });
  await w.ctl('incoming', { from: FRIEND, text: 'after the deleted', opt: { id: '3EB0ACAC0000000000000005' } });
  await claims.row(({ body }) => body === 'after the deleted');
  const deleted = (await claims.rows()).filter((entry) => entry.id.includes(late));
  say(deleted.length <= 1 && deleted.every((entry) => entry.revoked_at || entry.body === ''), 'a deletion that comes first leaves no words', {
    entries: deleted.map(({ type, body, revoked_at: at }) => [type, body, Boolean(at)]),
  });
}
