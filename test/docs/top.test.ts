// The pictures in docs/reference/top.md: frames of a director with traffic, drawn by the program.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Watched, WatchedServer } from '../../src/lvsctl/sample/watched.js';
import { batchText, type FrameInput, frame } from '../../src/lvsctl/top/frame.js';
import { rowsOf } from '../../src/lvsctl/top/rows.js';
import { INITIAL } from '../../src/lvsctl/top/state.js';
import { withParts } from './page.js';
import { screenSvg } from './screen.js';

const PAGE = 'docs/reference/top.md';

const rates = (connections: number) => ({
  ...{ connections, in_packets: connections * 7.2, out_packets: connections * 6.4 },
  ...{ in_bytes: connections * 560, out_bytes: connections * 2210 },
});
const server = (name: string, at: string, more: Partial<WatchedServer> = {}): WatchedServer => ({
  ...{ server: at, name, address: '', port: 8080, state: 'up', since: null, reason: null },
  ...{ by: null, until: null, last_error: null, latency_ms: 1.4, checks: [], sorry: false },
  ...{ mode: 'nat', weight: 1, weight_desired: 1, upper: 0, lower: 0, active: 62, inactive: 273 },
  ...{ persistent: 0, counters: null, rates: rates(22.5) },
  ...more,
});
const base = { protocol: 'tcp', address: '192.0.2.1', mark: null, family: 'ipv4' } as const;
const shown = { in_table: true, up: true, quorum: 1, sorry: null, counters: null } as const;
const WATCHED: Watched = {
  ...{ format: 'lvs watch', version: 1, time: '2026-01-31T12:30:45.000Z', host: 'director' },
  ...{
    missing: [],
    error: null,
    interval_seconds: 4,
    frozen: false,
    ipvs: '1.2.1',
    table_size: 4096,
  },
  monitor: { file: '/etc/lvs.yaml', pid: 7, started: '2026-01-31T12:00:00.000Z', error: null },
  ...{ monitor_error: null, total: { counters: null, rates: rates(99.6) }, daemons: [] },
  services: [
    {
      ...{ ...base, ...shown, service: 'tcp 192.0.2.1:80', name: 'web', port: 80 },
      ...{ scheduler: 'wrr', weight_up: 4, active: 205, inactive: 1052, rates: rates(89.6) },
      servers: [
        server('web1', '10.0.0.1:8080', {
          weight: 3,
          active: 143,
          inactive: 779,
          rates: rates(67.1),
        }),
        server('web2', '10.0.0.2:8080', {
          ...{ state: 'down', weight: null, active: null, inactive: null, rates: null },
          last_error: 'http /health: refused',
        }),
        server('web3', '10.0.0.3:8080'),
      ],
    },
    {
      ...{ ...base, ...shown, service: 'tcp 192.0.2.1:443', name: 'api', port: 443 },
      ...{ scheduler: 'wlc', weight_up: 1, active: 83, inactive: 267, rates: rates(10) },
      servers: [
        server('api1', '10.0.0.3:8443', { active: 80, inactive: 260, rates: rates(10) }),
        server('api2', '10.0.0.4:8443', {
          ...{ state: 'drained', weight: 0, active: 3, inactive: 7, rates: rates(0) },
          reason: 'new disk',
        }),
      ],
    },
  ],
};

/** Two minutes of waves; what went down has none at the end. */
const series: FrameInput['series'] = (key) =>
  Array.from({ length: 60 }, (_, i) => {
    if (key.includes('10.0.0.2:')) return i < 40 ? 30 + 10 * Math.sin(i / 7) : null;
    if (key.includes('10.0.0.4:')) return i < 25 ? 8 : 0;
    return 40 + 30 * Math.sin(i / 9 + key.length);
  });

function inputOf(width: number, columns?: readonly string[]): FrameInput {
  const rows = rowsOf(WATCHED, INITIAL);
  const visible = { rows, height: rows.length + 1, readOnly: false };
  const how = { width, columns, colour: false, unicode: true };
  return { watched: WATCHED, state: INITIAL, visible, series, ...how };
}

test('the screenshot is the one of the program', async () => {
  const lines = frame({ ...inputOf(96), colour: true });
  expect(lines.join('')).toContain('\u001b[');
  await expect(screenSvg(lines, 96)).toMatchFileSnapshot('../../docs/figures/top.svg');
});

test('the pictures are those of the program', async () => {
  const picture = frame(inputOf(96)).map((line) => line.trimEnd());
  const batch = batchText(
    inputOf(Number.POSITIVE_INFINITY, ['state', 'weight', 'conns', 'reason']),
  );
  const command = '$ lvsctl top -b -n 1 -o state,weight,conns,reason';
  const page = withParts(
    readFileSync(PAGE, 'utf8'),
    new Map([
      ['picture', `\`\`\`text\n${picture.join('\n')}\n\`\`\``],
      ['batch', `\`\`\`console\n${command}\n${batch.trimEnd()}\n\`\`\``],
    ]),
  );
  await expect(page).toMatchFileSnapshot(`../../${PAGE}`);
});
