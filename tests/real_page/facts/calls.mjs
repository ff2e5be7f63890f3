// Facts about calls to the account: what the page's list of calls and the chats are told, live and after an absence.

const FRIEND = '5491122334455';

/** Runs in the page: notes each call that the list gets, and each entry about a call in a chat. */
function watch() {
  const list = require('WAWebCallCollection').default ?? require('WAWebCallCollection');
  window.__calls = [];
  const { add } = list;
  list.add = function (...values) {
    const { id, isVideo, isGroup, outgoing, offerReceivedWhileOffline } = values[0];
    window.__calls.push(['call', id, Boolean(isVideo), Boolean(isGroup), Boolean(outgoing), Boolean(offerReceivedWhileOffline)]);
    return add.apply(this, values);
  };
  require('WAWebCollections').Msg.on('add', (msg) => {
    if (msg.type !== 'call_log') return;
    const { id, callOutcome, isVideoCall, callDuration } = msg;
    window.__calls.push(['entry', id.id, callOutcome, Boolean(isVideoCall), callDuration ?? null, id.fromMe, String(id.remote).split('@')[1]]);
  });
}

const rowOf = (asked, id) =>
  asked.until(
    'the row of a call',
    async (wanted) => {
      const table = require('WAWebSchemaMessage').getMessageTable();
      const rows = await table.all({ index: ['rowId'], reverse: true, limit: 20 });
      const row = rows.find((one) => one.type === 'call_log' && String(one.id).endsWith(`_${wanted}`));
      if (!row) return false;
      const { type, callOutcome: outcome, isVideoCall } = require('WAWebDBMessageSerialization').messageFromDbRow(row);
      return { type, outcome, video: Boolean(isVideoCall) };
    },
    id,
  );

export async function calls(asked) {
  const { world } = asked;
  await asked.evaluate(watch);
  const told = async (what, wanted) => {
    await asked.until(what, ([kind, id]) => window.__calls.some((one) => one[0] === kind && one[1] === id), wanted);
    return asked.evaluate(() => window.__calls.splice(0));
  };
  await world.call(FRIEND, 'RINGS', 'offer', { video: true });
  asked.fact('a call that rings: id, video, group, outgoing, offline', await told('the call', ['call', 'RINGS']), [
    ['call', 'RINGS', true, false, false, false],
  ]);
  await world.call(FRIEND, 'RINGS', 'terminate', { video: true });
  asked.fact('its entry once the caller hangs up', await told('the entry', ['entry', 'RINGS']), [
    ['entry', 'RINGS', 'Missed', true, null, false, 'lid'],
  ]);
  asked.fact('its row', await rowOf(asked, 'RINGS'), { type: 'call_log', outcome: 'Missed', video: true });
  await world.call(FRIEND, 'ELSEWHERE', 'offer');
  await told('the call', ['call', 'ELSEWHERE']);
  await world.call(FRIEND, 'ELSEWHERE', 'terminate', { reason: 'rejected_elsewhere' });
  const [[, , outcome]] = await told('the entry', ['entry', 'ELSEWHERE']);
  asked.fact('the outcome of a call that the phone refused', outcome, 'Rejected');
  await world.cut();
  await asked.until('the loss', () => require('WAWebSocketModel').Socket.stream !== 'CONNECTED');
  await world.call(FRIEND, 'ABSENT', 'offer');
  await world.call(FRIEND, 'ABSENT', 'terminate');
  await world.mend();
  const late = await told('the entry of the absence', ['entry', 'ABSENT']);
  asked.fact('a call of an absence', late.toSorted(), [
    ['call', 'ABSENT', false, false, false, true],
    ['entry', 'ABSENT', 'Missed', false, null, false, 'lid'],
  ]);
  await asked.connected();
}
