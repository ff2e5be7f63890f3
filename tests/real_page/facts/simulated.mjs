// The simulated page.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const FRIEND = '5491122334455';
const STRANGER = '5491188889999';
/** Its times are a fifth of the real ones; codes live as long as real ones. */
const TIMES = ['--time-scale', '0.2', '--code-scale', '1'];
const START_MS = 20_000;

const user = (wid) => wid && wid.split('@')[1].replace('c.us', 's.whatsapp.net');
const MEDIA = { location: 'location', vcard: 'vcard', multi_vcard: 'contact_array' };

/** What a message says, from the fields with which the page sent it. */
function said(type, body, fields) {
  const isText = type === 'chat';
  const [name, address] = (fields.loc ?? '').split('\n');
  const media = MEDIA[type] ?? (isText && fields.subtype === 'url' ? 'url' : undefined);
  const cards = type === 'vcard' ? [{ displayName: fields.vcardFormattedName, vcard: body }] : fields.vcardList;
  return {
    stanza: type === 'poll_creation' ? 'poll' : media ? 'media' : 'text',
    media,
    text: isText ? body : undefined,
    title: fields.title,
    place: type === 'location' ? { at: [fields.lat, fields.lng], name, address } : undefined,
    contacts: cards?.map(({ displayName, vcard }) => ({ name: displayName, vcard })),
    poll: fields.pollName && {
      question: fields.pollName,
      options: fields.pollOptions.map((option) => option.name),
      most: fields.pollSelectableOptionsCount,
      secret: Boolean(fields.messageSecret),
    },
    answers: fields.quotedMsg && { text: fields.quotedMsg.body, by: user(fields.quotedParticipant) },
    mentions: fields.mentionedJidList?.map(user),
    forwarded: fields.isForwarded ? fields.forwardingScore : undefined,
  };
}

export class Simulated {
  name = 'the simulated page';
  me = '5491150000001';
  anotherStranger = '5491188880001';
  #process;
  #url;
  #tls;
  /** The path of each file → the id of its message. */
  #files = new Map();

