// The machine that the golden cases were recorded on, set up inside the lab; and the kernel's IPVS
// in its initial state.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import type { Backend } from '../../src/backend/backend.js';
import { openKernel } from '../../src/backend/kernel.js';
import { DEFAULT_TIMEOUTS } from '../../src/model/timeouts.js';

export const REAL = '/usr/sbin/ipvsadm';
// Tests run from the top of the checkout; bundled programs have no place of their own there.
export const OURS = resolve('bin/ipvsadm');

const FIXTURES = resolve('test/fixtures');
/** seconds a program of the machine may take */
const LIMIT_MS = 30_000;

/** Runs a program of the machine. @returns its stdout @throws when it fails */
export function sh(program: string, ...args: string[]): string {
  return execFileSync(program, args, {
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
  });
}

/**
 * Interfaces, modules, host and service names as they were recorded with. Does nothing the second
 * time.
 */
export function prepareHost(): void {
  if (process.env.IN_LAB !== '1')
    throw new Error('these tests change the machine; run them in the lab: npm run test:kernel');
  const mounts = sh('/bin/mount');
  if (mounts.includes('/etc/hosts')) return;
  for (const file of ['hosts', 'services', 'nsswitch.conf'])
    sh('/bin/mount', '--bind', `${FIXTURES}/${file}`, `/etc/${file}`);
  sh('/sbin/modprobe', 'ip_vs_pe_sip');
  sh('/sbin/modprobe', 'dummy', 'numdummies=0');
  sh('/sbin/ip', 'link', 'add', 'eth0', 'type', 'dummy');
  sh('/sbin/ip', 'addr', 'add', '10.200.0.1/24', 'brd', '+', 'dev', 'eth0');
  sh('/sbin/ip', 'link', 'set', 'eth0', 'up');
  sh('/sbin/ip', 'addr', 'add', '2001:db8:200::1/64', 'dev', 'eth0', 'nodad');
}

/** The kernel backend; a missing module is a failure here. */
export function kernel(): Promise<Backend> {
  return openKernel({
    loadModule: async () => false,
    mayOpenRawSockets: () => true,
    // as ipvsadm does
    isAlone: true,
  });
}

/** No rules, no daemons, the timeouts of a new name space. */
export async function reset(backend: Backend): Promise<void> {
  await backend.apply([
    { kind: 'flush' },
    { kind: 'set-timeouts', timeouts: DEFAULT_TIMEOUTS },
    ...(await backend.daemons()).map(
      ({ role, syncId }) => ({ kind: 'stop-daemon', role, syncId }) as const,
    ),
  ]);
}
