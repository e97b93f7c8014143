// docs/reference/monitor.md shows `monitor status` as a run in simulated time prints it; the same
// command with -u writes it anew.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { lvsctl } from '../support/lvsctl.js';
import { say, stage } from '../support/stage.js';
import { withParts } from './page.js';

const PAGE = 'docs/reference/monitor.md';

const FILE = `
vips: [{address: 192.0.2.10, interface: eth0}]
services:
  - name: web
    address: 192.0.2.10
    port: 80
    mode: dr
    servers: [{address: 192.0.2.11, weight: 2}, {address: 192.0.2.12}, {address: 192.0.2.13}]
    sorry: {address: 192.0.2.99}
    checks: [{kind: http, path: /health, rise: 1, fall: 1}]
`;

/** What a command of lvsctl prints while one server is down and one is drained. */
async function printed(...args: string[]): Promise<string> {
  const monitor = stage({ file: '/etc/lvs.yaml' });
  monitor.texts.file = FILE;
  const ended = monitor.run();
  await monitor.pass(10_000);
  monitor.down.add('192.0.2.12:80');
  await monitor.ask(say('drained', '192.0.2.13', 'new disk'));
  await monitor.pass(60_000);
  const { status, stdout, stderr } = await lvsctl(
    ['monitor', 'status', ...args],
    {},
    {
      runtime: async () => monitor.runtime,
      width: 100,
      now: () => monitor.runtime.clock.date().getTime() / 1000,
    },
  );
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  monitor.signal('SIGTERM');
  await monitor.pass(20_000);
  await ended;
  return `\`\`\`console\n$ ${['lvsctl monitor status', ...args].join(' ')}\n${stdout}\`\`\``;
}

test('the status of a run is on the page', async () => {
  const parts = new Map([
    ['status', await printed()],
    ['status --json', await printed('--json')],
  ]);
  await expect(withParts(readFileSync(PAGE, 'utf8'), parts)).toMatchFileSnapshot(`../../${PAGE}`);
});
