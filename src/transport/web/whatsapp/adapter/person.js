// What is done with a person: blocking, and what they say of themselves, as a business too. WhatsApp knows people by the LID
// here: with a number the page's function for blocking throws, and that for the text asks in a way that fails.
/** @type {Adapter.File} */
(function person(page) {
  'use strict';
  const { whole, calling, need, attempt, refuse, widText, lidOf, asWid } = page;

  /** @type {Adapter.Forms} */
  const deferred = {
    block: ['block', whole('WAWebBlockContactAction', 'blockContact')],
    picture: ['picture', calling('WAWebGetProfilePicJob', 'getProfilePic')],
    about: ['about', calling('WAWebContactStatusBridge', 'getStatus')],
    business_profile: ['business', calling('WAWebQueryBusinessProfile', 'queryBusinessProfile')],
  };

  /** The page counts where somebody was blocked: this is its list of blocked people. */
  const FROM = 'block_screen';
  const ABOUT_MAX = 1024;
  /** WhatsApp takes descriptions of 512 characters at most, and other texts of 256. */
  const TEXT_MAX = 1024;
  /** Websites, categories, and the times of a week. */
  const LIST_MAX = 64;
  /** The host of files, which has the pictures too. */
  const HOST = 'https://mmg.whatsapp.net';
  /** The statuses that say: there is none, or not for this account. */
  const NONE = [401, 403, 404];

  /** @param {string} id @returns {WA.Wid} */
  const lidWid = (id) => asWid(lidOf(asWid(id))) ?? refuse('NOT_ON_WHATSAPP', 'the page does not know the LID');

  /** @param {WA.Wid} wid */
  async function linkOf(wid) {
    const tcToken = attempt(() => page.heldChat(widText(wid) ?? '').tcToken) ?? undefined;
    try {
      return await need('picture')(wid, { preview: false, tcToken });
    } catch (error) {
      const { status, statusCode } = /** @type {{ status?: unknown; statusCode?: unknown }} */ (error ?? {});
      if (NONE.includes(Number(status ?? statusCode))) return refuse('NO_PICTURE', 'there is none, or it is hidden');
      throw error;
    }
  }

  /** @param {unknown} why @returns {never} */
  const notFetched = (why) => refuse('FAILED', `the picture cannot be fetched: ${why}`);

  /**
   * The link of the answer, else the same file on the host of files: the page shows pictures from either.
   * @param {string[]} addresses
   * @param {AbortSignal} signal
   */
  async function fetched(addresses, signal) {
    let why = 'there is no link';
    for (const address of addresses) {
      const answer = await fetch(address, { credentials: 'omit', signal }).catch((error) => void (why = page.said(error)));
      if (answer?.ok) return answer;
      if (answer) why = `the host answers ${answer.status}`;
    }
    return notFetched(why);
  }

  /**
   * The bytes of an answer. What is too large is not read to its end.
   * @param {Response} answer
   * @param {number} max
   */
  async function bytesOf(answer, max) {
    const reader = answer.body?.getReader() ?? notFetched('the answer is empty');
    const parts = [];
    let size = Number(answer.headers.get('content-length'));
    for (let read = 0; size <= max; size = read) {
      const { done, value } = await reader.read().catch((error) => notFetched(page.said(error)));
      if (done) return new Blob(parts).arrayBuffer();
      parts.push(value);
      read += value.byteLength;
    }
    reader.cancel().catch(() => {});
    return refuse('MEDIA_TOO_LARGE', 'the picture is too large');
  }

  /** @param {unknown} value */
  const text = (value) => (typeof value === 'string' && value !== '' ? value.slice(0, TEXT_MAX).toWellFormed() : null);

  /** @param {unknown[] | undefined} values */
  const texts = (values) => (values ?? []).slice(0, LIST_MAX).flatMap((value) => text(value) ?? []);

  /** Null for who says nothing. @param {WA.BusinessProfile | undefined} profile */
  function business(profile) {
    const { address, description, email, website, categories, business_hours: opening, latitude, longitude } = profile ?? {};
    const isPlace = Number.isFinite(latitude) && Number.isFinite(longitude);
    const hours = (opening?.config ?? []).slice(0, LIST_MAX);
    const told = {
      address: text(address),
      description: text(description),
      email: text(email),
      websites: texts(website?.map(({ url }) => url)),
      categories: texts(categories?.map((category) => category.localized_display_name)),
      place: isPlace ? { latitude: Number(latitude), longitude: Number(longitude) } : null,
      timezone: text(opening?.timezone),
      // Only specific hours have times: the page says 0 where there are none.
      hours: hours.map((one) => ({ day: String(one.day_of_week), mode: String(one.mode), opens: Number(one.open_time) || 0, closes: Number(one.close_time) || 0 })),
    };
    const isEmpty = Object.values(told).every((value) => value === null || (Array.isArray(value) && value.length === 0));
    return isEmpty ? null : told;
  }

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** Blocks somebody, or ends it. Ends by the page's list of blocked people; where that is so already, nothing is sent. */
    async block({ chat: id, on }) {
      const lid = lidWid(id);
      if (attempt(() => need('me').isMeAccount(lid))) refuse('NOT_POSSIBLE', 'it is this account itself');
      const isBlocked = () => Boolean(need('blocked').get(lid));
      await page.inTurn(widText(lid) ?? id, async () => {
        if (isBlocked() === on) return;
        const contact = need('contacts').get(lid) ?? (await need('contacts').find?.(lid)) ?? refuse('FAILED', 'the page has no contact');
        const { blockContact, unblockContact } = need('block');
        const act = () => (on ? blockContact({ contact, blockEntryPoint: FROM }) : unblockContact(contact, FROM));
        await page.until(act, () => isBlocked() === on, 'the page did not change the list of blocked people');
      });
    },

    /** Asks the server for the link, and fetches the picture, unless it is the one with the known tag. */
    async picture({ chat: id, known_tag: knownTag, max_bytes: max, within_ms: within }) {
      const signal = AbortSignal.timeout(within);
      const { eurl, directPath, tag } = await linkOf(lidWid(id));
      const text = tag === undefined || tag === null ? null : String(tag);
      if (text !== null && text === knownTag) return { tag: text, data: null };
      const answer = await fetched([eurl ?? '', directPath ? `${HOST}${directPath}` : ''].filter((address) => address !== ''), signal);
      return { tag: text, data: need('base64')(await bytesOf(answer, max)) };
    },

    /** Asks the server. Null: nothing, or not for this account. */
    async about({ chat: id }) {
      const { status, stale } = await need('about')({ wid: lidWid(id) });
      if (stale) refuse('FAILED', 'the server did not answer');
      return { about: typeof status === 'string' && status !== '' ? status.slice(0, ABOUT_MAX).toWellFormed() : null };
    },

    /** Asks the server. Null: the person is no business, or says nothing as one. */
    async business({ chat: id }) {
      try {
        const [found] = (await need('business_profile')([{ wid: lidWid(id), tag: undefined }])) ?? [];
        return { profile: business(found?.profile) };
      } catch (error) {
        const { status, statusCode } = /** @type {{ status?: unknown; statusCode?: unknown }} */ (error ?? {});
        if (NONE.includes(Number(status ?? statusCode))) return { profile: null };
        throw error;
      }
    },
  };

  return { forms: {}, deferred, calls };
})
