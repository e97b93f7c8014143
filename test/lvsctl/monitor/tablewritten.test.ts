// What a write of the table leaves in the state: refusals that are new, sorry servers that came or
// went.
import { describe, expect, test } from 'vitest';
import { desiredServices } from '../../../src/lvsctl/config/desired.js';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import type { RefusedChange } from '../../../src/lvsctl/monitor/state/input.js';
import { emptyState, reduce } from '../../../src/lvsctl/monitor/state/reduce.js';
import type { MonitorState } from '../../../src/lvsctl/monitor/state/state.js';
import type { Change } from '../../../src/model/change.js';
import type { Destination } from '../../../src/model/destination.js';
import { IpvsError } from '../../../src/model/errors.js';
import { serviceKey, type Table, tableOf } from '../../../src/model/table.js';

const service = (name: string, port: number, sorry = true) =>
  `  - {name: ${name}, address: 192.0.2.1, port: ${port}, mode: nat, ${sorry ? 'sorry: {address: 10.0.9.9},' : ''} servers: [{address: 10.0.0.1}, {address: 10.0.0.2}]}\n`;
const CONFIG = readConfig(
  `vips: [{address: 192.0.2.1, interface: lo}]\nservices:\n${service('web', 80)}${service('mail', 25)}${service('plain', 21, false)}`,
  'f',
);
const begun = () =>
  reduce(emptyState(CONFIG), { kind: 'config', config: CONFIG, table: new Map() }, 0).state;
const [WEB, MAIL] = desiredServices(CONFIG);
if (!WEB || !MAIL) throw new Error('no services');
const KEYS = desiredServices(CONFIG).map(({ service: { id } }) => serviceKey(id));

interface Written {
  readonly before?: Table;
  readonly table?: Table;
  readonly written?: readonly string[];
  readonly refusals?: readonly RefusedChange[];
}
const write = (
  state: MonitorState,
  { before = new Map(), table = new Map(), written = KEYS, refusals = [] }: Written,
) =>
  reduce(
    state,
    {
      kind: 'applied',
      before,
      table,
      keys: new Set(table.keys()),
      written: new Set(written),
      refusals,
    },
    0,
  );

describe('a refused change', () => {
  const [first, second] = WEB.destinations as readonly [Destination, Destination];
  const { id } = WEB.service;
  const add = (destination: Destination, of = id): Change => ({
    kind: 'add-destination',
    id: of,
    destination,
  });
  const refused = (change: Change, code = 'EINVAL'): RefusedChange => ({
    change,
    error: new IpvsError(change.kind, code),
  });
  const INVALID = 'Invalid operation.  Possibly wrong module version, address not unicast, ...';
  const foreign = { kind: 'fwmark', mark: 9, family: 'ipv4' } as const;

  // biome-ignore format: a table
  test.each<readonly [string, RefusedChange, object]>([
    ['a server', refused(add(first)), { service: 'web', server: '10.0.0.1:80', reason: `add-destination: ${INVALID}` }],
    ['to edit one', refused({ kind: 'edit-destination', id, destination: second }, 'ENOENT'), { service: 'web', server: '10.0.0.2:80', reason: 'edit-destination: No such destination' }],
    ['to remove one', refused({ kind: 'delete-destination', id, destination: second }, 'ESRCH'), { service: 'web', server: '10.0.0.2:80', reason: 'delete-destination: Service not defined' }],
    ['a service', refused({ kind: 'add-service', service: MAIL.service }, 'ENOENT'), { service: 'mail', reason: 'add-service: Scheduler or persistence engine not found' }],
    ['to remove what an earlier file left', refused({ kind: 'delete-service', id: foreign }, 'ENOMEM'), { reason: 'delete-service: Memory allocation problem' }],
  ])('is reported: %s', (_, one, fields) => {
    expect(write(begun(), { refusals: [one] }).events).toEqual([{ event: 'refused', ...fields }]);
  });

  // biome-ignore format: a table
  test.each<readonly [string, RefusedChange, boolean]>([
    ['the same', refused(add(first)), false],
    ['with another weight', refused(add({ ...first, weight: 9 })), false],
    ['another server', refused(add(second)), true],
    ['of another service', refused(add(first, MAIL.service.id)), true],
    ['another kind', refused({ kind: 'edit-destination', id, destination: first }), true],
    ['another reason', refused(add(first), 'ENOMEM'), true],
    ['the service itself', refused({ kind: 'add-service', service: WEB.service }), true],
  ])('once, at the next write it is news or not: %s', (_, next, isNews) => {
    const { state } = write(begun(), { refusals: [refused(add(first))] });
    expect(write(state, { refusals: [next] }).events).toHaveLength(isNews ? 1 : 0);
  });

  test('again after a write without it', () => {
    const refusals = [refused(add(first))];
    const between = write(write(begun(), { refusals }).state, {}).state;
    expect(write(between, { refusals }).events).toHaveLength(1);
  });

  test('of several the new ones alone', () => {
    const { state } = write(begun(), { refusals: [refused(add(first))] });
    const { events } = write(state, { refusals: [refused(add(first)), refused(add(second))] });
    expect(events.map(({ server }) => server)).toEqual(['10.0.0.2:80']);
  });
});

describe('a sorry server', () => {
  const sorry = WEB.sorry as Destination;
  const tableWith = (...destinations: readonly Destination[]) =>
    tableOf([{ service: WEB.service, destinations }]);
  const [server] = WEB.destinations as readonly [Destination];
  const [IN, OUT] = [tableWith(server, sorry), tableWith(server)];
  const activeOf = ({ services }: MonitorState) => services.map(({ sorryActive }) => sorryActive);

  // biome-ignore format: a table
  test.each<readonly [string, Table, Table, readonly string[]]>([
    ['comes', OUT, IN, ['sorry-up web 10.0.9.9:80']],
    ['goes', IN, OUT, ['sorry-down web 10.0.9.9:80']],
    ['stays', IN, IN, []],
    ['stays out', OUT, OUT, []],
    ['comes with its service', new Map(), IN, ['sorry-up web 10.0.9.9:80']],
  ])('%s', (_, before, table, expected) => {
    const { state, events } = write(begun(), { before, table });
    expect(events.map(({ event, service, server }) => `${event} ${service} ${server}`)).toEqual(
      expected,
    );
    // of a service without one nothing is known
    expect(activeOf(state)).toEqual([table === IN, false, undefined]);
  });

  test('what was seen last counts, whatever the table was before this write', () => {
    const { state } = write(begun(), { before: OUT, table: IN });
    expect(write(state, { before: OUT, table: IN }).events).toEqual([]);
    expect(write(state, { before: OUT, table: OUT }).events).toMatchObject([
      { event: 'sorry-down' },
    ]);
  });

  test('a service that was left alone has no news', () => {
    const { state, events } = write(begun(), { before: OUT, table: IN, written: [] });
    expect([events, activeOf(state)]).toEqual([[], [undefined, undefined, undefined]]);
  });

  test('a service of which nothing changed stays the same value', () => {
    const { state } = write(begun(), { before: OUT, table: OUT });
    const again = write(state, { before: OUT, table: OUT }).state;
    expect(again.services.map((one, i) => one === state.services[i])).toEqual([true, true, true]);
  });
});

test('what the write left is kept for the next comparison', () => {
  const table = tableOf([{ service: WEB.service, destinations: WEB.destinations }]);
  expect(write(begun(), { table }).state.applied).toEqual({ services: new Set(KEYS), table });
});
