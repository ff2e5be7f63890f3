// Describes a message of the page for the service: its text, wherever the page keeps it, and its author.
/** @type {Adapter.File} */
(function describe(page) {
  'use strict';
  const { from, whole, attempt, has, need, keyText, widText } = page;

  /** @type {Adapter.Forms} */
  const forms = {
    contact: ['identity', whole('WAWebApiContact', 'getPhoneNumber')],
    contacts: ['names', from('WAWebCollections', (m) => m.Contact), from('WAWebContactCollection', (m) => m.ContactCollection)],
    wid: ['send', whole('WAWebWidFactory', 'createWid')],
  };

  // ── Who ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @param {Adapter.Anyone} wid */
  const asWid = (wid) => (typeof wid === 'string' ? attempt(() => need('wid').createWid(wid)) : wid);
  /** @param {WA.Wid | null | undefined} wid */
  const isPhone = (wid) => wid?.server === 'c.us';
  /** @param {WA.Wid | null | undefined} wid */
  const isLid = (wid) => wid?.server === 'lid';

  /**
   * The wid of a person without the device.
   * @param {WA.Wid | null | undefined} wid
   */
  const person = (wid) => (wid?.device === undefined ? wid : (attempt(() => need('wid').asUserWidOrThrow(wid)) ?? wid));

  /**
   * The phone digits behind a wid, where the page knows them. Never the digits of a LID.
   * @param {Adapter.Anyone} given
   */
  function phoneOf(given) {
    const wid = person(asWid(given));
    if (!wid) return null;
    if (isPhone(wid)) return wid.user;
    if (!isLid(wid) || !has('contact')) return null;
    return attempt(() => need('contact').getPhoneNumber(wid)?.user);
  }

  /** @param {Adapter.Anyone} given */
  function lidOf(given) {
    const wid = person(asWid(given));
    if (!wid || isLid(wid)) return widText(wid);
    if (!isPhone(wid) || !has('contact')) return null;
    return widText(attempt(() => need('contact').getCurrentLid(wid)));
  }

  /**
   * The page does not store names with messages: for a row the name comes from the contact.
   * @param {WA.Msg} msg
   * @param {Adapter.Anyone} sender
   */
  function nameOf(msg, sender) {
    if (msg.notifyName) return msg.notifyName;
    const contact = sender ? attempt(() => need('contacts').get(sender)) : null;
    return contact?.pushname || contact?.name || contact?.verifiedName || null;
  }

  // ── What ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The longest text that WhatsApp transmits. */
  const TEXT_MAX = 65536;
  const ITEMS_MAX = 100;
  /** The types whose `body` is text. In other types it may be a picture. */
  const SPOKEN = new Set([
    'chat',
    'buttons_response',
    'template_button_reply',
    'list_response',
    'interactive_response',
    'interactive',
    'list',
    'hsm',
    'native_flow',
    'automated_greeting_message',
  ]);

  /** @param {unknown} value */
  const text = (value) => (typeof value === 'string' ? value.slice(0, TEXT_MAX) : '');
  /** @param {unknown} value */
  const number = (value) => (value === undefined || value === null || !Number.isFinite(Number(value)) ? null : Number(value));
  /**
   * @template T
   * @param {T[] | undefined} value
   */
  const list = (value) => (Array.isArray(value) ? value.slice(0, ITEMS_MAX) : []);

  /** @param {WA.Msg} msg */
  function location(msg) {
    const [name, ...address] = text(msg.loc || msg.comment).split('\n');
    return { latitude: number(msg.lat), longitude: number(msg.lng), name: name || null, address: address.join(', ') || null };
  }

  /** @param {ReturnType<typeof location>} place */
  function locationWords({ latitude, longitude, name, address }) {
    const place = [name, address].filter(Boolean).join(', ');
    const at = latitude === null || longitude === null ? '' : `(${latitude}, ${longitude})`;
    return [place, at].filter(Boolean).join(' ');
  }

  /**
   * The name and phone numbers in a contact card; folded lines are joined first.
   * @param {string | undefined} vcard
   * @param {string | undefined} displayName
   */
  function card(vcard, displayName) {
    const lines = text(vcard).replace(/\r?\n[ \t]/g, '').split(/\r?\n/);
    /** @param {string} line */
    const value = (line) => line.slice(line.indexOf(':') + 1).trim();
    /** @param {string} name */
    const field = (name) => lines.filter((line) => new RegExp(`^(item\\d+\\.)?${name}[;:]`, 'i').test(line)).map(value);
    return { name: displayName || field('FN')[0] || null, phones: field('TEL').slice(0, ITEMS_MAX) };
  }

  /** @param {WA.Msg} msg */
  function cards(msg) {
    if (msg.type !== 'multi_vcard') return [card(msg.body, msg.vcardFormattedName)];
    return list(msg.vcardList).map((one) => card(one?.vcard, one?.displayName));
  }

  /** @param {ReturnType<typeof card>} contact */
  const cardWords = ({ name, phones }) => [name, phones.join(', ')].filter(Boolean).join(': ');

  /** @param {WA.Msg} msg */
  function poll(msg) {
    const options = list(msg.pollOptions).map((option) => text(option?.name));
    return { question: text(msg.pollName), options, multiple: number(msg.pollSelectableOptionsCount) !== 1 };
  }

  /** @param {WA.Msg} msg */
  function event(msg) {
    const place = msg.eventLocation;
    return {
      name: text(msg.eventName),
      description: text(msg.eventDescription) || null,
      start_s: number(msg.eventStartTime),
      location: text(typeof place === 'string' ? place : place?.name) || null,
    };
  }

  /** @param {WA.Msg} msg */
  const isOwnCaption = (msg) => msg.isCaptionByUser === false || (!msg.isCaptionByUser && msg.caption === msg.filename);

  /**
   * The text and the structured data of the types that keep them elsewhere than in `body` or `caption`.
   * @type {{ [kind: string]: (msg: WA.Msg) => [body: string, data: object | null] }}
   */
  const KINDS = {
    location: (msg) => {
      const place = location(msg);
      return [locationWords(place), { location: place }];
    },
    vcard: (msg) => [cards(msg).map(cardWords).join('\n'), { contacts: cards(msg) }],
    multi_vcard: (msg) => [cards(msg).map(cardWords).join('\n'), { contacts: cards(msg) }],
    poll_creation: (msg) => [poll(msg).question, { poll: poll(msg) }],
    event_creation: (msg) => [event(msg).name, { event: event(msg) }],
    buttons_response: (msg) => [text(msg.body), { button: { id: msg.selectedButtonId ?? null, text: text(msg.body) } }],
    template_button_reply: (msg) => [text(msg.body), { button: { id: msg.selectedId ?? null, text: text(msg.body) } }],
    list_response: (msg) => {
      const answer = msg.listResponse ?? {};
      const id = answer.singleSelectReply?.selectedRowId ?? null;
      return [text(msg.body), { list: { id, title: text(answer.title) || null, description: text(answer.description) || null } }];
    },
    // The page writes the name of a document into its caption if the sender gave none.
    document: (msg) => [isOwnCaption(msg) ? '' : text(msg.caption), null],
    quarantined: (msg) => [text(msg.quarantineExtractedText), null],
  };

  /**
   * @param {WA.Msg} msg
   * @returns {[body: string, data: object | null]}
   */
  function words(msg) {
    const kind = attempt(() => KINDS[msg.type ?? '']?.(msg));
    if (kind) return kind;
    return [text(SPOKEN.has(msg.type ?? '') ? msg.body : msg.caption), null];
  }

  const MENTIONS_MAX = 1024;

  /** The people whom a text mentions. @param {WA.Msg} msg */
  function mentions(msg) {
    const given = (msg.mentionedJidList ?? []).slice(0, MENTIONS_MAX).map(asWid);
    return given.flatMap((wid) => (wid ? [{ phone: phoneOf(wid), lid: lidOf(wid) }] : []));
  }

  // ── Files ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** @type {{ [type: string]: Adapter.MediaKind }} */
  const MEDIA = {
    image: 'image',
    video: 'video',
    ptv: 'video_note',
    audio: 'audio',
    ptt: 'voice',
    document: 'document',
    sticker: 'sticker',
  };
  /** The kinds whose `body` is a small JPEG in base64. */
  const WITH_THUMBNAIL = new Set(['image', 'video', 'gif', 'video_note', 'document']);
  const THUMBNAIL_MAX = 32 * 1024;
  const SHA256_SIZE = 32;
  /** The service reads lengths and sides into 32 bits. */
  const COUNT_MAX = 2 ** 32 - 1;
  /** The subtype of a message whose view-once file linked devices do not get. */
  const VIEW_ONCE_ABSENT = 'view_once_unavailable_fanout';

  /** @type {Adapter.Page['hexOf']} */
  function hexOf(filehash) {
    const bytes = attempt(() => atob(filehash ?? ''));
    if (bytes?.length !== SHA256_SIZE) return null;
    return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  }

  /**
   * A whole number that is not negative; messages have some of them as text.
   * @param {unknown} value
   */
  function count(value, max = COUNT_MAX) {
    const whole = Math.round(number(value) ?? -1);
    return whole >= 0 && whole <= max ? whole : null;
  }

  /** @param {WA.Msg} msg */
  function kindOf(msg) {
    const kind = MEDIA[msg.type ?? ''] ?? null;
    return kind === 'video' && msg.isGif ? 'gif' : kind;
  }

  /** @param {string | undefined} body */
  function thumbnail(body) {
    const size = ((body?.length ?? 0) / 4) * 3;
    return body && size <= THUMBNAIL_MAX && body.startsWith('/9j/') ? body : null;
  }

  /**
   * @param {WA.Msg} msg
   * @returns {Adapter.Media | null}
   */
  function media(msg) {
    const kind = kindOf(msg);
    const isAbsent = msg.subtype === VIEW_ONCE_ABSENT;
    if (!msg.mimetype && !kind && !isAbsent) return null;
    return {
      kind,
      mimetype: text(msg.mimetype).slice(0, 255) || 'application/octet-stream',
      size: count(msg.size, Number.MAX_SAFE_INTEGER),
      filename: text(msg.filename).slice(0, 255) || null,
      duration_s: count(msg.duration),
      width: count(msg.width),
      height: count(msg.height),
      pages: count(msg.pageCount) || null,
      sha256: hexOf(msg.filehash),
      thumbnail: kind && WITH_THUMBNAIL.has(kind) ? thumbnail(msg.body) : null,
      view_once: Boolean(msg.isViewOnce) || isAbsent,
      fetchable: Boolean(kind && msg.mediaKey && msg.directPath && msg.filehash),
    };
  }

  /**
   * A deletion gives a message the key of the deletion, and keeps the message's own key in another field.
   * @param {WA.Msg} msg
   */
  const originalKey = (msg) => (msg.type === 'revoked' ? (msg.protocolMessageKey ?? msg.id) : msg.id);

  /** `msg` is a model, or message data made from a row. */
  page.describe = (msg) => {
    const key = msg.id;
    const chat = asWid(key.remote);
    const direct = isPhone(chat) || isLid(chat);
    const author = direct ? null : (msg.author ?? key.participant);
    const [body, content] = words(msg);
    const mentioned = attempt(() => mentions(msg)) ?? [];
    const data = mentioned.length > 0 ? { ...content, mentions: mentioned } : content;
    return {
      id: keyText(originalKey(msg)),
      revoke_id: msg.type === 'revoked' ? keyText(key) : null,
      from_me: Boolean(key.fromMe),
      chat: widText(key.remote),
      lid: direct ? lidOf(chat) : null,
      phone: direct ? phoneOf(chat) : null,
      author: widText(author ?? msg.author),
      author_phone: author ? phoneOf(author) : null,
      author_lid: author ? lidOf(author) : null,
      from: widText(msg.from),
      to: widText(msg.to),
      kind: msg.type ?? 'unknown',
      subtype: msg.subtype ?? null,
      body,
      name: key.fromMe ? null : nameOf(msg, author ?? chat),
      media: media(msg),
      quoted: msg.quotedStanzaID || null,
      data,
      t: number(msg.t) ?? 0,
      ack: number(msg.ack) ?? 0,
      is_new: Boolean(msg.isNewMsg),
      edited_ms: number(msg.latestEditSenderTimestampMs),
      edit_open: page.hasOpenEdit(msg),
      revoked_s: msg.type === 'revoked' ? number(msg.revokeTimestamp) : null,
      revoked_by: page.revokerOf(msg),
      notice: page.noticeOf(msg),
      row: number(msg.rowId),
    };
  };
  Object.assign(page, { person: (/** @type {Adapter.Anyone} */ given) => person(asWid(given)), phoneOf, lidOf, asWid, isPhone, originalKey, hexOf });

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** The phone number of a new person becomes known some time after the first message. */
    phone: async ({ chat }) => ({ phone: phoneOf(chat) }),

    /** A person, by what is in memory. The page has one contact for the LID and one for the number, with names in either. */
    contact: async ({ chat }) => {
      const wid = asWid(chat);
      const [phone, lid] = [phoneOf(wid), lidOf(wid)];
      const entries = [lid, phone && `${phone}@c.us`].map((id) => (id ? attempt(() => need('contacts').get(asWid(id))) : null));
      /** @param {'name' | 'pushname' | 'verifiedName'} field */
      const first = (field) => text(entries.map((contact) => contact?.[field]).find(Boolean)) || null;
      const names = { name: first('name'), pushname: first('pushname'), verified_name: first('verifiedName') };
      /** @param {'isBusiness' | 'isContactBlocked'} field */
      const any = (field) => entries.some((contact) => Boolean(contact?.[field]));
      const me = Boolean(attempt(() => need('me').isMeAccount(/** @type {WA.Wid} */ (person(wid)))));
      return { phone, lid, ...names, business: any('isBusiness'), blocked: any('isContactBlocked'), me };
    },
  };
  return { forms, calls };
})
