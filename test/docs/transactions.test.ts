// The examples of the pages on transactions and on ensure, played on a table in memory.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { answer } from '../support/inprocess.js';
import { lvsctl } from '../support/lvsctl.js';
import { fakeMachine } from '../support/machine.js';
import { memoryStore } from '../support/transactions.js';

/** The file that the example of the reference is about, and the table before it. */
const FILE = `vips: [{address: 192.0.2.1, interface: eth0}]
services:
  - name: web
    address: 192.0.2.1
    port: 80
    mode: dr
    scheduler: mh
    flags: [mh-port]
    servers: [{address: 10.0.0.13}, {address: 10.0.0.12, weight: 2}]
`;
const TABLE = `-A -t 192.0.2.1:80 -s wlc
-a -t 192.0.2.1:80 -r 10.0.0.11:80 -g -w 1
-a -t 192.0.2.1:80 -r 10.0.0.12:80 -g -w 1
-A -u 192.0.2.1:53 -s rr
-a -u 192.0.2.1:53 -r 10.0.0.11:53 -g -w 1
`;

test.each([
  ['docs/reference/transactions.md', TABLE],
  ['docs/guide/ensure.md', ''],
])('%s', async (page, table) => {
  const backend = new MemoryBackend();
  if (table !== '') await answer('ipvsadm', ['-R'], { backend, stdin: table });
  const store = memoryStore();
  const world = {
    machine: fakeMachine({}, {}, backend),
    transactions: () => store,
    env: { USER: 'root' },
  };
  let played = 0;
  for (const [, body = ''] of readFileSync(page, 'utf8').matchAll(/^```console\n(.*?)^```$/gms))
    for (const step of body.split(/^(?=\$ )/m)) {
      const [first = '', ...shown] = step.split('\n');
      const words = wordsOf(first.replace(/^\$ lvsctl /, ''));
      const { status, stdout, stderr } = await lvsctl(words, { 'lvs.yaml': FILE }, world);
      expect({ first, status, stderr }).toEqual({ first, status: 0, stderr: '' });
      expect(withoutTimes(stdout)).toBe(withoutTimes(shown.join('\n')));
      played++;
    }
  expect(played).toBeGreaterThan(3);
});

function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

function withoutTimes(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/g, 'TIME');
}
