// What administrators say: which servers a word means, and what is remembered.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LvsctlError } from '../../../src/lvsctl/errors.js';
import { openAdminRecord, selectServers } from '../../../src/lvsctl/health/admin.js';

const ALL = [
  { service: 'web', servers: ['10.0.0.1:80', '10.0.0.2:80', '[2001:db8::1]:80'] },
  { service: 'mail', servers: ['10.0.0.1:25', '[2001:db8::1]:25'] },
];
const web = (server: string) => ({ service: 'web', server });
const mail = (server: string) => ({ service: 'mail', server });

describe('which servers a word means', () => {
  test.each([
    ['10.0.0.1', undefined, [web('10.0.0.1:80'), mail('10.0.0.1:25')]],
    ['10.0.0.1', 'mail', [mail('10.0.0.1:25')]],
    ['10.0.0.1:80', undefined, [web('10.0.0.1:80')]],
    ['2001:db8::1', undefined, [web('[2001:db8::1]:80'), mail('[2001:db8::1]:25')]],
    ['2001:DB8:0::1', 'web', [web('[2001:db8::1]:80')]],
    ['[2001:db8::1]', 'web', [web('[2001:db8::1]:80')]],
    ['[2001:db8:0:0::1]:25', undefined, [mail('[2001:db8::1]:25')]],
  ] as const)('%s in %s', (word, service, found) =>
    expect(selectServers(ALL, word, service)).toEqual(found),
  );
  test.each([
    [
      '10.0.0.9',
      undefined,
      'no server 10.0.0.9; there are 10.0.0.1:80, 10.0.0.2:80, [2001:db8::1]:80, 10.0.0.1:25, [2001:db8::1]:25',
    ],
    [
      '10.0.0.1:81',
      'web',
      'no server 10.0.0.1:81; there are 10.0.0.1:80, 10.0.0.2:80, [2001:db8::1]:80',
    ],
    ['10.0.0.1', 'ftp', 'no service ftp; there are web, mail'],
    ['rs1', undefined, 'rs1: not the address of a server, with or without its port'],
    ['', undefined, ': not the address of a server, with or without its port'],
    ['10.0.0.1:', undefined, '10.0.0.1:: not the address of a server, with or without its port'],
  ] as const)('%s in %s is refused', (word, service, message) =>
    expect(() => selectServers(ALL, word, service)).toThrow(message),
  );
});

