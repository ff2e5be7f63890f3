// The files of messages: a thumbnail at once, and the bytes only when somebody asks for them. The bytes are read with the
// token and shown from memory: an address in the page could not carry the token.

import { Refused, Unreachable, open } from './api.js';
import { slept } from './clock.js';
import { $, busy, make, say } from './elements.js';
import { length, size, t, wrong } from './words.js';

/** What a file of a kind is shown as. Documents and kinds that are not known are only downloaded. */
const SHOWN_AS = {
  image: 'image', sticker: 'image', gif: 'video', video: 'video', video_note: 'video', voice: 'audio', audio: 'audio',
};
/** The service has a file of these, or will have it once it is asked for. */
const TO_BE_HAD = ['pending', 'on_request', 'stored'];
/** How often a file that is being fetched is asked for: for three minutes at the service's pace. */
const ASKED_MAX = 36;
const RETRY_MS = { least: 1_000, usual: 5_000, most: 60_000 };
/** A connection that says nothing for so long is dead. */
const SILENCE_MS = 30_000;
/** A name that is longer is cut in the middle: its end says what the file is. */
const NAME_MAX = 80;

/** A stranger's name for a file as text: without characters that hide or reorder others. */
function legible(name) {
  const text = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim();
  return text.length > NAME_MAX ? `${text.slice(0, NAME_MAX / 2)}…${text.slice(-NAME_MAX / 2)}` : text;
}

/** The name that the service gives a file. */
function nameOf(answer) {
  const [, escaped] = /filename\*=UTF-8''([^;]+)/i.exec(answer.headers.get('content-disposition') ?? '') ?? [];
  try {
    return decodeURIComponent(escaped ?? '') || 'file';
  } catch {
    return 'file';
  }
}

/** `image`, `audio` or `video` where the service says that a browser may show the file; else nothing. */
function shownType(answer) {
  const inline = /^inline\b/.test(answer.headers.get('content-disposition') ?? '');
  return inline ? (answer.headers.get('content-type') ?? '').split('/')[0] : '';
}

