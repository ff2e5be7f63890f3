// Functions of the page that client libraries call and the service does not: they end in the same actions.
import { contextOf, markUnread, sendDeleteMsgs, sendRevokeMsgs } from '/static/actions.js';
import { addonEvents, reactionsOf } from '/static/addons.js';
import { ParticipantModel } from '/static/chats.js';
import { Cmd, connection, request } from '/static/connection.js';
import { leaveGroup, participantsJob, queryJob } from '/static/groups.js';
import { alone } from '/static/loader.js';
import { setArchive, setPin } from '/static/marks.js';
import { Collection, Model } from '/static/models.js';
import { MsgModel } from '/static/messages.js';
import { getPhoneNumber, getProfilePic, me } from '/static/people.js';
import { createWid } from '/static/wids.js';

// ── The commands of the page's user interface ─────────────────────────────────────────────────────────────────────

/** They return nothing: the logged-in user interface hears them, and acts. */
Object.assign(Object.getPrototypeOf(Cmd), {
  archiveChat(chat, archive) {
    this.trigger('archive_chat', { archive, chat });
  },
  pinChat(chat, pin) {
    this.trigger('pin_chat', chat, pin);
  },
  markChatUnread(chat, isUnread) {
    this.trigger('mark_chat_unread', chat, isUnread);
  },
  sendDeleteMsgs(chat, messages) {
    this.trigger('send_delete_msgs', chat, messages);
  },
  sendRevokeMsgs(chat, messages) {
    this.trigger('send_revoke_msgs', chat, messages);
  },
});

/** The user interface tells a failure to nobody but the person before it. */
const shown = (work) => (...values) => void work(...values).catch((error) => console.error(error));

connection.once('connected', () => {
  Cmd.on('archive_chat', shown(({ chat, archive }) => setArchive(chat, archive)));
  Cmd.on('pin_chat', shown(setPin));
  Cmd.on('mark_chat_unread', shown(markUnread));
  Cmd.on('send_delete_msgs', shown((chat, record) => sendDeleteMsgs({ chat_: chat, record })));
  Cmd.on('send_revoke_msgs', shown(sendRevokeMsgs));
});

// ── Messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

MsgModel.prototype.msgContextInfo = function msgContextInfo(chat) {
  return contextOf(this, chat?.id ?? chat);
};

/** A vote takes the place of an earlier one. */
async function sendVote(message, chosen) {
  const options = message.pollOptions.filter(({ localId }) => chosen.has(localId)).map(({ name }) => name);
  const { code } = await request({ t: 'act', action: { action: 'vote', message: message.id.id, options } });
  if (code !== null) throw new Error('the vote was refused');
  await addonEvents.vote({ id: message.id.id, sender: String(me.lid), options, t_ms: Date.now() });
}

/** The card of a contact: its lines have the number with a mark for WhatsApp. */
function vcardFromContactModel(contact) {
  const displayName = contact.name ?? contact.pushname ?? contact.id.user;
  const phone = (contact.id.isLid() ? getPhoneNumber(contact.id) : contact.id)?.user;
  const lines = ['BEGIN:VCARD', 'VERSION:3.0', `N:;${displayName};;;`, `FN:${displayName}`, `TEL;type=CELL;waid=${phone}:+${phone}`, 'END:VCARD'];
  return { displayName, vcard: lines.join('\n') };
}

// ── People and groups ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The links of a picture, of the whole one and of a small one. */
class ProfilePicThumbCollection extends Collection {
  async find(id) {
    const { eurl } = await getProfilePic(createWid(id));
    return this.add({ id: createWid(id) })[0].set({ img: eurl, imgFull: eurl, eurl });
  }
}
export const ProfilePicThumb = new ProfilePicThumbCollection(Model);

/** There are no dialogs and no communities. */
function nothing() {}

const TYPES = 'chat image video audio ptt document sticker location vcard multi_vcard poll_creation revoked ciphertext gp2 call_log protocol';
const MSG_TYPE = Object.fromEntries(TYPES.split(' ').map((type) => [type.toUpperCase(), type]));

const RESULTS = 'OK ERROR_NETWORK ERROR_EXPIRED ERROR_CANCELLED ERROR_UPLOAD ERROR_UNKNOWN ERROR_RATE_LIMIT';
const SendMsgResult = Object.fromEntries(RESULTS.split(' ').map((result) => [result, result]));

const idsOf = (members) => members.map(({ id }) => id);
const onMembers = (job) => (chat, members) => job(chat.id, idsOf(members), chat.groupMetadata.isLidAddressingMode);

export const clientModules = {
  WAWebDBGetReactions: { getReactions: async (id) => ({ reactions: await reactionsOf(id) }) },
  WAWebProfilePicThumbCollection: { ProfilePicThumbCollection: ProfilePicThumb, ProfilePicThumbCollectionImpl: ProfilePicThumbCollection },
  WAWebPollsSendVoteMsgAction: { sendVote },
  WAWebFrontendVcardUtils: { vcardFromContactModel },
  WAWebContactProfilePicThumbBridge: { requestProfilePicFromServer: ({ id }) => getProfilePic(createWid(id)) },
  WAWebBlockContactUtils: { handleBlock: nothing, handleUnblock: nothing },
  WAWebGroupParticipantModel: alone(ParticipantModel),
  WAWebManageE2ESessionsJob: { async ensureE2ESessions() {} },
  WAWebMsgType: { MSG_TYPE },
  WAWebSendMsgResultAction: { SendMsgResult },
  WAWebModifyParticipantsGroupAction: {
    addParticipants: (chat, people) => participantsJob.addGroupParticipants(chat.id, people.map(({ id }) => ({ phoneNumber: id }))),
    promoteCommunityParticipants: nothing,
    demoteCommunityParticipants: nothing,
    removeParticipants: onMembers(participantsJob.removeGroupParticipants),
    promoteParticipants: onMembers(participantsJob.promoteGroupParticipants),
    demoteParticipants: onMembers(participantsJob.demoteGroupParticipants),
  },
  WAWebGroupQueryBridge: { sendQueryGroupInvite: async (code) => ({ status: 200, groupInfo: await queryJob.queryGroupInvite(code) }) },
  WAWebExitGroupAction: { sendExitGroup: (chat) => leaveGroup(chat.id) },
};
