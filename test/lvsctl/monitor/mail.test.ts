// The hook that sends mail, share/examples/lvs-mail, with a sendmail that keeps what it gets.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const HOOK = resolve('share/examples/lvs-mail');
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mail-'));
  const sendmail = '#!/bin/sh\necho "$@" > "$0.args"\ncat > "$0.mail"\n';
  writeFileSync(join(directory, 'sendmail'), sendmail, { mode: 0o755 });
});
afterAll(() => rmSync(directory, { recursive: true }));

function mailOf(event: string, more: Readonly<Record<string, string>> = {}): string {
  rmSync(join(directory, 'sendmail.mail'), { force: true });
  const { status, stderr } = spawnSync(HOOK, ['admin@example.org'], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      SENDMAIL: join(directory, 'sendmail'),
      LVS_EVENT: event,
      LVS_TIME: '2026-01-01T00:00:00.000Z',
      LVS_SERVICE: 'web',
      LVS_SERVER: '192.0.2.11:80',
      LVS_VIP: '',
      LVS_CHECK: 'http /health',
      LVS_REASON: 'status 500',
      ...more,
    },
  });
  expect([status, stderr]).toEqual([0, '']);
  try {
    return readFileSync(join(directory, 'sendmail.mail'), 'utf8');
  } catch {
    return '';
  }
}

test('a mail has the event, the server and why', () => {
  const mail = mailOf('down');
  expect(mail).toMatch(/^To: admin@example\.org\nSubject: \S+: web 192\.0\.2\.11:80 down\n/);
  expect(mail).toContain('\n\n2026-01-01T00:00:00.000Z web 192.0.2.11:80 down\n');
  expect(mail).toContain('check:  http /health\nreason: status 500\n');
  expect(readFileSync(join(directory, 'sendmail.args'), 'utf8')).toBe('-i -t\n');
});

test('what a server answers is text, not a command, and no header', () => {
  const mail = mailOf('down', { LVS_REASON: '$(touch /tmp/no) `id` "x"\nBcc: all@example.org' });
  expect(mail.split('\n\n')[0]).not.toContain('Bcc');
  expect(mail).toContain('reason: $(touch /tmp/no) `id` "x"\nBcc: all@example.org\n');
});

test.each([
  ['service-down', true],
  ['held', true],
  ['drift', false],
  ['drained', false],
])('%s: a mail is sent: %s', (event, expected) => {
  expect(mailOf(event) !== '').toBe(expected);
});
