// The service's own browser, seen from outside: its page's state, its tabs, and its processes.
import fs from 'node:fs';
import path from 'node:path';
import { fromWork } from '../where.mjs';

const WebSocket = fromWork('ws');
const ANSWER_MS = 10_000;

/** Where the service's browser accepts debugging connections of these tests. */
function address(world) {
  const file = path.join(world.dir, 'tokens', 'admin', 'DevToolsActivePort');
  return `http://127.0.0.1:${fs.readFileSync(file, 'utf8').split('\n')[0]}`;
}

async function tabs(world) {
  const targets = await (await fetch(`${address(world)}/json/list`)).json();
  return targets.filter(({ type, url }) => type === 'page' && url.startsWith('https://web.whatsapp.com/'));
}

/** The value of an expression in the service's page. */
export async function ask(world, expression) {
  const [tab] = await tabs(world);
  const socket = new WebSocket(tab.webSocketDebuggerUrl);
  try {
    return await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('the page does not answer')), ANSWER_MS);
      const question = { expression, awaitPromise: true, returnByValue: true };
      socket.on('error', reject);
      socket.on('open', () => socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: question })));
      socket.on('message', (text) => {
        const { id, result } = JSON.parse(text);
        if (id !== 1) return;
        clearTimeout(late);
        if (result.exceptionDetails) reject(new Error(result.exceptionDetails.exception.description));
        else resolve(result.result.value);
      });
    });
  } finally {
    socket.close();
  }
}

/** Opens the page in another tab of the same browser; returns a function that closes it. */
export async function anotherTab(world) {
  const at = address(world);
  const url = encodeURIComponent('https://web.whatsapp.com/');
  const { id } = await (await fetch(`${at}/json/new?${url}`, { method: 'PUT' })).json();
  return () => fetch(`${at}/json/close/${id}`).catch(() => null);
}

/** The ids and command lines of a process's children, and of their children. */
function offspring(parent) {
  const all = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = [];
  for (const pid of all) {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const of = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (of !== parent) continue;
      const line = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      found.push({ pid: Number(pid), line }, ...offspring(Number(pid)));
    } catch {
      // The process has ended meanwhile.
    }
  }
  return found;
}

/** The browser's main process. */
export function browser(world) {
  const own = offspring(world.sm.pid).filter(({ line }) => line.includes('--user-data-dir='));
  return own.find(({ line }) => !line.includes('--type='))?.pid ?? null;
}

/** The processes that run pages. */
export function renderers(world) {
  return offspring(world.sm.pid)
    .filter(({ line }) => line.includes('--type=renderer'))
    .map(({ pid }) => pid);
}
