// What the page says, in the language of whoever looks. All of it is in es.json and en.json.

const KEY = 'session-manager.language';
const LANGUAGES = ['es', 'en'];
/** Unit of time, and how many seconds it has. */
const UNITS = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]];

let words = {};
export let language = 'es';

/** The one chosen before, else the first of the browser's that there is, else Spanish. */
function preferred() {
  const wished = [localStorage.getItem(KEY), ...navigator.languages].map((name) => name?.slice(0, 2).toLowerCase());
  return wished.find((name) => LANGUAGES.includes(name)) ?? 'es';
}

async function load(name) {
  const answer = await fetch(`page/${name}.json`);
  words = await answer.json();
  language = name;
  document.documentElement.lang = name;
  for (const element of document.querySelectorAll('[data-t]')) element.textContent = t(element.dataset.t);
  for (const element of document.querySelectorAll('[data-label]')) element.setAttribute('aria-label', t(element.dataset.label));
}

export const start = () => load(preferred());

export async function change() {
  await load(language === 'es' ? 'en' : 'es');
  localStorage.setItem(KEY, language);
}

export const has = (key) => Object.hasOwn(words, key);

/** The sentence of a key, with `{name}` replaced. */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** What went wrong, in words; the service's own where it says more than we know. */
export function wrong(error) {
  return has(`code.${error.code}`) ? t(`code.${error.code}`) : error.message;
}

/** "3 minutes ago", or in a while: of a moment of the service's clock, in ms. */
export function relative(moment, now) {
  const seconds = Math.round((moment - now) / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(Math.trunc(seconds / size), unit);
}

/** The time of day; with its date where it is not of today. */
export function clock(time) {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(language, today ? { timeStyle: 'short' } : { dateStyle: 'short', timeStyle: 'short' });
}

/** A number of bytes: 340 kB, 1.2 MB. */
export function size(bytes) {
  const [unit, step] = bytes < 1e6 ? ['kilobyte', 1e3] : ['megabyte', 1e6];
  const format = { style: 'unit', unit, maximumFractionDigits: bytes < 1e6 ? 0 : 1 };
  return new Intl.NumberFormat(language, format).format(Math.max(bytes / step, bytes && 1));
}

/** A length in seconds: 0:07, 1:02:03. */
export function length(seconds) {
  const [minutes, rest] = [Math.floor(seconds / 60), String(seconds % 60).padStart(2, '0')];
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}
