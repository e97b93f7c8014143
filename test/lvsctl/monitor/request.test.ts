// What a client believes of an answer.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LvsctlError } from '../../../src/lvsctl/errors.js';
import { askAdmin, askStatus } from '../../../src/lvsctl/monitor/client/request.js';
import type { Status } from '../../../src/lvsctl/monitor/status.js';

const STATUS: Status = {
  version: 1,
  file: '/etc/lvs.yaml',
  pid: 7,
  started: '2026-01-01T00:00:00.000Z',
  templates_expire: false,
  error: null,
  services: [
    {
      name: 'web',
      service: 'tcp 192.0.2.1:80',
      up: true,
      standby: false,
      weight_up: 1,
      quorum: 1,
      hysteresis: 0,
      servers: [
        {
          server: '10.0.0.1:80',
          name: null,
          state: 'up',
          since: '2026-01-01T00:00:00.000Z',
          reason: null,
          by: null,
          until: null,
          held_until: null,
          last_error: 'tcp: refused',
          latency_ms: 1.5,
          weight: 1,
          weight_desired: 1,
          weight_actual: null,
          active: 0,
          inactive: 0,
          persistent: 0,
          checks: [{ check: 'tcp', up: true, streak: 0, error: null }],
        },
      ],
      sorry: { server: '10.0.9.9:80', desired: false, actual: false },
      unmanaged: [{ server: '10.0.0.7:80', weight: 1, active: 0, inactive: 0 }],
    },
  ],
};
const answering = (body: string, status = 200) => ({ ask: async () => ({ status, body }) });
const status = (line: string, code = 200) => askStatus(answering(line, code), '/s');
const ADMIN = {
  state: 'drained',
  server: '10.0.0.1',
  service: null,
  reason: '',
  by: '',
  for_seconds: null,
} as const;

test('an answer of this version is taken as it is', async () => {
  expect(await status(JSON.stringify(STATUS))).toEqual(STATUS);
  const answer = {
    servers: [{ service: 'tcp 192.0.2.1:80', name: 'web', server: 'x', changed: true }],
    error: null,
  };
  expect(await askAdmin(answering(JSON.stringify(answer)), '/s', ADMIN)).toEqual(answer);
});

describe('an answer of something else is an error of its own', () => {
  test.each([
    ['garbage', 'it is not JSON'],
    ['', 'it is not JSON'],
    ['null', 'expected an object, found null'],
    ['5', 'expected an object, found 5'],
    ['{}', 'version is missing'],
    ['[]', 'expected an object, found a list'],
    ['{"version":2,"services":[]}', 'version: expected 1, found 2'],
    ['{"services":5}', 'version is missing'],
    [JSON.stringify({ ...STATUS, services: 5 }), 'services: expected a list, found 5'],
    [JSON.stringify({ ...STATUS, pid: '7' }), 'pid: expected a whole number from 0, found "7"'],
    [JSON.stringify({ ...STATUS, file: '\x1b[2J' }).replace('"file"', '"pid"'), 'file is missing'],
  ])('%s', async (line, problem) => {
    const error = await status(line).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LvsctlError);
    expect(error).toMatchObject({
      code: 'MONITOR_ERROR',
      message: `the answer at /s is not that of a monitor of this version: ${problem}`,
    });
    await expect(askAdmin(answering(line), '/s', ADMIN)).rejects.toMatchObject({
      code: 'MONITOR_ERROR',
    });
  });

  test('any field that is missing or of another type', async () => {
    const paths: (readonly (string | number)[])[] = [];
    const walk = (value: unknown, path: readonly (string | number)[]) => {
      if (path.length > 0) paths.push(path);
      if (typeof value === 'object' && value !== null)
        for (const [key, inner] of Object.entries(value))
          walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    };
    walk(STATUS, []);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.constantFrom(undefined, [[]], { a: {} }, -1, 1.5e300),
        async (path, wrong) => {
          const copy = structuredClone(STATUS) as unknown as Record<string | number, unknown>;
          let at = copy;
          for (const key of path.slice(0, -1)) at = at[key] as typeof copy;
          const last = path.at(-1) ?? '';
          // latency_ms may be any number, and an item that is missing only shortens its list
          if (last === 'latency_ms' && wrong === 1.5e300) return;
          if (wrong === undefined && typeof last === 'number') return;
          at[last] = wrong;
          await expect(status(JSON.stringify(copy))).rejects.toMatchObject({
            code: 'MONITOR_ERROR',
          });
        },
      ),
    );
  });
});

test.each([
  ['{}', 'error is missing'],
  ['{"error":{"code":"X","message":5,"hint":null}}', 'error.message: expected a text, found 5'],
  ['<html>', 'it is not JSON'],
])('a status that is none of a monitor: %s', async (body, problem) => {
  await expect(status(body, 500)).rejects.toMatchObject({
    code: 'MONITOR_ERROR',
    message: `the answer at /s is not that of a monitor of this version: ${problem}`,
  });
});

test('a refusal keeps its reason and hint', async () => {
  const answer = '{"error":{"code":"NOT_FOUND","message":"no server x","hint":"y"}}';
  await expect(status(answer, 404)).rejects.toMatchObject({
    code: 'MONITOR_REFUSED',
    message: 'no server x',
    hint: 'y',
  });
});

test.each([
  ['ENOENT', 'NO_MONITOR', 'no monitor is running at /s'],
  ['ECONNREFUSED', 'NO_MONITOR', 'no monitor is running at /s'],
  ['EACCES', 'SYSTEM', 'no permission for the socket /s'],
  ['EPIPE', 'MONITOR_ERROR', 'the monitor at /s does not answer: gone'],
])('a socket that says %s', async (code, expected, message) => {
  const ask = () => Promise.reject(Object.assign(new Error('gone'), { code }));
  await expect(askStatus({ ask }, '/s')).rejects.toMatchObject({ code: expected, message });
});
