// What a client of the monitor says beforehand and of errors, and what drift is called.
import { describe, expect, test } from 'vitest';
import { LvsctlError } from '../../../src/lvsctl/errors.js';
import { lastServers } from '../../../src/lvsctl/monitor/client/lastservers.js';
import { refusal, socketError } from '../../../src/lvsctl/monitor/client/request.js';
import type { AdminRequest } from '../../../src/lvsctl/monitor/process/control.js';
import { placeError, withState } from '../../../src/lvsctl/monitor/process/places.js';
import type { Status } from '../../../src/lvsctl/monitor/status.js';
import { findDrift } from '../../../src/lvsctl/monitor/table/drift.js';
import { parseAddress } from '../../../src/model/address.js';
import type { Destination } from '../../../src/model/destination.js';
import { serverKey, type VirtualServer } from '../../../src/model/table.js';

describe('a request that leaves a service without servers', () => {
  const A = '192.0.2.1:80';
  const B = '192.0.2.2:80';
  interface Of {
    readonly weights?: readonly (number | null)[];
    readonly up?: boolean | null;
    readonly quorum?: number;
    readonly hysteresis?: number;
    readonly sorry?: object | null;
  }
  const warnings = (argument: string, of: Of = {}, service?: string) => {
    const { weights = [1, 1], up = true, quorum = 1, hysteresis = 0, sorry = null } = of;
    const one = (name: string, key: string) => ({
      ...{ service: key, name, up, quorum, hysteresis, sorry },
      weight_up: weights.reduce<number>((sum, weight) => sum + (weight ?? 0), 0),
      servers: [A, B].map((server, i) => ({
        server,
        name: i === 0 ? 'first' : null,
        weight_desired: weights[i],
      })),
    });
    const status = { services: [one('web', 'tcp x'), one('api', 'tcp y')] } as unknown as Status;
    return lastServers(status, { server: argument, service } as AdminRequest);
  };
  const last = (name: string, more = 'new connections are refused') =>
    `${name} has no other server that is up: ${more}`;
  const quorum = (count: number) =>
    `web falls below its quorum of ${count}: new connections are refused`;

  // biome-ignore format: a table
  test.each<readonly [string, () => readonly string[], readonly string[]]>([
    ['another one serves', () => warnings(A), []],
    ['the last one', () => warnings(A, { weights: [1, 0] }), [last('web'), last('api')]],
    ['of one service', () => warnings(A, { weights: [1, 0] }, 'web'), [last('web')]],
    ['by the key of the service', () => warnings(A, { weights: [1, 0] }, 'tcp y'), [last('api')]],
    ['by the name of the server', () => warnings('first', { weights: [1, 0] }, 'web'), [last('web')]],
    ['no weight is known', () => warnings(A, { weights: [1, null] }, 'web'), [last('web')]],
    ['one that serves not', () => warnings(A, { weights: [0, 1] }), []],
    ['there is a sorry server', () => warnings(A, { weights: [1, 0], sorry: { server: '192.0.2.9:80' } }, 'web'), [last('web', 'new connections go to its sorry server 192.0.2.9:80')]],
    ['the quorum is lost', () => warnings(A, { quorum: 2 }, 'web'), [quorum(2)]],
    ['the quorum is just kept', () => warnings(A, { weights: [1, 2], quorum: 2 }, 'web'), []],
    ['hysteresis keeps it', () => warnings(A, { quorum: 2, hysteresis: 1 }, 'web'), []],
    ['hysteresis is too small', () => warnings(A, { weights: [2, 1], quorum: 3, hysteresis: 1 }, 'web'), [quorum(3)]],
    ['it is down already', () => warnings(A, { up: false, quorum: 2 }, 'web'), []],
    ['nothing is known of it', () => warnings(A, { up: null, quorum: 2 }, 'web'), []],
  ])('%s', (_, actual, expected) => expect(actual()).toEqual(expected));

  test('what is not there', () => {
    expect(() => warnings('192.0.2.3')).toThrow(
      'no server 192.0.2.3; there are first, 192.0.2.1:80, 192.0.2.2:80',
    );
    expect(() => warnings(A, {}, 'x')).toThrow('no service x; there are web, api');
  });
});

