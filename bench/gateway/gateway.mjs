// Part (a): the same dialect passed through, key check on, beside nginx as the limit. Also usable alone:
//   node bench/gateway/gateway.mjs [--rounds 5] [--secs 2] [--warmup 15] [--only c64,s64] [--other FILE] [--otherEnv NAME=VALUE]
// --other names a second build of the executable, --otherEnv NAME=VALUE a setting for it; it is measured in the same rounds: that is how a change is
// judged. On a noisy machine believe the CPU ratios of many short rounds (--rounds 12 --secs 1), and nothing under 8 %.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lib from '../lib.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url)), BIN = path.join(lib.OUT, 'bin');
const MOCK = 19100, DIRECT = 19101, FIRST = 19110, CHUNKS = 64, DELAY_MS = 10;

/** What is run. `body`: which request; `c`: connections; `paced`: streams whose chunks are DELAY_MS apart. */
const SCENARIOS = {
  c1: { body: 'whole', c: 1 }, c16: { body: 'whole', c: 16 }, c64: { body: 'whole', c: 64 }, c256: { body: 'whole', c: 256 },
  big: { body: 'big', c: 16 },
  s16: { body: 'stream', c: 16, paced: true }, s64: { body: 'stream', c: 64, paced: true }, s256: { body: 'stream', c: 256, paced: true },
  burst: { body: 'stream', c: 16, burst: true },
  anthropic: { body: 'anthropic', c: 64, paced: true, path: '/v1/messages' },
};

export function bodies() {
  const text = 'Explain what a gateway for language models does, in three sentences, for a reader who knows HTTP.';
  const words = Array.from({ length: 22000 }, (_, i) => ['token', 'stream', 'model', 'gateway', 'latency', 'cache'][i % 6]).join(' ');
  const chat = content => ({ model: 'gpt-4o-mini', messages: [{ role: 'system', content: 'You are a helpful assistant.' }, { role: 'user', content }], temperature: 0.7, max_tokens: 256 });
  const all = {
    whole: chat(text), big: chat(words), stream: { ...chat(text), stream: true, stream_options: { include_usage: true } },
    anthropic: { model: 'claude-sonnet-4', max_tokens: 256, stream: true, messages: [{ role: 'user', content: text }] },
  };
  return Object.fromEntries(Object.entries(all).map(([name, body]) => {
    const file = path.join(lib.OUT, `body-${name}.json`);
    fs.writeFileSync(file, JSON.stringify(body));
    return [name, file];
  }));
}

export function build() {
  fs.mkdirSync(BIN, { recursive: true });
  for (const name of ['mock', 'lg']) {
    const [source, binary] = [path.join(HERE, 'src', `${name}.c`), path.join(BIN, name)];
    if (!fs.existsSync(binary) || fs.statSync(binary).mtimeMs < fs.statSync(source).mtimeMs)
      if (spawnSync('gcc', ['-O2', '-Wall', '-o', binary, source], { stdio: 'inherit' }).status) throw new Error(`gcc cannot compile ${source}`);
  }
}

/** The load generator's figures over one window. */
function load(target, body, options) {
  const words = ['--connect', `127.0.0.1:${target.port}`, '--body', body];
  for (const [name, value] of Object.entries(target.headers ?? {})) words.push('--header', `${name}: ${value}`);
  for (const [name, value] of Object.entries({ path: '/v1/chat/completions', ...options })) words.push((name.length === 1 ? '-' : '--') + name, String(value));
  for (const pid of target.pid ? lib.tree(target.pid) : []) words.push('--pid', String(pid));
  const [program, ...rest] = lib.pinned(lib.LOAD_CPU, [path.join(BIN, 'lg'), ...words]);
  return new Promise(done => {
    let text = '';
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', part => text += part);
    child.on('close', () => { try { done(JSON.parse(text)); } catch { done(null); } });
  });
}

async function shape(query) { for (const port of [MOCK, DIRECT]) await lib.get(`http://127.0.0.1:${port}/_ctl?${query}`); }

