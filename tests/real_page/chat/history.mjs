// The first data from the phone: keys, the account's own name as app state, and the history of its chats.
import crypto from 'node:crypto';
import { pb } from '../realnode.mjs';
import { hmac, hkdf } from '../keys.mjs';
import { peer } from './messages.mjs';
import { P, contact, now, state } from './state.mjs';

// The account's own name as an app-state patch: without it the page does not count its critical data as synced.
export function firstPatch(name) {
  const { keyId, keyData } = state.appKey,
    k = Buffer.from(hkdf(keyData, Buffer.alloc(32), 'WhatsApp Mutation Keys', 160));
  const [index, enc, mac, snap, patch] = [0, 32, 64, 96, 128].map((i) => k.subarray(i, i + 32));
  const id = Buffer.from(JSON.stringify(['setting_pushName']));
  const plain = pb.encode(P('WAWebProtobufSyncAction', 'SyncActionData'), {
    index: id,
    value: { timestamp: Date.now(), pushNameSetting: { name: state.me.name } },
    padding: new Uint8Array(0),
    version: 1,
  });
  const iv = crypto.randomBytes(16),
    c = crypto.createCipheriv('aes-256-cbc', enc, iv),
    blob = Buffer.concat([iv, c.update(plain), c.final()]);
  const ad = Buffer.concat([Buffer.from([1]), keyId]),
    len = Buffer.alloc(8);
  len[7] = ad.length;
  const valueMac = crypto.createHmac('sha512', mac).update(ad).update(blob).update(len).digest().subarray(0, 32),
    indexMac = hmac(index, id);
  const add = Buffer.from(hkdf(valueMac, Buffer.alloc(32), 'WhatsApp Patch Integrity', 128)); // LT hash of nothing plus this one value
  const v = Buffer.alloc(8);
  v[7] = 1;
  const snapshotMac = hmac(snap, add, v, Buffer.from(name)),
    patchMac = hmac(patch, snapshotMac, valueMac, v, Buffer.from(name));
  return pb.encode(P('WAWebProtobufsServerSync', 'SyncdPatch'), {
    version: { version: 1 },
    mutations: [
      {
        operation: 0,
        record: { index: { blob: indexMac }, value: { blob: Buffer.concat([blob, valueMac]) }, keyId: { id: keyId } },
      },
    ],
    snapshotMac,
    patchMac,
    keyId: { id: keyId },
  });
}

export function historyChats() {
  if (!state.history) return [];
  const c = contact('5491177778888'),
    id = `${c.lid}@lid`,
    t0 = state.historySince;
  const messages = Array.from({ length: state.history }, (_, i) => ({
    msgOrderId: state.history - i,
    message: {
      key: { remoteJid: id, fromMe: i % 3 === 0, id: `3EB0${t0.toString(16)}${String(i).padStart(10, '0')}`.toUpperCase() },
      message: { conversation: `old ${t0} ${i}` },
      messageTimestamp: t0 + i,
      status: 3,
    },
  })).reverse();
  return [
    {
      id,
      messages,
      unreadCount: 0,
      conversationTimestamp: t0 + state.history,
      endOfHistoryTransfer: true,
      endOfHistoryTransferType: 1,
      pnJid: `${c.pn}@s.whatsapp.net`,
      lidJid: id,
      name: 'Historia',
    },
  ];
}

export async function firstHistory() {
  const { keyId } = state.appKey;
  peer({
    protocolMessage: {
      type: 6,
      appStateSyncKeyShare: {
        keys: [
          {
            keyId: { keyId },
            keyData: {
              keyData: state.appKey.keyData,
              fingerprint: {
                rawId: state.rawId,
                currentIndex: state.linked.keyIndex,
                deviceIndexes: [0, state.linked.keyIndex],
              },
              timestamp: Date.now(),
            },
          },
        ],
      },
    },
  });
  const H = (m) => crypto.createHash('sha256').update(m).digest();
  const zlib = await import('node:zlib');
  for (const [syncType, data] of [
    [0, { syncType: 0, chunkOrder: 1, progress: 100, conversations: historyChats(), pushnames: [] }],
    [4, { syncType: 4, pushnames: [] }],
  ]) {
    const raw = pb.encode(P('WAWebProtobufsHistorySync', 'HistorySync'), data),
      zipped = zlib.deflateSync(raw);
    peer({
      protocolMessage: {
        type: 5,
        historySyncNotification: {
          syncType,
          chunkOrder: 1,
          progress: 100,
          fileSha256: H(zipped),
          fileLength: zipped.length,
          initialHistBootstrapInlinePayload: zipped,
          mediaKey: crypto.randomBytes(32),
          fileEncSha256: H(raw),
          directPath: '/v/none',
        },
      },
    });
  }
}
