// Programs as checks: the weight in a status, and the user that they run as.
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createProbe } from '../../../src/system/probe/probe.js';
import { userError } from '../../../src/system/probe/user.js';

const { probe, end } = createProbe();
afterAll(end);
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
const target = { address: '127.0.0.1', port: 0, timeoutMs: 5000 };
const sh = (script: string, more: { user?: string; weight?: boolean } = {}) =>
  probe(
    { kind: 'exec', command: ['/bin/sh', '-c', script], environment: { LVS_RIP: 'x' }, ...more },
    target,
  );

// biome-ignore format: a table
test.each([
  ['exit 0', { outcome: 'pass' }],
  ['echo no; exit 1', { outcome: 'fail', reason: 'status 1: no' }],
  ['exit 2', { outcome: 'pass', weight: 0 }],
  ['exit 102', { outcome: 'pass', weight: 100 }],
  ['exit 255', { outcome: 'pass', weight: 253 }],
  ['kill -9 $$', { outcome: 'fail', reason: 'ended by SIGKILL' }],
])('%s with weight', async (script, outcome) =>
  expect(await sh(script, { weight: true })).toEqual(outcome),
);

test('without it a status from 2 fails', async () =>
  expect(await sh('exit 2')).toEqual({ outcome: 'fail', reason: 'status 2' }));

describe.skipIf(process.getuid?.() !== 0)('as root', () => {
  const idOf = (option: string) =>
    execFileSync('/usr/bin/id', [option, 'nobody'], { encoding: 'utf8' }).trim();
  test('a program runs as the user, with the groups of the user', async () => {
    const script = 'echo "$(id -u) $(id -g) $(id -G) $LVS_RIP"; exit 1';
    expect(await sh(script, { user: 'nobody' })).toEqual({
      outcome: 'fail',
      reason: `status 1: ${idOf('-u')} ${idOf('-g')} ${idOf('-G')} x`,
    });
  });
  test('what cannot be started is not the fault of the server', async () => {
    const command = ['/no/such'];
    const spec = { kind: 'exec' as const, command, environment: {}, user: 'nobody' };
    expect(await probe(spec, target)).toMatchObject({
      outcome: 'error',
      reason: expect.stringMatching(/setpriv: .*\/no\/such/),
    });
    expect(await sh('exit 0', { user: 'no-such-user' })).toEqual({
      outcome: 'error',
      reason: 'there is no user no-such-user',
    });
  });
  test('a user that does not exist is known beforehand', () => {
    expect(userError('nobody')).toBeUndefined();
    expect(userError('no-such-user')).toBe('there is no user no-such-user');
    expect(userError('--help')).toBe('there is no user --help');
  });
});

describe('udp', () => {
  const answers = (reply: Buffer) => {
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    socket.on('message', (_, from) => socket.send(reply, from.port, from.address));
    return new Promise<number>((resolve) =>
      socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)),
    );
  };
  // biome-ignore format: a table
  test.each([
    [{ expect: '^pong' }, 'pong 1', undefined],
    [{ expect: '^pong' }, 'ping', 'the reply does not match'],
    [{ expectHex: '6f6e' }, 'pong', undefined],
    [{ expectHex: '00' }, 'pong', 'the expected bytes are not in the reply'],
    [{ minLength: 4, maxLength: 4 }, 'pong', undefined],
    [{ minLength: 5 }, 'pong', 'the reply has 4 bytes'],
    [{ maxLength: 3 }, 'pong', 'the reply has 4 bytes'],
  ])('%j of %s', async (rules, reply, reason) => {
    const port = await answers(Buffer.from(reply));
    expect(await probe({ kind: 'udp', hex: '', reply: true, ...rules }, { ...target, port })).toEqual(
      reason === undefined ? { outcome: 'pass' } : { outcome: 'fail', reason },
    );
  });
});

test('a kind that cannot be made in a network namespace says so', async () =>
  expect(await probe({ kind: 'ping' }, { ...target, netns: 'x' })).toEqual({
    outcome: 'error',
    reason: 'a probe of kind ping cannot be made in a network namespace',
  }));
