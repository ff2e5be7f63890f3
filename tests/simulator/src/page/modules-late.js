// The modules that are defined while the page loads, in the order in which they appear.
import { config } from '/config.js';
import { Collection, Model } from '/static/models.js';
import { MsgKey, Wid, WidFactory } from '/static/wids.js';
import {
  Chat,
  ChatCollection,
  ChatModel,
  ChatStateBridge,
  GroupMetadata,
  GroupMetadataModel,
  Presence,
  findOrCreateLatestChat,
  sendSeen,
} from '/static/chats.js';
import { alone } from '/static/loader.js';
import { Msg, MsgModel, loadEarlierMsgs } from '/static/messages.js';
import {
  Contact,
  ContactCollection,
  ContactModel,
  getAlternateUserWid,
  getCurrentLid,
  getPhoneNumber,
  queryPhoneExists,
  queryWidExists,
} from '/static/people.js';
import { chatReceipts, groupReceipts, statusReceipts } from '/static/receipts.js';
import { addAndSendMsgToChat, sendTextMsgToChat } from '/static/sending.js';
import { SURROUNDINGS } from '/static/surroundings.js';

const Blocklist = new Collection(Model);
const StatusV3 = new Collection(Model);

const collections = {
  WAWebCollections: { Msg, Chat, Contact, GroupMetadata, Blocklist, Presence, StatusV3 },
  WAWebMsgCollection: { MsgCollection: Msg },
  WAWebMsgModel: { Msg: MsgModel },
  WAWebChatCollection: { ChatCollection: Chat, ChatCollectionImpl: ChatCollection },
  WAWebChatModel: { Chat: ChatModel },
  WAWebContactCollection: { ContactCollection: Contact, ContactCollectionImpl: ContactCollection },
  WAWebContactModel: alone(ContactModel),
  WAWebGroupMetadataCollection: alone(GroupMetadata),
  WAWebGroupMetadataModel: alone(GroupMetadataModel),
  WAWebBlocklistCollection: { BlocklistCollection: Blocklist },
  WAWebPresenceCollection: { PresenceCollection: Presence },
  WAWebStatusCollection: { StatusCollection: StatusV3 },
  WAWebWidFactory: { ...WidFactory },
  WAWebWid: alone(Wid),
  WAWebMsgKey: config.build.msg_key_default ? { default: MsgKey } : alone(MsgKey),
  WAWebApiContact: { getPhoneNumber, getCurrentLid, getAlternateUserWid },
  WAWebLidPnCache: { lidPnCache: { getPhoneNumber, getCurrentLid } },
};

const sending = {
  WAWebQueryExistsJob: { queryWidExists, queryPhoneExists },
  WAWebFindChatAction: { findOrCreateLatestChat },
  WAWebSendMsgChatAction: { addAndSendMsgToChat },
  WAWebSendTextMsgChatAction: { sendTextMsgToChat },
  WAWebGetEphemeralFieldsMsgActionsUtils: {
    getEphemeralFields: ({ ephemeralDuration }) => (ephemeralDuration ? { ephemeralDuration } : {}),
  },
  WAWebHandleChatSimpleReceipt: chatReceipts,
  WAWebHandleGroupSimpleReceipt: groupReceipts,
  WAWebHandleStatusSimpleReceipt: statusReceipts,
  WAWebChatLoadMessages: { loadEarlierMsgs },
  WAWebChatStateBridge: { ...ChatStateBridge },
  WAWebUpdateUnreadChatAction: { sendSeen },
};

export const LATE = { ...collections, ...sending, ...SURROUNDINGS };
