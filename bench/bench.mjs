// All parts in one run: node bench/bench.mjs [--quick] [--only gateway,grpc,relays,journal,leaving,engine,start] [--save]
import fs from 'node:fs';
import path from 'node:path';
import * as lib from './lib.mjs';
import * as engine from './engine.mjs';
import * as gateway from './gateway/gateway.mjs';
import * as grpc from './grpc.mjs';
import * as journal from './journal.mjs';
import * as leaving from './leaving.mjs';
import * as relays from './relays.mjs';
import * as start from './start.mjs';

const words = process.argv.slice(2), quick = words.includes('--quick');
const only = words.includes('--only') ? words[words.indexOf('--only') + 1].split(',') : ['gateway', 'grpc', 'relays', 'journal', 'leaving', 'engine', 'start'];
const before = lib.noise(), began = lib.now(), result = { at: new Date().toISOString(), machine: lib.machine(), pin: lib.SPLIT ? 'split' : 'none' };
const parts = {
  gateway: async () => { result.gateway = await gateway.measure(quick ? { rounds: 3, secs: 1.5, warmup: 40, only: gateway.QUICK } : { rounds: 7, secs: 2, warmup: 100 }); return gateway.report(result.gateway); },
  grpc: async () => { result.grpc = await grpc.measure(quick ? { rounds: 3, secs: 1.5 } : {}); return grpc.report(result.grpc); },
  relays: async () => { result.relays = relays.measure(); return relays.report(result.relays); },
  journal: async () => { result.journal = journal.measure(quick ? 3 : 20); return journal.report(result.journal); },
  leaving: async () => { result.leaving = await leaving.measure(); return leaving.report(result.leaving); },
  engine: async () => {
    result.throughput = await engine.throughput({ rounds: quick ? 1 : 5 });
    result.firstToken = await engine.firstToken({ rounds: quick ? 15 : 40 });
    return engine.report(result.throughput, result.firstToken);
  },
  start: async () => {
    result.starts = [await start.starts({ count: quick ? 3 : 7 }), await start.starts({ count: quick ? 3 : 7, engine: false })];
    result.memory = await start.memory();
    return start.report(result.starts, result.memory);
  },
};
const titles = { gateway: 'Gateway: beside nginx and Portkey, key check on', grpc: 'gRPC: chat beside the same over REST', relays: 'Relays: one event in our own code', journal: 'Journal: charges a second, on disk and in the books', leaving: 'Leaving: from a client gone to its upstream\'s connection closed', engine: 'Engine: through the API, beside the bare decode loop', start: 'Start and memory' };
try {
  let text = '';
  for (const part of only) {
    lib.log(`-- ${part}`);
    let found;
    try { found = await parts[part](); } catch (problem) { found = `Not measured: ${problem.message}`; process.exitCode = 1; await lib.stopAll(); }
    text += `\n## ${titles[part]}\n\n${found.trim()}\n`;
  }
  const after = lib.noise();
  result.noise = { stealPercent: 100 * (after.steal - before.steal) / (after.all - before.all), loadBefore: before.load, loadAfter: after.load };
  result.seconds = Math.round((lib.now() - began) / 1000);
  text = `# Benchmark of ${result.at.slice(0, 10)}\n\n${result.machine}. Pinned: ${result.pin}. ${result.seconds} s; steal ${lib.number(result.noise.stealPercent, 1)} %, `
    + `load average ${lib.number(before.load, 1)} before and ${lib.number(after.load, 1)} after. Medians; a ratio is the median of the rounds' own ratios.\n${text}`;
  console.log(text);
  fs.mkdirSync(path.join(lib.HERE, 'results'), { recursive: true });
  const name = path.join(words.includes('--save') ? path.join(lib.HERE, 'results') : lib.OUT, result.at.slice(0, 10));
  fs.writeFileSync(`${name}.md`, text);
  fs.writeFileSync(`${name}.json`, JSON.stringify(result, null, 1) + '\n');
  lib.log(`written: ${path.relative(lib.ROOT, name)}.md and .json`);
} finally { await lib.stopAll(); }
