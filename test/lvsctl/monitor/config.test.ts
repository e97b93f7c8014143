// Another file takes over: which service goes on from which, and what is left of earlier files.
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { withConfig } from '../../../src/lvsctl/monitor/state/config.js';
import { type Orphans, pruneOrphans } from '../../../src/lvsctl/monitor/state/orphans.js';
import { emptyState, reduce } from '../../../src/lvsctl/monitor/state/reduce.js';
import type { MonitorState } from '../../../src/lvsctl/monitor/state/state.js';
import { serviceKey, type Table, tableOf } from '../../../src/model/table.js';

const EMPTY: Table = new Map();

/** A file of services written as `name:port:server,server`. */
function configOf(...services: readonly string[]) {
  const text = services.map((line) => {
    const [name, port, servers = ''] = line.split(':');
    const list = servers.split(',').map((n) => `{address: 10.0.0.${n}}`);
    return `  - {name: ${name}, address: 192.0.2.1, port: ${port}, mode: nat, servers: [${list.join(', ')}]}\n`;
  });
  return readConfig(
    `vips: [{address: 192.0.2.1, interface: lo}]\nservices:${text.length > 0 ? `\n${text.join('')}` : ' []'}`,
    'f',
  );
}
const start = (...services: readonly string[]) =>
  withConfig(emptyState(configOf()), configOf(...services), EMPTY, 0);
const reload = (state: MonitorState, ...services: readonly string[]) =>
  withConfig(state, configOf(...services), EMPTY, 0);
const key = (port: number) => `tcp 192.0.2.1:${port}`;
const admin = {
  state: 'drained',
  reason: '',
  by: '',
  since: '2026-01-01T00:00:00.000Z',
  until: undefined,
} as const;

describe('the administrative state of a server', () => {
  /** Names of services whose server 1 is drained after it was drained in `name`. */
  function drainedAfter(before: readonly string[], name: string, ...files: (readonly string[])[]) {
    let state = start(...before);
    const service = state.services.find((one) => one.name === name);
    const [server] = service?.servers ?? [];
    if (!service || !server) throw new Error('no server');
    const servers = [{ service: service.key, server: server.key }];
    ({ state } = reduce(state, { kind: 'admin', servers, admin }, 0));
    for (const file of files) state = reload(state, ...file);
    return state.services
      .filter(({ servers: [first] }) => first?.admin !== undefined)
      .map((one) => one.name);
  }
  test.each([
    ['stays at a reload', [['a:80:1']], ['a']],
    ['follows a service that gets another name', [['b:80:1']], ['b']],
    ['and a name that gets another service is no reason', [['b:80:1', 'a:81:1']], ['b']],
    ['follows a service that gets another server of its own', [['a:80:2,1'], ['a:80:1']], ['a']],
    ['is remembered while the server is not in the file', [['a:80:2'], ['a:80:1,2']], ['a']],
    ['and while the service is not in the file', [['c:82:1'], ['a:80:1']], ['a']],
  ] as const)('%s', (_, files, names) => {
    expect(drainedAfter(['a:80:1'], 'a', ...files)).toEqual(names);
  });
  test('two services change names', () => {
    expect(drainedAfter(['a:80:1', 'b:81:1'], 'a', ['b:80:1', 'a:81:1'])).toEqual(['b']);
  });
  test('is listed as remembered under the present name of its service', () => {
    let state = start('a:80:1');
    const servers = [{ service: key(80), server: '10.0.0.1:80' }];
    ({ state } = reduce(state, { kind: 'admin', servers, admin }, 0));
    state = reload(state, 'b:80:2');
    expect(state.remembered).toEqual([
      { service: key(80), name: 'b', server: '10.0.0.1:80', admin },
    ]);
    ({ state } = reduce(state, { kind: 'admin', servers, admin: undefined }, 0));
    expect(state.remembered).toEqual([]);
  });
});

describe('orphans', () => {
  const show = ({ services, servers }: Orphans) => [
    [...services.keys()].map((name) => name.split(':').at(-1)),
    ...[...servers].flatMap(([service, list]) =>
      list.size > 0 ? [`${service.split(':').at(-1)}: ${[...list.keys()].join(' ')}`] : [],
    ),
  ];
  /** The table in which these services and servers are left. */
  const left = (orphans: Orphans, ...names: readonly string[]) => {
    const list = start('a:80:1,2,3', 'b:81:1,2').services.map(({ spec }) => ({
      service: spec.service,
      destinations: spec.destinations.filter(
        (one) =>
          one.address.family === 'ipv4' &&
          names.includes(`${one.port} ${one.address.value & 0xff}`),
      ),
    }));
    const table = tableOf(list.filter(({ destinations }) => destinations.length > 0));
    return pruneOrphans(orphans, table, new Set(table.keys()));
  };

  test('what is left of several files goes when it is gone, and what a later one has is taken from the list', () => {
    let state = reload(start('a:80:1,2', 'b:81:1'), 'a:80:2,3');
    expect(show(state.orphans)).toEqual([['81'], '80: 10.0.0.1:80', '81: 10.0.0.1:81']);
    state = reload(state, 'a:80:3');
    expect(show(state.orphans)).toEqual([['81'], '80: 10.0.0.1:80 10.0.0.2:80', '81: 10.0.0.1:81']);
    state = reload(state, 'a:80:1,3', 'b:81:2');
    expect(show(state.orphans)).toEqual([[], '80: 10.0.0.2:80', '81: 10.0.0.1:81']);
    expect(show(left(state.orphans, '80 2'))).toEqual([[], '80: 10.0.0.2:80']);
    state = reload(state, 'a:80:1');
    expect(show(left(state.orphans, '80 3', '81 1'))).toEqual([
      ['81'],
      '80: 10.0.0.3:80',
      '81: 10.0.0.1:81 10.0.0.2:81',
    ]);
    expect(show(left(state.orphans, '80 3'))).toEqual([[], '80: 10.0.0.3:80']);
  });

  test('a service waits for the one that has its name now, and for no other', () => {
    const waits = ({ services }: Orphans) =>
      [...services].map(
        ([name, { successor }]) =>
          `${name.split(':').at(-1)} ${successor?.split(':').at(-1) ?? '-'}`,
      );
    const first = reload(start('a:80:1', 'b:81:1'), 'a:82:1', 'c:83:1');
    expect(waits(first.orphans)).toEqual(['80 82', '81 -']);
    expect(waits(reload(first, 'a:84:1').orphans)).toEqual(['80 84', '81 -', '82 84', '83 -']);
  });

  test('a service that comes back to the file is no orphan', () => {
    const state = reload(reload(start('a:80:1'), 'b:81:1'), 'a:80:1', 'b:81:1');
    expect(show(state.orphans)).toEqual([[]]);
    expect(state.services.map(({ spec }) => serviceKey(spec.service.id))).toEqual([
      key(80),
      key(81),
    ]);
  });
});