describe('the record', () => {
  const files = (text?: string) => {
    const state = { text };
    return {
      state,
      uid: 0,
      readFile: () =>
        state.text === undefined ? undefined : { text: state.text, mode: 0o600, uid: 0 },
      writeText(_: string, next: string) {
        state.text = next;
      },
    };
  };
  const admin = {
    state: 'disabled',
    reason: 'new disk',
    since: '2026-01-01T00:00:00.000Z',
  } as const;

  test('remembers for the next reader, and forgets', () => {
    const disk = files();
    const record = openAdminRecord(disk, 'f');
    record.set([web('10.0.0.1:80'), web('10.0.0.2:80')], admin);
    record.set([web('10.0.0.2:80')], undefined);
    expect(openAdminRecord(disk, 'f').find('web', '10.0.0.1:80')).toMatchObject(admin);
    expect(openAdminRecord(disk, 'f').find('web', '10.0.0.2:80')).toBeUndefined();
  });

  test('two writers do not forget each other', () => {
    const disk = files();
    const [one, two] = [openAdminRecord(disk, 'f'), openAdminRecord(disk, 'f')];
    one.set([web('10.0.0.1:80')], admin);
    two.set([mail('10.0.0.1:25')], admin);
    expect(
      openAdminRecord(disk, 'f')
        .entries()
        .map(({ service }) => service),
    ).toEqual(['web', 'mail']);
  });

  test('goes on under a new name of the service', () => {
    const disk = files();
    const record = openAdminRecord(disk, 'f');
    record.set([web('10.0.0.1:80'), mail('10.0.0.1:25')], admin);
    record.rename([{ from: 'web', to: 'www' }]);
    expect(record.find('www', '10.0.0.1:80')).toMatchObject(admin);
    expect(openAdminRecord(disk, 'f').find('web', '10.0.0.1:80')).toBeUndefined();
    expect(openAdminRecord(disk, 'f').find('mail', '10.0.0.1:25')).toMatchObject(admin);
  });

  test('that cannot be written changes nothing in memory', () => {
    const disk = files();
    const record = openAdminRecord(
      {
        ...disk,
        writeText: () => {
          throw new Error('disk full');
        },
      },
      'f',
    );
    expect(() => record.set([web('10.0.0.1:80')], admin)).toThrow('disk full');
    expect(record.find('web', '10.0.0.1:80')).toBeUndefined();
  });

  const entry = { service: 'web', server: '10.0.0.1:80', ...admin };
  const recordOf = (...servers: unknown[]) => JSON.stringify({ version: 1, servers });
  test.each([
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['null', 'expected an object, found null'],
    ['[]', 'expected an object, found a list'],
    ['{"version":2,"servers":[]}', 'version: expected 1, found 2'],
    ['{"version":1}', 'servers is missing'],
    ['{"version":1,"servers":[],"more":1}', 'more is not known'],
    ['{"version":1,"servers":{}}', 'servers: expected a list, found an object'],
    [recordOf({ service: 'web' }), 'servers[0].server is missing'],
    [
      recordOf(entry, { ...entry, server: 'x' }),
      'servers[1].server: expected an address with its port, found "x"',
    ],
    [
      recordOf({ ...entry, server: '10.0.0.1:99999' }),
      'servers[0].server: expected an address with its port, found "10.0.0.1:99999"',
    ],
    [
      recordOf({ ...entry, server: '2001:db8::1' }),
      'servers[0].server: expected an address with its port, found "2001:db8::1"',
    ],
    [
      recordOf({ ...entry, state: 'asleep\x1b[2J' }),
      'servers[0].state: expected "disabled" or "drained", found "asleep\\u001b[2J"',
    ],
    [
      recordOf({ ...entry, since: 'yesterday' }),
      'servers[0].since: expected a time like 2026-01-31T12:00:00.000Z, found "yesterday"',
    ],
    [recordOf({ ...entry, reason: null }), 'servers[0].reason: expected a text, found null'],
    [recordOf({ ...entry, __proto: 1 }), 'servers[0].__proto is not known'],
    [recordOf(entry, entry), 'servers[1]: the server is there twice'],
  ])('%s is refused, with the field and what to do', (text, problem) => {
    const open = () => openAdminRecord(files(text), '/var/r.json');
    expect(open).toThrow(
      expect.objectContaining({
        code: 'BAD_RECORD',
        message: `/var/r.json: the record of disabled and drained servers is not used: ${problem}`,
        hint: expect.stringMatching(/^move the file away: then no server is disabled/),
      }),
    );
  });

  test.each([
    [{ uid: 65534 }, 'owned by user 65534'],
    [{ mode: 0o666 }, 'mode 0666: other users may write to it'],
    [{ mode: 0o620 }, 'mode 0620: other users may write to it'],
  ])('of another user, or that others may write to: %j', (found, problem) => {
    const file = { text: recordOf(entry), mode: 0o600, uid: 0, ...found };
    const open = (uid: number) => () =>
      openAdminRecord({ uid, readFile: () => file, writeText: () => {} }, 'f');
    expect(open(0)).toThrow(problem);
    if (file.uid !== 0) expect(open(file.uid)).not.toThrow();
  });

  test('damaged in any way it is not believed, and nothing crashes', () => {
    const valid = recordOf(entry, { ...entry, service: 'mail', state: 'drained', reason: '' });
    const value = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant({ ...entry }), fc.integer());
    const field = fc.constantFrom('service', 'server', 'state', 'reason', 'since');
    const mutations = fc.oneof(
      fc.nat(valid.length - 1).map((length) => valid.slice(0, length)),
      fc.tuple(field, value).map(([name, wrong]) => recordOf({ ...entry, [name]: wrong })),
      field.map((name) => recordOf({ ...entry, [name]: undefined })),
      value.map((wrong) => recordOf(entry, wrong)),
      value.map((version) => JSON.stringify({ version, servers: [entry] })),
      value.map((servers) => JSON.stringify({ version: 1, servers })),
      fc
        .tuple(fc.nat(valid.length - 1), fc.string({ minLength: 1, maxLength: 3 }))
        .map(([at, text]) => valid.slice(0, at) + text + valid.slice(at + 1)),
      fc.json(),
    );
    fc.assert(
      fc.property(mutations, (text) => {
        let believed: readonly unknown[];
        try {
          believed = openAdminRecord(files(text), 'f').entries();
        } catch (error) {
          expect(error).toBeInstanceOf(LvsctlError);
          expect(error).toMatchObject({ code: 'BAD_RECORD' });
          expect((error as Error).message).not.toMatch(/\p{Cc}/u);
          return;
        }
        // what is believed is a record by every rule, written down here once more
        const names = new Set<string>();
        for (const one of believed as Record<string, string>[]) {
          expect(Object.keys(one).sort()).toEqual([
            'reason',
            'server',
            'service',
            'since',
            'state',
          ]);
          expect(Object.values(one).every((each) => typeof each === 'string')).toBe(true);
          expect(one.service).not.toBe('');
          expect(one.server).toMatch(/^(?:\d+(?:\.\d+){3}|\[[0-9a-f:.]+\]):\d+$/);
          expect(['disabled', 'drained']).toContain(one.state);
          expect(new Date(one.since ?? '').toISOString()).toBe(one.since);
          names.add(`${one.service} ${one.server}`);
        }
        expect(names.size).toBe(believed.length);
        expect(JSON.parse(text)).toEqual({ version: 1, servers: believed });
      }),
      { numRuns: process.env.LVS_TEST_FULL ? 20_000 : 1000 },
    );
  });
});