async function once(target, files, name, secs, warm) {
  const scenario = SCENARIOS[name], streamSecs = CHUNKS * DELAY_MS / 1000;
  await shape(`chunks=${CHUNKS}&delay_us=${scenario.paced ? DELAY_MS * 1000 : 0}`);
  const options = { c: scenario.c, d: scenario.paced ? Math.max(secs, 2 * streamSecs) : secs, warm: scenario.paced ? Math.max(warm, 1.2 * streamSecs) : warm };
  if (scenario.paced || scenario.burst) options.sse = CHUNKS;
  if (scenario.paced) options.ramp = streamSecs * 1000;
  if (scenario.path) options.path = scenario.path;
  return load(target, files[scenario.body], options);
}

async function nginx(port) {
  const config = path.join(lib.OUT, 'nginx.conf'), fill = { WORK: lib.OUT, PORT: port, UPSTREAM_PORT: MOCK, WORKERS: lib.SPLIT ? 1 : 2 };
  fs.writeFileSync(config, fs.readFileSync(path.join(HERE, 'nginx.conf'), 'utf8').replace(/@(\w+)@/g, (_, name) => fill[name]));
  const child = lib.start(['nginx', '-e', 'stderr', '-c', config], { name: 'nginx', cpu: lib.PROXY_CPU });
  await lib.sleep(300);
  return { name: 'nginx', port, pid: child.pid };
}

async function milliways(name, executable, env) {
  const config = {
    upstreams: {
      mock: { dialect: 'openai-chat', baseUrl: `http://127.0.0.1:${MOCK}/v1`, apiKey: 'sk-mock', models: ['gpt-4o-mini'] },
      mockAnthropic: { dialect: 'anthropic', baseUrl: `http://127.0.0.1:${MOCK}`, apiKey: 'sk-mock', models: ['claude-sonnet-4'] },
    },
  };
  const server = await lib.serve({ config, cpu: lib.PROXY_CPU, name, executable, env });
  return { name, port: server.port, pid: server.pid, headers: { authorization: `Bearer ${server.key}` }, server };
}

/** A wrong answer is no figure: both kinds are checked before anything is counted. */
async function check(target, files, picked) {
  await shape('chunks=8&delay_us=1000');
  for (const kind of new Set(picked.map(name => SCENARIOS[name].body))) {
    const streams = kind === 'stream' || kind === 'anthropic';
    const seen = await load(target, files[kind], { c: 2, d: 0.4, warm: 0.1, ...(streams ? { sse: 8 } : {}), ...(kind === 'anthropic' ? { path: '/v1/messages' } : {}) });
    if (!seen?.ok || seen.bad) throw new Error(`${target.name}: ${kind} fails (status ${seen?.last_status} ${seen?.bad_sample ?? ''})`);
  }
}

export const cpuOf = window => window.chunks ? window.cpu_s / window.chunks * 1e6 : window.cpu_s / window.ok * 1e6;

