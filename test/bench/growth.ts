// npm run bench:growth: time of a restore and of a listing against the size of the table, ours and
// the real tool's, in the lab.
//
// Inside the lab it measures and writes docs/figures/growth.json; outside it starts the lab and
// draws docs/figures/growth.svg.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { medians, type Program } from './measure.js';
import { ruleLines } from './tables.js';

const DATA = 'docs/figures/growth.json';
const REAL = '/usr/sbin/ipvsadm';
/** rules: services with nine servers each */
const SIZES = [100, 300, 1000, 3000, 10_000, 30_000, 100_000];

interface Point {
  readonly rules: number;
  /** milliseconds of the whole process */
  readonly restore: { readonly ours: number; readonly real: number };
  readonly list: { readonly ours: number; readonly real: number };
}

if (process.env.IN_LAB === '1') measure();
else {
  mkdirSync('docs/figures', { recursive: true });
  execFileSync('test/lab/lab', ['-t', '3000', process.execPath, 'dist/test-growth.mjs'], {
    stdio: 'inherit',
  });
  draw(JSON.parse(readFileSync(DATA, 'utf8')) as { empty: number; points: Point[] });
}

function measure(): void {
  const empty = join(mkdtempSync(join(tmpdir(), 'lvs-growth-')), 'empty.cjs');
  writeFileSync(empty, '');
  const floor =
    medians([{ name: 'empty', path: process.execPath, args: [empty] }], 5).get('empty') ?? 0;
  const points: Point[] = [];
  for (const rules of SIZES) {
    const stdin = ruleLines(rules / 10, 9);
    const pairs = rules > 10_000 ? 1 : 3;
    const both = (args: string[], more: Partial<Program>): { ours: number; real: number } => {
      const time = medians(
        [
          { name: 'real', path: REAL, args, ...more },
          {
            name: 'ours',
            path: process.execPath,
            args: [resolve('bin/ipvsadm'), ...args],
            ...more,
          },
        ],
        pairs,
      );
      return { ours: Math.round(time.get('ours') ?? 0), real: Math.round(time.get('real') ?? 0) };
    };
    const restore = both(['-R'], { stdin, before: () => void spawnSync(REAL, ['-C']) });
    const list = both(['-Ln'], {});
    points.push({ rules, restore, list });
    console.log(rules, restore, list);
  }
  spawnSync(REAL, ['-C']);
  writeFileSync(
    DATA,
    `${JSON.stringify({ node: process.version, empty: Math.round(floor), points }, null, 2)}\n`,
  );
}

/** A chart with both axes logarithmic: four lines, and a dotted one for an empty Node program. */
function draw({
  empty,
  points,
}: {
  readonly empty: number;
  readonly points: readonly Point[];
}): void {
  const [width, height, margin] = [760, 460, 60];
  const x = (rules: number) => margin + ((Math.log10(rules) - 2) / 3) * (width - margin - 150);
  const y = (time: number) =>
    height - margin - ((Math.log10(time) - 1) / 4.5) * (height - 2 * margin);
  const series = [
    { name: 'restore, real', colour: '#b2432f', value: (point: Point) => point.restore.real },
    { name: 'restore, ours', colour: '#e8927c', value: (point: Point) => point.restore.ours },
    { name: 'list, real', colour: '#1f5f8b', value: (point: Point) => point.list.real },
    { name: 'list, ours', colour: '#7fb2d6', value: (point: Point) => point.list.ours },
  ];
  const parts: string[] = [];
  for (let decade = 1; decade <= 5; decade++) {
    const at = y(10 ** decade);
    parts.push(
      `<line x1="${margin}" y1="${at}" x2="${width - 150}" y2="${at}" stroke="#ddd"/><text x="${margin - 8}" y="${at + 4}" text-anchor="end">${10 ** decade} ms</text>`,
    );
  }
  for (const { rules } of points.filter((_, i) => i % 2 === 0))
    parts.push(
      `<text x="${x(rules)}" y="${height - margin + 20}" text-anchor="middle">${rules}</text>`,
    );
  parts.push(
    `<line x1="${margin}" y1="${y(empty)}" x2="${width - 150}" y2="${y(empty)}" stroke="#999" stroke-dasharray="3 4"/><text x="${width - 144}" y="${y(empty) + 4}" fill="#777">empty Node program</text>`,
  );
  for (const { name, colour, value } of series) {
    const line = points
      .map((point) => `${x(point.rules).toFixed(1)},${y(value(point)).toFixed(1)}`)
      .join(' ');
    const last = points.at(-1) as Point;
    parts.push(
      `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"/><text x="${width - 144}" y="${y(value(last)) + 4}" fill="${colour}">${name}</text>`,
    );
  }
  const title =
    '<text x="380" y="28" text-anchor="middle" font-size="15">Whole process, Linux 6.1 in user-mode Linux; rules: services with nine servers each</text>';
  writeFileSync(
    'docs/figures/growth.svg',
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>${title}${parts.join('')}</svg>\n`,
  );
}
