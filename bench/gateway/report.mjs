// The gateway's figures as tables, and the aims beside what was reached.
import * as lib from '../lib.mjs';
import { CHUNKS, DELAY_MS, LANES, streams } from './lanes.mjs';

const { number } = lib;
const NAMES = { rateToNginx: 'req/s x nginx', rateToMilliways: 'req/s x ungoverned', cpuToNginx: 'CPU x nginx', cpuToBase: 'CPU x the same dialect' };

export function report(result) {
  let text = aims(result);
  for (const [name, rows] of Object.entries(result)) {
    const lane = LANES[name], isStream = streams(lane), hasOther = rows.some(row => row.target === 'other'), hasNginx = rows.some(row => row.target === 'nginx'), hasGoverned = rows.some(row => row.target.startsWith('governed'));
    text += `\n${name}: ${lane.c} ${isStream ? `streams of ${CHUNKS} chunks${lane.paced ? ` ${DELAY_MS} ms apart` : ' back to back'}` : 'connections, whole answers, closed loop'}`
      + `${{ big: ', prompts of 150 KB', agent: ', prompts of 1 MB' }[name] ?? ''}${lane.tls ? ', TLS to the upstream' : ''}${lane.provider ? ', at the gateway\'s address for a provider with the caller\'s own key' : ''}${lane.base ? `, upstream of the other dialect; compared with ${lane.base}` : ''}\n\n`;
    const columns = [
      ['target', r => r.target],
      [isStream ? 'chunks/s' : 'req/s', r => number(r.perSecond)],
      ...(hasNginx && !isStream ? [['req/s x nginx', r => number(r.rateToNginx, 2)]] : []),
      [isStream ? 'CPU ms per 1,000 chunks' : 'CPU ms per 1,000', r => number(r.cpuMsPerThousand, 1)],
      ...(hasNginx ? [['CPU x nginx', r => r.target === 'direct' ? '-' : number(r.cpuToNginx, 2)]] : []),
      ...(hasGoverned && !isStream ? [['req/s x milliways', r => number(r.rateToMilliways, 2)]] : []),
      ...(hasOther || hasGoverned ? [['CPU x milliways', r => number(r.cpuToMilliways, 3)]] : []),
      ...(lane.base ? [[`CPU x ${lane.base}`, r => r.target === 'direct' ? '-' : number(r.cpuToBase, 2)]] : []),
      ...(isStream ? [['+first byte p50 us', r => number(r.firstByteAddedP50Us)], ['+chunk delay p50 us', r => number(r.chunkDelayAddedP50Us)], ['+p99 us', r => number(r.chunkDelayAddedP99Us)]]
        : [['+p50 us', r => number(r.addedP50Us)], ['+p99 us', r => number(r.addedP99Us)]]),
      ['RSS MiB', r => number(r.residentMb, 1)], ['errors', r => r.errors],
    ];
    text += lib.table(columns.map(([head]) => head), rows.map(r => columns.map(([, cell]) => cell(r))));
  }
  return text;
}

/** What is wanted of each lane, and what there is. */
function aims(result) {
  const rows = [];
  for (const [name, lanes] of Object.entries(result))
    for (const row of lanes) {
      const wanted = row.target === 'milliways' ? LANES[name].aims : row.target.startsWith('governed') ? LANES[name].governed : null;
      for (const [what, comparison, number] of wanted ?? [])
        if (row[what] != null)
          rows.push([`${name}${row.target === 'milliways' ? '' : `, ${row.target}`}`, NAMES[what], `${comparison} ${number}`, lib.number(row[what], 2), (comparison === '>=' ? row[what] >= number : row[what] <= number) ? 'yes' : 'no']);
    }
  return rows.length ? '\n' + lib.table(['lane', 'measure', 'aim', 'reached', 'held'], rows) : '';
}
