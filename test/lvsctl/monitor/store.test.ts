// The state file: what is written is what is read, and nothing else is believed.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { LvsctlError } from '../../../src/lvsctl/errors.js';
import { openStore } from '../../../src/lvsctl/monitor/process/store.js';
import {
  type Lasting,
  lastingOf,
  NOTHING_LASTING,
  restoredState,
  withoutExpired,
} from '../../../src/lvsctl/monitor/state/lasting.js';
import { FULL } from '../../support/full.js';

const SERVICE = 'tcp 192.0.2.1:80';
const ADMIN: Lasting['admin'][number] = {
  service: SERVICE,
  name: 'web',
  server: '10.0.0.1:80',
  state: 'disabled',
  reason: 'new disk',
  by: 'alice',
  since: '2026-01-01T00:00:00.000Z',
  until: null,
};
const SPEC = {
  address: { family: 'ipv4', value: 0x0a000001 },
  port: 80,
  forwarding: 'masquerade',
  tunnel: { type: 'ipip', port: 0, flags: 0 },
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
} as const;
const LASTING: Lasting = {
  version: 2,
  owned: [{ service: SERVICE, name: 'web', servers: ['10.0.0.1:80', '[2001:db8::1]:80'] }],
  orphan_services: [{ service: 'fwmark 7 ipv6', successor: SERVICE }],
  orphan_servers: [{ service: SERVICE, server: '10.0.0.9:80' }],
  admin: [ADMIN, { ...ADMIN, server: '10.0.0.2:80', until: '2026-01-02T00:00:00.000Z' }],
  tolerated: [
    { service: SERVICE, server: '10.0.0.1:80', theirs: null, ours: { role: 'in', spec: SPEC } },
    {
      service: SERVICE,
      server: '10.0.0.2:80',
      theirs: { ...SPEC, address: { family: 'ipv6', words: [0x20010db8, 0, 0, 1] } },
      ours: { role: 'out', spec: SPEC },
    },
  ],
};
const TEXT = JSON.stringify(LASTING);

const files = (text?: string, found = {}) => {
  const disk = { text, writes: 0 };
  return {
    disk,
    uid: 0,
    readFile: () =>
      disk.text === undefined ? undefined : { text: disk.text, mode: 0o600, uid: 0, ...found },
    writeText(_: string, next: string) {
      disk.text = next;
      disk.writes++;
    },
  };
};
const load = (text: string) => openStore(files(text), '/var/s.json').load();

test('what is saved is loaded again; the same is not written twice', () => {
  const one = files();
  const store = openStore(one, 'f');
  expect(store.load()).toEqual(NOTHING_LASTING);
  store.save(LASTING);
  store.save(LASTING);
  expect(one.disk.writes).toBe(1);
  expect(openStore(one, 'f').load()).toEqual(LASTING);
});

test('a state that is restored and kept again is the same, for the same file', () => {
  const config = readConfig(
    `vips: [{address: 192.0.2.1, interface: lo}]
services:
  - {name: web, address: 192.0.2.1, port: 80, mode: nat, servers: [{address: 10.0.0.1}]}
`,
    'f',
  );
  const { orphan_services, orphan_servers, admin, tolerated } = lastingOf(
    restoredState(LASTING, config),
  );
  expect(admin).toEqual(LASTING.admin);
  expect(tolerated).toEqual(LASTING.tolerated);
  expect(orphan_services).toEqual(LASTING.orphan_services);
  // one server of the last file is not in this one
  expect(orphan_servers).toEqual([
    { service: SERVICE, server: '10.0.0.9:80' },
    { service: SERVICE, server: '[2001:db8::1]:80' },
  ]);
});

test('a state whose time is over is not restored', () => {
  const at = (text: string) => withoutExpired(LASTING, new Date(text)).admin.length;
  expect(at('2026-01-01T23:59:59Z')).toBe(2);
  expect(at('2026-01-02T00:00:00Z')).toBe(1);
});

