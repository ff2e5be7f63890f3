// Files out of the service: the page reads a file from the disk, encrypts it, and uploads it to WhatsApp's host.
//
// An upload is visible to nobody and may be repeated: the host's answer is kept under a token until a message with it is
// dispatched. The page uploads the bytes as they are; its own preparation would encode pictures again, and it needs
// players and workers for the rest. What describes a file (its size, duration, thumbnail) is given by the service. A
// reload forgets all uploads.
/** @type {Adapter.File} */
(function upload(page) {
  'use strict';
  const { from, calling, need, refuse } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    uploads: ['upload', from('WAWebUploadManager', (m) => [m, m.default].find((one) => one?.encryptAndUpload))],
    upload_observer: ['upload', calling('WAWebStartMediaUploadQpl', 'startMediaUploadQpl')],
    upload_limit: ['upload', calling('WAWebMediaGatingUtils', 'getUploadLimit')],
    mimetypes: ['upload', calling('WAWebMmsMediaTypes', 'getValidMimeTypes')],
    webp: ['upload', calling('WAWebWebpParseWebp', 'parseWebp')],
    send_record: ['resend', calling('WAWebSendMsgRecordAction', 'sendMsgRecord')],
    update_row: ['resend', calling('WAWebDBUpdateMessageTable', 'updateMessageTable')],
  };

  /**
   * The kinds of files: the type of the message, the media type of the file, the kind of its limit, and what a message
   * of the kind says of its file.
   * @type {{ [kind in Adapter.FileKind]: { type: string, media: string, limit: string, says: Adapter.FileField[] } }}
   */
  const KINDS = {
    image: { type: 'image', media: 'image', limit: 'image', says: ['size', 'thumbnail', 'caption', 'view_once'] },
    video: { type: 'video', media: 'video', limit: 'video', says: ['size', 'duration', 'thumbnail', 'caption', 'view_once'] },
    gif: { type: 'video', media: 'gif', limit: 'video', says: ['size', 'duration', 'thumbnail', 'caption'] },
    audio: { type: 'audio', media: 'audio', limit: 'audio', says: ['duration'] },
    voice: { type: 'ptt', media: 'ptt', limit: 'audio', says: ['duration', 'waveform', 'view_once'] },
    document: { type: 'document', media: 'document', limit: 'document', says: ['filename', 'thumbnail', 'caption'] },
    sticker: { type: 'sticker', media: 'sticker', limit: 'sticker', says: ['size'] },
  };
  /** @param {Adapter.FileKind} kind */
  const kindOf = (kind) => KINDS[kind] ?? refuse('MEDIA_TYPE', 'there is no such kind of file');

  /** @type {Map<string, Adapter.Upload>} */
  const held = new Map();

  /** @param {string} token */
  function open(token) {
    const input = Object.assign(document.createElement('input'), { type: 'file' });
    const opened = { input, loaded: 0, total: 0, abort: null, running: null, fields: null };
    held.set(token, opened);
    return opened;
  }

  /** @param {string} text */
  const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  /** @param {Adapter.Count} seconds */
  const whole = (seconds) => (seconds === null ? undefined : String(Math.round(seconds)));

  /**
   * The fields of a message that describe its file.
   * @param {Adapter.UploadArgument} asked
   * @returns {Partial<WA.MsgData>}
   */
  function described(asked) {
    const { kind, mimetype, width, height, waveform } = asked;
    const { type, says } = kindOf(kind);
    /** @type {Partial<WA.MsgData>} */
    const fields = { type, mimetype };
    if (says.includes('size')) Object.assign(fields, { width: width ?? undefined, height: height ?? undefined });
    if (says.includes('duration')) fields.duration = whole(asked.duration_s);
    if (says.includes('thumbnail')) fields.body = asked.thumbnail ?? undefined;
    if (says.includes('filename')) fields.filename = asked.filename ?? 'document';
    if (says.includes('waveform') && waveform !== null) fields.waveform = decode(waveform);
    if (says.includes('view_once') && asked.view_once) fields.isViewOnce = true;
    if (says.includes('caption')) Object.assign(fields, captioned(type, asked.caption));
    if (kind === 'gif') fields.isGif = true;
    return fields;
  }

  /**
   * @param {string | undefined} type
   * @param {Adapter.Text} caption
   */
  function captioned(type, caption) {
    if (!caption) return {};
    return type === 'document' ? { caption, isCaptionByUser: true } : { caption };
  }

  /**
   * Refuses what the host or the recipients' applications would refuse.
   * @param {Adapter.UploadArgument} asked
   * @param {Blob} file
   */
  function check({ kind, mimetype, chat_id: chatId }, file) {
    const { type, limit } = kindOf(kind);
    const allowed = need('mimetypes')(type);
    if (allowed && !allowed.has(mimetype)) refuse('MEDIA_TYPE', `WhatsApp does not take this type as ${kind}, but ${[...allowed].join(', ')}`);
    const most = need('upload_limit')(limit);
    if (file.size > most) refuse('MEDIA_TOO_LARGE', `WhatsApp takes up to ${most / 2 ** 20} MiB as ${kind}`);
    if (file.size === 0) refuse('MEDIA_UPLOAD_FAILED', 'the file is empty');
    if (chatId.endsWith('@newsletter')) refuse('MEDIA_UPLOAD_FAILED', 'files for channels are uploaded in another way');
  }

  /**
   * Refuses for an error of an upload. Its message may contain an address, so only its name or status is told.
   * @param {unknown} error
   * @returns {never}
   */
  function refuseFor(error) {
    const { name, status, refusal } = /** @type {{ name?: string, status?: number, refusal?: string }} */ (error ?? {});
    if (refusal) throw error;
    if (status === 413) return refuse('MEDIA_TOO_LARGE', 'the host of files refused a file of this size');
    if (status) return refuse('MEDIA_UPLOAD_FAILED', `the host of files answered ${status}`);
    if (name === 'AbortError') return refuse('MEDIA_UPLOAD_FAILED', 'the upload was cancelled');
    if (name === 'HttpNetworkError') return refuse('MEDIA_UPLOAD_FAILED', 'the host of files cannot be reached');
    if (name === 'NotReadableError' || name === 'NotFoundError') return refuse('MEDIA_UPLOAD_FAILED', 'the file cannot be read');
    return refuse('MEDIA_UPLOAD_FAILED', `the page failed: ${name ?? 'Error'}`);
  }

  /**
   * @param {Adapter.Upload} opened
   * @param {AbortSignal} signal
   * @param {Adapter.UploadArgument} asked
   */
  async function run(opened, signal, asked) {
    const file = opened.input.files?.[0] ?? refuse('MEDIA_UPLOAD_FAILED', 'the page was given no file');
    check(asked, file);
    const { media } = kindOf(asked.kind);
    const blob = file.slice(0, file.size, asked.mimetype);
    const fields = { ...described(asked), size: blob.size, ...(await read(blob, media)) };
    Object.assign(opened, { loaded: 0, total: blob.size });
    signal.throwIfAborted();
    /** @type {WA.Uploading['onProgress']} */
    const onProgress = (event, offset) => {
      opened.loaded = Math.min(event.loaded + (offset || 0), opened.total);
    };
    Object.assign(fields, await encrypted(blob, media, signal, onProgress, {}));
    opened.loaded = opened.total;
    return fields;
  }

  /** @type {Adapter.Page['brought']} */
  async function encrypted(blob, media, signal, onProgress, key) {
    const uploadQpl = need('upload_observer')({ entryPoint: 'MediaUpload', mediaType: media, byteLength: blob.size });
    const entry = await need('uploads').encryptAndUpload({ blob, type: media, signal, onProgress, uploadQpl, ...key });
    const { directPath, encFilehash, mediaKey, mediaKeyTimestamp, url, sidecar, firstFrameSidecar } = entry;
    /** @type {Partial<WA.MsgData>} */
    const fields = { directPath, encFilehash, mediaKey, mediaKeyTimestamp, deprecatedMms3Url: url };
    if (sidecar) fields.streamingSidecar = sidecar;
    if (firstFrameSidecar) fields.firstFrameSidecar = firstFrameSidecar;
    return fields;
  }

  page.brought = (...values) => encrypted(...values).catch(refuseFor);

  /**
   * What the bytes say: their hash, and whether a sticker moves. The page reads the file again for the upload, so that
   * this copy of it is free by then.
   * @param {Blob} blob
   * @param {string} media
   */
  async function read(blob, media) {
    const bytes = await blob.arrayBuffer();
    const filehash = need('base64')(await crypto.subtle.digest('SHA-256', bytes));
    const firstFrameLength = media === 'sticker' ? need('webp')(bytes).firstFrameLength : undefined;
    return firstFrameLength === undefined ? { filehash } : { filehash, isAnimated: true, firstFrameLength };
  }

  /**
   * The data of a message with the file of a token, from the data that the page makes of a text for the same chat.
   * @type {Adapter.Page['withFile']}
   */
  page.withFile = (data, token, caption) => {
    const fields = held.get(token)?.fields ?? refuse('MEDIA_UPLOAD_FAILED', 'the page no longer has the upload');
    const { body, subtype, ...rest } = data;
    const kind = Object.values(KINDS).find(({ type }) => type === fields.type);
    return { ...rest, ...fields, ...(kind?.says.includes('caption') ? captioned(fields.type, caption) : {}) };
  };

  // ── After a reload ──────────────────────────────────────────────────────────────────────────────────────────────

  /** @type {Adapter.Page['hasFile']} */
  page.hasFile = (msg) => Object.values(KINDS).some(({ type }) => type === msg.type);

  /**
   * Sends a message with a file that was uploaded before, as the page sends any record. The page's own resend would
   * fetch the file first, and gives up where it cannot play it. Null if the page no longer has what describes the
   * whole file: then the message would leave without it.
   * @type {Adapter.Page['sendAgain']}
   */
  page.sendAgain = (msg) => {
    const { directPath, mediaKey, encFilehash, filehash, local, mediaObject } = msg;
    const isWhole = directPath && mediaKey && encFilehash && filehash && local && mediaObject;
    if (!isWhole) return null;
    const send = need('send_record');
    const update = need('update_row');
    const again = async () => {
      msg.isSendFailure = false;
      await update(msg.id, { ack: 0, isSendFailure: false });
      return send(msg);
    };
    return again();
  };

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** The most bytes that WhatsApp takes of a kind of file. */
    async upload_limit({ kind }) {
      return { bytes: need('upload_limit')(kindOf(kind).limit) };
    },

    /** The element that takes the file of a token. It is no JSON: only a caller that takes objects can use it. */
    async file_input({ token }) {
      return (held.get(token) ?? open(token)).input;
    },

    /** Uploads the file of a token. Repeated, it returns the first answer; while it runs, it joins the same upload. */
    async upload(asked) {
      const opened = held.get(asked.token) ?? refuse('MEDIA_UPLOAD_FAILED', 'the page was given no file');
      if (!opened.fields) {
        const abort = (opened.abort ??= new AbortController());
        opened.running ??= run(opened, abort.signal, asked)
          .catch(refuseFor)
          .finally(() => Object.assign(opened, { running: null, abort: null }));
        opened.fields = await opened.running;
      }
      return { size: Number(opened.fields.size), filehash: String(opened.fields.filehash) };
    },

    /** How much of a file has left. */
    async upload_progress({ token }) {
      const { loaded, total } = held.get(token) ?? { loaded: 0, total: 0 };
      return { loaded, total };
    },

    /** Ends an upload; the file stays, and can be uploaded again. */
    async upload_cancel({ token }) {
      held.get(token)?.abort?.abort();
    },

    /** Forgets a file and its upload. */
    async upload_drop({ token }) {
      held.get(token)?.abort?.abort();
      held.delete(token);
    },
  };

  return { forms, calls };
})