/** Saves bytes as a file. As bytes of no type they cannot become a page. */
function save(blob, name) {
  const address = URL.createObjectURL(new Blob([blob], { type: 'application/octet-stream' }));
  make('a', { href: address, download: name }).click();
  // The download begins after this task, and has its own hold on the bytes then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** What the dialog shows, until it is closed. */
const viewer = {
  address: null,
  blob: null,
  name: '',
  /** The file in the list, to which the keyboard goes back. */
  file: null,

  open(file, kind, title, blob, name) {
    this.close();
    Object.assign(this, { file, blob, name, address: URL.createObjectURL(blob) });
    $('viewer-title').textContent = title;
    say($('viewer-problem'), '');
    const moving = SHOWN_AS[kind] === 'video';
    const shown = moving
      ? make('video', { src: this.address, controls: true, loop: kind === 'gif', muted: kind === 'gif', playsInline: true, 'aria-label': title })
      : make('img', { src: this.address, alt: title });
    shown.addEventListener('error', () => say($('viewer-problem'), t('file.unplayable')));
    $('viewer-file').replaceChildren(shown);
    $('viewer').showModal();
    $('viewer-close').focus();
    // A browser may refuse to begin by itself: the controls are there.
    if (moving) shown.play().catch(() => {});
  },

  /** Also told by the browser of a dialog that Escape closed: by then another file may be on the screen. */
  closed() {
    if ($('viewer').open) return;
    $('viewer-file').replaceChildren();
    if (this.address) URL.revokeObjectURL(this.address);
    // What was pressed may have been drawn anew meanwhile.
    if (document.activeElement === document.body) this.file?.focus();
    Object.assign(this, { address: null, blob: null, name: '', file: null });
  },

  close() {
    $('viewer').close();
    this.closed();
  },
};

/** The file of one message in the list. */
export class File {
  element = make('div', { className: 'file' });
  #said = make('p', { className: 'hint', role: 'status', hidden: true });
  #problem = make('p', { className: 'problem', role: 'alert', hidden: true });
  #media = null;
  #drawn = '';
  /** Something changed during a load. */
  #stale = false;
  /** The load that is under way. */
  #load = null;
  /** Ends the wait for a file that is being fetched. */
  #wake = () => {};
  /** The sound that plays, and the address of its bytes. */
  #player = null;
  #address = null;

  /** Shows what is known of the file now. */
  update(media) {
    const known = JSON.stringify([media, t('file.download')]);
    if (known === this.#drawn) return;
    this.#drawn = known;
    this.#media = media;
    this.#wake();
    if (this.#load) this.#stale = true;
    else this.#draw();
  }

  /** Where nothing can be pressed any more, the keyboard stays in the list. */
  focus() {
    (this.element.querySelector('button, audio') ?? this.element.closest('[tabindex]'))?.focus();
  }

  /** Nothing is kept of a file that is not shown. */
  end() {
    this.#load?.abort();
    this.#player?.pause();
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.element.remove();
  }

  get #title() {
    return t(`file.kind.${this.#media.kind}`);
  }

  get #name() {
    return legible(this.#media.filename ?? '') || this.#title;
  }

  #draw() {
    const { kind, status, filename, thumbnail } = this.#media;
    const isToBeHad = TO_BE_HAD.includes(status);
    // The status says it already.
    if (!isToBeHad) say(this.#problem, '');
    const hadFocus = this.element.contains(document.activeElement);
    const picture = thumbnail && this.#thumbnail();
    const name = filename && legible(filename);
    const about = make('p', { className: 'file-about', children: [
      ...(name ? [make('bdi', { className: 'file-name', textContent: name }), ' '] : []),
      make('span', { className: 'marks', textContent: this.#facts() }),
    ] });
    const parts = [];
    if (this.#player) parts.push(this.#player);
    else if (isToBeHad && SHOWN_AS[kind]) parts.push(this.#opener(picture));
    else if (picture) parts.push(picture);
    const line = make('div', { className: 'file-line', children: [about] });
    if (status === 'on_request') {
      if (!SHOWN_AS[kind]) line.append(this.#button('file.fetch', () => this.#fetch()));
    } else if (isToBeHad) {
      line.append(this.#button('file.download', () => this.#download()));
    }
    this.element.replaceChildren(...parts, line, this.#said, this.#problem);
    if (hadFocus && !this.element.contains(document.activeElement)) this.focus();
  }

  #facts() {
    const { size: bytes, duration_s: seconds, pages, status, view_once: once } = this.#media;
    return [
      this.#title,
      pages && t(pages === 1 ? 'file.page' : 'file.pages', { n: pages }),
      seconds && length(seconds),
      bytes !== null && size(bytes),
      once && t('file.once'),
      status !== 'stored' && t(`file.status.${status}`),
    ].filter(Boolean).join(' · ');
  }

  #thumbnail() {
    const { thumbnail, width, height } = this.#media;
    const picture = make('img', { className: 'thumbnail', src: thumbnail, alt: SHOWN_AS[this.#media.kind] ? '' : this.#title });
    if (width && height) Object.assign(picture, { width, height });
    picture.addEventListener('error', () => picture.remove());
    return picture;
  }

  #opener(picture) {
    const { kind, status } = this.#media;
    const words = make('span', { textContent: t(`file.open.${kind}`) });
    const first = status === 'on_request' ? [make('span', { textContent: `${t('file.fetch')} · ` })] : [];
    const opener = make('button', { type: 'button', className: 'file-open', children: [
      ...(picture ? [picture] : []), make('span', { className: 'file-open-words', children: [...first, words] }),
    ] });
    opener.addEventListener('click', () => busy(opener, () => this.#open()));
    return opener;
  }

  #button(key, work) {
    const label = t(`${key}.label`, { name: this.#name });
    const button = make('button', { type: 'button', className: 'quiet', textContent: t(key), 'aria-label': label });
    button.addEventListener('click', () => busy(button, work));
    return button;
  }

  #open() {
    const { kind } = this.#media;
    return this.#asking(async (load) => {
      const answer = await this.#answer(load);
      if (shownType(answer) !== SHOWN_AS[kind]) {
        load.abort();
        say(this.#problem, t('file.not_shown'));
        return;
      }
      const blob = await this.#bytes(answer, load);
      if (load.signal.aborted) return;
      if (SHOWN_AS[kind] === 'audio') this.#play(blob);
      else viewer.open(this, kind, this.#title, blob, nameOf(answer));
    });
  }

  #play(blob) {
    this.#address = URL.createObjectURL(blob);
    const player = make('audio', { src: this.#address, controls: true, 'aria-label': this.#title });
    player.addEventListener('error', () => {
      if (this.#player !== player) return;
      URL.revokeObjectURL(this.#address);
      this.#player = null;
      this.#address = null;
      this.#draw();
      say(this.#problem, t('file.unplayable'));
    });
    this.#player = player;
    this.#draw();
    player.play().catch(() => {});
  }

  #download() {
    return this.#asking(async (load) => {
      const answer = await this.#answer(load);
      const blob = await this.#bytes(answer, load);
      if (!load.signal.aborted) save(blob, nameOf(answer));
    });
  }

  /** Has the service fetch the file, and leaves its bytes there. */
  #fetch() {
    return this.#asking(async (load) => {
      await this.#answer(load);
      load.abort();
      this.#media = { ...this.#media, status: 'stored' };
      this.#stale = true;
    });
  }

  /** Runs one load at a time, and says what went wrong. */
  async #asking(work) {
    if (this.#load) return;
    const load = new AbortController();
    this.#load = load;
    say(this.#problem, '');
    try {
      await work(load);
    } catch (error) {
      // What is not shown any more has nothing to say.
      const reason = load.signal.reason;
      if (!load.signal.aborted || reason instanceof Unreachable) say(this.#problem, wrong(reason ?? error));
    } finally {
      this.#load = null;
      say(this.#said, '');
      if (this.#stale) this.#draw();
      this.#stale = false;
    }
  }

  /** The service's answer with the file, as soon as it has the file. */
  async #answer(load) {
    const path = this.#media.url.replace(/^\/+/, '');
    for (let asked = 0; asked < ASKED_MAX && !load.signal.aborted; asked += 1) {
      const answer = await inTime(load, open(path, { signal: load.signal }));
      if (answer.status === 200) return answer;
      await answer.body?.cancel();
      say(this.#said, t('file.fetching'));
      const after = Number(answer.headers.get('retry-after')) * 1000 || RETRY_MS.usual;
      const told = new Promise((resolve) => { this.#wake = resolve; });
      await Promise.race([told, slept(Math.min(Math.max(after, RETRY_MS.least), RETRY_MS.most), load.signal)]);
    }
    throw new Refused(202, { code: 'MEDIA_PENDING' });
  }

  async #bytes(answer, load) {
    const whole = Number(answer.headers.get('content-length'));
    const reader = answer.body.getReader();
    const parts = [];
    let read = 0;
    for (;;) {
      const { done, value } = await inTime(load, reader.read().catch((cause) => {
        throw new Unreachable('cut short', { cause });
      }));
      if (done) return new Blob(parts, { type: answer.headers.get('content-type') ?? '' });
      parts.push(value);
      read += value.length;
      if (whole > 0) say(this.#said, t('file.loading', { n: Math.floor((read / whole) * 100) }));
    }
  }
}

/** The result of `work`, unless nothing comes of it for too long. */
async function inTime(load, work) {
  const timer = setTimeout(() => load.abort(new Unreachable('no answer')), SILENCE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

/** Nothing is kept of what only those with the token may see. */
export const clear = () => viewer.close();

export function listen() {
  $('viewer-close').addEventListener('click', () => viewer.close());
  $('viewer-download').addEventListener('click', () => save(viewer.blob, viewer.name));
  $('viewer').addEventListener('close', () => viewer.closed());
}
