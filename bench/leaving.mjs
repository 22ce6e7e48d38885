// A client that leaves in the middle of a stream: how long until its upstream notices? Alone: node bench/leaving.mjs [streams]
// Client and upstream are this process, so both times are of one clock. A stream's client destroys its socket at a random moment of the stream's next
// 50 ms; the upstream, which writes a chunk every 10 ms, notes when its connection closes. So the number holds both ways and the gateway between.
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import * as lib from './lib.mjs';

const AIM_MS = 100, EVERY_MS = 10, SPREAD_MS = 50, SIDE_BY_SIDE = 8, GIVEN_UP_MS = 30_000;

const head = tag => ({
  chat: `data: {"id":"${tag}","object":"chat.completion.chunk","created":1750000000,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n`,
  messages: `event: message_start\ndata: {"type":"message_start","message":{"id":"msg_${tag}","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":4,"output_tokens":1}}}\n\n`
    + 'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
});
const piece = tag => ({
  chat: `data: {"id":"${tag}","object":"chat.completion.chunk","created":1750000000,"model":"m","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n`,
  messages: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" word"}}\n\n',
});

/** An upstream of both dialects whose streams have no end; `left` maps a stream's tag (the last message) to what is called when its connection closes. */
function upstream(left) {
  const server = http.createServer((request, answer) => {
    let body = '';
    request.on('data', part => body += part);
    request.on('end', () => {
      const dialect = request.url.endsWith('/messages') ? 'messages' : 'chat', content = JSON.parse(body).messages.at(-1).content;
      const tag = typeof content === 'string' ? content : content[0].text;
      answer.writeHead(200, { 'content-type': 'text/event-stream' });
      answer.write(head(tag)[dialect]);
      const beat = setInterval(() => answer.write(piece(tag)[dialect]), EVERY_MS);
      answer.on('close', () => { clearInterval(beat); left.get(tag)?.(lib.now()); });
    });
  });
  return new Promise(done => server.listen(0, '127.0.0.1', () => done(server)));
}

/** Milliseconds between a client's leaving and its upstream's noticing; null when that took longer than GIVEN_UP_MS. */
function leave(server, model, tag, left) {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: tag }] });
  return new Promise((done, failed) => {
    let gone = 0;
    const timer = setTimeout(() => done(null), GIVEN_UP_MS);
    left.set(tag, at => {
      clearTimeout(timer);
      gone ? done(at - gone) : failed(new Error(`the upstream of ${tag} was left before its client went`));
    });
    const request = http.request({ host: '127.0.0.1', port: server.port, path: '/v1/chat/completions', method: 'POST', agent: false,
      headers: { authorization: `Bearer ${server.key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, answer => {
      if (answer.statusCode !== 200) return failed(new Error(`${tag}: ${answer.statusCode}`));
      answer.on('error', () => {});
      answer.once('data', () => setTimeout(() => { gone = lib.now(); request.destroy(); }, Math.random() * SPREAD_MS));
    });
    request.on('error', problem => gone || failed(problem));
    request.end(body);
  });
}

export async function measure({ streams = 200, executable } = {}) {
  const left = new Map(), mock = await upstream(left), base = `http://127.0.0.1:${mock.address().port}`;
  const config = { upstreams: {
    same: { dialect: 'openai-chat', baseUrl: `${base}/v1`, apiKey: 'sk-mock', models: ['same'] },
    cross: { dialect: 'anthropic', baseUrl: base, apiKey: 'sk-mock', models: ['cross'] },
  } };
  const server = await lib.serve({ config, name: 'leaving', cpu: lib.PROXY_CPU, executable }), rows = [];
  try {
    for (const model of ['same', 'cross']) {
      for (let i = 0; i < SIDE_BY_SIDE; i++) await leave(server, model, `${model}-warm-${i}`, left);
      const took = [];
      let next = 0;
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, async () => {
        while (next < streams) took.push(await leave(server, model, `${model}-${next++}`, left));
      }));
      const seen = took.filter(ms => ms !== null);
      rows.push({ model, streams: took.length, missed: took.length - seen.length, p50: lib.quantile(seen, 0.5), p99: lib.quantile(seen, 0.99), max: Math.max(...seen) });
    }
  } finally {
    await server.stop();
    server.discard();
    mock.closeAllConnections();
    mock.close();
  }
  return rows;
}

const names = { same: 'chat from chat', cross: 'chat from messages' };
export const report = rows => lib.table(['a client leaves its stream', 'streams', 'p50 ms', 'p99 ms', 'slowest ms', 'aim', `never within ${GIVEN_UP_MS / 1000} s`],
  rows.map(row => [names[row.model], row.streams, lib.number(row.p50, 1), lib.number(row.p99, 1), lib.number(row.max, 1), `${AIM_MS}`, row.missed]));

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(report(await measure({ streams: +(process.argv[2] ?? 200) })));
