// Facts about sent messages.

/**
 * Runs in the page: sends a text as the adapter does. The text needs several words: for a single word the page looks
 * up whether it is an emoji, in data that is not loaded here.
 */
async function send(number, text) {
  const wid = require('WAWebWidFactory').createWid(`${number}@c.us`);
  const found = await require('WAWebQueryExistsJob').queryWidExists(wid);
  const { chat } = await require('WAWebFindChatAction').findOrCreateLatestChat(found.wid, 'createChat');
  const data = await require('WAWebSendTextMsgChatAction').createTextMsgData(chat, text, {});
  const [added, result] = require('WAWebSendMsgChatAction').addAndSendMsgToChat(chat, data);
  const message = await added;
  window.__sent = { message, result: null };
  result.then(
    (value) => {
      window.__sent.result = value;
    },
    (error) => {
      window.__sent.result = { rejected: error.name };
    },
  );
  return message.id.id;
}

/** The result of the last send, once it has ended. */
const ended = () => {
  const { message, result } = window.__sent;
  if (!result) return false;
  const code = result.ackErrorCode === undefined ? null : Number(result.ackErrorCode);
  return { result: result.messageSendResult, code, ack: message.ack, failed: message.isSendFailure === true };
};

const FRIEND = '5491122334455';

export async function sends(asked) {
  const fields = await asked.evaluate(async () => {
    const { Chat } = require('WAWebCollections');
    const chat = Chat.getModelsArray().find(({ id }) => id.server === 'lid');
    const data = await require('WAWebSendTextMsgChatAction').createTextMsgData(chat, 'a text', {});
    return { type: data.type, body: data.body, ack: data.ack, self: data.self, local: data.local, newMsg: data.isNewMsg };
  });
  asked.fact('the data of a text', fields);
  await asked.evaluate(send, FRIEND, 'to be acknowledged');
  asked.fact('a send that is acknowledged', await asked.until('the end', ended), {
    result: 'OK',
    code: null,
    ack: 1,
    failed: false,
  });
  await asked.world.answer('475');
  await asked.evaluate(send, FRIEND, 'to be refused');
  const refused = await asked.until('the end', ended);
  asked.fact('a send that the server refuses with 475', { code: refused.code, ack: refused.ack }, { code: 475, ack: -1 });
  asked.fact('and its result', { result: refused.result, failed: refused.failed });
  await asked.world.answer('ack');
}

export async function unanswered(asked) {
  await asked.world.answer('silent');
  const id = await asked.evaluate(send, FRIEND, 'not answered');
  await asked.eventually('the message at the server', async () => (await asked.world.sent(id)) === 1);
  const waiting = await asked.evaluate(() => {
    const { message, result } = window.__sent;
    return { result, ack: message.ack, failed: message.isSendFailure === true };
  });
  asked.fact('a send that is not answered', waiting, { result: null, ack: 0, failed: false });
  await asked.world.answer('ack');
  await asked.world.drop();
  await asked.eventually('the message again', async () => (await asked.world.sent(id)) === 2);
  const after = await asked.until('the end', ended);
  asked.fact('after a reconnection of the same document', after, { result: 'OK', code: null, ack: 1, failed: false });
}

export async function unsent(asked) {
  // A person without an encryption session: the real page asks for keys before the message leaves.
  await asked.world.hold(true);
  const id = await asked.evaluate(send, '5491188889999', 'to be held');
  const held = await asked.evaluate(() => ({ result: window.__sent.result, ack: window.__sent.message.ack }));
  asked.fact('a send that has not left', held, { result: null, ack: 0 });
  await asked.reload();
  await asked.world.hold(false);
  await asked.connected();
  const restored = await asked.until(
    'the message',
    async (bare) => {
      const { Msg } = require('WAWebCollections');
      const one = Msg.getModelsArray().find((message) => message.id.id === bare);
      return one && { ack: one.ack, failed: one.isSendFailure === true };
    },
    id,
  );
  asked.fact('after a load it is', restored, { ack: 0, failed: true });
  asked.fact('and has come to the server', await asked.world.sent(id), 0);
  const again = await asked.evaluate(async (bare) => {
    const { Msg } = require('WAWebCollections');
    const one = Msg.getModelsArray().find((message) => message.id.id === bare);
    const result = await require('WAWebResendMsgAction').resendMsg(one);
    return { result: typeof result === 'object' ? result.messageSendResult : result, ack: one.ack };
  }, id);
  asked.fact('resendMsg', again);
  await asked.eventually('the message', async () => (await asked.world.sent(id)) > 0);
  asked.fact('and then it has come, under its id', await asked.world.sent(id), 1);
}
