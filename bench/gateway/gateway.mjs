// The gateway beside nginx (the limit) and Portkey (the peer), key check on. Also usable alone:
//   node bench/gateway/gateway.mjs [--rounds 5] [--secs 2] [--warmup 30] [--only c64,s64] [--other FILE] [--otherEnv NAME=VALUE] [--peers no] [--governed no]
// --other names a second build of the executable, --otherEnv NAME=VALUE a setting for it; it is measured in the same rounds, governed too where that is (in
// the place of the log): that is how a change is judged. On a noisy machine believe the CPU ratios of many short rounds (--rounds 12 --secs 1), and nothing under 8 %.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lib from '../lib.mjs';
import { CHUNKS, DELAY_MS, LANES, QUICK, USUAL, bodies, ramp, streams } from './lanes.mjs';
import { report } from './report.mjs';
import * as targets from './targets.mjs';

export { QUICK, report };

/** The load generator's figures over one window. */
function load(target, lane, body, options) {
  const called = lane.provider && target.provider || target;
  const words = ['--connect', `127.0.0.1:${lane.tls && target.tlsPort || target.port}`, '--body', body, '--path', called.path ?? lane.path ?? '/v1/chat/completions'];
  for (const [name, value] of Object.entries(called.headers ?? {})) words.push('--header', `${name}: ${value}`);
  for (const [name, value] of Object.entries(options)) words.push((name.length === 1 ? '-' : '--') + name, String(value));
  for (const pid of target.pid ? lib.tree(target.pid) : []) words.push('--pid', String(pid));
  const [program, ...rest] = lib.pinned(lib.LOAD_CPU, [targets.LOAD, ...words]);
  return new Promise(done => {
    let text = '';
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', part => text += part);
    child.on('close', () => { try { done(JSON.parse(text)); } catch { done(null); } });
  });
}

async function once(target, files, name, secs, warm) {
  const lane = LANES[name], streamSecs = CHUNKS * DELAY_MS / 1000;
  await targets.shape(`chunks=${CHUNKS}&delay_us=${lane.paced ? DELAY_MS * 1000 : 0}&latency_us=${(lane.latencyMs ?? 0) * 1000}`);
  const options = { c: lane.c, d: lane.paced ? Math.max(secs, 2 * streamSecs) : secs, warm: lane.paced ? Math.max(warm, 1.2 * streamSecs) : warm };
  if (streams(lane)) options.sse = CHUNKS;
  if (lane.paced) options.ramp = ramp(lane);
  return load(target, lane, files[lane.body], options);
}

/** A wrong answer is no figure: every kind is checked before anything is counted. A cold program on a busy machine may need more than one try. */
async function check(target, files, name) {
  const lane = LANES[name];
  let seen;
  await targets.shape('chunks=8&delay_us=1000&latency_us=0');
  for (let i = 0; i < 5; i++) {
    seen = await load(target, lane, files[lane.body], { c: 2, d: 0.4, warm: 0.1 + 0.5 * i, ...(streams(lane) ? { sse: 8 } : {}) });
    if (seen?.bad) break;
    if (seen?.ok) return;
  }
  throw new Error(`${target.name}: ${name} fails (status ${seen?.last_status} ${seen?.bad_sample ?? ''})`);
}

const takesPart = (target, name) => ['direct', 'milliways', 'other'].includes(target.name) || LANES[name].beside.includes(target.name)
  || target.name.startsWith('governed') && Boolean(LANES[name].governed);
export const cpuOf = window => window.chunks ? window.cpu_s / window.chunks * 1e6 : window.cpu_s / window.ok * 1e6;

async function started(only, { other, otherEnv, peers, governed }) {
  targets.build();
  const all = [await targets.mocks()];
  if (only.some(name => LANES[name].tls)) await targets.tlsUpstream();
  all.push(await targets.nginx(), await targets.milliways('milliways', lib.EXECUTABLE));
  const env = otherEnv ? Object.fromEntries([otherEnv.split('=')]) : undefined;
  if (other || otherEnv) all.push(await targets.milliways('other', other ?? lib.EXECUTABLE, env));
  if (governed !== 'no' && only.some(name => LANES[name].governed)) {
    all.push(await targets.governed('governed', lib.EXECUTABLE));
    all.push(other || otherEnv ? await targets.governed('governed, other', other ?? lib.EXECUTABLE, { env }) : await targets.governed('governed, log', lib.EXECUTABLE, { log: true }));
    if (process.env.MILLIWAYS_BENCH_DATABASE) all.push(await targets.governed('governed, PostgreSQL', lib.EXECUTABLE, { database: process.env.MILLIWAYS_BENCH_DATABASE }));
  }
  if (peers !== 'no' && only.some(name => LANES[name].beside.includes('portkey'))) {
    const peer = await targets.portkey();
    if (peer) all.push(peer); else lib.log('Portkey is not installed: run.sh does that');
  }
  return all;
}

