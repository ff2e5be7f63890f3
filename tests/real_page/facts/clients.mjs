// Facts about functions of the page that client libraries call and the service does not.

const FRIEND = '5491122334455';

export async function clients(asked) {
  const { world } = asked;
  await world.about(FRIEND, 'at work');
  await world.incoming('for clients');
  await asked.until('the message', () => require('WAWebCollections').Msg.getModelsArray().some((one) => one.body === 'for clients'));
  const told = await asked.evaluate(async (number) => {
    const wid = require('WAWebWidFactory').createWid(`${number}@c.us`);
    const lid = require('WAWebApiContact').getCurrentLid(wid);
    const { Contact } = require('WAWebCollections');
    const tried = async (work) => {
      try {
        return await work();
      } catch (error) {
        return typeof error === 'string' ? 'a text' : 'an error';
      }
    };
    const card = async (contact) => {
      const { displayName, vcard } = require('WAWebFrontendVcardUtils').vcardFromContactModel(contact);
      return { displayName: displayName?.length > 0, vcard: vcard.split('\n').map((line) => line.replace(/^(N|FN):.*/, '$1').replaceAll(/[ -]/g, '')) };
    };
    const { getStatus } = require('WAWebContactStatusBridge');
    const all = {};
    for (const [name, id] of Object.entries({ number: wid, lid })) {
      const contact = await tried(() => Contact.find(id));
      const status = await tried(async () => (await getStatus({ token: '', wid: id })).status);
      all[name] = [await tried(() => card(contact)), status];
    }
    return all;
  }, FRIEND);
  asked.fact('a contact by number and by LID: the card, and what they say of themselves', told);
  asked.fact('WAWebBlockContactUtils has', await asked.evaluate(() => Object.keys(require('WAWebBlockContactUtils')).sort()));
  const refused = await asked.evaluate(async () => {
    const { wap, generateId } = require('WAWap');
    const told = [];
    const peer = { server: 'lid', user: '100000000000099', _serialized: '100000000000099@lid' };
    for (const to of [peer, peer._serialized]) {
      try {
        const refusal = wap('reject', { 'call-id': 'CALL', 'call-creator': to, count: '0' });
        await require('WADeprecatedSendIq').deprecatedCastStanza(wap('call', { id: generateId(), from: '5491150000001@c.us', to }, [refusal]));
        told.push('sent');
      } catch (error) {
        told.push('an error');
      }
    }
    return told;
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  asked.fact('calls are refused of a serialized wid, and of a text: to whom', [refused, await world.refusedCalls()]);
}
