// Which names a client may use for this server, and its token.
import { describe, expect, test } from 'vitest';
import { isAuthorized, isHostAllowed } from '../../../src/lvsctl/serve/guard.js';
import { fakeWeb } from '../../support/web.js';

const request = (headers: Record<string, string>) => ({
  method: 'GET',
  url: '/',
  headers,
  body: '',
});
const rules = { hosts: new Set(['director.example']), token: undefined };

describe('Host', () => {
  test.each([
    'localhost',
    'LocalHost:9912',
    'localhost.',
    '127.0.0.1:9912',
    '192.0.2.9',
    '[::1]:9912',
    '[2001:db8::1]',
    'director.example:9912',
    'DIRECTOR.example.',
  ])('%s is allowed', (host) => expect(isHostAllowed(request({ host }), rules)).toBe(true));

  test.each([
    '',
    'evil.example',
    'localhost.evil.example',
    'evil.example:9912',
    'director.example.evil.example',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    'localhost/',
    'localhost:9912:1',
    '[evil.example]',
    'director.example, evil.example',
  ])('%s is not', (host) => expect(isHostAllowed(request({ host }), rules)).toBe(false));

  test('a request without it is not', () => expect(isHostAllowed(request({}), rules)).toBe(false));
  test('on a unix socket any is', () =>
    expect(isHostAllowed(request({ host: 'x.y' }), { ...rules, hosts: undefined })).toBe(true));
});

test.each([
  ['Bearer sesame-open-sesame', true],
  ['bearer   sesame-open-sesame', true],
  ['Bearer sesame-open-sesam', false],
  ['Bearer sesame-open-sesame x', false],
  ['Basic sesame-open-sesame', false],
  ['Bearer ', false],
  ['sesame-open-sesame', false],
  ['', false],
])('Authorization: %s', (authorization, is) => {
  const token = 'sesame-open-sesame';
  expect(isAuthorized(request({ authorization }), { ...rules, token }, fakeWeb())).toBe(is);
  expect(isAuthorized(request({ authorization }), rules, fakeWeb())).toBe(true);
});
