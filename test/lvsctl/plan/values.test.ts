// Commands that fail, records of a dry run, and interfaces that were renamed.
import { describe, expect, test } from 'vitest';
import { DUMMY_PREFIX } from '../../../src/lvsctl/config/ha.js';
import { CommandError, type PlanCommand, perform } from '../../../src/lvsctl/plan/command.js';
import { isDummyOf } from '../../../src/lvsctl/plan/dummy.js';
import { readOnly } from '../../../src/lvsctl/plan/readonly.js';
import {
  linksOf,
  renamedResource,
  renamedState,
  renamesSince,
} from '../../../src/lvsctl/plan/rename.js';
import type { Resource, Setting } from '../../../src/lvsctl/plan/resources.js';
import { snapshot } from '../../../src/lvsctl/plan/snapshot.js';
import { fakeMachine, memoryRecords } from '../../support/machine.js';

test('a dummy device of lvsctl has its prefix and its arguments', () => {
  expect(isDummyOf(`${DUMMY_PREFIX}1`, ['type', 'dummy'])).toBe(true);
  expect(isDummyOf('eth0', ['type', 'dummy'])).toBe(false);
  expect(isDummyOf(`${DUMMY_PREFIX}1`, ['type', 'ipip'])).toBe(false);
  expect(isDummyOf(`${DUMMY_PREFIX}1`, ['type', 'dummy', 'x'])).toBe(false);
});

describe('a command', () => {
  const run = (more: object): PlanCommand => ({
    kind: 'run',
    program: 'ip',
    args: ['link', 'x'],
    ...more,
  });
  const machine = (status: number, stderr = '') =>
    fakeMachine({ '/proc/sys/net/a': '0' }, { ip: () => ({ status, stderr }) });
  test.each([
    [0, '', {}, undefined],
    [2, '  Cannot find device\n', {}, 'ip link x: Cannot find device'],
    [2, ' \n', {}, 'ip link x: exit status 2'],
    [2, 'no', { ignoreFailure: true }, undefined],
  ])('that ends with %d and prints %j: %j', async (status, stderr, more, message) => {
    const done = perform(run(more), machine(status, stderr));
    if (message === undefined) await expect(done).resolves.toBeUndefined();
    else {
      const error = await done.catch((one: unknown) => one);
      expect(error).toBeInstanceOf(CommandError);
      expect(error).toMatchObject({ name: 'CommandError', code: 'COMMAND_FAILED', message });
    }
  });

  test('a sysctl is written below /proc/sys, or named with the reason', async () => {
    const world = machine(0);
    await perform({ kind: 'sysctl', key: 'net/a', value: '1' }, world);
    expect(world.files.get('/proc/sys/net/a')).toBe('1');
    const error = await perform({ kind: 'sysctl', key: 'net/b', value: '1' }, world).catch(
      (one: unknown) => one,
    );
    expect(error).toMatchObject({
      code: 'COMMAND_FAILED',
      message: 'sysctl -w net.b=1: open: No such file or directory',
      cause: { code: 'ENOENT' },
    });
  });

  test('a rule is not done here', async () => {
    await expect(perform({ kind: 'rule', change: { kind: 'flush' } }, machine(0))).rejects.toThrow(
      'ipvsadm -C: rules are changed by their transaction alone',
    );
  });
});

test('records of a dry run: changes are read back, and the real ones stay', () => {
  const real = memoryRecords({ a: 'alpha', b: 'beta' });
  const dry = readOnly(real);
  dry.write('a', 5, '+more');
  dry.mark('a', 0, 'A');
  dry.replace('c', 'gamma');
  dry.rename('b', 'd');
  expect([...dry.list()].sort()).toEqual(['a', 'c', 'd']);
  expect(['a', 'b', 'c', 'd'].map((name) => dry.read(name))).toEqual([
    'Alpha+more',
    '',
    'gamma',
    'beta',
  ]);
  dry.write('a', 1, 'x');
  dry.mark('c', 4, 'X');
  dry.remove('d');
  expect([dry.read('a'), dry.read('c'), [...dry.list()].sort()]).toEqual([
    'Ax',
    'gammX',
    ['a', 'c'],
  ]);
  expect([...real.files]).toEqual([
    ['a', 'alpha'],
    ['b', 'beta'],
  ]);
  expect([dry.path, dry.namesOf('director', 'f'), dry.exists('/x')]).toEqual([
    '/run',
    real.namesOf('director', 'f'),
    false,
  ]);
  expect(dry.digest('x')).toBe(real.digest('x'));
});

