// Facts about edits of the account's own messages: what the page shows and stores of an edit before the server has it, and
// afterwards.
import { tools } from './acts.mjs';

const FRIEND = '5491122334455';

/** Runs in the page: what it has of a message and of its latest edit. */
function look() {
  window.__edits = async (message) => {
    const table = require('WAWebSchemaMessage').getMessageTable();
    const edit = message.latestEditMsgKey && (await table.get(String(message.latestEditMsgKey)));
    const row = require('WAWebDBMessageSerialization').messageFromDbRow(await table.get(String(message.id)));
    return {
      body: message.body,
      stored: row.body,
      failed: message.isSendFailure === true,
      code: message.errorCode ?? null,
      sent: [message.ack >= 1, row.ack >= 1],
      again: require('WAWebMsgActionCapability').canEditText(message),
      revocable: require('WAWebMsgActionCapability').canSenderRevokeMsg(message),
      edit: edit ? [edit.type, edit.subtype, edit.ack, edit.errorCode ?? null] : null,
    };
  };
}

export async function edits(asked) {
  const ready = async () => {
    await asked.evaluate(tools);
    await asked.evaluate(look);
  };
  await ready();
  const send = (text) => asked.evaluate((to, words) => window.__acts.send(to, words, {}), FRIEND, text);
  const names = ['taken', 'refused', 'late', 'unanswered', 'phone'];
  const ids = {};
  for (const name of names) ids[name] = await send(`to edit: ${name}`);
  /** Edits a message, and tells what the page has of it then. The row of a refused edit is written a little later. */
  const edit = (name) =>
    asked.evaluate(async (text) => {
      const message = window.__acts.find(text);
      const { sendMessageEdit } = require('WAWebSendMessageEditAction');
      const work = sendMessageEdit(message, `${text}, edited`, {}).then(() => 'ended', () => 'threw');
      const end = await Promise.race([work, new Promise((resolve) => setTimeout(resolve, 3000, 'no end'))]);
      await new Promise((resolve) => setTimeout(resolve, 500));
      return { end, ...(await window.__edits(message)) };
    }, `to edit: ${name}`);
  const tell = async (name, answer) => {
    await asked.world.answer(answer);
    const told = await edit(name);
    await asked.world.answer('ack');
    return told;
  };
  asked.fact('an edit that the server takes', await tell('taken', 'ack'));
  asked.fact('an edit that the server refuses', await tell('refused', '479'));
  asked.fact('an edit that the server takes too late', await tell('late', 'late'));
  await asked.world.editOnPhone(ids.phone, 'edited on the phone');
  await asked.until('the edit', () => Boolean(window.__acts.find('edited on the phone')));
  const there = () => asked.evaluate(() => window.__edits(window.__acts.find('edited on the phone')));
  const { body, stored, failed, edit: rowOfIt } = await there();
  asked.fact('an edit on the phone', { body, stored, failed, edit: rowOfIt });
  asked.fact('an edit that the server does not answer', await tell('unanswered', 'silent'));
  await asked.reload();
  await asked.connected();
  await ready();
  const after = (id) =>
    asked.evaluate(async (bare) => {
      const table = require('WAWebSchemaMessage').getMessageTable();
      const row = (await table.all()).find((one) => String(one.id).includes(bare) && one.type === 'chat');
      const [message] = (await require('WAWebCollections').Msg.getMessagesById([String(row.id)])).messages;
      return window.__edits(message);
    }, id);
  for (const name of ['taken', 'refused', 'late', 'unanswered']) asked.fact(`after a reload: ${name}`, await after(ids[name]));
}