export async function measure({ rounds = 5, secs = 2, warmup = 15, only = ['c64', 's64'], other = null, otherEnv = null } = {}) {
  build();
  const files = bodies();
  lib.start([path.join(BIN, 'mock'), String(MOCK)], { name: 'mock', cpu: lib.LOAD_CPU });
  const direct = lib.start([path.join(BIN, 'mock'), String(DIRECT)], { name: 'direct', cpu: lib.PROXY_CPU });
  await lib.sleep(200);
  const targets = [{ name: 'direct', port: DIRECT, pid: direct.pid }, await nginx(FIRST), await milliways('milliways', lib.EXECUTABLE)];
  if (other || otherEnv) targets.push(await milliways('other', other ?? lib.EXECUTABLE, otherEnv ? Object.fromEntries([otherEnv.split('=')]) : undefined));
  for (const target of targets) await check(target, files, only);
  // The runtime's tiers settle after about 10 s on one core; nginx needs no warm-up but gets its share for its pages.
  for (const target of targets.slice(1)) {
    lib.log(`warm-up ${target.name}`);
    const long = target.name === 'nginx' ? 1 : warmup;
    for (const name of only) await once(target, files, name, long / only.length, 0);
  }
  const windows = Object.fromEntries(targets.map(target => [target.name, Object.fromEntries(only.map(name => [name, []]))]));
  for (let round = 0; round < rounds; round++)
    for (const name of only) {
      for (let i = 0; i < targets.length; i++) {
        const target = targets[(i + round) % targets.length];
        windows[target.name][name].push(await once(target, files, name, secs, 0.5));
      }
      lib.log(`round ${round + 1}/${rounds} ${name}: ` + targets.map(target => { const w = windows[target.name][name].at(-1); return `${target.name} ${lib.number(w.chunks ? w.chunks_s : w.rps)} /s, ${lib.number(cpuOf(w), 1)} ms`; }).join('; '));
    }
  const result = {};
  for (const name of only) {
    const per = (target, pick) => windows[target][name].map(pick), of = (target, pick) => lib.median(per(target, pick));
    const ratio = (target, base, pick) => lib.median(per(target, pick).map((value, i) => value / per(base, pick)[i]));
    const added = (target, pick) => lib.median(per(target, pick).map((value, i) => value - per('direct', pick)[i]));
    const streams = windows.direct[name][0].chunks > 0;
    result[name] = targets.map(({ name: target }) => ({
      target, perSecond: of(target, w => streams ? w.chunks_s : w.rps), rateToNginx: ratio(target, 'nginx', w => w.rps),
      cpuMsPerThousand: of(target, cpuOf), cpuToNginx: ratio(target, 'nginx', cpuOf),
      ...(targets.length > 3 ? { rateToMilliways: ratio(target, 'milliways', w => w.rps), cpuToMilliways: ratio(target, 'milliways', cpuOf) } : {}),
      ...(streams ? { firstByteAddedP50Us: added(target, w => w.ttfb.p50), chunkDelayAddedP50Us: added(target, w => w.one_way.p50), chunkDelayAddedP99Us: added(target, w => w.one_way.p99) }
        : { addedP50Us: added(target, w => w.lat.p50), addedP99Us: added(target, w => w.lat.p99) }),
      residentMb: Math.max(...per(target, w => w.rss_kb / 1024)), errors: per(target, w => w.bad + w.broken).reduce((a, b) => a + b, 0),
    }));
  }
  for (const target of targets) await target.server?.stop().then(() => target.server.discard());
  await lib.stopAll();
  return result;
}

export function report(result) {
  let text = '';
  for (const [name, rows] of Object.entries(result)) {
    const scenario = SCENARIOS[name], streams = scenario.paced || scenario.burst, { number } = lib;
    text += `\n${name}: ${scenario.c} ${streams ? `streams of ${CHUNKS} chunks${scenario.paced ? ` ${DELAY_MS} ms apart` : ' back to back'}` : 'connections, whole answers, closed loop'}\n\n`;
    const other = rows.some(row => row.rateToMilliways != null && row.target === 'other');
    text += streams
      ? lib.table(['target', 'chunks/s', 'CPU ms per 1,000 chunks', 'CPU x nginx', ...(other ? ['CPU x milliways'] : []), '+first byte p50 us', '+chunk delay p50 us', '+p99 us', 'RSS MiB', 'errors'],
        rows.map(r => [r.target, number(r.perSecond), number(r.cpuMsPerThousand, 1), r.target === 'direct' ? '-' : number(r.cpuToNginx, 2), ...(other ? [number(r.cpuToMilliways, 3)] : []), number(r.firstByteAddedP50Us), number(r.chunkDelayAddedP50Us), number(r.chunkDelayAddedP99Us), number(r.residentMb, 1), r.errors]))
      : lib.table(['target', 'req/s', 'req/s x nginx', ...(other ? ['req/s x milliways'] : []), 'CPU ms per 1,000', 'CPU x nginx', ...(other ? ['CPU x milliways'] : []), '+p50 us', '+p99 us', 'RSS MiB', 'errors'],
        rows.map(r => [r.target, number(r.perSecond), number(r.rateToNginx, 2), ...(other ? [number(r.rateToMilliways, 3)] : []), number(r.cpuMsPerThousand, 1), r.target === 'direct' ? '-' : number(r.cpuToNginx, 2), ...(other ? [number(r.cpuToMilliways, 3)] : []), number(r.addedP50Us), number(r.addedP99Us), number(r.residentMb, 1), r.errors]));
  }
  return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = {}, words = process.argv.slice(2);
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].slice(2), value = words[i + 1];
    options[name] = name === 'only' ? value.split(',') : name === 'other' ? path.resolve(value) : name === 'otherEnv' ? value : +value;
  }
  try {
    const result = await measure(options);
    console.log(report(result));
    fs.writeFileSync(path.join(lib.OUT, 'gateway.json'), JSON.stringify(result, null, 1));
  } finally { await lib.stopAll(); }
}
