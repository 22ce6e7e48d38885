// What is run, and with which bodies.
import fs from 'node:fs';
import path from 'node:path';
import * as lib from '../lib.mjs';

export const CHUNKS = 64, DELAY_MS = 10;

/**
 * `body`: which request; `c`: connections; `paced`: streams whose chunks are DELAY_MS apart; `burst`: streams whose chunks come back to back.
 * `beside`: who is measured too (nginx: the limit; portkey: the peer). `base`: a lane of the same run whose CPU per event this one is compared with.
 * `latencyMs`: how long the upstream takes for an answer. `tls`: the upstream speaks TLS. `provider`: Milliways is called at its gateway's address for a provider, with the caller's own key for that. `aims`: what is wanted, as [what, comparison, number]. `inStep`: the chunks of all streams come together. `governed`: it is run with limits, credits and usage rows too, on
 * SQLite and, where MILLIWAYS_BENCH_DATABASE names one, on PostgreSQL; the aims of that.
 */
export const LANES = {
  c1: { body: 'whole', c: 1, beside: ['nginx'] }, c16: { body: 'whole', c: 16, beside: ['nginx'] }, c256: { body: 'whole', c: 256, beside: ['nginx'] },
  c64: { body: 'whole', c: 64, beside: ['nginx', 'portkey'], governed: [['rateToMilliways', '>=', 0.70], ['rateToNginx', '>=', 0.45]], aims: [['rateToNginx', '>=', 0.65]] },
  big: { body: 'big', c: 16, beside: ['nginx', 'portkey'], aims: [['rateToNginx', '>=', 0.45]] },
  agent: { body: 'agent', c: 8, beside: ['nginx', 'portkey'] },
  tls: { body: 'tls', c: 64, beside: ['nginx'], tls: true },
  tlsStreams: { body: 'tlsStream', c: 64, paced: true, beside: ['nginx'], tls: true },
  s16: { body: 'stream', c: 16, paced: true, beside: ['nginx'] }, s256: { body: 'stream', c: 256, paced: true, beside: ['nginx'] },
  s64: { body: 'stream', c: 64, paced: true, beside: ['nginx', 'portkey'], governed: [['cpuToNginx', '<=', 1.5]], aims: [['cpuToNginx', '<=', 1.35]] },
  // As s64, begun so that all streams' chunks come at the same moments; see ramp().
  s64InStep: { body: 'stream', c: 64, paced: true, inStep: true, beside: ['nginx'], governed: [['cpuToNginx', '<=', 1.5]], aims: [['cpuToNginx', '<=', 1.35]] },
  // The request log is written by `governed, log`.
  provider: { body: 'whole', c: 64, provider: true, beside: ['nginx', 'portkey'], governed: [] },
  providerStreams: { body: 'stream', c: 64, paced: true, provider: true, beside: ['nginx', 'portkey'], governed: [] },
  // A rate that leaves room: what an answer's time says there is not the queue for the processor.
  calm: { body: 'whole', c: 64, latencyMs: 20, beside: ['nginx'], governed: [] },
  burst: { body: 'stream', c: 16, burst: true, beside: ['nginx'] },
  messages: { body: 'messages', c: 64, paced: true, path: '/v1/messages', beside: ['nginx'] },
  // The same callers as s64 and messages, answered by an upstream of the other dialect.
  crossChat: { body: 'crossChat', c: 64, paced: true, base: 's64', beside: [], aims: [['cpuToBase', '<=', 2]] },
  crossMessages: { body: 'crossMessages', c: 64, paced: true, path: '/v1/messages', base: 'messages', beside: [], aims: [['cpuToBase', '<=', 2]] },
};

export const USUAL = ['c64', 's64', 's64InStep', 'big', 'agent', 'tls', 'tlsStreams', 'messages', 'crossChat', 'crossMessages', 'provider', 'providerStreams'];
export const QUICK = ['c64', 's64', 'big', 'crossChat'];

/**
 * Over how many milliseconds the streams of a lane begin, one after the other. Over the length of a stream, and one pause of its chunks more: else the streams would begin a multiple of the
 * pause apart and have all their chunks at the same moments. Who keeps them in step then has much fewer wake-ups to pay for, nginx a half of its CPU, and what takes a
 * moment for each stream (a charge that waits for the disk) falls out of step by itself: measured is the step, and not the work.
 */
export const ramp = lane => CHUNKS * DELAY_MS + (lane.inStep ? 0 : DELAY_MS);

export const streams = lane => Boolean(lane.paced || lane.burst);

const TEXT = 'Explain what a gateway for language models does, in three sentences, for a reader who knows HTTP.';
const words = count => Array.from({ length: count }, (_, i) => ['token', 'stream', 'model', 'gateway', 'latency', 'cache'][i % 6]).join(' ');

/** A coding agent's request: tools with schemas, then turns of calls and their results, about 1 MB in all. */
function agent() {
  const tools = Array.from({ length: 30 }, (_, i) => ({ type: 'function', function: { name: `tool_${i}`, description: words(60), parameters: { type: 'object',
    properties: Object.fromEntries(Array.from({ length: 6 }, (_, p) => [`field_${p}`, { type: 'string', description: words(12) }])), required: ['field_0'] } } }));
  const turns = Array.from({ length: 120 }, (_, i) => [
    { role: 'assistant', content: null, tool_calls: [{ id: `call_${i}`, type: 'function', function: { name: `tool_${i % 30}`, arguments: JSON.stringify({ field_0: `src/file_${i}.cs` }) } }] },
    { role: 'tool', tool_call_id: `call_${i}`, content: `line "quoted"\n\t${words(1150)}` },
  ]).flat();
  return { model: 'gpt-4o-mini', messages: [{ role: 'system', content: words(2000) }, { role: 'user', content: TEXT }, ...turns], tools, max_tokens: 256 };
}

/** Writes every body; gives their files by name. */
export function bodies() {
  const chat = (content, model = 'gpt-4o-mini') =>
    ({ model, messages: [{ role: 'system', content: 'You are a helpful assistant.' }, { role: 'user', content }], temperature: 0.7, max_tokens: 256 });
  const stream = model => ({ ...chat(TEXT, model), stream: true, stream_options: { include_usage: true } });
  const messages = model => ({ model, max_tokens: 256, stream: true, messages: [{ role: 'user', content: TEXT }] });
  const all = {
    whole: chat(TEXT), big: chat(words(22000)), agent: agent(), stream: stream('gpt-4o-mini'), messages: messages('claude-sonnet-4'),
    tls: chat(TEXT, 'gpt-4o-mini-tls'), tlsStream: stream('gpt-4o-mini-tls'), crossChat: stream('claude-sonnet-4'), crossMessages: messages('gpt-4o-mini'),
  };
  return Object.fromEntries(Object.entries(all).map(([name, body]) => {
    const file = path.join(lib.OUT, `body-${name}.json`);
    fs.writeFileSync(file, JSON.stringify(body));
    return [name, file];
  }));
}
