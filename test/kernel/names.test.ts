// A resolver that never answers is waited for once, not once a line.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { answer } from '../support/inprocess.js';
import { kernel, OURS, prepareHost, reset, sh } from './host.js';

const SERVICES = 8;

let backend: Backend;
beforeAll(async () => {
  prepareHost();
  backend = await kernel();
  await reset(backend);
  // an address on the dummy interface, which swallows everything
  writeFileSync('/run/lvs-resolv', 'nameserver 10.200.0.77\noptions timeout:2 attempts:1\n');
  writeFileSync('/run/lvs-nsswitch', 'hosts: files dns\nservices: files\n');
  sh('/bin/mount', '--bind', '/run/lvs-resolv', '/etc/resolv.conf');
  sh('/bin/mount', '--bind', '/run/lvs-nsswitch', '/etc/nsswitch.conf');
});
afterAll(async () => {
  sh('/bin/umount', '/etc/nsswitch.conf');
  sh('/bin/umount', '/etc/resolv.conf');
  await reset(backend);
  await backend.close();
});

test('names of sixteen addresses cost one time-out, and what is known has its name', async () => {
  const rules = Array.from(
    { length: SERVICES },
    (_, i) => `-A -t 10.44.0.${i + 1}:80\n-a -t 10.44.0.${i + 1}:80 -r 10.44.1.${i + 1}:80 -m\n`,
  ).join('');
  await answer('ipvsadm', ['-R'], { backend, stdin: `${rules}-A -t 192.0.2.10:443\n` });
  const began = Date.now();
  const { stdout, status } = spawnSync(process.execPath, [OURS, '-L'], {
    env: {},
    encoding: 'latin1',
  });
  const seconds = (Date.now() - began) / 1000;
  expect(status).toBe(0);
  expect(stdout).toContain('TCP  web1:https wlc\n');
  expect(stdout).toContain('TCP  10.44.0.8:http wlc\n  -> 10.44.1.8:http               Masq ');
  // one time-out is 2 s and starting Node takes a while here; one after the other they would be 32
  // s
  expect(seconds).toBeGreaterThan(1.9);
  expect(seconds).toBeLessThan(16);
});
