// Parts (b) and (c): tokens a second through the API beside the bare decode loop, and what everything but the engine adds to the first token.
// Alone: node bench/engine.mjs [rounds]
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lib from './lib.mjs';

const LOOP = path.join(lib.ROOT, 'artifacts/bin/Milliways.Bench.Engine/release/Milliways.Bench.Engine');
// A text whose greedy continuation runs on, so that no answer ends before its limit.
const PROMPT = 'Write a long story about the sea, the people who live beside it, and the old lighthouse that shows them the way home at night.';
const TOKENS = 64;

const ask = (server, tokens, content = PROMPT) => ({ to: { port: server.port }, headers: { authorization: `Bearer ${server.key}` }, body: { model: 'grok-beta', temperature: 0, max_tokens: tokens, messages: [{ role: 'user', content }] } });

async function started(threads) {
  const server = await lib.serve({ engine: true, config: { engine: { threads } } });
  const { to, headers, body } = ask(server, 4);
  await lib.stream(to, headers, body); // waits until the engine is ready
  return server;
}

/** Tokens a second of all streams together while all are generating: from the last one's first token to the first one's last, as bench/Engine counts. */
async function throughApi(server, streams) {
  const { to, headers, body } = ask(server, TOKENS), agent = new http.Agent({ maxSockets: streams });
  const answers = await Promise.all(Array.from({ length: streams }, () => lib.stream(to, headers, body, agent)));
  agent.destroy();
  if (answers.some(answer => answer.usage.completion_tokens < TOKENS)) throw new Error(`an answer ended early: ${answers[0].text}`);
  const first = Math.max(...answers.map(answer => answer.deltas[0])), last = Math.min(...answers.map(answer => answer.deltas.at(-1)));
  const tokens = answers.reduce((sum, answer) => sum + answer.deltas.filter(at => at > first && at <= last).length * answer.usage.completion_tokens / answer.deltas.length, 0);
  return { rate: tokens / (last - first) * 1000, prompt: answers[0].usage.prompt_tokens };
}

const bare = (streams, threads, prompt) => JSON.parse(execFileSync(LOOP, ['--model', lib.MODEL, '--threads', threads, '--sequences', streams, '--tokens', TOKENS, '--prompt', prompt, '--rounds', 1, '--sampler', 'penalty'].map(String), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).results[0];

export async function throughput({ rounds = 5, threads = 1, counts = [1, 4, 16] } = {}) {
  const server = await started(threads), rows = [];
  for (const streams of counts) {
    const rates = [];
    await throughApi(server, streams); // the cache and the code are warm
    for (let round = 0; round < rounds; round++) {
      const api = await throughApi(server, streams), loop = bare(streams, threads, api.prompt);
      rates.push({ api: api.rate, bare: loop.bareTokensPerSecond, scheduled: loop.scheduledTokensPerSecond });
      lib.log(`${streams} streams, round ${round + 1}/${rounds}: API ${api.rate.toFixed(1)}, scheduler ${loop.scheduledTokensPerSecond}, bare loop ${loop.bareTokensPerSecond} tokens/s`);
    }
    const of = pick => lib.median(rates.map(pick));
    rows.push({ streams, apiTokensPerSecond: of(r => r.api), scheduledTokensPerSecond: of(r => r.scheduled), bareTokensPerSecond: of(r => r.bare), apiToBare: of(r => r.api / r.bare), scheduledToBare: of(r => r.scheduled / r.bare) });
  }
  await server.stop();
  server.discard();
  return { threads, tokens: TOKENS, rounds, rows };
}

/** Milliseconds from request to first text, through the server and straight at the engine's socket, in turns, on the same engine. */
export async function firstToken({ rounds = 40, threads = 1 } = {}) {
  const server = await started(threads), [through, direct, added] = [[], [], []];
  const run = path.join(server.data, 'run'), socketPath = path.join(run, fs.readdirSync(run).find(name => fs.statSync(path.join(run, name)).isSocket()));
  const agents = [new http.Agent({ keepAlive: true }), new http.Agent({ keepAlive: true })];
  // A short prompt: what the engine does with a long one would drown what stands around it.
  for (let round = -5; round < rounds; round++) {
    const { to, headers, body } = ask(server, 2, 'Hi.'), ms = [0, 0];
    for (const side of round % 2 ? [0, 1] : [1, 0]) {
      const answer = side ? await lib.stream({ socketPath }, {}, body, agents[1]) : await lib.stream(to, headers, body, agents[0]);
      ms[side] = answer.deltas[0] - answer.began;
      await lib.sleep(20);
    }
    if (round < 0) continue; // warm-up
    through.push(ms[0]); direct.push(ms[1]); added.push(ms[0] - ms[1]);
  }
  agents.forEach(agent => agent.destroy());
  await server.stop();
  server.discard();
  return { rounds, throughMs: lib.median(through), directMs: lib.median(direct), addedMs: lib.median(added), addedP90Ms: lib.quantile(added, 0.9) };
}

export function report(rates, first) {
  const { number } = lib;
  return lib.table(['streams', 'through the API, tokens/s', 'scheduler alone', 'bare loop', 'API x bare', 'scheduler x bare'],
    rates.rows.map(r => [r.streams, number(r.apiTokensPerSecond, 1), number(r.scheduledTokensPerSecond, 1), number(r.bareTokensPerSecond, 1), number(r.apiToBare, 3), number(r.scheduledToBare, 3)]))
    + '\n' + lib.table(['first token', 'ms'], [['through the server', number(first.throughMs, 1)], ['at the engine\'s socket', number(first.directMs, 1)], ['added, median', number(first.addedMs, 2)], ['added, p90', number(first.addedP90Ms, 2)]]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rounds = +(process.argv[2] ?? 3);
  try { console.log(report(await throughput({ rounds }), await firstToken({}))); } finally { await lib.stopAll(); }
}
