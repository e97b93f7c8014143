// One file after another.
import { expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { wantedTable } from '../../../src/lvsctl/config/wanted.js';
import { adopt } from '../../../src/lvsctl/health/adopt.js';
import {
  idOf,
  inherit,
  NO_LEGACY,
  predecessors,
  remaining,
  renames,
} from '../../../src/lvsctl/health/succession.js';

/** Services as `name:port:server,server`. */
function wantedOf(...services: string[]) {
  const text = services.map((word) => {
    const [name, port, servers = ''] = word.split(':');
    const list = servers.split(',').map((n) => `{address: 10.0.0.${n}}`);
    return `  - {name: ${name}, address: 192.0.2.1, port: ${port}, mode: nat, servers: [${list.join(', ')}]}\n`;
  });
  return wantedTable(
    readConfig(`vips: [{address: 192.0.2.1, interface: lo}]\nservices:\n${text.join('')}`, 'f'),
  );
}
const statesOf = (...services: string[]) =>
  new Map(
    wantedOf(...services).map((one) => [idOf(one), adopt(one, undefined, () => undefined, 0)]),
  );

test.each([
  [['a:80:1'], ['a:80:1'], ['a < a'], []],
  [['a:80:1'], ['b:80:1'], ['b < a'], ['a > b']],
  [['a:80:1'], ['a:81:1'], ['a < a'], []],
  [
    ['a:80:1', 'b:81:1'],
    ['b:80:1', 'a:81:1'],
    ['b < a', 'a < b'],
    ['a > b', 'b > a'],
  ],
  // the name is another service's now, which is new
  [['a:80:1'], ['b:80:1', 'a:81:1'], ['b < a'], ['a > b']],
  [['a:80:1'], ['c:82:1'], [], []],
])('%j, then %j: %j', (before, after, from, others) => {
  const wanted = wantedOf(...after);
  const found = predecessors(statesOf(...before), wanted);
  const told = wanted.flatMap((one) => {
    const state = found.get(idOf(one));
    return state ? [`${one.source.name} < ${state.wanted.source.name}`] : [];
  });
  expect(told).toEqual(from);
  expect(renames(found, wanted).map(({ from: old, to }) => `${old} > ${to}`)).toEqual(others);
});

test('what is left of several files goes when it is gone, and what a later one wants again is taken from the list', () => {
  const show = ({ services, servers }: typeof NO_LEGACY) => [
    [...services.keys()].map((name) => name.split(' ').at(-1)),
    ...[...servers].flatMap(([service, list]) =>
      list.size > 0 ? [`${service.split(' ').at(-1)}: ${[...list.keys()].join(' ')}`] : [],
    ),
  ];
  const after = (
    legacy: typeof NO_LEGACY,
    old: Parameters<typeof predecessors>[0],
    wanted: Parameters<typeof predecessors>[1],
  ) => inherit(legacy, old, wanted, predecessors(old, wanted));
  let legacy = after(NO_LEGACY, statesOf('a:80:1,2', 'b:81:1'), wantedOf('a:80:2,3'));
  expect(show(legacy)).toEqual([['81'], '80: 10.0.0.1:80', '81: 10.0.0.1:81']);
  legacy = after(legacy, statesOf('a:80:2,3'), wantedOf('a:80:3'));
  expect(show(legacy)).toEqual([['81'], '80: 10.0.0.1:80 10.0.0.2:80', '81: 10.0.0.1:81']);
  legacy = after(legacy, statesOf('a:80:3'), wantedOf('a:80:1,3', 'b:81:2'));
  expect(show(legacy)).toEqual([[], '80: 10.0.0.2:80', '81: 10.0.0.1:81']);
  const gone = (...names: string[]) => ({
    service: (id: string) => !names.includes(id),
    server: (_: string, server: string) => !names.includes(server),
  });
  expect(show(remaining(legacy, gone('10.0.0.1:81')))).toEqual([[], '80: 10.0.0.2:80']);
  const dropped = after(legacy, statesOf('a:80:1,3', 'b:81:2'), wantedOf('a:80:1'));
  expect(show(remaining(dropped, gone('tcp 192.0.2.1 port 81', '10.0.0.2:80')))).toEqual([
    [],
    '80: 10.0.0.3:80',
  ]);
  expect(show(remaining(dropped, gone()))[0]).toEqual(['81']);
});

test('a service waits for the one that has its name now, and for no other', () => {
  const steps = [['a:80:1', 'b:81:1'], ['a:82:1', 'c:83:1'], ['a:84:1']] as const;
  const waits = (legacy: typeof NO_LEGACY) =>
    [...legacy.services].map(
      ([name, { successor }]) => `${name.split(' ').at(-1)} ${successor?.split(' ').at(-1) ?? '-'}`,
    );
  const step = (legacy: typeof NO_LEGACY, from: number) => {
    const [old, wanted] = [statesOf(...(steps[from] ?? [])), wantedOf(...(steps[from + 1] ?? []))];
    return inherit(legacy, old, wanted, predecessors(old, wanted));
  };
  const first = step(NO_LEGACY, 0);
  expect(waits(first)).toEqual(['80 82', '81 -']);
  expect(waits(step(first, 1))).toEqual(['80 84', '81 -', '82 84', '83 -']);
});
