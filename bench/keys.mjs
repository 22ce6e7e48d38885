// Does the time of a refusal tell whether a key is known? At a gateway's address a key of another team and one that nobody knows get the same text; here are the
// times of both, with two unknown keys beside each other as the measure of noise. Alone: node bench/keys.mjs [requests of each kind]
// "mixed" asks with all of them in random order over one connection; "apart" gives each key a connection of its own, which the server may remember.
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import * as lib from './lib.mjs';

const BODY = '{"model":"lab/m","messages":[{"role":"user","content":"Hi"}]}';

function ask(agent, port, path, key) {
  return new Promise((done, failed) => {
    const began = process.hrtime.bigint();
    const request = http.request({ agent, host: '127.0.0.1', port, path, method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': BODY.length } }, answer => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', part => text += part);
      answer.on('end', () => done({ us: Number(process.hrtime.bigint() - began) / 1000, status: answer.statusCode, text }));
    });
    request.on('error', failed);
    request.end(BODY);
  });
}

/** The chance that one of `a` took longer than one of `b`: 0.5 says nothing. */
function longer(a, b) {
  const all = [...a.map(us => [us, 1]), ...b.map(us => [us, 0])].sort((x, y) => x[0] - y[0]);
  let ranks = 0;
  all.forEach(([, isA], at) => { if (isA) ranks += at + 1; });
  return (ranks - a.length * (a.length + 1) / 2) / (a.length * b.length);
}

export async function measure({ requests = 5000, executable = lib.EXECUTABLE } = {}) {
  const server = await lib.serve({ config: { upstreams: { lab: { dialect: 'openai-chat', baseUrl: 'http://127.0.0.1:9/v1', models: ['m'] } } }, name: 'keys', cpu: lib.PROXY_CPU, executable });
  const command = (...words) => JSON.parse(execFileSync(executable, [...words, '--json', '--data', server.data], { encoding: 'utf8' }));
  const rows = [];
  try {
    const [ours] = command('teams', 'list'), other = command('teams', 'create', '--name', 'other');
    const made = () => command('keys', 'create', '--name', 'k', '--team', other.id), foreign = made(), gone = [made(), made()];
    for (const key of gone) command('keys', 'delete', key.id);
    const keys = { 'unknown': gone[0].key, 'another unknown': gone[1].key, 'another team\'s': foreign.key };
    const path = `/v1/${ours.id}/default/compat/chat/completions`;
    for (const way of ['mixed', 'apart']) {
      const agents = {}, times = {};
      const shared = new http.Agent({ keepAlive: true, maxSockets: 1 });
      for (const kind in keys) { agents[kind] = way === 'mixed' ? shared : new http.Agent({ keepAlive: true, maxSockets: 1 }); times[kind] = []; }
      const statuses = new Set();
      for (let i = 0; i < requests + 2000; i++) {
        const order = Object.keys(keys).map(kind => [Math.random(), kind]).sort((a, b) => a[0] - b[0]).map(pair => pair[1]);
        for (const kind of order) {
          const answer = await ask(agents[kind], server.port, path, keys[kind]);
          statuses.add(answer.status);
          if (i >= 2000) times[kind].push(answer.us); // before that the JIT is at work
        }
      }
      for (const kind in agents) agents[kind].destroy();
      if (statuses.size !== 1 || !statuses.has(401)) throw new Error(`statuses ${[...statuses]}`);
      for (const kind in keys)
        rows.push({ way, kind, requests: times[kind].length, p10: lib.quantile(times[kind], 0.1), p50: lib.quantile(times[kind], 0.5), p90: lib.quantile(times[kind], 0.9), longer: longer(times[kind], times.unknown) });
    }
  } finally {
    await server.stop();
    server.discard();
  }
  return rows;
}

export const report = rows => lib.table(['a refusal (401) of a key', 'connections', 'requests', 'p10 us', 'p50 us', 'p90 us', 'longer than "unknown"'],
  rows.map(row => [row.kind, row.way, row.requests, lib.number(row.p10, 1), lib.number(row.p50, 1), lib.number(row.p90, 1), `${lib.number(100 * row.longer, 1)} %`]));

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(report(await measure({ requests: +(process.argv[2] ?? 5000) })));
