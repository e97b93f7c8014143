// --netns: who reads it, which names and paths are taken, and when root is needed.
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isNetworkNamespace, namespacePath } from '../../src/system/netns.js';
import { lvsctl } from '../support/lvsctl.js';

const FILE =
  'vips: [{address: 192.0.2.1, interface: lo}]\nservices: [{name: a, address: 192.0.2.1, port: 80, mode: nat, servers: [{address: 10.0.0.1}]}]\n';

/** What `enter` is called with. */
async function entered(args: readonly string[], netns?: string) {
  const calls: (readonly [string, readonly string[]])[] = [];
  const enter = async (name: string, args: readonly string[]) => {
    calls.push([name, args]);
    return 7;
  };
  const { status } = await lvsctl(args, { f: FILE }, { enter, netns });
  return { status, calls };
}

test.each([
  [['director', 'up', 'f', '--netns', 'lb'], 'lb'],
  [['director', 'up', '--netns=/run/docker/netns/x', 'f'], '/run/docker/netns/x'],
  [['--netns', 'lb', 'director', 'up', 'f'], 'lb'],
  [['director', '--netns', 'lb', 'up', 'f'], 'lb'],
  [['monitor', '--netns', 'lb', 'status'], 'lb'],
  [['monitor', 'status', '--netns', 'lb'], 'lb'],
  [['simulate', '--netns', 'lb'], 'lb'],
  [['rules', 'load', '--netns', ''], ''],
] as const)('%j works in namespace %j, with the same arguments', async (args, name) => {
  expect(await entered(args)).toEqual({ status: 7, calls: [[name, args]] });
});

test.each([
  [['drain', '10.0.0.1', '--reason', '--netns', '--socket', '/s']],
  [['check', 'f']],
  [['director', 'up', '--help', '--netns', 'lb']],
  [['director', 'status', '--', '--netns']],
])('%j names none', async (args) => {
  expect((await entered(args)).calls).toEqual([]);
});

test('inside, the work itself is done', async () => {
  expect((await entered(['check', 'f'], 'lb')).status).toBe(0);
  expect(await entered(['monitor', 'status', '--netns', 'lb'], 'lb')).toMatchObject({ calls: [] });
  expect((await entered(['monitor', 'status', '--netns', 'other'], 'lb')).calls).toHaveLength(1);
});

const directory = mkdtempSync(join(tmpdir(), 'lvs-netns-'));
afterAll(() => rmSync(directory, { recursive: true }));
closeSync(openSync(join(directory, 'plain'), 'w'));

test.each([
  ['/proc/self/ns/net', true],
  ['/proc/self/ns/mnt', false],
  ['/proc/self', false],
  ['/run/netns/..', false],
  ['/dev/null', false],
  ['/nowhere', false],
  [`${directory}/plain`, false],
  [directory, false],
])('%s is a network namespace: %j', (path, expected) => {
  expect(isNetworkNamespace(path)).toBe(expected);
});

test.each([
  ['lb', '/run/netns/lb'],
  ['/proc/1/ns/net', '/proc/1/ns/net'],
  ['..', '/run/netns/..'],
])('%s is %s', (netns, path) => {
  expect(namespacePath(netns)).toBe(path);
});

const denied = (code: string, path: string, isRoot: boolean, args: readonly string[]) =>
  lvsctl(
    args,
    {},
    {
      isRoot,
      readText() {
        throw Object.assign(new Error(`${code}: no`), { code, path, syscall: 'open' });
      },
    },
  );

test.each([
  [
    'EACCES',
    '/run/x',
    false,
    ['director', 'up', 'f'],
    'run it as root (sudo), or name another place with --state-dir',
  ],
  ['EROFS', '/run', true, ['director', 'up', 'f'], 'name another place with --state-dir'],
  ['EACCES', '/etc/lvs.yaml', false, ['director', 'up', 'f'], 'run it as root (sudo)'],
  ['EACCES', '/run/x', false, ['check', 'f'], 'run it as root (sudo)'],
  ['EACCES', '/run/x', true, ['check', 'f'], undefined],
] as const)('%s of %s, root: %j, %j', async (code, path, isRoot, args, hint) => {
  const { stderr } = await denied(code, path, isRoot, args);
  expect(stderr.split('\n').slice(1).join('\n')).toBe(hint === undefined ? '' : `hint: ${hint}\n`);
});
