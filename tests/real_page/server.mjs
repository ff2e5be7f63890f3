// HTTPS + WSS for web.whatsapp.com, on 127.0.0.1: a small HTML page, the loader, the real modules (read at run time
// from REAL_MODULES), and the chat server (chat/). Usage: node server.mjs [port]; control API on the same port under
// /__ctl.
import https from 'node:https';
import fs from 'node:fs';
import path from 'node:path';
import { MODULES, WORK, fromWork } from './where.mjs';
import { execFileSync } from 'node:child_process';
import { control } from './chat/control.mjs';
import { serve } from './chat/media.mjs';
import { take } from './chat/uploads.mjs';
import { attachChat } from './chat/socket.mjs';
import { rootKeyHex, state } from './chat/state.mjs';

const here = path.dirname(new URL(import.meta.url).pathname);
const nodeRequire = fromWork;
const port = Number(process.argv[2] || process.env.PORT || 8443);

function moduleFile(name) {
  if (!/^[\w$.\-]+$/.test(name)) return null;
  const exact = path.join(MODULES, name + '.js');
  if (fs.existsSync(exact)) return exact;
  const alt = alts.get(name);
  return alt ? path.join(MODULES, alt) : null;
}
const alts = new Map();
for (const f of fs.readdirSync(MODULES)) {
  const m = /^(.*)~alt-[0-9a-f]+\.js$/.exec(f);
  if (m && !alts.has(m[1])) alts.set(m[1], f);
}
// the only change to the real code, at run time: the root of the certificate chain belongs to these tests
function moduleText(name) {
  const f = moduleFile(name);
  if (!f) return null;
  let t = fs.readFileSync(f, 'utf8');
  if (name === 'WAVerifyChainCertificateWA6') t = t.replace(/"[0-9a-f]{64}"/, JSON.stringify(rootKeyHex));
  return t;
}
function deps(text) {
  const m = /__d\(\s*"[^"]+"\s*,\s*\[([^\]]*)\]/.exec(text);
  return m ? [...m[1].matchAll(/"([^"]+)"/g)].map((x) => x[1]) : [];
}
// one file with every module that the logic can reach (static + deferred) from the bootstrap; others are fetched
function bundle() {
  const cache = path.join(WORK, `bundle-${rootKeyHex.slice(0, 8)}.js`);
  if (fs.existsSync(cache)) return fs.readFileSync(cache);
  const seen = new Set(),
    todo = ['WAWebAppBootstrap', 'WAWebLaunchSocket', 'WAWebApp.react', '__debug'],
    out = [];
  const extra = (
    process.env.REAL_ROOTS ||
    'WAWebHandleDirtyBits WAWebPersistedJobInitializers WAWebMessagePluginParseProtobufRegistryForNonGuest WAWebMessagePluginProcessAsAddonRegistryForNonGuest WAWebMultipleMessageParserPluginParseProtobufRegistryForNonGuest WAWebGroupHandleAddressingModeMismatch WAWebReconcileMetaAiUnreadCountHelper WAWebAddonGatingUtils WAWebOrchestratorJobEventSampling WAWebCollections WAWebMsgKey WAWebChatStateBridge WAWebLinkDeviceAction'
  ).split(' ');
  todo.push(...extra);
  while (todo.length) {
    const n = todo.pop();
    if (seen.has(n)) continue;
    seen.add(n);
    const t = moduleText(n);
    if (!t) continue;
    if (/\.react$/.test(n) && n !== 'WAWebApp.react') {
      out.push(t);
      continue;
    } // screens: themselves only
    out.push(t);
    todo.push(...deps(t));
    for (const m of t.matchAll(/requireDeferred(?:ForDisplay)?"\)\("([^"]+)"/g))
      if (!/\.react$/.test(m[1])) todo.push(m[1]);
  }
  const text = out.join('\n');
  fs.writeFileSync(cache, text);
  console.log(`bundle: ${out.length} modules, ${(text.length / 1e6).toFixed(1)} MB`);
  return Buffer.from(text);
}
const pkgMain = {
  'tweetnacl-1.0.3': 'tweetnacl/nacl-fast.js',
  'fflate-0.6.10': 'fflate/umd/index.js',
  'ua-parser-js-0.7.39': 'ua-parser-js/src/ua-parser.js',
  'toposort-1.0.3': 'toposort/index.js',
  'punycode-2.1.1': 'punycode/punycode.js',
  react: 'react/cjs/react.production.js',
  'react/jsx-runtime': 'react/cjs/react-jsx-runtime.production.js',
};
function vendor() {
  let s =
    '(function(g){const V=g.__vendor={},M={};const cjs=(n,f)=>()=>{if(!M[n]){const m={exports:{}};M[n]=m;f.call(g,m,m.exports,(x)=>V["cjs:"+x]?V["cjs:"+x]():({}))}return M[n].exports};\n';
  for (const [n, f] of Object.entries(pkgMain)) {
    const text = fs.readFileSync(path.join(here, 'node_modules', f), 'utf8');
    s += `V["cjs:${n}"]=cjs(${JSON.stringify(n)},function(module,exports,require){\n${text}\n});\n`;
    if (n !== 'react' && n !== 'react/jsx-runtime') s += `V[${JSON.stringify(n)}]=()=>()=>V["cjs:${n}"]();\n`;
  }
  s +=
    'V.react=()=>Object.assign({},V["cjs:react"](),V["cjs:react/jsx-runtime"]());for(const k of Object.keys(V))if(k.startsWith("cjs:"))Object.defineProperty(V,k,{enumerable:false});})(globalThis);';
  return s;
}
const options = { log: process.env.REAL_LOG !== '0', ...JSON.parse(process.env.REAL_OPTIONS || '{}') };
const html =
  () => `<!DOCTYPE html><html lang="en" id="whatsapp-web"><head><meta charset="utf-8"><title>WhatsApp</title></head><body><div id="app"></div>
<script>globalThis.__realConfig=${JSON.stringify(options)};globalThis.__fetchModule=(n)=>{const x=new XMLHttpRequest();x.open('GET','/__real/m/'+encodeURIComponent(n),false);x.send();return x.status===200?x.responseText:null};globalThis.__evalModule=(t,n)=>(0,eval)(t+'\\n//# sourceURL=real/'+n+'.js')</script>
<script src="/__real/loader.js"></script><script src="/__real/vendor.js"></script><script src="/__real/stubs.js"></script><script src="/__real/bundle.js"></script><script src="/__real/boot.js"></script></body></html>`;

const certFile = path.join(WORK, 'tls.pem'),
  keyFile = path.join(WORK, 'tls.key');
if (!fs.existsSync(certFile))
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      keyFile,
      '-out',
      certFile,
      '-days',
      '3650',
      '-subj',
      '/CN=web.whatsapp.com',
      '-addext',
      'subjectAltName=DNS:web.whatsapp.com,DNS:*.whatsapp.com,DNS:*.whatsapp.net',
    ],
    { stdio: 'ignore' },
  );
