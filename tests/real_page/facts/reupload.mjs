// Facts about files that are gone from the host: the page asks the account's phone to upload them again.
import { Files } from './files.mjs';

const CLICK = { downloadEvenIfExpensive: true, rmrReason: 1, isUserInitiated: true };
/** How long a request is watched that the phone does not answer. */
const SILENCE_MS = 1500;

export async function reupload(asked) {
  const { world } = asked;
  const files = new Files(asked);
  await files.install();
  const short = ({ path, ...rest }) => rest;

  await world.phoneUploads('success');
  const sent = await files.sendAnswered('gone');
  const { path, ...again } = await files.reupload(sent);
  asked.fact('the phone uploads the file again', again);
  asked.fact('what the phone is asked', await world.reuploads(sent.id), [{ chat: 'lid', fromMe: false, participant: false }]);
  asked.fact('the file under its new path', (await files.download(sent, { directPath: path })) === sent.bytes, true);
  for (const answer of ['not_found', 'decryption_error', 'general_error']) {
    await world.phoneUploads(answer);
    asked.fact(`the phone answers: ${answer}`, short(await files.reupload(await files.sendAnswered('gone'))));
  }

  await world.phoneUploads('silent');
  const hung = await files.sendAnswered('gone');
  asked.fact('the phone does not answer', (await files.reupload(hung, SILENCE_MS)).end, 'pending');
  await world.phoneUploads('success');
  asked.fact('a second request while the first waits', (await files.reupload(hung, SILENCE_MS)).end, 'pending');
  asked.fact('requests that the phone got', (await world.reuploads(hung.id)).length, 1);
  await world.phoneAnswers(hung.id);
  asked.fact('the phone answers late', short(await files.reupload(hung)));

  await world.phoneUploads('success');
  const asker = await files.sendAnswered('gone');
  const direct = await asked.evaluate(async (id) => {
    const { RequestMediaReuploadManager } = require('WAWebRequestMediaReuploadManager');
    const message = window.__files.find(id);
    const { result, directPath } = await RequestMediaReuploadManager.requestMediaReupload(message);
    return { result, path: directPath === message.directPath ? 'the old path' : typeof directPath };
  }, asker.id);
  asked.fact('a request to the phone without the download manager', direct);

  const clicked = await files.sendAnswered('gone');
  asked.fact('downloadMedia that uploads again', await files.click(clicked, CLICK));
  await world.phoneUploads('not_found');
  const lost = await files.sendAnswered('gone');
  asked.fact('downloadMedia of a file that the phone has lost', await files.click(lost, CLICK));
  const told = await files.sendAnswered('gone');
  asked.fact('downloadMedia of a lost file, told', (await files.click(told, { ...CLICK, shouldThrowAbortError: true })).end);
  await world.phoneUploads('silent');
  const waiting = await files.sendAnswered('gone');
  asked.fact('downloadMedia while the phone is silent', (await files.click(waiting, CLICK, SILENCE_MS)).end, 'pending');

  await world.phoneUploads('success');
  const old = await files.sendAnswered('gone');
  await asked.reload();
  await asked.connected();
  await files.install();
  await asked.until('the message after a load', (id) => Boolean(window.__files.find(id)), old.id);
  asked.fact('the phone uploads again after a load', short(await files.reupload(old)));
  asked.fact('the path after that', (await asked.evaluate((id) => window.__files.find(id).directPath, old.id)) === old.path, true);
}
