// Who is measured: nginx as the limit, Milliways, Portkey as the peer; and the TLS upstream that two lanes need.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lib from '../lib.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url)), BIN = path.join(lib.OUT, 'bin'), PORTKEY = path.join(lib.OUT, 'portkey/node_modules/@portkey-ai/gateway/build/start-server.js');
export const MOCK = 19100, DIRECT = 19101, TLS = 19102, NGINX = 19110, NGINX_TLS = 19111, PEER = 19112;
export const LOAD = path.join(BIN, 'lg');

export function build() {
  fs.mkdirSync(BIN, { recursive: true });
  for (const name of ['mock', 'lg']) {
    const [source, binary] = [path.join(HERE, 'src', `${name}.c`), path.join(BIN, name)];
    if (!fs.existsSync(binary) || fs.statSync(binary).mtimeMs < fs.statSync(source).mtimeMs)
      if (spawnSync('gcc', ['-O2', '-Wall', '-o', binary, source], { stdio: 'inherit' }).status) throw new Error(`gcc cannot compile ${source}`);
  }
}

export async function mocks() {
  lib.start([path.join(BIN, 'mock'), String(MOCK)], { name: 'mock', cpu: lib.LOAD_CPU });
  const direct = lib.start([path.join(BIN, 'mock'), String(DIRECT)], { name: 'direct', cpu: lib.PROXY_CPU });
  await lib.sleep(200);
  return { name: 'direct', port: DIRECT, pid: direct.pid };
}

export async function shape(query) { for (const port of [MOCK, DIRECT]) await lib.get(`http://127.0.0.1:${port}/_ctl?${query}`); }

/** A throw-away authority and its certificate for this machine. */
function certificate() {
  const run = words => { if (spawnSync('openssl', words, { cwd: lib.OUT, stdio: 'ignore' }).status) throw new Error(`openssl ${words[0]} failed`); };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run(['req', '-x509', ...key, '-days', '2', '-subj', '/CN=Bench CA', '-keyout', 'ca-key.pem', '-out', 'ca.pem']);
  run(['req', ...key, '-subj', '/CN=localhost', '-keyout', 'key.pem', '-out', 'request.pem']);
  fs.writeFileSync(path.join(lib.OUT, 'names.cnf'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  run(['x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-days', '2', '-extfile', 'names.cnf', '-out', 'certificate.pem']);
}

function configured(file, name) {
  const config = path.join(lib.OUT, name), fill = { WORK: lib.OUT, PORT: NGINX, TLS_PORT: NGINX_TLS, UPSTREAM_PORT: MOCK, UPSTREAM_TLS_PORT: TLS, WORKERS: lib.SPLIT ? 1 : 2 };
  fs.writeFileSync(config, fs.readFileSync(path.join(HERE, file), 'utf8').replace(/@(\w+)@/g, (_, word) => fill[word]));
  return config;
}

/** The mock behind TLS: an nginx on the load's core, so that it costs the measured one nothing. */
export async function tlsUpstream() {
  certificate();
  lib.start(['nginx', '-e', 'stderr', '-c', configured('tls-upstream.conf', 'tls-upstream.conf')], { name: 'tls-upstream', cpu: lib.LOAD_CPU });
  await lib.sleep(300);
}

export async function nginx() {
  if (!fs.existsSync(path.join(lib.OUT, 'ca.pem'))) certificate();
  const child = lib.start(['nginx', '-e', 'stderr', '-c', configured('nginx.conf', 'nginx.conf')], { name: 'nginx', cpu: lib.PROXY_CPU });
  await lib.sleep(300);
  return { name: 'nginx', port: NGINX, tlsPort: NGINX_TLS, pid: child.pid };
}

const upstreams = () => ({
  mock: { dialect: 'openai-chat', provider: 'openai', baseUrl: `http://127.0.0.1:${MOCK}/v1`, apiKey: 'sk-mock', models: ['gpt-4o-mini'] },
  mockAnthropic: { dialect: 'anthropic', baseUrl: `http://127.0.0.1:${MOCK}`, apiKey: 'sk-mock', models: ['claude-sonnet-4'] },
  mockTls: { dialect: 'openai-chat', baseUrl: `https://127.0.0.1:${TLS}/v1`, apiKey: 'sk-mock', models: ['gpt-4o-mini-tls'], caFile: path.join(lib.OUT, 'ca.pem') },
});

/** How a server is called: at xAI's address, and at a gateway's with the caller's own key for the provider. */
const calls = server => ({
  headers: { authorization: `Bearer ${server.key}` },
  provider: { path: `/v1/${server.account}/default/openai/chat/completions`, headers: { 'cf-aig-authorization': `Bearer ${server.key}`, authorization: 'Bearer sk-own' } },
});

/** Keys are checked and usage is read; nothing is limited, charged or kept. */
export async function milliways(name, executable, env) {
  const server = await lib.serve({ config: { upstreams: upstreams() }, cpu: lib.PROXY_CPU, name, executable, env });
  return { name, port: server.port, pid: server.pid, ...calls(server), server };
}

/** The same with all of it: limits of team and key that are counted and never reached, a hold, a charge that is on the disk before the end, a usage row. */
export async function governed(name, executable, { database, log = false, env } = {}) {
  const config = {
    logs: { collect: log },
    upstreams: Object.fromEntries(Object.entries(upstreams()).map(([upstream, settings]) => [upstream, { ...settings, prices: { '*': { input: '0.15', output: '0.60' } } }])),
    limits: { perTeam: { requestsPerMinute: 100_000_000, tokensPerMinute: 1_000_000_000_000, concurrent: 100_000 }, perKey: { requestsPerMinute: 100_000_000 } },
  };
  const server = await lib.serve({ config, cpu: lib.PROXY_CPU, name, executable, governed: true, database, env });
  const where = database ? ['--database', database] : [];
  const paid = spawnSync(executable, ['credits', 'purchase', '1000000', '--reason', 'bench', '--data', server.data, ...where], { encoding: 'utf8' });
  if (paid.status) throw new Error(`credits purchase: ${paid.stderr}`);
  return { name, port: server.port, pid: server.pid, ...calls(server), server };
}

/** Portkey's gateway, which run.sh installs into out/; null when it is not there. It checks no key and counts nothing. */
export async function portkey() {
  if (!fs.existsSync(PORTKEY)) return null;
  const child = lib.start(['node', PORTKEY, '--headless', `--port=${PEER}`], { name: 'portkey', cpu: lib.PROXY_CPU, env: { NODE_ENV: 'production' } });
  for (let i = 0; i < 100; i++) {
    try { await lib.get(`http://127.0.0.1:${PEER}/`); break; } catch { await lib.sleep(100); }
  }
  return { name: 'portkey', port: PEER, pid: child.pid, headers: { authorization: 'Bearer sk-x', 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${MOCK}/v1` } };
}