export async function measure({ rounds = 5, secs = 2, warmup = 30, only = USUAL, other = null, otherEnv = null, peers = 'yes', governed = 'yes' } = {}) {
  const files = bodies(), all = await started(only, { other, otherEnv, peers, governed });
  for (const target of all)
    for (const name of only.filter(name => takesPart(target, name))) await check(target, files, name);
  // The runtime's tiers settle after some 10 s of load on one core (bench/results/2026-11-27-warm.md); nginx needs no warm-up but gets its share for its pages.
  for (const target of all.slice(1)) {
    lib.log(`warm-up ${target.name}`);
    const long = target.name === 'nginx' ? 1 : target.name === 'portkey' ? 5 : warmup;
    for (const name of only.filter(name => takesPart(target, name))) await once(target, files, name, long / only.length, 0);
  }
  const windows = Object.fromEntries(all.map(target => [target.name, Object.fromEntries(only.map(name => [name, []]))]));
  for (let round = 0; round < rounds; round++)
    for (const name of only) {
      const here = all.filter(target => takesPart(target, name));
      for (let i = 0; i < here.length; i++) {
        const target = here[(i + round) % here.length];
        windows[target.name][name].push(await once(target, files, name, secs, 0.5));
      }
      lib.log(`round ${round + 1}/${rounds} ${name}: ` + here.map(target => { const w = windows[target.name][name].at(-1); return `${target.name} ${lib.number(w.chunks ? w.chunks_s : w.rps)} /s, ${lib.number(cpuOf(w), 1)} ms`; }).join('; '));
    }
  const result = Object.fromEntries(only.map(name => [name, all.filter(target => takesPart(target, name)).map(target => row(windows, name, target.name))]));
  for (const target of all) await target.server?.stop().then(() => target.server.discard());
  await lib.stopAll();
  return result;
}

/** One target's figures in one lane: medians of the rounds, and medians of the rounds' own ratios. */
function row(windows, name, target) {
  const lane = LANES[name], per = (who, pick, where = name) => (windows[who]?.[where] ?? []).map(pick), of = pick => lib.median(per(target, pick));
  const ratio = (who, pick, where = name) => { const base = per(who, pick, where); return lib.median(per(target, pick).map((value, i) => value / base[i])); };
  const added = pick => lib.median(per(target, pick).map((value, i) => value - per('direct', pick)[i]));
  return {
    target, perSecond: of(w => streams(lane) ? w.chunks_s : w.rps), rateToNginx: ratio('nginx', w => w.rps),
    cpuMsPerThousand: of(cpuOf), cpuToNginx: ratio('nginx', cpuOf), cpuToMilliways: ratio('milliways', cpuOf), rateToMilliways: ratio('milliways', w => w.rps),
    cpuToBase: lane.base ? ratio(target, cpuOf, lane.base) : null,
    ...(streams(lane) ? { firstByteAddedP50Us: added(w => w.ttfb.p50), chunkDelayAddedP50Us: added(w => w.one_way.p50), chunkDelayAddedP99Us: added(w => w.one_way.p99) }
      : { addedP50Us: added(w => w.lat.p50), addedP99Us: added(w => w.lat.p99) }),
    residentMb: Math.max(...per(target, w => w.rss_kb / 1024)), errors: per(target, w => w.bad + w.broken).reduce((a, b) => a + b, 0),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = {}, words = process.argv.slice(2);
  for (let i = 0; i < words.length; i += 2) {
    const name = words[i].slice(2), value = words[i + 1];
    options[name] = name === 'only' ? value.split(',') : name === 'other' ? path.resolve(value) : ['otherEnv', 'peers', 'governed'].includes(name) ? value : +value;
  }
  try {
    const result = await measure(options);
    console.log(report(result));
    fs.writeFileSync(path.join(lib.OUT, 'gateway.json'), JSON.stringify(result, null, 1));
  } finally { await lib.stopAll(); }
}
