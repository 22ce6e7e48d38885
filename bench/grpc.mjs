// Chat over gRPC beside the same over REST: one server, one mock upstream, one client, in turns, warm. Alone:
//   node bench/grpc.mjs [--rounds 7] [--secs 2] [--warmup 40] [--only whole,stream,burst]
// "REST" is the upstream's own dialect, whose bytes pass; "REST, crossed" is Messages, which is translated as gRPC is. REST has a connection for each caller, gRPC
// one for all, as their clients do. What is counted is the server's CPU; the client is node on the other core, and its own time is in the latencies of all three.
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import { fileURLToPath } from 'node:url';
import * as lib from './lib.mjs';
import * as targets from './gateway/targets.mjs';
import { CHUNKS, DELAY_MS } from './gateway/lanes.mjs';

const LANES = {
  whole: { callers: 32, streamed: false, delayMs: 0 },
  stream: { callers: 64, streamed: true, delayMs: DELAY_MS },
  burst: { callers: 8, streamed: true, delayMs: 0 },
};
const TEXT = 'Explain what a gateway for language models does, in three sentences, for a reader who knows HTTP.', MODEL = 'gpt-4o-mini', MOST = 256;

// ---------- what is asked, in three forms ----------
const varint = value => { const bytes = []; for (; value > 127; value >>>= 7) bytes.push(value & 127 | 128); return Buffer.from([...bytes, value]); };
const field = (number, value) => typeof value === 'number' ? Buffer.concat([varint(number << 3), varint(value)])
  : Buffer.concat([varint(number << 3 | 2), varint(Buffer.byteLength(value)), Buffer.from(value)]);
const message = (role, text) => field(1, Buffer.concat([field(1, field(1, text)), field(2, role)]));

/** GetCompletionsRequest (xai/api/v1/chat.proto) behind its five bytes. */
function frame() {
  const body = Buffer.concat([message(3, 'You are a helpful assistant.'), message(1, TEXT), field(2, MODEL), field(7, MOST)]), head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}
const chat = stream => JSON.stringify({ model: MODEL, max_tokens: MOST, messages: [{ role: 'system', content: 'You are a helpful assistant.' }, { role: 'user', content: TEXT }],
  ...(stream ? { stream, stream_options: { include_usage: true } } : {}) });
const messages = stream => JSON.stringify({ model: MODEL, max_tokens: MOST, system: 'You are a helpful assistant.', messages: [{ role: 'user', content: TEXT }], ...(stream ? { stream } : {}) });

// ---------- callers: each call gives the milliseconds to its first bytes of content and to its end; what is no good answer throws ----------
function rest(server, path, body) {
  const agent = new http.Agent({ keepAlive: true }), text = Buffer.from(body);
  const headers = { authorization: `Bearer ${server.key}`, 'content-type': 'application/json', 'content-length': text.length };
  const call = streamed => new Promise((done, failed) => {
    const began = lib.now();
    const request = http.request({ agent, host: '127.0.0.1', port: server.port, path, method: 'POST', headers }, answer => {
      let first = 0, last = '', events = 0;
      answer.on('data', part => {
        first ||= lib.now() - began;
        last = part.latin1Slice(Math.max(0, part.length - 120));
        if (streamed) for (let at = -1; (at = part.indexOf('data: {', at + 1)) >= 0;) events++;
      });
      answer.on('error', failed);
      answer.on('end', () => answer.statusCode === 200 && (streamed ? events >= CHUNKS && /\[DONE\]|message_stop/.test(last) : last.endsWith('}')) ? done({ first, all: lib.now() - began }) : failed(new Error(`${path}: ${answer.statusCode} ${events} events ${last}`)));
    });
    request.on('error', failed);
    request.end(text);
  });
  return { call, close: () => agent.destroy() };
}

function grpc(server, method) {
  const session = http2.connect(`http://127.0.0.1:${server.grpcPort}`, { settings: { initialWindowSize: 4 << 20 } }), body = frame();
  const headers = { ':method': 'POST', ':path': `/xai_api.Chat/${method}`, 'content-type': 'application/grpc', te: 'trailers', authorization: `Bearer ${server.key}` };
  const call = streamed => new Promise((done, failed) => {
    const began = lib.now(), stream = session.request(headers);
    let first = 0, status, count = 0, rest = Buffer.alloc(0);
    const end = told => { if (told['grpc-status'] !== undefined) status = `${told['grpc-status']} ${told['grpc-message'] ?? ''}`; };
    stream.on('response', end).on('trailers', end).on('error', failed);
    stream.on('data', part => {
      first ||= lib.now() - began;
      rest = rest.length ? Buffer.concat([rest, part]) : part;
      let at = 0;
      for (let length; rest.length - at >= 5 && rest.length - at - 5 >= (length = rest.readUInt32BE(at + 1)); count++) at += 5 + length;
      rest = rest.subarray(at);
    });
    stream.on('close', () => status === '0 ' && count >= (streamed ? CHUNKS : 1) ? done({ first, all: lib.now() - began }) : failed(new Error(`${method}: status ${status}, ${count} messages`)));
    stream.end(body);
  });
  return { call, close: () => session.destroy() };
}