describe('damaged', () => {
  const withAdmin = (...admin: unknown[]) => JSON.stringify({ ...LASTING, admin });
  test.each([
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['null', 'expected an object, found null'],
    ['[]', 'expected an object, found a list'],
    ['{"version":1,"servers":[]}', 'version: expected 2, found 1'],
    ['{"version":2}', 'owned is missing'],
    [JSON.stringify({ ...LASTING, more: 1 }), 'more is not known'],
    [JSON.stringify({ ...LASTING, owned: {} }), 'owned: expected a list, found an object'],
    [withAdmin({ service: SERVICE }), 'admin[0].name is missing'],
    [
      withAdmin(ADMIN, { ...ADMIN, server: 'x' }),
      'admin[1].server: expected an address with its port, found "x"',
    ],
    [
      withAdmin({ ...ADMIN, server: '10.0.0.1:99999' }),
      'admin[0].server: expected an address with its port, found "10.0.0.1:99999"',
    ],
    [
      withAdmin({ ...ADMIN, server: '[2001:DB8::1]:80' }),
      'admin[0].server: expected an address with its port, found "[2001:DB8::1]:80"',
    ],
    [
      withAdmin({ ...ADMIN, service: 'web' }),
      'admin[0].service: expected a service like tcp 192.0.2.1:80, found "web"',
    ],
    [
      withAdmin({ ...ADMIN, state: 'asleep\x1b[2J' }),
      'admin[0].state: expected "disabled" or "drained", found "asleep\\u001b[2J"',
    ],
    [
      withAdmin({ ...ADMIN, since: 'yesterday' }),
      'admin[0].since: expected a time like 2026-01-31T12:00:00.000Z, found "yesterday"',
    ],
    [withAdmin({ ...ADMIN, reason: null }), 'admin[0].reason: expected a text, found null'],
    [withAdmin(ADMIN, ADMIN), 'admin[1]: the server is there twice'],
    [
      JSON.stringify({
        ...LASTING,
        tolerated: [{ ...LASTING.tolerated[0], theirs: { ...SPEC, weight: -1 } }],
      }),
      'tolerated[0].theirs.weight: expected a whole number from 0, found -1',
    ],
  ])('%s is refused, with the field and what to do', (text, problem) => {
    expect(() => load(text)).toThrow(
      expect.objectContaining({
        code: 'BAD_RECORD',
        message: `/var/s.json: the state of an earlier monitor is not used: ${problem}`,
        hint: expect.stringMatching(/^move the file away: then no server is disabled/),
      }),
    );
  });

  test.each([
    [{ uid: 65534 }, 'owned by user 65534'],
    [{ mode: 0o666 }, 'mode 0666: other users may write to it'],
    [{ mode: 0o620 }, 'mode 0620: other users may write to it'],
  ])('of another user, or that others may write to: %j', (found, problem) => {
    expect(() => openStore(files(TEXT, found), 'f').load()).toThrow(problem);
    if (!('uid' in found)) return;
    const own = { ...files(TEXT, found), uid: found.uid };
    expect(openStore(own, 'f').load()).toEqual(LASTING);
  });

  test('any field that is missing or of another type, and any other damage', () => {
    const paths: (readonly (string | number)[])[] = [];
    const walk = (value: unknown, path: readonly (string | number)[]) => {
      if (path.length > 0) paths.push(path);
      if (typeof value === 'object' && value !== null)
        for (const [key, inner] of Object.entries(value))
          walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    };
    walk(LASTING, []);
    const replaced = fc
      .tuple(fc.constantFrom(...paths), fc.constantFrom(undefined, [[]], { a: {} }, -1, 1.5))
      .map(([path, wrong]) => {
        const copy = structuredClone(LASTING) as unknown as Record<string | number, unknown>;
        let at = copy;
        for (const key of path.slice(0, -1)) at = at[key] as typeof copy;
        at[path.at(-1) ?? ''] = wrong;
        return JSON.stringify(copy);
      });
    const mutations = fc.oneof(
      replaced,
      fc.nat(TEXT.length - 1).map((length) => TEXT.slice(0, length)),
      fc
        .tuple(fc.nat(TEXT.length - 1), fc.string({ minLength: 1, maxLength: 3 }))
        .map(([at, text]) => TEXT.slice(0, at) + text + TEXT.slice(at + 1)),
      fc.json(),
    );
    fc.assert(
      fc.property(mutations, (text) => {
        let believed: Lasting;
        try {
          believed = load(text);
        } catch (error) {
          expect(error).toBeInstanceOf(LvsctlError);
          expect(error).toMatchObject({ code: 'BAD_RECORD' });
          expect((error as Error).message).not.toMatch(/\p{Cc}/u);
          return;
        }
        // what is believed has the fields of the format and no others, each of its type
        expect(JSON.parse(text)).toEqual(believed);
        expect(Object.keys(believed).sort()).toEqual(Object.keys(LASTING).sort());
        for (const one of believed.admin) {
          expect(Object.keys(one).sort()).toEqual(Object.keys(ADMIN).sort());
          expect(one.server).toMatch(/^(?:\d+(?:\.\d+){3}|\[[0-9a-f:.]+\]):\d+$/);
          expect(new Date(one.since).toISOString()).toBe(one.since);
        }
      }),
      { numRuns: FULL ? 20_000 : 400 },
    );
  });
});

const port = (value: number) => ({ port: value });
const weight = (value: number) => ({ weight: value });
const tunnelPort = (value: number) => ({ tunnel: { ...SPEC.tunnel, port: value } });
const tunnelFlags = (value: number) => ({ tunnel: { ...SPEC.tunnel, flags: value } });
const ipv4 = (value: number) => ({ address: { family: 'ipv4', value } });
const ipv6 = (value: number) => ({ address: { family: 'ipv6', words: [0x20010db8, 0, 0, value] } });

test.each([
  ['port', port, 65_535],
  ['weight', weight, 2 ** 31 - 1],
  ['port of a tunnel', tunnelPort, 65_535],
  ['flags of a tunnel', tunnelFlags, 65_535],
  ['IPv4 address', ipv4, 2 ** 32 - 1],
  ['IPv6 address', ipv6, 2 ** 32 - 1],
] as const)('limits of a number: %s', (_, field, max) => {
  const [first] = LASTING.tolerated;
  const stored = (value: number) => ({
    ...LASTING,
    tolerated: [{ ...first, theirs: { ...SPEC, ...field(value) } }],
  });
  const refused = (value: number) => () => load(JSON.stringify(stored(value)));
  for (const value of [0, 1, max]) expect(refused(value)()).toEqual(stored(value));
  expect(refused(max + 1)).toThrow(`expected a number from 0 to ${max}`);
  expect(refused(-1)).toThrow(LvsctlError);
  expect(refused(0.5)).toThrow(LvsctlError);
});
