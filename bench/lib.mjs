// What the parts of the harness share: processes, waiting, medians, tables. Node 20, no packages.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.dirname(HERE);
export const OUT = path.join(HERE, 'out');
export const EXECUTABLE = process.env.MILLIWAYS ?? path.join(ROOT, 'artifacts/bin/Milliways/release/milliways');
export const MODEL = process.env.MODEL ?? path.join(ROOT, 'models/SmolLM2-135M-Instruct.Q4_1.gguf');
fs.mkdirSync(OUT, { recursive: true });

export const log = (...words) => console.error(...words);
export const sleep = ms => new Promise(done => setTimeout(done, ms));
export const now = () => performance.now();
export const number = (value, digits = 0) => value == null || !Number.isFinite(value) ? '-' : value.toFixed(digits);

export function median(values) {
  const sorted = values.filter(value => value != null && Number.isFinite(value)).sort((a, b) => a - b);
  return sorted.length ? (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2 : null;
}

export function quantile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] : null;
}

/** A Markdown table. */
export function table(head, rows) {
  const line = cells => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, column) => column ? '---:' : '---')), ...rows.map(line)].join('\n') + '\n';
}

// ---------- processes ----------
const running = new Set();
export const SPLIT = os.cpus().length >= 2 && process.env.PIN !== 'none';
export const PROXY_CPU = '1', LOAD_CPU = '0';
export const pinned = (cpu, command) => SPLIT && cpu != null ? ['taskset', '-c', cpu, ...command] : command;

export function start(command, { name, env = {}, cpu, stdin = 'ignore' } = {}) {
  const [program, ...words] = pinned(cpu, command);
  const file = fs.openSync(path.join(OUT, `${name}.log`), 'w');
  const child = spawn(program, words, { env: { ...process.env, ...env }, stdio: [stdin, file, file] });
  fs.closeSync(file);
  child.on('error', problem => log(`${name}: ${problem.message}`));
  child.on('exit', () => { child.ended = true; running.delete(child); });
  running.add(child);
  return child;
}

export async function stop(child) {
  if (!child || child.ended) return;
  child.kill('SIGTERM');
  for (let i = 0; i < 100 && !child.ended; i++) await sleep(20);
  if (!child.ended) child.kill('SIGKILL');
  while (!child.ended) await sleep(10);
}

export async function stopAll() { for (const child of [...running]) await stop(child); }
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => { for (const child of running) child.kill('SIGKILL'); process.exit(130); });

/** A process's children, whichever of its threads started them. */
export const children = pid => {
  try {
    return fs.readdirSync(`/proc/${pid}/task`).flatMap(task => fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ')).filter(Boolean).map(Number);
  } catch { return []; }
};
export const tree = pid => [pid, ...children(pid).flatMap(tree)];

/** Resident memory in MiB: all pages, and with shared pages divided among those who share them. */
export function memory(pid) {
  const read = (file, field) => +new RegExp(`${field}:\\s+(\\d+)`).exec(fs.readFileSync(`/proc/${pid}/${file}`, 'utf8'))[1] / 1024;
  return { rss: read('status', 'VmRSS'), pss: read('smaps_rollup', 'Pss'), anonymous: read('status', 'RssAnon') };
}

// ---------- the product ----------
let servers = 0;
/**
 * Starts `milliways serve` and waits for its ready file. `data` may be one of an earlier start: its key is kept beside it. `governed`: with limits, credits and
 * usage rows. `database`: a PostgreSQL address, with a schema of its own in it.
 */
export async function serve({ config, engine = false, data, cpu, env, name = 'milliways', port = 0, executable = EXECUTABLE, governed = false, database } = {}) {
  data ??= fs.mkdtempSync(path.join(os.tmpdir(), 'milliways-bench-'));
  const ready = path.join(data, 'ready.json'), keyFile = path.join(data, 'bench-key');
  fs.rmSync(ready, { force: true });
  const command = [executable, 'serve', '--data', data, '--urls', `http://127.0.0.1:${port}`, '--grpc-urls', 'http://127.0.0.1:0', '--quiet', '--ready-file', ready];
  if (database) command.push('--database', database);
  if (config) { const file = path.join(data, 'bench.json'); fs.writeFileSync(file, JSON.stringify(config)); command.push('--config', file); }
  if (!engine) command.push('--no-engine');
  if (!governed) command.push('--governance', 'off');
  const began = now(), child = start(command, { name: `${name}-${servers++}`, cpu, env });
  while (!fs.existsSync(ready)) {
    if (child.ended || now() - began > 60_000) throw new Error(`milliways did not start; see ${OUT}/${name}-${servers - 1}.log`);
    await sleep(1);
  }
  const readyMs = now() - began, facts = JSON.parse(fs.readFileSync(ready, 'utf8'));
  if (facts.key) fs.writeFileSync(keyFile, facts.key, { mode: 0o600 });
  const key = fs.readFileSync(keyFile, 'utf8');
  return { child, data, key, account: facts.team, url: facts.http, port: +new URL(facts.http).port, grpcPort: facts.grpc ? +new URL(facts.grpc).port : null, pid: facts.pid, readyMs, stop: () => stop(child), discard: () => fs.rmSync(data, { recursive: true, force: true }) };
}

// ---------- HTTP ----------
export function get(url) {
  return new Promise((done, failed) => http.get(url, { agent: false }, answer => {
    let text = ''; answer.on('data', part => text += part); answer.on('end', () => done(text));
  }).on('error', failed));
}

/**
 * Posts a streaming Chat request. Gives the times (ms) of the head, of every delta with text, and of the end, and the usage.
 * `to` is { port } or { socketPath }.
 */
export function stream(to, headers, body, agent) {
  const text = JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } });
  return new Promise((done, failed) => {
    const began = now(), result = { began, deltas: [], text: '', usage: null, status: 0 };
    const request = http.request({ host: '127.0.0.1', ...to, path: '/v1/chat/completions', method: 'POST', agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers } }, answer => {
      result.status = answer.statusCode;
      let rest = '';
      answer.setEncoding('utf8');
      answer.on('data', part => {
        const at = now(), lines = (rest + part).split('\n');
        rest = lines.pop();
        for (const line of lines) {
          if (!line.startsWith('data: {')) { if (answer.statusCode !== 200) result.text += line; continue; }
          const chunk = JSON.parse(line.slice(6)), delta = chunk.choices?.[0]?.delta?.content;
          if (delta) { result.deltas.push(at); result.text += delta; }
          if (chunk.usage) result.usage = chunk.usage;
        }
      });
      answer.on('end', () => { result.ended = now(); answer.statusCode === 200 ? done(result) : failed(new Error(`${answer.statusCode} ${result.text}${rest}`)); });
      answer.on('error', failed);
    });
    request.on('error', failed);
    request.end(text);
  });
}

export function machine() {
  const cpu = os.cpus()[0].model.trim(), memoryGb = os.totalmem() / 2 ** 30;
  return `${os.cpus().length} x ${cpu}, ${memoryGb.toFixed(0)} GiB, kernel ${os.release().split('-')[0]}, node ${process.version}, .NET SDK ${execFileSync('dotnet', ['--version'], { encoding: 'utf8', cwd: ROOT }).trim()}`;
}

/** How noisy the machine was: what others took of it, in percent of all cores, and the load average. */
export function noise() {
  const words = fs.readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1, 9).map(Number);
  return { steal: words[7], all: words.reduce((a, b) => a + b, 0), load: os.loadavg()[0] };
}