const ways = {
  'REST': (server, streamed) => rest(server, '/v1/chat/completions', chat(streamed)),
  'REST, crossed': (server, streamed) => rest(server, '/v1/messages', messages(streamed)),
  'gRPC': (server, streamed) => grpc(server, streamed ? 'GetCompletionChunk' : 'GetCompletion'),
};

/** User and system seconds of a process and its children, from the kernel's clock of 10 ms. */
const cpuSeconds = pid => lib.tree(pid).reduce((sum, each) => {
  const words = fs.readFileSync(`/proc/${each}/stat`, 'utf8').split(') ')[1].split(' ');
  return sum + (+words[11] + +words[12]) / 100;
}, 0);

/** A closed loop of the lane's callers for so many seconds. */
async function once(server, lane, way, secs) {
  const { callers, streamed } = LANES[lane], client = ways[way](server, streamed), calls = [];
  const until = lib.now() + secs * 1000, before = cpuSeconds(server.pid), began = lib.now();
  try {
    await Promise.all(Array.from({ length: callers }, async () => { while (lib.now() < until) calls.push(await client.call(streamed)); }));
  } finally { client.close(); }
  const took = (lib.now() - began) / 1000, cpu = cpuSeconds(server.pid) - before, events = calls.length * (streamed ? CHUNKS : 1);
  return { perSecond: events / took, cpuMs: 1e6 * cpu / events, first: lib.quantile(calls.map(call => call.first), 0.5), p50: lib.quantile(calls.map(call => call.all), 0.5), p99: lib.quantile(calls.map(call => call.all), 0.99) };
}

export async function measure({ rounds = 7, secs = 2, warmup = 40, only = Object.keys(LANES) } = {}) {
  targets.build();
  await targets.mocks();
  const { server } = await targets.milliways('milliways-grpc', lib.EXECUTABLE), names = Object.keys(ways), result = [];
  try {
    for (const lane of only) {
      await targets.shape(`chunks=${CHUNKS}&delay_us=${LANES[lane].delayMs * 1000}`);
      for (const way of names) await once(server, lane, way, warmup / only.length / names.length);
      const windows = Object.fromEntries(names.map(way => [way, []]));
      for (let round = 0; round < rounds; round++)
        for (let i = 0; i < names.length; i++) {
          const way = names[(i + round) % names.length];
          windows[way].push(await once(server, lane, way, secs));
        }
      for (const way of names) {
        const of = pick => lib.median(windows[way].map(pick)), ratio = other => lib.median(windows[way].map((window, at) => window.cpuMs / windows[other][at].cpuMs));
        result.push({ lane, way, perSecond: of(w => w.perSecond), cpuMs: of(w => w.cpuMs), toRest: ratio('REST'), toCrossed: ratio('REST, crossed'), first: of(w => w.first), p50: of(w => w.p50), p99: of(w => w.p99) });
      }
      lib.log(`${lane}: ${result.filter(row => row.lane === lane).map(row => `${row.way} ${lib.number(row.cpuMs, 1)} ms`).join('; ')}`);
    }
  } finally {
    await server.stop();
    server.discard();
    await lib.stopAll();
  }
  return result;
}

const what = ({ callers, streamed, delayMs }) => streamed ? `${callers} streams of ${CHUNKS} chunks ${delayMs ? `${delayMs} ms apart` : 'back to back'}` : `${callers} callers of whole answers`;
export const report = rows => lib.table(['closed loop', 'way', 'answers or chunks/s', 'CPU ms per 1,000', 'x REST', 'x REST, crossed', 'first byte p50 ms', 'whole p50 ms', 'p99 ms'],
  rows.map(row => [what(LANES[row.lane]), row.way, lib.number(row.perSecond), lib.number(row.cpuMs, 1), lib.number(row.toRest, 2), lib.number(row.toCrossed, 2), lib.number(row.first, 1), lib.number(row.p50, 1), lib.number(row.p99, 1)]));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = {}, words = process.argv.slice(2);
  for (let i = 0; i < words.length; i += 2) options[words[i].slice(2)] = words[i] === '--only' ? words[i + 1].split(',') : +words[i + 1];
  try { console.log(report(await measure(options))); } finally { await lib.stopAll(); }
}
