// Many numbers in one question to WhatsApp's server. The page makes such questions itself, but offers none that remembers
// the answer: this is done here, so that a chat can be opened afterwards.
/** @type {Adapter.File} */
(function numbers(page) {
  'use strict';
  const { whole, calling, need, has, attempt, refuse, widText, phoneOf, lidOf, asWid, isPhone } = page;

  /** @type {Adapter.Forms} */
  const deferred = {
    usync: ['numbers', whole('WAWebUsync', 'USyncQuery')],
    usync_user: ['numbers', whole('WAWebUsyncUser', 'USyncUser')],
    mappings: ['numbers', calling('WAWebDBCreateLidPnMappings', 'createLidPnMappings')],
  };

  /** So many numbers are looked up in one question, and so long after it the next one is asked, as for `/numbers`. */
  const BATCH = 10;
  const BATCH_PAUSE_MS = 1000;

  const digitsOf = (/** @type {unknown} */ text) => String(text ?? '').replace(/\D/g, '');

  /** @param {WA.Found} found */
  const isThere = ({ contact }) => contact?.type === 'in';
  /** The server says of every number that it answers about whether it is there. @param {WA.Found} found */
  const isAnswer = ({ contact }) => typeof contact?.type === 'string';

  /** The number and the LID in an answer: either may be its id. @param {WA.Found} found */
  function identitiesIn({ id, lid, pn }) {
    const phone = isPhone(id) ? id : pn ? asWid(String(pn)) : null;
    return { phone, lid: id.server === 'lid' ? id : lid ? asWid(String(lid)) : null };
  }

  /** @param {string[]} all */
  async function ask(all) {
    const { USyncQuery, USYNC_ADDRESSING_MODE } = need('usync');
    const { USyncUser } = need('usync_user');
    const query = new USyncQuery().withContactProtocol(USYNC_ADDRESSING_MODE?.LID ?? 'lid').withLidProtocol();
    for (const number of all) query.withUser(new USyncUser().withPhone(`+${number}`));
    const { list, error } = await query.execute();
    const failed = error?.all ?? error?.contact;
    if (failed) refuse('FAILED', `the server refused the question: ${failed.errorCode}`);
    const found = list.filter(isThere).map(identitiesIn);
    const mappings = found.flatMap(({ phone, lid }) => (phone && lid ? [{ pn: phone, lid }] : []));
    if (mappings.length > 0) await need('mappings')({ mappings, flushImmediately: true, learningSource: 'usync' });
    return list;
  }

  /**
   * Whether numbers are on WhatsApp, in their order: one question. A page without the modules asks for one after the other.
   * @param {string[]} all
   * @returns {Promise<Adapter.NumberFound[]>}
   */
  async function lookUpAll(all) {
    if (!(has('usync') && has('usync_user') && has('mappings'))) {
      const found = [];
      for (const number of all) {
        const wid = await page.lookUp(`${number}@c.us`);
        found.push({ chat_id: widText(wid), lid: wid ? lidOf(wid) : null, no_answer: false });
      }
      return found;
    }
    const list = await ask(all);
    const named = (/** @type {WA.Found} */ one) => [one.contact?.content, one.pn, one.id].map((text) => digitsOf(attempt(() => String(text))?.split('@')[0]));
    const found = all.map((number) => {
      const answers = list.filter((one) => isAnswer(one) && named(one).includes(number));
      const there = answers.find(isThere);
      if (!there) return { chat_id: null, lid: null, no_answer: answers.length === 0 };
      const { phone, lid } = identitiesIn(there);
      return { chat_id: widText(lid ?? phone), lid: widText(lid), no_answer: false };
    });
    found.forEach(({ chat_id: id, no_answer: isUnknown }, index) => {
      if (!isUnknown) page.learned(`${all[index]}@c.us`, id);
    });
    return found;
  }

  /**
   * Both identities of people, looked up where the page does not know the LID; null for who is not on WhatsApp. The page's own
   * look-up of one number may not tell the LID, under which others then name the person.
   * @type {Adapter.Page['identities']}
   */
  page.identities = async (ids) => {
    const given = ids.map((id) => asWid(id));
    const unknown = [...new Set(given.filter((wid) => isPhone(wid) && !lidOf(wid)).map((wid) => digitsOf(wid?.user)))];
    const answers = [];
    for (let from = 0; from < unknown.length; from += BATCH) {
      if (from > 0) await new Promise((resolve) => setTimeout(resolve, BATCH_PAUSE_MS));
      answers.push(...(await lookUpAll(unknown.slice(from, from + BATCH))));
    }
    const people = [];
    for (const [index, id] of ids.entries()) {
      const one = given[index];
      const answer = answers[unknown.indexOf(digitsOf(one?.user))];
      const isAnswered = isPhone(one) && answer !== undefined && !answer.no_answer;
      const wid = asWid(lidOf(one)) ?? (isAnswered ? asWid(answer.chat_id) : await page.lookUp(id));
      people.push(wid && { lid: lidOf(wid) ?? lidOf(one), phone: phoneOf(wid) ?? phoneOf(one), wid: widText(wid) });
    }
    return people;
  };

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** Those of these people who must be looked up before the page can name them. */
    unknown: async ({ people }) => ({ people: people.filter((id) => isPhone(asWid(id)) && !lidOf(asWid(id))) }),
    identities: async ({ people }) => ({ people: await page.identities(people) }),
    exists_many: async ({ numbers: all }) => ({ found: await lookUpAll(all) }),
  };

  return { forms: {}, deferred, calls };
})
