// The real page: its modules, with the chat server of these tests behind it.
import { flags } from '../flags.mjs';
import { World } from '../world.mjs';

const FRIEND = '5491122334455';

const user = (jid) => jid && jid.split('@')[1];

/** What a message says, without its ids and keys. */
export function said(message) {
  const { extendedTextMessage: text, locationMessage: place, contactMessage: card, contactsArrayMessage: cards } = message;
  const poll = message.pollCreationMessage ?? message.pollCreationMessageV3;
  const context = (text ?? place ?? card ?? cards ?? poll)?.contextInfo;
  const one = ({ displayName, vcard }) => ({ name: displayName, vcard });
  return {
    text: message.conversation ?? text?.text,
    title: text?.title,
    place: place && { at: [place.degreesLatitude, place.degreesLongitude], name: place.name, address: place.address },
    contacts: card ? [one(card)] : cards?.contacts.map(one),
    poll: poll && {
      question: poll.name,
      options: poll.options.map(({ optionName }) => optionName),
      most: poll.selectableOptionsCount,
      secret: Boolean(message.messageContextInfo?.messageSecret),
    },
    answers: context?.quotedMessage && { text: context.quotedMessage.conversation, by: user(context.participant) },
    mentions: context?.mentionedJid?.length ? context.mentionedJid.map(user) : undefined,
    forwarded: context?.isForwarded ? context.forwardingScore : undefined,
  };
}

/** An action on a message, as its receivers find it. Edits are encrypted once more. */
export function acted({ reactionMessage, protocolMessage, secretEncryptedMessage }) {
  if (reactionMessage) return `reaction ${reactionMessage.text}`.trim();
  if (protocolMessage) return protocolMessage.type === 0 ? 'revoke' : `protocol ${protocolMessage.type}`;
  return secretEncryptedMessage?.secretEncType === 2 ? 'edit' : 'other';
}

export class Real {
  name = 'the real page';
  me = '5491150000001';
  /** A number that nothing was sent to before. */
  anotherStranger = '5491188880001';
  #world = new World();
  #groups = 0;

  start() {
    return this.#world.start();
  }

  stop() {
    return this.#world.stop();
  }

  flags() {
    return flags(this.#world.real);
  }

  async #control(name, values) {
    const answer = await this.#world.ctl(name, values);
    if (answer.error) throw new Error(`${name}: ${answer.error}`);
    return answer;
  }

  scan(code) {
    return this.#control('scan', { code, opt: { history: 30 } });
  }

  /** Sends a text from a friend; returns its bare id. */
  async incoming(text) {
    return (await this.#control('incoming', { from: FRIEND, text })).id;
  }

  #ofFriend(message, extra) {
    return this.#control('incoming', { from: FRIEND, opt: { message, extra } });
  }