const big = bundle();
const server = https.createServer(
  { cert: fs.readFileSync(certFile), key: fs.readFileSync(keyFile) },
  async (req, res) => {
    const url = new URL(req.url, 'https://web.whatsapp.com');
    const js = (t) => {
      res.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' });
      res.end(t);
    };
    if (process.env.REAL_HTTP_LOG) console.log('HTTP', req.method, req.headers.host, req.url);
    if (url.pathname.startsWith('/__ctl/')) return control(url.pathname.slice(7), url.searchParams, req, res);
    if (serve(req, res, url) || take(req, res, url)) return;
    if (url.pathname === '/') {
      res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      return res.end(html());
    }
    if (url.pathname === '/__real/bundle.js') return js(big);
    if (url.pathname === '/__real/vendor.js') return js(vendor());
    if (/^\/__real\/(loader|stubs|boot)\.js$/.test(url.pathname))
      return js(fs.readFileSync(path.join(here, url.pathname.slice(8))));
    if (url.pathname.startsWith('/__real/m/')) {
      const t = moduleText(decodeURIComponent(url.pathname.slice(10)));
      if (t) return js(t);
      res.writeHead(404);
      return res.end();
    }
    if (url.pathname === '/status.json') {
      res.writeHead(200, { 'content-type': 'application/json' });
      return res.end('{}');
    }
    state.httpMiss.set(url.pathname, (state.httpMiss.get(url.pathname) || 0) + 1);
    res.writeHead(404, { 'access-control-allow-origin': '*' });
    res.end();
  },
);
attachChat(server, nodeRequire);
server.listen(port, '127.0.0.1', () => console.log(`realpage on 127.0.0.1:${port}`));
process.on('SIGTERM', () => process.exit(0));
