// A chart over time as SVG: sessions of each server, one line each, without a library or a script.
import { serverKey } from '../../model/table.js';
import type { Result } from '../../simulator/simulation.js';
import { SAMPLES } from '../../simulator/tallies.js';

const WIDTH = 720;
const HEIGHT = 280;
const LEFT = 56;
const BOTTOM = 36;
const TOP = 34;
const RIGHT = 16;
const ROW = 16;
/** distinguishable also by people who see fewer colours (Okabe and Ito) */
const COLOURS = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#000000',
  '#f0e442',
];

/** @param until length of the run in seconds */
export function chart(result: Result, until: number): string {
  const { servers, scheduler } = result;
  const legend = TOP + ROW * servers.length;
  const height = HEIGHT + ROW * servers.length;
  const most = Math.max(1, ...servers.flatMap(({ timeline }) => [...timeline]));
  const x = (i: number) => (LEFT + (i / (SAMPLES - 1)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number) =>
    (height - BOTTOM - (value / most) * (height - BOTTOM - legend - 8)).toFixed(1);
  const lines = servers.map(({ timeline }, i) => {
    const points = timeline.map((value, at) => `${x(at)},${y(value)}`).join(' ');
    return `<polyline fill="none" stroke="${colour(i)}" stroke-width="1.5" points="${points}"/>`;
  });
  const names = servers.map(
    ({ destination, connections }, i) =>
      `<text x="${LEFT}" y="${TOP + ROW * i}" ` +
      `fill="${colour(i)}">${escaped(serverKey(destination))} · weight ${destination.weight} ` +
      `· ${connections} connections</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ` +
      `${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="16" font-weight="bold">${escaped(scheduler)}: sessions at each server</text>`,
    ...names,
    `<path d="M${LEFT} ${legend} V${height - BOTTOM} H${WIDTH - RIGHT}" fill="none" stroke="#888888"/>`,
    `<text x="${LEFT - 6}" y="${Number(y(most)) + 4}" text-anchor="end">${most}</text>`,
    `<text x="${LEFT - 6}" y="${height - BOTTOM}" text-anchor="end">0</text>`,
    `<text x="${LEFT}" y="${height - BOTTOM + 18}">0 s</text>`,
    `<text x="${WIDTH - RIGHT}" y="${height - BOTTOM + 18}" ` +
      `text-anchor="end">${Math.round(until)} s</text>`,
    ...lines,
    '</svg>',
    '',
  ].join('\n');
}

function colour(i: number): string {
  return COLOURS[i % COLOURS.length] ?? '#000000';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
