// Reactions and votes: the page keeps them beside the messages, in their own tables and collections.
/** @type {Adapter.File} */
(function addons(page) {
  'use strict';
  const { from, whole, calling, push, guarded, attempt, has, need, keyText, widText, phoneOf, asWid } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    reaction_rows: ['reactions', calling('WAWebSchemaReactions', 'getReactionsTable')],
    vote_rows: ['votes', calling('WAWebPollsVotesSchema', 'getTable')],
    reactions: ['reactions', from('WAWebReactionsCollection', (m) => m.ReactionsCollection)],
    votes: ['votes', from('WAWebPollsPollVoteCollection', (m) => m.PollVoteCollection)],
    keyClass: ['send', from('WAWebMsgKey', (m) => m.default?.newId && m.default), whole('WAWebMsgKey', 'newId')],
  };

  /** A reaction changes several models at once; after this pause the adapter reads them from the table once. */
  const SETTLE_MS = 100;
  const TOLD_MAX = 10000;

  /** @param {WA.MsgKey|string} text */
  const keyOf = (text) => attempt(() => need('keyClass').fromString(keyText(text)));
  /** @param {WA.MsgKey|string} text */
  const chatOf = (text) => widText(keyOf(text)?.remote);
  /** @param {Adapter.Anyone} wid */
  const isMe = (wid) => Boolean(attempt(() => need('me').isMeAccount(/** @type {WA.Wid} */ (asWid(wid)))));

  /** @param {WA.ReactionRow} row */
  function reaction(row) {
    return {
      id: keyText(row.msgKey),
      message_id: keyText(row.parentMsgKey),
      chat: chatOf(row.parentMsgKey),
      sender: widText(row.senderUserJid),
      sender_phone: phoneOf(row.senderUserJid),
      from_me: isMe(row.senderUserJid),
      emoji: String(row.reactionText ?? '').slice(0, 64),
      t_ms: Number(row.timestamp) || 0,
    };
  }

  /**
   * The names of the options that a vote chose. The poll may be in the table only.
   * @param {WA.Vote} vote
   * @param {Map<string, WA.PollOption[]>} polls
   */
  async function chosen(vote, polls) {
    const id = keyText(vote.parentMsgKey);
    if (!polls.has(id)) {
      const poll = need('messages').get(id) ?? (await need('messages').getMessagesById([id])).messages[0];
      polls.set(id, poll?.pollOptions ?? []);
    }
    // A row holds the numbers of the options in a buffer, a model in an array.
    const numbers = vote.selectedOptionLocalIds ?? [];
    const selected = [...(numbers instanceof ArrayBuffer ? new Uint8Array(numbers) : numbers)].map(Number);
    return (polls.get(id) ?? []).filter((option) => selected.includes(Number(option.localId))).map((option) => String(option.name));
  }

  /**
   * @param {WA.Vote} row
   * @param {Map<string, WA.PollOption[]>} polls
   */
  async function vote(row, polls) {
    return {
      id: keyText(row.msgKey),
      message_id: keyText(row.parentMsgKey),
      chat: chatOf(row.parentMsgKey),
      sender: widText(row.sender),
      sender_phone: phoneOf(row.sender),
      from_me: isMe(row.sender),
      options: await chosen(row, polls),
      t_ms: Number(row.senderTimestampMs) || 0,
    };
  }

  /** The last reported reaction or vote of each person in this document. */
  const told = new Map();

  /**
   * @template {'reaction' | 'vote'} K
   * @param {K} type
   * @param {Adapter.Reports[K]} one
   */
  function tell(type, one) {
    const place = `${type} ${one.message_id} ${one.sender}`;
    const text = JSON.stringify(one);
    if (told.get(place) === text) return;
    told.delete(place);
    told.set(place, text);
    if (told.size > TOLD_MAX) told.delete(told.keys().next().value);
    push(type, one);
  }

  // ── Live ────────────────────────────────────────────────────────────────────────────────────────────────────────

  const moved = new Set();
  let timer = /** @type {Adapter.Timer} */ (null);

  /** @param {WA.MsgKey|string} parent */
  function readLater(parent) {
    moved.add(keyText(parent));
    timer ??= setTimeout(guarded('reaction', readMoved), SETTLE_MS);
  }

  async function readMoved() {
    timer = null;
    const parents = [...moved];
    moved.clear();
    const rows = await need('reaction_rows')().anyOf(['parentMsgKey'], parents);
    for (const row of rows.sort((a, b) => a.timestamp - b.timestamp)) tell('reaction', reaction(row));
  }

  /** @param {Adapter.Capabilities['reactions']} collection */
  function watchReactions(collection) {
    /** @param {WA.Reactions} model */
    const follow = (model) => {
      const look = guarded('reaction', () => readLater(model.id));
      for (const event of /** @type {const} */ (['add', 'remove', 'change:senders'])) model.reactions?.on?.(event, look);
      look();
    };
    for (const model of [...collection.getModelsArray()]) follow(model);
    collection.on('add', guarded('reaction', follow));
  }

  let votes = Promise.resolve();

  /** @param {Adapter.Capabilities['votes']} collection */
  function watchVotes(collection) {
    /** @param {WA.Vote} model */
    const tellVote = async (model) => tell('vote', await vote(model, new Map()));
    collection.on(
      'add',
      guarded('vote', (model) => {
        votes = votes.then(() => tellVote(model)).catch(guarded('vote', (error) => Promise.reject(error)));
      }),
    );
  }

  /** @type {Adapter.Listeners} */
  const listeners = {
    reactions: watchReactions,
    votes: watchVotes,
    // A reaction to a message whose reactions the page has not loaded shows on the message only, and only the first
    // such reaction does: the service finds the others when it reads the tables.
    messages: (messages) => messages.on('change:hasReaction', guarded('reaction', (msg) => readLater(msg.id))),
  };

  // ── Calls of the service ────────────────────────────────────────────────────────────────────────────────────────

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** The reactions and votes that are not older than a time. The tables have no index on time. */
    async addons({ since_s: since }) {
      const from = since * 1000;
      const reactions = (await need('reaction_rows')().all()).filter((row) => Number(row.timestamp) >= from).map(reaction);
      const rows = has('vote_rows') ? (await need('vote_rows')().all()).filter((row) => Number(row.senderTimestampMs) >= from) : [];
      const polls = new Map();
      const answers = [];
      for (const row of rows) answers.push(await vote(row, polls));
      return { reactions, votes: answers };
    },
  };

  return { forms, listeners, calls };
})
