// Reactions and votes: kept beside the messages, in their own tables and collections. They are not messages.
import { Collection, Model } from '/static/models.js';
import { MsgKey } from '/static/wids.js';
import { find } from '/static/messages.js';
import { isMeAccount, keyOf } from '/static/rows.js';
import * as storage from '/static/storage.js';

class ReactionsModel extends Model {
  reactions = new Collection(Model);
}

/** The reactions of a message, one entry an emoji. */
export async function reactionsOf(id) {
  const rows = (await storage.all('reactions')).filter((row) => row.parentMsgKey === String(id) && row.reactionText !== '');
  return [...Map.groupBy(rows, (row) => row.reactionText)].map(([aggregateEmoji, senders]) => ({
    id: aggregateEmoji,
    aggregateEmoji,
    hasReactionByMe: senders.some((sender) => isMeAccount(sender.senderUserJid)),
    senders: senders.map((sender) => ({ ...sender, id: sender.msgKey })),
  }));
}

class ReactionsCollection extends Collection {
  /** Looks at the reactions of a message. */
  async find(id) {
    const found = await reactionsOf(id);
    if (found.length === 0) return undefined;
    const model = this.get(id) ?? this.add({ id: MsgKey.fromString(String(id)) })[0];
    for (const one of [...model.reactions.getModelsArray()]) model.reactions.remove(one);
    model.reactions.add(found);
    return model;
  }
}

/** Holds the reactions of a message only after somebody has looked at them. */
export const Reactions = new ReactionsCollection(ReactionsModel);
export const PollVotes = new Collection(Model);

/** The key of an add-on of a message, in the same chat. */
const keyLike = async (stored) => new MsgKey({ ...keyOf(stored), fromMe: false, id: await MsgKey.newId() });

/** Keeps a reaction in place of an earlier one of the same sender. */
export async function storeReaction(id, { sender, emoji, t_ms: timestamp, msgKey, ack }) {
  const stored = await storage.get('messages', id);
  if (!stored) return;
  const parentMsgKey = String(keyOf(stored));
  const key = String(msgKey ?? (await keyLike(stored)));
  const row = { parentMsgKey, senderUserJid: sender, reactionText: emoji, timestamp, msgKey: key, ...(ack !== undefined && { ack }) };
  await storage.put('reactions', `${parentMsgKey} ${sender}`, row);
  if (emoji !== '') find(id)?.set({ hasReaction: true });
}

export const addonEvents = {
  reaction: ({ id, ...reaction }) => storeReaction(id, reaction),

  async vote({ id, sender, options, t_ms: senderTimestampMs }) {
    const stored = await storage.get('messages', id);
    if (!stored) return;
    const msgKey = await keyLike(stored);
    const parentMsgKey = keyOf(stored);
    const chosen = (stored.fields?.pollOptions ?? []).filter(({ name }) => options.includes(name));
    const selectedOptionLocalIds = chosen.map(({ localId }) => localId);
    const row = { parentMsgKey: String(parentMsgKey), sender, selectedOptionLocalIds, senderTimestampMs, msgKey: String(msgKey) };
    await storage.put('votes', `${row.parentMsgKey} ${sender}`, row);
    const before = PollVotes.filter((vote) => String(vote.parentMsgKey) === row.parentMsgKey && String(vote.sender) === sender);
    for (const vote of before) PollVotes.remove(vote);
    PollVotes.add({ ...row, id: `!!${msgKey}`, msgKey, parentMsgKey });
  },
};