describe('an error of the socket', () => {
  test.each([
    ['ENOENT', 'NO_MONITOR', 'no monitor is running at S', /^start one with `lvsctl monitor FILE`/],
    ['ECONNREFUSED', 'NO_MONITOR', 'no monitor is running at S', /^start one/],
    ['EACCES', 'SYSTEM', 'no permission for the socket S', /^only the user that runs the monitor/],
    ['EPERM', 'SYSTEM', 'no permission for the socket S', /^only the user/],
    [
      'HPE_INVALID_CONSTANT',
      'MONITOR_ERROR',
      'the answer at S is not that of a monitor of this version: it is not HTTP',
      /^after an update of lvsctl start the monitor again$/,
    ],
  ])('%s', (code, name, message, hint) => {
    const error = socketError(Object.assign(new Error('x'), { code }), 'S');
    expect(error).toBeInstanceOf(LvsctlError);
    expect(error).toMatchObject({ code: name, message, hint: expect.stringMatching(hint) });
  });
  test('another one is named', () => {
    for (const error of [Object.assign(new Error('broken'), { code: 'EPIPE' }), new Error('x')]) {
      const { code, message, hint } = socketError(error, 'S');
      expect([code, hint]).toEqual(['MONITOR_ERROR', undefined]);
      expect(message).toMatch(/^the monitor at S does not answer: ./);
    }
  });

  test('a refusal of the monitor, with its hint; what is none is a wrong answer', () => {
    const of = (hint: unknown) => refusal({ error: { code: 'C', message: 'no', hint } }, 'S');
    expect(of('h')).toMatchObject({ code: 'MONITOR_REFUSED', message: 'no', hint: 'h' });
    expect(of(null)).toMatchObject({ code: 'MONITOR_REFUSED', message: 'no', hint: undefined });
    expect(of(1)).toMatchObject({ code: 'MONITOR_ERROR' });
    expect(refusal({}, 'S')).toMatchObject({ code: 'MONITOR_ERROR' });
  });
});

describe('drift', () => {
  const server = (address: string, more: Partial<Destination> = {}): Destination => ({
    address: parseAddress(address) ?? expect.fail(address),
    port: 80,
    forwarding: 'masquerade',
    tunnel: { type: 'ipip', port: 0, flags: 0 },
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    ...more,
  });
  const service = (...destinations: readonly Destination[]) =>
    ({ service: { scheduler: 'rr' }, destinations }) as unknown as VirtualServer;
  const [A, B] = [server('192.0.2.1'), server('192.0.2.2')] as const;
  const owned = [A, B].map(serverKey);
  const before = service(A, B);
  const removed = { server: undefined, what: 'the service was removed' };
  const at = (one: Destination, what: string) => ({ server: serverKey(one), what });

  // biome-ignore format: a table
  test.each<readonly [string, VirtualServer | undefined, VirtualServer | undefined, readonly object[]]>([
    ['none, none before', undefined, undefined, []],
    ['the service is gone', before, undefined, [removed]],
    ['it is there', undefined, before, [{ server: undefined, what: 'the service was added' }]],
    ['the same', before, before, []],
    ['equal', before, service(A, B), []],
    ['in another order', before, service(B, A), []],
    ['a server is gone', before, service(A), [at(B, 'was removed')]],
    ['a server is there', service(A), service(A, { ...B, weight: 7 }), [at(B, 'was added with weight 7')]],
    ['a weight', before, service({ ...A, weight: 5 }, B), [at(A, 'got weight 5 instead of 1')]],
    ['a threshold', before, service(A, { ...B, upperThreshold: 9 }), [at(B, 'was edited')]],
    ['a forwarding method', before, service({ ...A, forwarding: 'direct' }, B), [at(A, 'was edited')]],
    ['two of them', before, service({ ...A, weight: 0 }), [at(A, 'got weight 0 instead of 1'), at(B, 'was removed')]],
    ['that of another program', before, service(A, B, server('192.0.2.3')), []],
  ])('%s', (_, applied, actual, expected) => {
    expect(findDrift(applied, actual, owned)).toEqual(expected);
  });
});

describe('a place that this user may not write to', () => {
  const error = (code: string) =>
    Object.assign(new Error('x'), { code, syscall: 'open', errno: -1 });
  test.each([
    ['EACCES', 'Permission denied'],
    ['EPERM', 'Operation not permitted'],
    ['EROFS', 'Read-only file system'],
  ])('%s', (code, text) => {
    expect(placeError(error(code), 'socket', '/run/s')).toMatchObject({
      code: 'SYSTEM',
      message: `/run/s: ${text} (--socket)`,
      hint: 'run it as root; without root give places of your own: --socket PATH --state FILE',
    });
    const work = () => {
      throw error(code);
    };
    expect(() => withState('/run/f', work)).toThrow(`/run/f: ${text} (--state)`);
  });
  test('other errors stay as they are', () => {
    const plain = Object.assign(new Error('EACCES'), { code: 'EACCES_NOT' });
    for (const one of [error('ENOSPC'), plain, new Error('x')])
      expect(placeError(one, 'state', '/run/f')).toBe(one);
    expect(withState('/run/f', () => 7)).toBe(7);
  });
});
