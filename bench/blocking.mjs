// Does anything block the threads that serve the sockets? Under load, probes on connections of their own send tiny requests at a steady rate; a thread
// that waits for a lock, a file or a database answers its probes late. The same is done to a server with inlining switched off, as a yardstick: its
// probes run on the thread pool, so what both show is the machine's noise and what only the first shows is blocking.
//   node bench/blocking.mjs [seconds] [probes]
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lib from './lib.mjs';
import { build, bodies } from './gateway/gateway.mjs';

const MOCK = 19120, EVERY_MS = 20;

/** One connection asking in turns for something trivial and for something that is refused after the key and the body were read. */
function probe(server, untilMs, into) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const requests = [
    { name: 'GET /healthz', options: { method: 'GET', path: '/healthz' } },
    { name: 'POST refused', options: { method: 'POST', path: '/v1/chat/completions', headers: { 'content-type': 'application/json', authorization: `Bearer ${server.key}` } }, body: '{"model":"no-such-model","messages":[]}' },
    { name: 'POST wrong key', options: { method: 'POST', path: '/v1/chat/completions', headers: { 'content-type': 'application/json', authorization: 'Bearer xai-mw-wrong' } }, body: '{}' },
  ];
  return (async () => {
    for (let i = 0; lib.now() < untilMs; i++) {
      const { name, options, body } = requests[i % requests.length], began = lib.now();
      await new Promise((done, failed) => {
        const request = http.request({ host: '127.0.0.1', port: server.port, agent, ...options }, answer => { answer.resume(); answer.on('end', done); });
        request.on('error', failed);
        request.end(body);
      });
      const took = lib.now() - began;
      (into[name] ??= []).push(took);
      await lib.sleep(Math.max(0, EVERY_MS - took));
    }
    agent.destroy();
  })();
}

function load(server, body, secs) {
  const [program, ...words] = lib.pinned(lib.LOAD_CPU, [path.join(lib.OUT, 'bin', 'lg'), '--connect', `127.0.0.1:${server.port}`, '--path', '/v1/chat/completions', '--body', body, '--header', `authorization: Bearer ${server.key}`, '-c', '64', '-d', String(secs)]);
  return new Promise(done => {
    let text = '';
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', part => text += part);
    child.on('close', () => done(JSON.parse(text)));
  });
}

/** Milliseconds that the socket threads could have run but had no core: what the machine took, not what we blocked. */
function waited(pid) {
  const threads = fs.readdirSync(`/proc/${pid}/task`).map(task => `/proc/${pid}/task/${task}`).filter(task => fs.readFileSync(`${task}/comm`, 'utf8').trim() === '.NET Sockets');
  return threads.reduce((sum, task) => sum + +fs.readFileSync(`${task}/schedstat`, 'utf8').split(' ')[1] / 1e6, 0);
}

export async function measure({ secs = 10, probes = 8 } = {}) {
  build();
  const files = bodies(), rows = [];
  lib.start([path.join(lib.OUT, 'bin', 'mock'), String(MOCK)], { name: 'blocking-mock', cpu: lib.LOAD_CPU });
  await lib.sleep(200);
  const config = { upstreams: { mock: { dialect: 'openai-chat', baseUrl: `http://127.0.0.1:${MOCK}/v1`, apiKey: 'sk-mock', models: ['gpt-4o-mini'] } } };
  for (const inline of ['on', 'off']) {
    const server = await lib.serve({ config, cpu: lib.PROXY_CPU, env: { MILLIWAYS_INLINE: inline } });
    await load(server, files.whole, 12); // the runtime's tiers settle
    for (const loaded of [false, true]) {
      const seen = {}, until = lib.now() + secs * 1000, delayed = waited(server.pid);
      const [busy] = await Promise.all([loaded ? load(server, files.whole, secs) : null, ...Array.from({ length: probes }, () => probe(server, until, seen))]);
      const core = 100 * (waited(server.pid) - delayed) / (secs * 1000);
      for (const [name, times] of Object.entries(seen))
        rows.push({ inline, core, load: loaded ? `${lib.number(busy.rps)} req/s` : 'none', probe: name, count: times.length, p50: lib.median(times), p99: lib.quantile(times, 0.99), max: Math.max(...times) });
    }
    await server.stop();
    server.discard();
  }
  await lib.stopAll();
  return rows;
}

export const report = rows => lib.table(['inline completions', 'load at 64 connections', 'probe', 'answers', 'p50 ms', 'p99 ms', 'longest ms', 'socket threads waiting for a core'],
  rows.map(r => [r.inline, r.load, r.probe, r.count, lib.number(r.p50, 2), lib.number(r.p99, 2), lib.number(r.max, 1), `${lib.number(r.core)} %`]));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try { console.log(report(await measure({ secs: +(process.argv[2] ?? 10), probes: +(process.argv[3] ?? 8) }))); } finally { await lib.stopAll(); }
}
