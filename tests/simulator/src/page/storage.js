// The data of the profile in IndexedDB: the login, this page's keys, the messages (sent ones included) with their receipts,
// reactions, votes and identities.

const NAME = 'model-storage';
const STORES = ['login', 'messages', 'people', 'reactions', 'votes', 'message-info'];

let database = null;

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export async function open() {
  const request = indexedDB.open(NAME, 2);
  request.onupgradeneeded = () => {
    const { objectStoreNames: known } = request.result;
    STORES.filter((store) => !known.contains(store)).forEach((store) => request.result.createObjectStore(store));
  };
  database = await settled(request);
}

/** Resolves once the write is committed. */
function write(stores, work) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(stores, 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    work(...stores.map((store) => transaction.objectStore(store)));
  });
}

const reader = (store) => database.transaction(store).objectStore(store);

export const get = (store, key) => settled(reader(store).get(key));
export const all = (store) => settled(reader(store).getAll());
export const keys = (store) => settled(reader(store).getAllKeys());
export const putAll = (store, entries) => write([store], (target) => entries.forEach(([key, value]) => target.put(value, key)));
export const put = (store, key, value) => write([store], (target) => target.put(value, key));
export const remove = (store, key) => write([store], (target) => target.delete(key));
/** Puts a value under another key. */
export const move = (store, from, to, value) =>
  write([store], (target) => {
    target.delete(from);
    target.put(value, to);
  });
export const clear = () => write(STORES, (...targets) => targets.forEach((target) => target.clear()));

/** Changes a stored value, if it exists; returns the new value. */
export async function update(store, key, changes) {
  const old = await get(store, key);
  if (!old) return undefined;
  const next = { ...old, ...changes };
  await put(store, key, next);
  return next;
}
