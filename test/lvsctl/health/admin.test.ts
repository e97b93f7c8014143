// What administrators say: which servers a word means, and what is remembered.
import { describe, expect, test } from 'vitest';
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

  test.each([
    '',
    '{',
    'null',
    '[]',
    '{"version":2,"servers":[]}',
    '{"version":1,"servers":[{"service":"web"}]}',
    '{"version":1,"servers":[{"service":"web","server":"x","state":"asleep","reason":"","since":"2026-01-01T00:00:00.000Z"}]}',
    '{"version":1,"servers":[{"service":"web","server":"x","state":"disabled","reason":"","since":"yesterday"}]}',
  ])('%s is refused', (text) => expect(() => openAdminRecord(files(text), 'f')).toThrow(/^f: not/));
});
