// The files of messages: fetched through the page's own downloads, and kept as Blobs until the service has read them.
//
// The page's function fetches a file of any kind, decrypts it and compares its hashes, without playing or drawing it. A
// host that sends nothing keeps it waiting for ever, and so does a phone that is asked to upload a file again: both have
// a limit of time here. A reload forgets the Blobs and ends the downloads.
/** @type {Adapter.File} */
(function media(page) {
  'use strict';
  const { from, calling, has, need, refuse, hexOf } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    downloads: ['media', from('WAWebDownloadManager', (m) => m.downloadManager)],
    media_type: ['media', calling('WAWebMmsMediaTypes', 'getMsgMediaType')],
    media_store: ['media_store', from('WAWebMediaStore', (m) => m.LruMediaStore)],
    reupload: ['media_reupload', from('WAWebRequestMediaReuploadManager', (m) => m.RequestMediaReuploadManager)],
  };

  /** The Blobs that are kept at a time. The oldest is forgotten for a new one; a reader that has opened it keeps it. */
  const KEPT_MAX = 4;
  const kept = /** @type {Map<string, { blob: Blob, filehash: string }>} */ (new Map());
  /** The downloads in progress. */
  const running = /** @type {Map<string, AbortController>} */ (new Map());

  /** The page reports the phases of a download to this object. */
  const UNOBSERVED = { addPoint() {}, addAnnotations() {} };

  /** @type {{ [name: string]: Adapter.Refusal }} */
  const REFUSALS = {
    MediaNotFoundError: 'MEDIA_GONE',
    MmsDownloadFilehashMismatchError: 'MEDIA_BROKEN',
    MediaDecryptionError: 'MEDIA_BROKEN',
    MediaHashMismatch: 'MEDIA_BROKEN',
    InvalidMediaFileType: 'MEDIA_BROKEN',
    AbortError: 'MEDIA_LATER',
    HttpNetworkError: 'MEDIA_LATER',
    HttpTimedOutError: 'MEDIA_LATER',
    HttpStatusCodeError: 'MEDIA_LATER',
    MMSThrottleError: 'MEDIA_LATER',
    MMSForbiddenError: 'MEDIA_LATER',
    MMSUnauthorizedError: 'MEDIA_LATER',
    TooLarge: 'MEDIA_TOO_LARGE',
  };

  /** By so much an encrypted file is larger at most: it is padded to 16 bytes, and has 10 that prove it. */
  const ENCRYPTION_MAX = 26;
  const TOO_LARGE = { name: 'TooLarge' };

  /**
   * Refuses for an error of a download. Its message may contain an address, so only its name and status are told.
   * @param {unknown} error
   */
  function refuseFor(error) {
    const { name, status } = /** @type {{ name?: unknown, status?: unknown }} */ (error ?? {});
    const what = String(name ?? 'Error');
    return refuse(REFUSALS[what] ?? 'FAILED', [what, Number(status) || ''].join(' ').trim());
  }

  /**
   * The message's model: the page reads it from its table if it is not in memory.
   * @param {string} id
   */
  async function model(id) {
    const messages = need('messages');
    return messages.get(id) ?? (await messages.getMessagesById([id])).messages[0] ?? null;
  }

  /**
   * The message, or its data from the row where the page makes no model of it.
   * @param {string} id
   */
  async function message(id) {
    const msg = await model(id).catch(() => null);
    if (msg) return msg;
    const row = page.tableIsOpen() ? await need('rows')().get(id) : null;
    return row ? need('rowReader')(row) : refuse('MESSAGE_ABSENT', 'the page does not hold the message');
  }

  /**
   * The arguments of a download.
   * @param {WA.Msg} msg
   * @param {Adapter.Text | undefined} newPath
   * @returns {Omit<WA.Download, 'signal' | 'onProgress' | 'onDecryptStart' | 'downloadQpl'>}
   */
  function wanted(msg, newPath) {
    const { mediaKey, mediaKeyTimestamp, filehash, encFilehash, mimetype } = msg;
    const directPath = newPath ?? msg.directPath;
    if (!mediaKey || !directPath || !filehash) return refuse('MEDIA_NOT_HERE', 'the message has no file that can be fetched');
    const type = need('media_type')(msg);
    return { type, directPath, mediaKey, mediaKeyTimestamp, filehash, encFilehash, mimetype };
  }

  /**
   * The bytes of a file. Ends when nothing came for `stallMs`, when more than `maxBytes` come (a message may announce fewer,
   * and the page holds all of them in memory), or when it is cancelled. The page shares the download of
   * a file that it is fetching already, which does not end then: this wait ends nevertheless.
   * @param {ReturnType<typeof wanted>} file
   * @param {string} token
   * @param {number} stallMs
   * @param {number} maxBytes
   */
  async function download(file, token, stallMs, maxBytes) {
    const abort = new AbortController();
    running.get(token)?.abort();
    running.set(token, abort);
    let timer = /** @type {Adapter.Timer} */ (null);
    const pause = () => void (timer !== null && clearTimeout(timer));
    /** @param {{ loaded?: number, total?: number }} [arrived] */
    const onProgress = (arrived) => {
      pause();
      const bytes = Math.max(arrived?.loaded ?? 0, arrived?.total ?? 0);
      if (bytes > maxBytes + ENCRYPTION_MAX) abort.abort(TOO_LARGE);
      if (!abort.signal.aborted) timer = setTimeout(() => abort.abort(), stallMs);
    };
    const aborted = new Promise((_, reject) => abort.signal.addEventListener('abort', () => reject(abort.signal.reason)));
    aborted.catch(() => {});
    try {
      onProgress();
      // Decrypting tells no progress.
      const watched = { signal: abort.signal, onProgress, onDecryptStart: pause, downloadQpl: UNOBSERVED };
      const bytes = need('downloads').downloadAndMaybeDecrypt({ ...file, ...watched });
      return /** @type {ArrayBuffer} */ (await Promise.race([bytes, aborted]));
    } finally {
      pause();
      if (running.get(token) === abort) running.delete(token);
    }
  }

  /**
   * @param {string} token
   * @param {Blob} blob
   * @param {string} filehash
   */
  function keep(token, blob, filehash) {
    const [oldest] = kept.keys();
    if (kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest);
    kept.set(token, { blob, filehash });
  }

  /** @type {Adapter.Page['fetchFile']} */
  async function fetchFile(id, token, { stallMs, maxBytes, newPath }) {
    need('downloads');
    const file = wanted(await message(id), newPath);
    const bytes = await download(file, token, stallMs, maxBytes).catch(refuseFor);
    return { bytes, filehash: file.filehash, mimetype: file.mimetype };
  }

  /** @param {string} token */
  const endFetch = (token) => running.get(token)?.abort();

  /** What the phone answers when it is asked to upload a file again. */
  const [UPLOADED, NOT_FOUND, CANNOT_DECRYPT] = [1, 2, 3];

  /**
   * @param {{ result?: number, directPath?: string }} answer
   * @returns {{ outcome: Adapter.Reuploaded, direct_path: Adapter.Text }}
   */
  function outcomeOf({ result, directPath }) {
    if (result === UPLOADED && directPath) return { outcome: 'uploaded', direct_path: directPath };
    const isLost = result === NOT_FOUND || result === CANNOT_DECRYPT;
    return { outcome: isLost ? 'not_on_phone' : 'failed', direct_path: null };
  }

  /**
   * Asks the account's phone to upload the file again. While the phone has not answered, the page does not ask it again for the
   * same message: a later call waits for the same answer.
   * @type {Adapter.Page['askPhone']}
   */
  async function askPhone(id, waitMs) {
    const manager = need('reupload');
    const msg = (await model(id)) ?? refuse('MESSAGE_ABSENT', 'the page does not hold the message');
    // Without a key the page would neither ask nor answer.
    if (!msg.mediaKey) return refuse('MEDIA_NOT_HERE', 'the message has no file that can be fetched');
    let timer = /** @type {Adapter.Timer} */ (null);
    const late = new Promise((resolve) => (timer = setTimeout(resolve, waitMs, null)));
    try {
      const answer = await Promise.race([manager.requestMediaReupload(msg), late]);
      return answer ? outcomeOf(answer) : { outcome: 'no_answer', direct_path: null };
    } catch (error) {
      return refuseFor(error);
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
  }

  Object.assign(page, { fetchFile, endFetch, askPhone });

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** Fetches the file of a message, and keeps it under the token. */
    async media_fetch({ message_id: id, token, stall_ms: stallMs, max_bytes: maxBytes, direct_path: newPath }) {
      const { bytes, filehash, mimetype } = await fetchFile(id, token, { stallMs, maxBytes, newPath });
      const sha256 = hexOf(filehash) ?? refuse('MEDIA_BROKEN', 'the message announces no hash');
      // Chrome hands out a Blob of a text type as text, which changes bytes that are no UTF-8.
      const blob = new Blob([bytes], { type: 'application/octet-stream' });
      keep(token, blob, filehash);
      return { size: blob.size, sha256, mimetype: mimetype ?? null };
    },

    /** The Blob itself. It is no JSON: only a caller that takes objects of the page can read it. */
    async media_blob({ token }) {
      return kept.get(token)?.blob ?? refuse('MEDIA_LATER', 'the page no longer keeps the file');
    },

    /** Forgets a file, and frees the copy that the page has stored of it. */
    async media_drop({ token }) {
      running.get(token)?.abort();
      const filehash = kept.get(token)?.filehash;
      kept.delete(token);
      if (filehash && has('media_store')) await need('media_store').del(filehash).catch(() => {});
    },

    /** Ends a download. */
    async media_cancel({ token }) {
      endFetch(token);
    },

    /** Asks the account's phone to upload the file again. */
    media_reupload: ({ message_id: id, wait_ms: waitMs }) => askPhone(id, waitMs),
  };

  return { forms, calls };
})
