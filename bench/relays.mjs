// What one event of a stream, and one whole exchange, costs in our own code, without sockets: node bench/relays.mjs
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lib from './lib.mjs';

const PROGRAM = path.join(lib.ROOT, 'artifacts/bin/Milliways.Bench.Relays/release/Milliways.Bench.Relays');

export const measure = () => execFileSync(PROGRAM, { encoding: 'utf8' }).trim().split('\n').map(line => JSON.parse(line));

export const report = rows => lib.table(['caller from upstream', 'bytes allocated an event', 'aim', 'ns an event'],
  rows.map(row => { if (row.whole) return [`${row.whole}, a whole exchange`, lib.number(row.bytesPerEvent), '-', lib.number(row.nsPerEvent)]; const [caller, upstream] = row.relay.split(' from '); return [row.relay, lib.number(row.bytesPerEvent), caller === upstream ? '0' : '-', lib.number(row.nsPerEvent)]; }));

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(report(measure()));
