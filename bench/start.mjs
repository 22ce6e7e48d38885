// Parts (d) and (e): time from exec to listening (the ready file), and resident memory when idle. Alone: node bench/start.mjs [starts]
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as lib from './lib.mjs';

/** Milliseconds of several starts: each on an empty data directory, and each again on the same one. */
export async function starts({ count = 7, engine = true, executable } = {}) {
  const [first, later] = [[], []];
  for (let i = 0; i < count; i++) {
    const one = await lib.serve({ engine, executable });
    first.push(one.readyMs);
    await one.stop();
    const two = await lib.serve({ engine, executable, data: one.data });
    later.push(two.readyMs);
    await two.stop();
    two.discard();
  }
  return { engine, firstMs: lib.median(first), laterMs: lib.median(later), slowestMs: Math.max(...first, ...later), count };
}

/** Memory some seconds after the start, then after a few answers and a rest. */
export async function memory({ restSecs = 5, executable } = {}) {
  const server = await lib.serve({ engine: true, executable });
  const engineReady = async () => JSON.parse(await lib.get(`${server.url}/readyz`)).engine?.status === 'ok';
  for (let i = 0; i < 300 && !await engineReady(); i++) await lib.sleep(100);
  await lib.sleep(restSecs * 1000);
  const [child] = lib.children(server.pid);
  const idle = { server: lib.memory(server.pid), engine: lib.memory(child) };
  for (let i = 0; i < 4; i++)
    await lib.stream({ port: server.port }, { authorization: `Bearer ${server.key}` }, { model: 'grok-beta', max_tokens: 16, messages: [{ role: 'user', content: 'Write one sentence about the sea.' }] });
  await lib.sleep(restSecs * 1000);
  const used = { server: lib.memory(server.pid), engine: lib.memory(child) };
  await server.stop();
  server.discard();
  return { idle, used };
}

export function report(startUp, resident) {
  const { number } = lib;
  const row = (name, m) => [name, number(m.rss, 1), number(m.pss, 1), number(m.anonymous, 1)];
  return lib.table(['start', 'first ms', 'later ms', 'slowest ms'], startUp.map(s => [s.engine ? 'with the embedded engine' : '--no-engine', number(s.firstMs), number(s.laterMs), number(s.slowestMs)]))
    + '\n' + lib.table(['resident memory, MiB', 'RSS', 'PSS', 'anonymous'], [row('server, idle', resident.idle.server), row('engine child, idle', resident.idle.engine), row('server, after 4 answers', resident.used.server), row('engine child, after 4 answers', resident.used.engine)]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const count = +(process.argv[2] ?? 7), executable = process.argv[3];
  const startUp = [await starts({ count, engine: true, executable }), await starts({ count, engine: false, executable })];
  console.log(report(startUp, await memory({ executable })));
}
