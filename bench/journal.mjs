// Charges through ledger, journal and books, without HTTP: node bench/journal.mjs [SECONDS [CALLERS]]
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lib from './lib.mjs';

const PROGRAM = path.join(lib.ROOT, 'artifacts/bin/Milliways.Bench.Journal/release/Milliways.Bench.Journal');

export const measure = (...words) => execFileSync(PROGRAM, words.map(String), { encoding: 'utf8' }).trim().split('\n').map(line => JSON.parse(line));

export const report = rows => lib.table(['durability', 'charges/s', 'aim', 'settled p50 ms', 'p99 ms', 'in the books /s', 'aim', 'behind at the end', 'for s'],
  rows.map(row => [row.durability, lib.number(row.chargesPerSecond), '20000', lib.number(row.medianMs, 2), lib.number(row.p99Ms, 2), lib.number(row.appliedPerSecond), '5000', row.lag, lib.number(row.lagSeconds, 2)]));

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(report(measure(...process.argv.slice(2))));
