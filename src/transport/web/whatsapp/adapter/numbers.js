// Many numbers in one question to WhatsApp's server. The page makes such questions itself, but offers none that remembers
// the answer: this is done here, so that a chat can be opened afterwards.
/** @type {Adapter.File} */
(function numbers(page) {
  'use strict';
  const { whole, calling, need, has, attempt, refuse, widText, lidOf, asWid, isPhone } = page;

  /** @type {Adapter.Forms} */
  const deferred = {
    usync: ['numbers', whole('WAWebUsync', 'USyncQuery')],
    usync_user: ['numbers', whole('WAWebUsyncUser', 'USyncUser')],
    mappings: ['numbers', calling('WAWebDBCreateLidPnMappings', 'createLidPnMappings')],
  };

  const digitsOf = (/** @type {unknown} */ text) => String(text ?? '').replace(/\D/g, '');

  /** @param {WA.Found} found */
  const isThere = ({ contact }) => contact?.type === 'in';
  /** The server says of every number that it answers about whether it is there. @param {WA.Found} found */
  const isAnswer = ({ contact }) => typeof contact?.type === 'string';

  /** The number and the LID in an answer: either may be its id. @param {WA.Found} found */
  function identities({ id, lid, pn }) {
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
    const found = list.filter(isThere).map(identities);
    const mappings = found.flatMap(({ phone, lid }) => (phone && lid ? [{ pn: phone, lid }] : []));
    if (mappings.length > 0) await need('mappings')({ mappings, flushImmediately: true, learningSource: 'usync' });
    return list;
  }

  /** @type {Partial<Adapter.Calls>} */
  const calls = {
    /** Whether these numbers are on WhatsApp, in their order. A page without the modules asks for one after the other. */
    async exists_many({ numbers: all }) {
      if (!(has('usync') && has('usync_user') && has('mappings'))) {
        const found = [];
        for (const number of all) {
          const wid = await page.lookUp(`${number}@c.us`);
          found.push({ chat_id: widText(wid), lid: wid ? lidOf(wid) : null, no_answer: false });
        }
        return { found };
      }
      const list = await ask(all);
      const named = (/** @type {WA.Found} */ one) => [one.contact?.content, one.pn, one.id].map((text) => digitsOf(attempt(() => String(text))?.split('@')[0]));
      const found = all.map((number) => {
        const answers = list.filter((one) => isAnswer(one) && named(one).includes(number));
        const there = answers.find(isThere);
        if (!there) return { chat_id: null, lid: null, no_answer: answers.length === 0 };
        const { phone, lid } = identities(there);
        return { chat_id: widText(lid ?? phone), lid: widText(lid), no_answer: false };
      });
      found.forEach(({ chat_id: id, no_answer: isUnknown }, index) => {
        if (!isUnknown) page.learned(`${all[index]}@c.us`, id);
      });
      return { found };
    },
  };

  return { forms: {}, deferred, calls };
})
