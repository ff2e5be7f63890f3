// Facts about what messages may say besides text, and about actions on messages and chats.

const FRIEND = '5491122334455';
const CARD = 'BEGIN:VCARD\nVERSION:3.0\nN:;Ana;;;\nFN:Ana\nTEL;type=CELL;waid=5491122334455:+5491122334455\nEND:VCARD';

/** Runs in the page: what the facts call there. */
export function tools() {
  const late = (promise) => Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 10_000, 'late'))]);
  window.__acts = {
    late,
    find: (body) => require('WAWebCollections').Msg.getModelsArray().find((one) => one.body === body),
    async chat(number) {
      const wid = require('WAWebWidFactory').createWid(`${number}@c.us`);
      const found = await require('WAWebQueryExistsJob').queryWidExists(wid);
      return (await require('WAWebFindChatAction').findOrCreateLatestChat(found.wid, 'createChat')).chat;
    },
    /** Sends with a key that is chosen here; `more` takes the place of the text. */
    async send(number, text, options, more) {
      const chat = await this.chat(number);
      const { body, subtype, ...rest } = await require('WAWebSendTextMsgChatAction').createTextMsgData(chat, text, options);
      const data = more ? { ...rest, ...more } : { ...rest, body, subtype };
      const Key = require('WAWebMsgKey').default ?? require('WAWebMsgKey');
      const parts = { from: data.from, to: data.to, participant: data.id.participant, selfDir: 'out' };
      const id = new Key({ ...parts, id: await Key.newId() });
      const [added, result] = require('WAWebSendMsgChatAction').addAndSendMsgToChat(chat, { ...data, id });
      await added;
      await late(result);
      return id.id;
    },
  };
}

export async function contents(asked) {
  await asked.world.incoming('a question of mine');
  await asked.evaluate(tools);
  await asked.until('the question', () => Boolean(window.__acts.find('a question of mine')));
  const tell = async (name, work, ...values) => {
    const id = await asked.evaluate(work, FRIEND, ...values);
    await asked.eventually('the message', async () => (await asked.world.sent(id)) > 0);
    asked.fact(name, await asked.world.found(id));
  };
  const may = () => {
    const { canReplyMsg } = require('WAWebMsgReply');
    const question = window.__acts.find('a question of mine');
    const { getShouldDisplayAsForwarded } = require('WAWebMsgGetters');
    const { getMsgForwardingScoreWhenForwarded } = require('WAWebMsgModelUtils');
    return [canReplyMsg(question), getShouldDisplayAsForwarded(question), getMsgForwardingScoreWhenForwarded(question)];
  };
  asked.fact('a received text can be answered, is passed on as a forward, of this score', await asked.evaluate(may));
  await tell('an answer', (to) => window.__acts.send(to, 'an answer to it', { quotedMsg: window.__acts.find('a question of mine') }));
  await tell('a mention by LID', (to) => {
    const wid = require('WAWebWidFactory').createWid('100000000000009@lid');
    return window.__acts.send(to, 'thanks to @100000000000009', { mentionedJidList: [wid] });
  });
  await tell('a preview', (to) => {
    const linkPreview = { title: 'A title', matchedText: 'https://example.com/' };
    return window.__acts.send(to, 'look at https://example.com/', { linkPreview });
  });
  await tell('a location', (to) => window.__acts.send(to, 'no text', {}, { type: 'location', lat: -34.5, lng: -58.25, loc: 'Name\nAddress' }));
  await tell('a contact', (to, body) => window.__acts.send(to, 'no text', {}, { type: 'vcard', body, vcardFormattedName: 'Ana' }), CARD);
  await tell(
    'two contacts',
    (to, vcard) => {
      const vcardList = ['Ana', 'Bo'].map((displayName) => ({ displayName, vcard, isMultiVcard: false }));
      return window.__acts.send(to, 'no text', {}, { type: 'multi_vcard', vcardList });
    },
    CARD,
  );
  for (const [name, most] of [['a poll for one option', 1], ['a poll for many', 0]]) {
    await tell(
      name,
      (to, pollSelectableOptionsCount) => {
        const pollOptions = ['one', 'two'].map((option, localId) => ({ name: option, localId }));
        const messageSecret = crypto.getRandomValues(new Uint8Array(32));
        const kind = { type: 'poll_creation', kind: 'pollCreation', pollContentType: 'TEXT', pollType: 'POLL' };
        return window.__acts.send(to, 'no text', {}, { ...kind, pollName: 'When?', pollOptions, pollSelectableOptionsCount, messageSecret });
      },
      most,
    );
  }
  await tell('a forward', (to) => window.__acts.send(to, 'no text', {}, { type: 'chat', body: 'passed on', isForwarded: true, forwardingScore: 1 }));
}

