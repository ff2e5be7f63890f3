// Forwards: which messages can be passed on, and their files.
//
// Receivers fetch the file of a forward from WhatsApp's host, with the key that the message names. The host forgets files, and
// the page uses a key only for some days. So the page fetches the file first (where the host has it no more, after the account's
// phone has uploaded it again), and uploads it: under its own key as long as that is young, where the page uploads only what the
// host does not have, and under a new one afterwards. The page's own forwards do the same.
/** @type {Adapter.File} */
(function forwards(page) {
  'use strict';
  const { whole, calling, need, has, refuse } = page;

  /** @type {Adapter.Forms} */
  const deferred = {
    forwarded: ['forward', whole('WAWebMsgGetters', 'getShouldDisplayAsForwarded')],
    forwarding: ['forward', calling('WAWebMsgModelUtils', 'getMsgForwardingScoreWhenForwarded')],
  };

  /** @type {(keyof WA.Msg)[]} */
  const FILE = [
    'body', 'caption', 'mimetype', 'size', 'filehash', 'encFilehash', 'directPath', 'deprecatedMms3Url', 'mediaKey',
    'mediaKeyTimestamp', 'width', 'height', 'duration', 'filename', 'isGif', 'waveform', 'pageCount', 'streamingSidecar',
    'firstFrameSidecar', 'firstFrameLength', 'isAnimated', 'isCaptionByUser',
  ];
  /** @type {(keyof WA.Msg)[]} */
  const LINK = [
    'subtype', 'title', 'description', 'matchedText', 'canonicalUrl', 'thumbnail', 'thumbnailDirectPath', 'thumbnailSha256',
    'thumbnailEncSha256', 'thumbnailWidth', 'thumbnailHeight', 'mediaKey', 'mediaKeyTimestamp', 'richPreviewType',
    'doNotPlayInline',
  ];
  /**
   * The fields of each kind that can be passed on.
   * @type {{ [type: string]: (keyof WA.Msg)[] }}
   */
  const PASSED_ON = {
    chat: ['body', ...LINK],
    image: FILE,
    video: FILE,
    audio: FILE,
    ptt: FILE,
    document: FILE,
    sticker: FILE,
    location: ['body', 'lat', 'lng', 'loc', 'clientUrl'],
    vcard: ['body', 'vcardFormattedName'],
    multi_vcard: ['vcardList'],
  };

  /**
   * A message, and its fields that are passed on.
   * @param {string} id
   */
  async function forwardable(id) {
    const msg = await page.messageOf(id);
    const type = msg.type ?? '';
    const fields = PASSED_ON[type] ?? refuse('NOT_POSSIBLE', type === 'revoked' ? 'it is deleted' : `messages of the kind ${type} cannot be passed on`);
    // An edit that the server has not taken leaves the ack of the message at 0.
    if (page.hasOpenEdit(msg)) refuse('NOT_POSSIBLE', 'its last edit is not sent');
    if (Number(msg.ack) < 1 && msg.id.fromMe) refuse('NOT_POSSIBLE', 'it is not sent yet');
    if (msg.isViewOnce) refuse('NOT_POSSIBLE', 'its file opens only once');
    if (msg.isLive) refuse('NOT_POSSIBLE', 'it is a location that moves');
    if (fields === FILE && !(msg.directPath && msg.mediaKey)) refuse('NOT_POSSIBLE', 'the page does not know where its file is');
    return { msg, fields };
  }

  // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** For so many seconds the page uses the key of a file again. */
  const KEY_S = 2 * 24 * 3600;
  /** An upload of which the host takes nothing for so long is given up. */
  const UPLOAD_STALL_MS = 60_000;
  /** The files that wait for their messages. A file is a few fields here. */
  const READY_MAX = 100;

  /** Where the receivers find the file of a forward, by its token. @type {Map<string, Partial<WA.MsgData>>} */
  const ready = new Map();
  /** The forwards whose files are fetched and uploaded now. @type {Map<string, AbortController>} */
  const running = new Map();

  /** Why a file that cannot be fetched is not passed on. @type {{ [refusal: string]: string }} */
  const WHY = {
    MEDIA_GONE: "its file is no longer on WhatsApp's server",
    MEDIA_BROKEN: "what WhatsApp's server has is not its file",
    MEDIA_NOT_HERE: 'the page does not know where its file is',
    MEDIA_TOO_LARGE: 'its file is larger than its sender said, or than MEDIA_SEND_MAX_MB allows',
  };
  /** What the phone says of a file that the host does not have. @type {{ [outcome in Adapter.Reuploaded]?: string }} */
  const PHONE = {
    not_on_phone: 'nor on the phone',
    failed: 'and the phone could not upload it again',
    no_answer: 'and the phone did not answer when it was asked to upload it again',
  };

  /** @param {any} error @returns {never} */
  function refuseFor(error) {
    const { refusal } = error ?? {};
    if (refusal === 'MEDIA_LATER') refuse('MEDIA_UPLOAD_FAILED', `it cannot be fetched now: ${page.said(error)}`);
    if (WHY[refusal]) refuse('NOT_POSSIBLE', WHY[refusal] ?? '');
    throw error;
  }

  /**
   * Refuses a file that the page should not hold, by the size that its sender announced. A longer one is not fetched to its end.
   * @param {WA.Msg} msg
   * @param {number} maxBytes
   */
  function refuseLarge(msg, maxBytes) {
    if (Number(msg.size) > maxBytes) refuse('NOT_POSSIBLE', `its file is larger than MEDIA_SEND_MAX_MB allows (${maxBytes / 2 ** 20} MB)`);
  }

  /**
   * The bytes of the file, from the host, or from the phone by way of the host.
   * @param {WA.Msg} msg
   * @param {Adapter.ForwardArgument} asked
   * @param {AbortSignal} signal
   */
  async function bytesOf(msg, { message_id: id, token, stall_ms: stallMs, phone_ms: phoneMs, ...asked }, signal) {
    const maxBytes = Number(msg.size) || asked.max_bytes;
    /** @param {Adapter.Text} newPath */
    const fetched = (newPath) => page.fetchFile(id, token, { stallMs, maxBytes, newPath });
    try {
      return (await fetched(null)).bytes;
    } catch (error) {
      if (/** @type {{ refusal?: string }} */ (error)?.refusal !== 'MEDIA_GONE') throw error;
    }
    signal.throwIfAborted();
    const { outcome, direct_path: path } = await page.askPhone(id, phoneMs);
    signal.throwIfAborted();
    if (path === null) refuse('NOT_POSSIBLE', `${WHY.MEDIA_GONE}, ${PHONE[outcome] ?? outcome}`);
    return (await fetched(path)).bytes;
  }

  /**
   * @param {WA.Msg} msg
   * @param {Adapter.ForwardArgument} asked
   * @param {AbortSignal} signal
   */
  async function broughtThere(msg, asked, signal) {
    const bytes = await bytesOf(msg, asked, signal).catch(refuseFor);
    signal.throwIfAborted();
    // The page has stored a copy.
    if (msg.filehash && has('media_store')) await need('media_store').del(msg.filehash).catch(() => {});
    const { mediaKey, mediaKeyTimestamp } = msg;
    const isYoung = Date.now() / 1000 - Number(mediaKeyTimestamp) < KEY_S;
    const blob = new Blob([bytes], { type: msg.mimetype });
    return uploaded(blob, need('media_type')(msg), signal, isYoung ? { mediaKey, mediaKeyTimestamp } : {});
  }

  /**
   * Uploads the file, and gives it up when the host takes nothing of it for too long.
   * @param {Blob} blob
   * @param {string} media
   * @param {AbortSignal} signal
   * @param {{ mediaKey?: string, mediaKeyTimestamp?: number }} key
   */
  async function uploaded(blob, media, signal, key) {
    const stalled = new AbortController();
    let timer = /** @type {Adapter.Timer} */ (null);
    const moved = () => {
      if (timer !== null) clearTimeout(timer);
      timer = setTimeout(() => stalled.abort(), UPLOAD_STALL_MS);
    };
    moved();
    try {
      return await page.brought(blob, media, AbortSignal.any([signal, stalled.signal]), moved, key);
    } catch (error) {
      if (stalled.signal.aborted) refuse('MEDIA_UPLOAD_FAILED', `WhatsApp's server took nothing of it for ${UPLOAD_STALL_MS / 1000} seconds`);
      throw error;
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  }

  /** @type {Adapter.Page['passedOn']} */
  page.passedOn = async ({ of: id, token }) => {
    const { msg, fields } = await forwardable(id);
    const file = fields === FILE ? (ready.get(token) ?? refuse('MEDIA_UPLOAD_FAILED', 'the page no longer has the upload')) : {};
    const values = fields.map((field) => /** @type {const} */ ([field, msg[field]]));
    // The page's own messages become forwards only when they are passed on a second time.
    const isForwarded = Boolean(need('forwarded').getShouldDisplayAsForwarded(msg));
    const forwardingScore = need('forwarding')(msg);
    const known = Object.fromEntries(values.filter(([, value]) => value !== undefined));
    return { ...known, ...file, type: msg.type, isForwarded, forwardingScore };
  };

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** Whether a message that is passed on has a file. */
    async forward_check({ message_id: id, max_bytes: maxBytes }) {
      const { msg, fields } = await forwardable(id);
      if (fields === FILE) refuseLarge(msg, maxBytes);
      return { has_file: fields === FILE };
    },

    /** Brings the file of a message, if it has one, to where the receivers of a forward will find it. Nobody sees that. */
    async forward_file(asked) {
      if (ready.has(asked.token)) return;
      // It can be ended from now on.
      const abort = new AbortController();
      running.set(asked.token, abort);
      try {
        const { msg, fields } = await forwardable(asked.message_id);
        if (fields !== FILE) return;
        refuseLarge(msg, asked.max_bytes);
        abort.signal.throwIfAborted();
        const file = await broughtThere(msg, asked, abort.signal);
        abort.signal.throwIfAborted();
        ready.set(asked.token, file);
        for (const oldest of ready.keys()) if (ready.size > READY_MAX) ready.delete(oldest);
      } finally {
        if (running.get(asked.token) === abort) running.delete(asked.token);
      }
    },

    /** Ends what is under way for a forward, and forgets its file. */
    async forward_drop({ token }) {
      running.get(token)?.abort();
      page.endFetch(token);
      ready.delete(token);
    },
  };

  return { forms: {}, deferred, calls };
})
