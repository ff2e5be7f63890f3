// Asks the account's phone to upload a file again that is gone from the host.
import { MediaNeedsReupload, MediaNotOnPhone } from '/static/file-errors.js';
import { handlers, tell } from '/static/connection.js';

const RESULT = { SUCCESS: 1, NOT_FOUND: 2, DECRYPTION_ERROR: 3 };

/** The requests that the phone has not answered, by the bare ids of their messages. There is no limit of time. */
const waiting = new Map();

export const RequestMediaReuploadManager = {
  async requestMediaReupload(message) {
    const { id } = message.id;
    const known = waiting.get(id);
    if (known) return known.answered;
    const request = { mediaKey: message.mediaKey };
    request.answered = new Promise((resolve) => Object.assign(request, { resolve }));
    waiting.set(id, request);
    const { remote, fromMe, participant } = message.id;
    const asker = participant ? String(participant) : null;
    if (message.mediaKey) tell({ t: 'ask-upload', id, chat: String(remote), from_me: fromMe, participant: asker });
    return request.answered;
  },

  resolveMediaReupload({ msgId, result, directPath }) {
    waiting.get(msgId)?.resolve({ result, directPath });
    waiting.delete(msgId);
  },

  getMediaKey: (id) => waiting.get(id)?.mediaKey,
};

handlers.uploaded = ({ id, result, directPath }) =>
  RequestMediaReuploadManager.resolveMediaReupload({ msgId: id, result, directPath: directPath ?? undefined });

/** The requests under way, by the hash of the file. */
const running = new Map();

async function asked(object) {
  object.consolidate({ downloadStage: 'REUPLOADING' });
  const [message] = object.messages;
  if (!message) throw new MediaNeedsReupload();
  const { result, directPath } = await RequestMediaReuploadManager.requestMediaReupload(message);
  if (result === RESULT.NOT_FOUND || result === RESULT.DECRYPTION_ERROR) throw new MediaNotOnPhone();
  if (result !== RESULT.SUCCESS) throw new MediaNeedsReupload();
  object.entries.uploaded(directPath);
}

export function rmr({ mediaObject }) {
  const { filehash } = mediaObject;
  if (!running.has(filehash)) running.set(filehash, asked(mediaObject).finally(() => running.delete(filehash)));
  return running.get(filehash);
}
