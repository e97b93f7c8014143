// The jq examples of the pages, run on what the program prints (Debian's package jq).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { answer } from '../support/inprocess.js';
import { lvsctl } from '../support/lvsctl.js';
import { fakeMachine } from '../support/machine.js';
import { hastyRuntime } from '../support/simulated.js';
import { pages } from './page.js';

const hasJq = spawnSync('jq', ['--version']).status === 0;
const RULES = `-A -t 192.0.2.1:80 -s wrr
-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3
-a -t 192.0.2.1:80 -r 10.0.0.2:8080 -m -w 1
`;
const CONNECTIONS = `Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP CB007103 C001 C0000201 0050 0A000001 1F90 TIME_WAIT        88
`;

/** `page: command` of each example whose input is made by this program. */
const examples = pages().flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/^(?:\w*[#$] )(.*(?:lvsctl|curl).*\| jq .*)$/gm)].map(
    ([, command = '']) => [page, command] as const,
  ),
);

test('there are examples', () => expect(examples.length).toBeGreaterThan(2));

test.skipIf(!hasJq).each(examples)('%s: %s', async (_, command) => {
  const [, source = '', script = ''] = /^(?:sleep \d+; )?(.*?) \| jq (.*)$/.exec(command) ?? [];
  const input = await documentOf(source);
  // a filter for what is not in this document prints nothing, but is a right one
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', `jq ${script}`], {
    input,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  if (!script.includes('select')) expect(stdout.trim()).not.toBe('');
  expect(stdout).not.toMatch(/^null$/m);
});

async function documentOf(source: string): Promise<string> {
  const backend = new MemoryBackend();
  await answer('ipvsadm', ['-R'], { backend, stdin: RULES });
  const files = { '/proc/net/ip_vs_conn': CONNECTIONS };
  const machine = { ...fakeMachine(files, {}, backend), hasKernelRules: true };
  const [, path] = /api\/v1\/(\w+)/.exec(source) ?? [];
  if (path === 'events')
    return JSON.stringify({ events: [{ id: 1, event: 'down', server: '10.0.0.1:80' }] });
  const args =
    path === 'watch' ? ['top', '--json', '-n', '1'] : source.replace(/^lvsctl /, '').split(' ');
  const world = {
    ...{ machine, runtime: hastyRuntime, openLastingBackend: async () => backend },
    lines: (file: string) => (files[file as keyof typeof files] ?? '').split('\n'),
  };
  const { status, stdout, stderr } = await lvsctl(args, {}, world);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}
