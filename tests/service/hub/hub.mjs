// A central hub as session-manager meets it: its login, its listener, its failures. Prints its port once it listens.
//
//   POST /api/auth/login                      {username, password} → {token}; tokens expire when the test says so
//   POST /api/listener/incoming-message       X-Internal-Token; {cliente_id, from, message, timestamp}
//   POST /api/listener/outgoing-message       the same, with `to`
//   POST /api/listener/test-message           Bearer; {cliente_id, telefono, texto, esHumano}
//   POST /test/mode                           {failing, slow_ms, internal_token, forget_tokens}
//   GET  /test/record                         the messages it has, and the requests it refused
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const mode = { failing: 0, slow_ms: 0, internal_token: process.env.HUB_INTERNAL_TOKEN };
const record = { incoming: [], outgoing: [], conversation: [], doubled: 0, logins: 0, refused: {} };
const tokens = new Set();
const seen = new Set();

const isText = (value) => typeof value === 'string' && value.length > 0;
const isPhone = (value) => /^\d{8,15}$/.test(value);

/** The hub keeps one of several messages with the same sender, text and time. */
function keep(list, entry, from) {
  const key = JSON.stringify([from, entry.message, entry.timestamp]);
  if (seen.has(key)) record.doubled += 1;
  else list.push(entry);
  seen.add(key);
  return 201;
}

const ROUTES = {
  '/api/auth/login': (_, body) => {
    record.logins += 1;
    if (body.username !== process.env.HUB_USER || body.password !== process.env.HUB_PASS) return 401;
    const token = randomUUID();
    tokens.add(token);
    return { token };
  },
  '/api/listener/incoming-message': (request, body) => {
    if (request.headers['x-internal-token'] !== mode.internal_token) return 401;
    const whole = Number.isInteger(body.cliente_id) && isPhone(body.from) && isText(body.message) && Date.parse(body.timestamp);
    return whole ? keep(record.incoming, body, body.from) : 400;
  },
  '/api/listener/outgoing-message': (request, body) => {
    if (request.headers['x-internal-token'] !== mode.internal_token) return 401;
    const whole = isPhone(body.from) && isPhone(body.to) && isText(body.message) && Date.parse(body.timestamp);
    return whole ? keep(record.outgoing, body, body.to) : 400;
  },
  '/api/listener/test-message': (request, body) => {
    const token = request.headers.authorization?.replace(/^Bearer /, '');
    if (!tokens.has(token)) return 401;
    const whole = isPhone(body.telefono) && isText(body.texto) && typeof body.esHumano === 'boolean';
    if (!whole) return 400;
    record.conversation.push(body);
    return 201;
  },
};

async function answer(request) {
  let text = '';
  for await (const part of request) text += part;
  const body = text ? JSON.parse(text) : {};
  if (request.url === '/test/record') return record;
  if (request.url === '/test/mode') {
    if (body.forget_tokens) tokens.clear();
    Object.assign(mode, body);
    return {};
  }
  if (mode.slow_ms) await new Promise((resolve) => setTimeout(resolve, mode.slow_ms));
  if (mode.failing) return mode.failing;
  return ROUTES[request.url]?.(request, body) ?? 404;
}

const server = createServer(async (request, response) => {
  const answered = await answer(request).catch(() => 500);
  const status = typeof answered === 'number' ? answered : 200;
  if (status >= 400) record.refused[`${request.url} ${status}`] = (record.refused[`${request.url} ${status}`] ?? 0) + 1;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(typeof answered === 'number' ? { ok: status < 400 } : answered));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
// The test that started this process holds its standard input.
process.stdin.on('end', () => process.exit()).resume();
