// Facts about messages that arrive, about their changes, and about the rows in which the page stores them.

const model = (body) => require('WAWebCollections').Msg.getModelsArray().some((one) => one.body === body);

export async function message(asked) {
  await asked.world.incoming('hello');
  await asked.until('the message', model, 'hello');
  const seen = await asked.evaluate(() => {
    const models = require('WAWebCollections').Msg.getModelsArray();
    const { id, type, isNewMsg, from, to, t } = models.find((one) => one.body === 'hello');
    return {
      key: /^false_\d+@lid_[0-9A-F]+$/.test(String(id)),
      serialized: typeof id._serialized,
      type,
      isNewMsg,
      from: from.server,
      to: to.server,
      seconds: t > 1e9 && t < 1e10,
    };
  });
  asked.fact('a text', seen, {
    key: true,
    serialized: 'undefined',
    type: 'chat',
    isNewMsg: true,
    from: 'lid',
    to: 'c.us',
    seconds: true,
  });
}

/** Runs in the page: records the events of the collection of messages. */
function watch() {
  window.__changes = [];
  const fields = 'type|body|caption|latestEditMsgKey|protocolMessageKey|isNewMsg';
  const hears = new RegExp(`^(add|remove|change:(${fields}))$`);
  require('WAWebCollections').Msg.on('all', (name) => hears.test(name) && window.__changes.push(name));
}

export async function change(asked) {
  const [edited, deleted] = [await asked.world.incoming('first'), await asked.world.incoming('second')];
  await asked.until('the messages', model, 'second');
  await asked.evaluate(watch);
  const changes = () => asked.evaluate(() => window.__changes.splice(0).sort());

  await asked.world.edit(edited, 'first, edited');
  await asked.until('the edit', model, 'first, edited');
  asked.fact('events of an edit', await changes(), ['change:body', 'change:latestEditMsgKey']);

  await asked.world.react(edited, '👍');
  const reaction = () =>
    require('WAWebSchemaReactions')
      .getReactionsTable()
      .all()
      .then((rows) => rows.length > 0 && { text: rows[0].reactionText, parent: String(rows[0].parentMsgKey) });
  const { text, parent } = await asked.until('the reaction', reaction);
  asked.fact('a reaction is a row of its own', { text, parent: parent.includes(edited) }, { text: '👍', parent: true });
  asked.fact('events of a reaction among messages', await changes(), []);

  await asked.world.revoke(deleted);
  const gone = await asked.until(
    'the deletion',
    (id) => {
      const models = require('WAWebCollections').Msg.getModelsArray();
      const one = models.find(({ protocolMessageKey }) => protocolMessageKey && protocolMessageKey.id === id);
      if (!one || one.type !== 'revoked') return false;
      return {
        type: one.type,
        subtype: one.subtype,
        words: one.body === undefined || one.body === '' ? 'none' : one.body,
        key: one.id.id === id ? 'its own' : "the deletion's",
        time: typeof one.revokeTimestamp,
        by: one.revokeSender && `${one.revokeSender.server ?? typeof one.revokeSender}`,
        left: models.some((other) => other.id.id === id),
      };
    },
    deleted,
  );
  asked.fact('a deleted message', gone, {
    type: 'revoked',
    subtype: 'sender',
    words: 'none',
    key: "the deletion's",
    time: 'number',
    by: 'lid',
    left: false,
  });
  const events = ['change:body', 'change:protocolMessageKey', 'change:type'];
  asked.fact('events of a deletion', await changes(), events);
  const row = await asked.until(
    'the row of the deletion',
    async (id) => {
      const table = require('WAWebSchemaMessage').getMessageTable();
      const rows = await table.all({ index: ['rowId'], reverse: true, limit: 20 }, false);
      const one = rows.find(({ protocolMessageKey }) => String(protocolMessageKey ?? '').includes(id));
      return one && { type: one.type, key: one.id.includes(id) ? 'its own' : "the deletion's" };
    },
    deleted,
  );
  asked.fact('the row of a deleted message', row, { type: 'revoked', key: "the deletion's" });
}

export async function rows(asked) {
  await asked.world.incoming('for the table');
  await asked.until('the message', model, 'for the table');
  const seen = await asked.until('its row', async () => {
    const table = require('WAWebSchemaMessage').getMessageTable();
    const [newest] = await table.all({ index: ['rowId'], reverse: true, limit: 1 }, false);
    const read = await table.bulkGet([newest.id]);
    const message = require('WAWebDBMessageSerialization').messageFromDbRow(read[0]);
    if (message.body !== 'for the table') return false;
    const live = await table.between(['rowId'], 1e9, Number.MAX_SAFE_INTEGER, { limit: 3 }, false);
    const low = live[0].rowId;
    const from = await table.between(['rowId'], low, Number.MAX_SAFE_INTEGER, { lowerInclusive: true, limit: 1 }, false);
    const after = await table.between(['rowId'], low, Number.MAX_SAFE_INTEGER, { limit: 1 }, false);
    return {
      key: typeof newest.id,
      first: live[0].rowId,
      inclusive: from[0].rowId === low,
      exclusive: after[0].rowId > low,
      modelKey: String(message.id) === newest.id,
    };
  });
  asked.fact('live rows', seen, { key: 'string', first: 1e9 + 1, inclusive: true, exclusive: true, modelKey: true });
}

export async function listener(asked) {
  await asked.evaluate(() => {
    window.__heard = { thrown: 0, after: 0 };
    const { Msg } = require('WAWebCollections');
    Msg.on('add', () => {
      window.__heard.thrown += 1;
      if (window.__heard.thrown === 1) throw new Error('a listener that throws');
    });
    Msg.on('add', () => {
      window.__heard.after += 1;
    });
  });
  await asked.world.incoming('for a broken listener');
  await asked.until('the event', () => window.__heard.thrown > 0);
  const heard = await asked.evaluate(() => window.__heard);
  asked.fact('listeners after one that throws', heard.after === 0 ? 'hear nothing' : 'hear it', 'hear nothing');
  await asked.reload();
  await asked.connected();
}

/** If more messages than this wait, an open page reloads itself. */
const BACKLOG = 1200;

export async function backlog(asked) {
  const newest = () =>
    asked.evaluate(async () => {
      const table = require('WAWebSchemaMessage').getMessageTable();
      return (await table.all({ index: ['rowId'], reverse: true, limit: 1 }, false))[0].rowId;
    });
  const mark = await newest();
  const loads = asked.loads.length;
  await asked.world.cut();
  await asked.until('the loss', () => require('WAWebSocketModel').Socket.stream !== 'CONNECTED');
  await asked.world.burst(BACKLOG);
  await asked.world.mend();
  await asked.eventually('another load', () => asked.loads.length > loads);
  await asked.connected();
  const rows = await asked.until(
    'all rows',
    async ([low, wanted]) => {
      const table = require('WAWebSchemaMessage').getMessageTable();
      const found = await table.between(['rowId'], low, Number.MAX_SAFE_INTEGER, {}, false);
      return found.length >= wanted && found.length;
    },
    [mark, BACKLOG],
  );
  asked.fact(`${BACKLOG} waiting for an open page`, { loads: asked.loads.length - loads, rows }, { loads: 1, rows: BACKLOG });
}
