// The page of exit statuses is the table, and an error ends with the status of its row.
import { describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode, hasCode, LvsctlError } from '../../src/lvsctl/errors.js';
import { statusPage } from '../../src/lvsctl/statuses.js';
import { BackendError, IpvsError } from '../../src/model/errors.js';
import { lvsctl } from '../support/lvsctl.js';

// the same command with -u writes it anew
test('the page is the table', async () => {
  await expect(statusPage()).toMatchFileSnapshot('../../docs/reference/exit-statuses.md');
});

const CODES = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => code !== 'INTERNAL');

/** A command in whose work an error comes up. */
const failing = (error: unknown, ...args: string[]) =>
  lvsctl(
    args.length > 0 ? args : ['check', 'f'],
    {},
    {
      readText() {
        throw error;
      },
    },
  );

describe.each(CODES)('%s', (code) => {
  test('ends with the status of its row', async () => {
    expect(await failing(new LvsctlError(code, 'what it is', 'what to do'))).toEqual({
      status: ERRORS[code].exitStatus,
      stdout: '',
      stderr: 'lvsctl: what it is\nhint: what to do\n',
    });
  });
});

test.each([
  [new IpvsError('add-service', 'EEXIST'), 'lvsctl: IPVS: Service already exists\n'],
  [new BackendError('netlink: closed'), 'lvsctl: netlink: closed\n'],
])('%s ends with 2', async (error, stderr) => {
  expect(await failing(error)).toEqual({ status: 2, stdout: '', stderr });
});

test.each([
  ['a TypeError', new TypeError('x is undefined'), 'TypeError: x is undefined\n    at '],
  ['a text', 'thrown', 'thrown\n'],
])('%s is a fault of lvsctl: 70, its trace and what to do', async (_, error, begin) => {
  const { status, stdout, stderr } = await failing(error);
  expect({ status, stdout }).toEqual({ status: 70, stdout: '' });
  expect(stderr.startsWith(begin)).toBe(true);
  expect(stderr).toMatch(/\nlvsctl: this is a fault in lvsctl [\d.]+: please report it .*\n$/);
});

test.each([
  [
    ['director', 'status', 'f', '--json'],
    new LvsctlError('BAD_FILE', 'f:1:1: no'),
    { code: 'BAD_FILE', message: 'f:1:1: no', hint: null },
  ],
  [
    ['doctor', '--json', 'f'],
    new IpvsError('flush', 'EPERM'),
    { code: 'IPVS', message: 'IPVS: Permission denied (you must be root)', hint: null },
  ],
  [
    ['doctor', '--json', 'f'],
    new TypeError('x'),
    { code: 'INTERNAL', message: 'TypeError: x', hint: null },
  ],
] as const)('%j: the error is JSON as well', async (args, error, expected) => {
  const { stdout, stderr } = await failing(error, ...args);
  expect(JSON.parse(stdout)).toEqual({ error: expected });
  expect(stderr).toContain(error.message.replace('flush: EPERM', 'Permission denied'));
});

test('programs go by code', () => {
  const error = new LvsctlError('NO_MONITOR', 'gone');
  expect(hasCode(error, 'MONITOR_ERROR', 'NO_MONITOR')).toBe(true);
  expect(hasCode(error, 'MONITOR_REFUSED')).toBe(false);
  expect(hasCode(Object.assign(new Error('gone'), { code: 'NO_MONITOR' }), 'NO_MONITOR')).toBe(
    false,
  );
});