  /** The key of a friend's message, as the friend's own device names it. */
  #key(id) {
    return { remoteJid: '100000000000001@lid', fromMe: true, id };
  }

  /** The first of its members makes a group with the account, and writes in it. */
  async groupOf(id, members, text) {
    await this.#control('group', { id, opt: { members } });
    await this.#control('ingroup', { id, from: members[0], text });
  }

  /** Who is on WhatsApp, and who is not. */
  whoIs(_known, absent) {
    return this.#control('unknown', { list: absent });
  }

  /** Somebody has this picture (base64); `hidden`: and shows it to nobody. */
  picture(of, bytes, hidden) {
    return this.#control('picture', { of, opt: { bytes: { $b64: bytes }, hidden } });
  }

  /** What somebody says of themselves. */
  about(of, text) {
    return this.#control('about', { of, text });
  }

  /** The profile of a business; `refuse`: the number with which the server refuses to tell it. */
  business(of, profile) {
    return this.#control('business', { of, opt: profile });
  }

  /** The numbers that the account has blocked. */
  async blockedNow() {
    return (await this.#control('state')).blocked;
  }

  edit(id, text) {
    const protocolMessage = {
      key: this.#key(id),
      type: 14,
      editedMessage: { conversation: text },
      timestampMs: Date.now(),
    };
    return this.#ofFriend({ editedMessage: { message: { protocolMessage } } }, { edit: '1' });
  }

  /** The account edits one of its own messages on its phone. */
  editOnPhone(id, text) {
    return this.#control('editonphone', { to: FRIEND, id, text });
  }

  revoke(id) {
    return this.#ofFriend({ protocolMessage: { key: this.#key(id), type: 0 } }, { edit: '7' });
  }

  react(id, text) {
    return this.#ofFriend({ reactionMessage: { key: this.#key(id), text, senderTimestampMs: Date.now() } });
  }

  /** A friend sends a file with these bytes (base64); returns its id and what the message says of it. */
  async media(kind, { bytes, filename, seconds, width, height, pages, mimetype, caption, viewOnce, thumbnail, wrong, expired }) {
    const jpegThumbnail = thumbnail && { $b64: thumbnail };
    const named = { mimetype, caption, width, height, seconds, fileName: filename, pageCount: pages, viewOnce, jpegThumbnail };
    const fields = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
    const opt = { bytes: { $b64: bytes }, fields, wrong, expired };
    const { directPath, ...sent } = await this.#control('media', { from: FRIEND, kind, opt });
    return { ...sent, path: directPath };
  }

  /** The server's setting for the check of types, from the next load on. */
  checksMimetypes() {
    return this.#control('ab', { props: { 26555: true } });
  }

  /** How the host of files answers for a file from now on. */
  fileAnswers(path, answer) {
    return this.#control('file', { path, answer });
  }

  /** The requests for a file. */
  async fetches(path) {
    const [wanted] = path.split('?');
    const { requests } = await this.#control('mediastate');
    return requests.filter((one) => one.path === wanted).map(({ method, added }) => ({ method, added }));
  }

  /** How the account's phone answers when it is asked to upload a file again. */
  phoneUploads(answer) {
    return this.#control('reupload', { answer });
  }

  /** The phone answers a request late, as it answers now. */
  phoneAnswers(id) {
    return this.#control('reuploadnow', { id });
  }

  async reuploads(id) {
    const { reuploads } = await this.#control('mediastate');
    const shape = ({ jid, from_me, participant }) => ({ chat: jid.split('@')[1], fromMe: from_me === 'true', participant: participant !== undefined });
    return reuploads.filter((one) => one.id === id && one.holds === 'its id').map(shape);
  }

  /** How the host of files answers uploads from now on, one after the other; the last answer stays. */
  uploadsAnswer(answers) {
    return this.#control('uploadrule', { rule: answers.join(',') });
  }

  /** The uploads to the host. */
  async uploads() {
    const { uploads } = await this.#control('mediastate');
    return uploads.map(({ kind, query, named }) => ({ kind, query, named: named === true }));
  }

  /** The file of a message as its receiver finds it; `sha256` only if all that the message says of the bytes is true. */
  async received(id) {
    const { sent } = await this.#control('state');
    const { type, encs, file } = sent.find((message) => message.id === id);
    const { fields, wrapped, why, sha256 } = file;
    const known = {
      mimetype: fields.mimetype,
      caption: fields.caption,
      filename: fields.fileName,
      size: fields.width && [fields.width, fields.height],
      seconds: fields.seconds,
      waves: fields.waveform,
      sums: fields.streamingSidecar,
      thumbnail: fields.jpegThumbnail,
      animated: fields.isAnimated,
    };
    const once = wrapped.some((name) => name.startsWith('viewOnce'));
    return { stanza: type, media: encs[0].media, once, ...known, ...(!why && { sha256 }) };
  }

  /** What the receiver of a message finds in it. */
  async found(id) {
    const { sent } = await this.#control('state');
    const { type, encs } = sent.find((message) => message.id === id);
    return { stanza: type, media: encs[0].media, ...said(encs[0].message) };
  }

  /** What the server received of the kind since a number of messages, as their receivers find it. */
  async acts(since) {
    const { sent } = await this.#control('state');
    return sent.slice(since).map(({ encs }) => acted(encs[0].message));
  }

  async sentSoFar() {
    return (await this.#control('state')).sent.length;
  }

  /** Somebody calls, or hangs up. */
  call(from, id, what, opt = {}) {
    return this.#control('call', { from, id, what, opt });
  }

  /** To whom the page has refused calls. */
  async refusedCalls() {
    return (await this.#control('state')).calls.map(({ to }) => String(to));
  }

  /** A group with these members besides the account; the first is its admin. */
  group(id, members) {
    return this.#control('group', { id, opt: { byLid: true, members } });
  }

  /** Others make a group with the account. */
  async groupMade(id, members) {
    await this.group(id, members);
    return this.#control('groupmade', { id });
  }

  inGroup(id, from, text) {
    return this.#control('ingroup', { id, from, text });
  }

  groupChange(id, what, of, by) {
    return this.#control('groupchange', { id, what, ...(of && { of }), ...(by && { by }) });
  }

  /** Somebody writes under a name. */
  named(from, notify, text) {
    return this.#control('incoming', { from, text, opt: { extra: { notify } } });
  }

  readOnPhone(from) {
    return this.#control('readonphone', { from });
  }

  /** The requests about groups that fail from now on: what is asked → the error's number. */
  groupErrors(errors) {
    return this.#control('grouperrors', { opt: errors });
  }

  /** How people answer from now on when they are to be members: number → the number of the refusal. */
  refusals(byNumber) {
    return this.#control('refusals', { opt: byNumber });
  }

  /** A group as the server has it. */
  async groupNow(id) {
    const { id: _, code, asked, isMine, byLid, isMember, ...found } = await this.#control('groupnow', { id: id.split('@')[0] });
    return { ...found, isMember };
  }

  /** A group that others have made. */
  async foreignGroup(options) {
    this.#groups += 1;
    const code = `ForeignGroup${String(this.#groups).padStart(10, '0')}`;
    const { id } = await this.#control('group', { id: `12036300000020000${this.#groups}`, opt: { ...options, code } });
    return { id: `${id}@g.us`, code };
  }

  /** What the page told of this account, oldest first. */
  async presences() {
    return (await this.#control('state')).presences.filter((kind) => kind !== 'name only');
  }

  /** Under which server the page asked for the presence of people. */
  async subscriptions() {
    return (await this.#control('state')).subscriptions.map((jid) => jid.split('@')[1]);
  }

  /** Somebody is online (nothing said), offline since a time, or does something in the chat. */
  present(number, { type, last, chat }) {
    return this.#control('presence', { of: number, ...(type && { type }), ...(last && { last }), ...(chat && { chat }) });
  }

  /** Somebody has received (nothing said), read or played a message of the account. */
  receipt(of, id, { group, type, t }) {
    return this.#control('receipt', { of, id, t, ...(group && { group: group.split('@')[0] }), ...(type && { type }) });
  }

  burst(n) {
    return this.#control('burst', { n, prefix: 'waiting' });
  }

  /** Closes the connection, and refuses new ones. */
  async cut() {
    await this.#control('refuse', { on: 1 });
    await this.#control('drop');
  }

  mend() {
    return this.#control('refuse', { on: 0 });
  }

  /** Closes the connection; the page may reconnect at once. */
  drop() {
    return this.#control('drop');
  }

  /** Sets how the server answers messages: `ack`, `silent`, or the number of a refusal. */
  answer(how) {
    return this.#control('ack', { rule: how });
  }

  /** Holds messages in the page, before they have left. */
  hold(on) {
    return this.#control('hold', on ? { iq: 'encrypt/key' } : {});
  }

  /** How often the server has received a message. */
  async sent(id) {
    return (await this.#control('state')).sent.filter((message) => message.id === id).length;
  }

  /** Ends the connection, and refuses every login with this number. */
  refuse(reason, attrs = {}) {
    return this.#control('fail', { reason, attrs, now: 1 });
  }

  accept() {
    return this.#control('fail', {});
  }

  rotate() {
    return this.#control('rotate');
  }

  replaced() {
    return this.#control('replaced');
  }

  unlink() {
    return this.#control('unlink');
  }

  /** Opens another tab of the same profile; returns a function that closes it. */
  async secondTab(browser) {
    const tab = await browser.newPage();
    await tab.goto('https://web.whatsapp.com/', { waitUntil: 'domcontentloaded' });
    return () => tab.close();
  }
}