  async start() {
    const binary = process.env.SIMULATOR_BIN;
    if (!binary) throw new Error('SIMULATOR_BIN must name the whatsapp-simulator binary');
    this.#process = spawn(binary, ['--tls-port', '0', ...TIMES], { stdio: ['ignore', 'pipe', 'inherit'] });
    process.once('exit', () => this.#process.kill('SIGKILL'));
    const lines = createInterface(this.#process.stdout);
    const [line] = await once(lines, 'line', { signal: AbortSignal.timeout(START_MS) });
    const [, url, port, spki] = /^(http:\S+) tls_port=(\d+) spki_sha256_base64=(\S+)$/.exec(line) ?? [];
    if (!url) throw new Error(`the simulator announced: ${line}`);
    this.#url = url;
    this.#tls = { port, spki };
    const people = ['1', '2', '3', '4'].map((end) => `549116666000${end}`);
    for (const number of [FRIEND, STRANGER, this.anotherStranger, ...people]) await this.#ask('person', { number });
  }

  stop() {
    this.#process?.kill('SIGKILL');
  }

  flags() {
    const rules = `MAP web.whatsapp.com 127.0.0.1:${this.#tls.port}, MAP * ~NOTFOUND`;
    return [`--host-resolver-rules=${rules}`, `--ignore-certificate-errors-spki-list=${this.#tls.spki}`];
  }

  async #ask(path, body) {
    const options = body && { method: 'POST', body: JSON.stringify(body) };
    const answer = await fetch(new URL(`control/${path}`, this.#url), options);
    const said = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${said.error}`);
    return said;
  }

  /** Messages from before the link are its history. */
  async scan(code) {
    await this.#ask('burst', { n: 5, message: { from: '5491133334444', body: 'old' } });
    return this.#ask('scan', { code });
  }

  async incoming(text) {
    const { message } = await this.#ask('incoming', { from: FRIEND, body: text });
    return message.split('_')[2];
  }

  /** The page is not told of the group: it knows it from the message. */
  async groupOf(id, members, text) {
    await this.group(id, members);
    await this.inGroup(id, members[0], text);
  }

  whoIs(known) {
    return Promise.all(known.map((number) => this.#ask('person', { number })));
  }

  picture(of, bytes, hidden = false) {
    return this.#ask('faults', { pictures: { [of]: { jpeg: bytes, hidden } } });
  }

  about(of, text) {
    return this.#ask('faults', { abouts: { [of]: text } });
  }

  business(of, profile) {
    return this.#ask('faults', { businesses: { [of]: profile } });
  }

  async blockedNow() {
    return (await this.#ask('faults', {})).blocked;
  }

  edit(id, text) {
    return this.#ask('edit', { message: id, body: text });
  }

  editOnPhone(id, text) {
    return this.edit(id, text);
  }

  revoke(id) {
    return this.#ask('revoke', { message: id });
  }

  groupErrors(errors) {
    return this.#ask('faults', { group_errors: errors });
  }

  refusals(byNumber) {
    return this.#ask('faults', { group_refusals: byNumber });
  }

  async groupNow(id) {
    const { groups } = await this.#ask('record');
    const found = groups.find((group) => group.id === id);
    const { announce, restrict, approval, admin_add: adminAdd, ephemeral, subject, admin, members, admins, description } = found;
    const settings = { announce, restrict, approval, adminAdd, ephemeral, subject, admin };
    return { ...settings, members: [...members].sort(), admins: [...admins].sort(), description, isMember: found.is_member };
  }

  foreignGroup({ isMember, ...options }) {
    return this.#ask('group', { ...options, is_member: isMember, untold: true });
  }

  async presences() {
    return (await this.#ask('record')).presences;
  }

  async subscriptions() {
    return (await this.#ask('record')).subscriptions.map((lid) => lid.split('@')[1]);
  }

  present(number, { type, last, chat }) {
    return this.#ask('presence', { of: number, told: { kind: type, last, chat } });
  }

  react(id, emoji) {
    return this.#ask('reaction', { message: id, from: FRIEND, emoji });
  }

  async media(kind, { viewOnce, ...about }) {
    const sent = await this.#ask('media', { from: FRIEND, kind, view_once: viewOnce ?? false, ...about });
    const id = sent.message.split('_')[2];
    this.#files.set(sent.path.split('?')[0], id);
    return { ...sent, id };
  }

  checksMimetypes() {
    return this.#ask('page', { checks_mimetypes: true });
  }

  fileAnswers(path, answer) {
    const message = this.#files.get(path.split('?')[0]);
    return this.#ask('file', { message, answer: Number(answer) || answer });
  }

  async fetches(path) {
    const [wanted] = path.split('?');
    const signature = new URLSearchParams(path.split('?')[1]);
    const { fetches } = await this.#ask('record');
    const added = ({ query }) => query.filter((name) => !signature.has(name)).sort();
    return fetches.filter((one) => one.path === wanted).map((one) => ({ method: one.method, added: added(one) }));
  }

  phoneUploads(answer) {
    return this.#ask('faults', { reupload: answer });
  }

  phoneAnswers(id) {
    return this.#ask('upload', { message: id });
  }

  async reuploads(id) {
    const { uploads_asked: asked } = await this.#ask('record');
    const shape = ({ chat, from_me: fromMe, participant }) => ({ chat: chat.split('@')[1], fromMe, participant: participant !== null });
    return asked.filter((one) => one.id === id).map(shape);
  }

  uploadsAnswer(answers) {
    return this.#ask('faults', { uploads: answers.map((answer) => Number(answer) || answer) });
  }

  async uploads() {
    const { uploads } = await this.#ask('record');
    return uploads.map(({ kind, query, named }) => ({ kind, query, named }));
  }

  async received(id) {
    const { received } = await this.#ask('record');
    const { type, body, fields, file } = received.find((message) => message.id === id);
    const count = (bytes) => bytes && `${atob(bytes.$bytes).length} bytes`;
    const isSticker = type === 'sticker';
    const known = {
      mimetype: fields.mimetype,
      caption: fields.caption,
      filename: fields.filename,
      // A sticker's message says nothing of its size.
      size: isSticker ? undefined : fields.width && [fields.width, fields.height],
      seconds: fields.duration && Number(fields.duration),
      waves: count(fields.waveform),
      sums: count(fields.streamingSidecar),
      thumbnail: body ? `${atob(body).length} bytes` : undefined,
      animated: fields.isAnimated,
    };
    return { stanza: 'media', media: file?.kind, once: fields.isViewOnce === true, ...known, ...(file && { sha256: file.sha256 }) };
  }

  async found(id) {
    const { received } = await this.#ask('record');
    const { type, body, fields } = received.find((message) => message.id === id);
    return said(type, body, fields);
  }

  /** The actions that the server took since a number of them. */
  async acts(since) {
    const { actions } = await this.#ask('record');
    return actions.slice(since).map(({ action, emoji = '' }) => `${action} ${emoji}`.trim());
  }

  async sentSoFar() {
    return (await this.#ask('record')).actions.length;
  }

  call(from, id, what, { video = false, reason = 'timeout' } = {}) {
    const outcome = { timeout: 'Missed', rejected_elsewhere: 'Rejected' }[reason];
    return this.#ask('call', { from, id, video, ...(what === 'terminate' && { outcome }) });
  }

  async refusedCalls() {
    const { actions } = await this.#ask('record');
    return actions.filter(({ action }) => action === 'reject-call').map(({ peer }) => peer);
  }

  /** A group of the account and others; the page is not told of it. */
  group(id, members) {
    return this.#ask('group', { id: `${id}@g.us`, members, untold: true });
  }

  groupMade(id, members) {
    return this.#ask('group', { id: `${id}@g.us`, members });
  }

  inGroup(id, from, body) {
    return this.#ask('incoming', { from, group: `${id}@g.us`, body });
  }

  groupChange(id, what, of, by) {
    const goesAlone = what === 'leave' || what === 'join';
    return this.#ask('group-change', { group: `${id}@g.us`, what, by: by ?? (goesAlone ? of : '5491133330001'), ...(of && { of }) });
  }

  async named(number, name, body) {
    await this.#ask('name', { number, name });
    return this.#ask('incoming', { from: number, body, name });
  }

  readOnPhone(number) {
    return this.#ask('read', { number });
  }

  receipt(of, id, { type, t }) {
    return this.#ask('ack', { message: id, of, t, ack: { read: 3, played: 4 }[type] ?? 2 });
  }

  burst(n) {
    return this.#ask('burst', { n, message: { from: FRIEND, body: 'waiting' } });
  }

  cut() {
    return this.#ask('network', { network: 'server_only' });
  }

  mend() {
    return this.#ask('network', { network: 'up' });
  }

  async drop() {
    await this.cut();
    await this.mend();
  }

  answer(how) {
    const nack = ['ack', 'silent', 'late'].includes(how) ? null : Number(how);
    return this.#ask('faults', { server: how === 'silent' ? 'never_ack' : 'none', nack, late_edits: how === 'late' });
  }

  hold(on) {
    return this.#ask('faults', { hold: on ? 'transmit' : null });
  }

  async sent(id) {
    const { received } = await this.#ask('record');
    return received.find(({ key }) => key.includes(id))?.count ?? 0;
  }

  refuse(reason, { code, expire } = {}) {
    const login = { reason, ...(code && { code: Number(code) }), ...(expire && { expire: Number(expire) }) };
    return this.#ask('faults', { login });
  }

  accept() {
    return this.#ask('faults', { login: null });
  }

  rotate() {
    return this.#ask('rotate-secret', {});
  }

  replaced() {
    return this.#ask('conflict', {});
  }

  unlink() {
    return this.#ask('unlink', {});
  }

  async secondTab() {
    await this.#ask('second-tab', {});
    return () => {};
  }
}
