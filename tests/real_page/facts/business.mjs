// Facts about the profiles of businesses.

const ANA = '5491166660001';
const PROFILE = {
  address: 'Av. Corrientes 1234',
  description: 'Flowers\nand plants',
  email: 'ana@example.com',
  websites: ['https://example.com/', 'https://example.org/'],
  categories: [['133436743388217', 'Florist'], ['2', 'Garden']],
  latitude: -34.6,
  longitude: -58.4,
  timezone: 'America/Argentina/Buenos_Aires',
  hours: [
    { day: 'mon', mode: 'specific_hours', open: 540, close: 780 },
    { day: 'mon', mode: 'specific_hours', open: 840, close: 1080 },
    { day: 'sat', mode: 'appointment_only' },
    { day: 'sun', mode: 'open_24h' },
  ],
};

/** Runs in the page: asks for the profile of somebody, by the LID or by the number. */
async function ask(number, byLid) {
  const phone = require('WAWebWidFactory').createWid(`${number}@c.us`);
  const found = await require('WAWebQueryExistsJob').queryWidExists(phone);
  const { chat } = await require('WAWebFindChatAction').findOrCreateLatestChat(found.wid, 'createChat');
  const wid = byLid ? (chat.accountLid ?? chat.id) : phone;
  try {
    const answer = await require('WAWebQueryBusinessProfile').queryBusinessProfile([{ wid, tag: undefined }]);
    return answer.map(({ wid: told, tag, profile }) => {
      const { address, description, email, website, categories, business_hours: hours, latitude, longitude } = profile ?? {};
      const known = { address, description, email, website, categories, hours, latitude, longitude };
      return { by: told.server, same: String(told) === String(wid), tag: typeof tag, ...known };
    });
  } catch (error) {
    return [error.name, error.status];
  }
}

export async function business(asked) {
  const { world } = asked;
  asked.fact('who is no business', await asked.evaluate(ask, ANA, true));
  await world.business(ANA, {});
  asked.fact('a business that says nothing', await asked.evaluate(ask, ANA, true));
  await world.business(ANA, PROFILE);
  asked.fact('a business, by the LID', await asked.evaluate(ask, ANA, true));
  asked.fact('and by the number', (await asked.evaluate(ask, ANA, false)).map(({ by, same, email }) => [by, same, email]));
  await world.business(ANA, { refuse: 404 });
  asked.fact('a refusal', await asked.evaluate(ask, ANA, true));
}