export async function actions(asked) {
  await asked.world.incoming('to react to');
  await asked.evaluate(tools);
  await asked.until('the message', () => Boolean(window.__acts.find('to react to')));
  const before = await asked.world.sentSoFar();
  for (const text of ['words to edit', 'words to revoke', 'words to delete', 'words that stay']) {
    await asked.evaluate((to, words) => window.__acts.send(to, words, {}), FRIEND, text);
  }
  const skipped = before === (await asked.world.sentSoFar()) ? before : before + 4;

  const seen = await asked.evaluate(async (number) => {
    const chat = await window.__acts.chat(number);
    const { sendSeen, markUnread } = require('WAWebUpdateUnreadChatAction');
    const told = [chat.unreadCount > 0];
    await sendSeen({ chat });
    told.push(chat.unreadCount > 0);
    await sendSeen({ chat, threadId: undefined, afterAvailable: false });
    told.push(chat.unreadCount);
    // The real page has no words for its toasts here, and throws for them after it has begun.
    await (async () => markUnread(chat, true, false))().catch(() => {});
    for (let looks = 0; looks < 40 && chat.unreadCount === 0; looks += 1) await new Promise((resolve) => setTimeout(resolve, 50));
    told.push(chat.unreadCount);
    await sendSeen({ chat, threadId: undefined, afterAvailable: false });
    return [...told, chat.unreadCount];
  }, FRIEND);
  asked.fact('unread, after sendSeen, after sendSeen without focus, after markUnread, after sendSeen', seen);

  const reactions = () =>
    asked.evaluate(async () => {
      const { sendReactionToMsg } = require('WAWebSendReactionMsgAction');
      const table = require('WAWebSchemaReactions').getReactionsTable();
      const message = window.__acts.find('to react to');
      const rows = [];
      for (const emoji of ['👍', '🎉', '']) {
        await window.__acts.late(sendReactionToMsg(message, emoji).catch(() => {}));
        const own = (await table.anyOf(['parentMsgKey'], [String(message.id)])).map((row) => [row.reactionText, row.ack]);
        rows.push(own);
      }
      return rows;
    });
  asked.fact('the own rows after a reaction, another, and none', await reactions());

  const edits = await asked.evaluate(async () => {
    const { canEditText, canEditCaption } = require('WAWebMsgActionCapability');
    const { sendMessageEdit } = require('WAWebSendMessageEditAction');
    const [mine, theirs] = [window.__acts.find('words to edit'), window.__acts.find('to react to')];
    const may = [canEditText(mine), canEditCaption(mine), canEditText(theirs)];
    const refused = await sendMessageEdit(theirs, 'edited', {}).then(() => 'done', (error) => error.message);
    await window.__acts.late(sendMessageEdit(mine, 'edited words', {}));
    return { may, refused, body: mine.body, key: Boolean(mine.latestEditMsgKey), failed: mine.isSendFailure === true };
  });
  asked.fact('an edit', edits, { may: [true, false, false], refused: 'Cannot edit message', body: 'edited words', key: true, failed: false });

  const revoked = await asked.evaluate(async (number) => {
    const { canSenderRevokeMsg, canAdminRevokeMsg } = require('WAWebMsgActionCapability');
    const [mine, theirs] = [window.__acts.find('words to revoke'), window.__acts.find('to react to')];
    const key = String(mine.id);
    const may = [canSenderRevokeMsg(mine), canSenderRevokeMsg(theirs), canAdminRevokeMsg(theirs)];
    const chat = await window.__acts.chat(number);
    const result = await window.__acts.late(require('WAWebChatSendMessages').sendRevokeMsgs(chat, { type: 'message', list: [mine] }, false));
    const { type, subtype, protocolMessageKey } = mine;
    return { may, result, type, subtype, known: String(protocolMessageKey) === key, rekeyed: String(mine.id) !== key, again: canSenderRevokeMsg(mine) };
  }, FRIEND);
  asked.fact('a revoke', revoked);

  const deleted = await asked.evaluate(async (number) => {
    const mine = window.__acts.find('words to delete');
    const { Msg } = require('WAWebCollections');
    const chat = await window.__acts.chat(number);
    const record = { type: 'message', list: [mine] };
    const count = await window.__acts.late(require('WAWebChatSendMessages').sendDeleteMsgs({ chat_: chat, clearMedia: false, record }));
    const [left] = (await Msg.getMessagesById([String(mine.id)])).messages;
    return { count, inMemory: Boolean(Msg.get(mine.id)), stored: Boolean(left) };
  }, FRIEND);
  asked.fact('a deletion for this account', deleted);
  const seenByOthers = ['reaction', 'edit', 'revoke'];
  const acts = (await asked.world.acts(skipped)).filter((act) => seenByOthers.includes(act.split(' ')[0]));
  asked.fact('what others receive', acts, ['reaction 👍', 'reaction 🎉', 'reaction', 'edit', 'revoke']);

  await asked.world.answer('479');
  const refused = await asked.evaluate(async (number) => {
    const { late, find } = window.__acts;
    const [mine, theirs] = [find('words that stay'), find('to react to')];
    const failure = () => 'threw';
    // What it throws is of the list of recent emojis: it throws after a success too.
    await late(require('WAWebSendReactionMsgAction').sendReactionToMsg(theirs, '❤️').catch(failure));
    const told = {};
    const table = require('WAWebSchemaReactions').getReactionsTable();
    told.rows = (await table.anyOf(['parentMsgKey'], [String(theirs.id)])).map((row) => [row.reactionText, row.ack]);
    const chat = await window.__acts.chat(number);
    told.revoke = await late(require('WAWebChatSendMessages').sendRevokeMsgs(chat, { type: 'message', list: [mine] }, false).catch(failure));
    told.kind = mine.type;
    await late(require('WAWebSendMessageEditAction').sendMessageEdit(mine, 'words that change', {}).catch(failure));
    return { ...told, edit: { body: mine.body, failed: mine.isSendFailure === true } };
  }, FRIEND);
  await asked.world.answer('ack');
  asked.fact('a reaction, a revoke and an edit that the server refuses', refused);
}