describe('interfaces that were renamed', () => {
  const machine = (...list: readonly (readonly [string, number])[]) =>
    snapshot(
      fakeMachine(
        {},
        {
          ip: () => ({
            stdout: JSON.stringify(list.map(([ifname, ifindex]) => ({ ifname, ifindex }))),
          }),
        },
      ),
    );
  const setting = (resource: Resource) => ({ resource, desired: true }) as Setting;
  const KEY = 'net/ipv4/conf/eth0/arp_ignore';
  const address: Resource = { kind: 'address', device: 'eth0', address: '192.0.2.1/32' };
  const extra: Resource = { kind: 'extra_address', device: 'eth0', address: '192.0.2.1/32' };
  const sysctl: Resource = { kind: 'sysctl', key: KEY };
  const forward: Resource = { kind: 'sysctl', key: 'net/ipv4/ip_forward' };

  test('the numbers of those that settings are about', () => {
    const there = machine(['eth0', 2], ['eth1', 3], ['eth2', 0], ['lo', 1]);
    const about = (...list: Resource[]) => linksOf(list.map(setting), there);
    expect(about(address)).toEqual({ eth0: 2 });
    expect(about(extra, sysctl)).toEqual({ eth0: 2 });
    expect(about(sysctl, { ...address, device: 'eth1' }, { ...address, device: 'eth2' })).toEqual({
      eth0: 2,
      eth1: 3,
    });
    expect(about(forward)).toEqual({});
  });

  // biome-ignore format: a table
  test.each<readonly [string, Readonly<Record<string, number>>, readonly (readonly [string, number])[], readonly (readonly [string, string])[]]>([
    ['the number has another name', { eth0: 2 }, [['lan0', 2]], [['eth0', 'lan0']]],
    ['it has the same', { eth0: 2 }, [['eth0', 2]], []],
    ['the name is that of another now', { eth0: 2 }, [['lan0', 2], ['eth0', 5]], []],
    ['it is removed', { eth0: 2 }, [['lan0', 3]], []],
    ['none is known', {}, [['lan0', 2]], []],
  ])('%s', (_, known, list, expected) => expect([...renamesSince(known, machine(...list))]).toEqual(expected));

  const renames = new Map([
    ['eth0', 'lan0'],
    ['eth.1', '$&'],
  ]);
  test('resources and states are by the new name', () => {
    const now = (resource: Resource) => renamedResource(resource, renames);
    expect([now(address), now(extra), now(sysctl), now(forward)]).toEqual([
      { ...address, device: 'lan0' },
      { ...extra, device: 'lan0' },
      { kind: 'sysctl', key: 'net/ipv4/conf/lan0/arp_ignore' },
      forward,
    ]);
    expect(now({ ...address, device: 'eth9' })).toEqual({ ...address, device: 'eth9' });
    expect(now({ kind: 'sysctl', key: 'net/ipv4/conf/eth.1/arp_ignore' })).toEqual({
      kind: 'sysctl',
      key: 'net/ipv4/conf/$&/arp_ignore',
    });
    expect(renamedState(sysctl, { [KEY]: '1', 'net/ipv4/ip_forward': '0' }, renames)).toEqual({
      'net/ipv4/conf/lan0/arp_ignore': '1',
      'net/ipv4/ip_forward': '0',
    });
    expect([renamedState(sysctl, null, renames), renamedState(address, true, renames)]).toEqual([
      null,
      true,
    ]);
  });
});
