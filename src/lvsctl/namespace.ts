// The network namespace that lvsctl works in: entering one, and what is known by it.
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { errnoText } from '../render/errno.js';
import { CAP_SYS_ADMIN } from '../system/capability.js';
import { hasCapability } from '../system/exec.js';
import { LIFELINE_STDIO } from '../system/lifeline.js';
import { findProgram, namesIn } from '../system/machine.js';
import { identityAt, isNetworkNamespace, namespacePath, netnsIdentity } from '../system/netns.js';
import { FAILED, LvsctlError } from './errors.js';
import type { MonitorPaths } from './world.js';

/** set for the process inside a network namespace */
const INSIDE = 'LVSCTL_NETNS';
const NAMESPACES = '/run/netns';
/** what goes with a reboot */
export const STATE = '/run/lvsctl';
const LASTING_STATE = '/var/lib/lvsctl';

/** Whether this process was started to work in a network namespace. */
export function insideNamespace(): boolean {
  return process.env[INSIDE] !== undefined;
}

/** @see World.enter; the process inside gets SIGTERM when this one ends */
export async function enter(netns: string, args: readonly string[]): Promise<number> {
  const path = namespacePath(netns);
  if (!isNetworkNamespace(path))
    throw new LvsctlError(
      'BAD_USAGE',
      `--netns: no network namespace \`${netns}'`,
      '`ip netns` lists the names; a path like /run/docker/netns/NAME is taken as well',
    );
  if (!hasCapability(CAP_SYS_ADMIN))
    throw new LvsctlError(
      'SYSTEM',
      `--netns: ${path}: ${errnoText('EPERM')}`,
      'run it as root (sudo)',
    );
  // ip-netns(8) also shows the /sys of the namespace, but takes names only
  const [program, ...inner] = netns.includes('/')
    ? ['nsenter', `--net=${path}`, '--']
    : ['ip', 'netns', 'exec', netns];
  const entering = findProgram(program ?? '');
  if (entering === undefined)
    throw new LvsctlError('COMMAND_FAILED', `--netns: ${program} is not installed`);
  const self = [process.execPath, ...process.execArgv, process.argv[1] ?? ''];
  // systemd's watchdog is fed from inside, by a process that is not the one it named
  const { WATCHDOG_PID: _, ...env } = process.env;
  const child = spawn(entering, [...inner, ...self, ...args], {
    stdio: [...LIFELINE_STDIO],
    env: { ...env, [INSIDE]: netns },
  });
  for (const signal of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    // 255 is that of ip netns exec: no command of lvsctl ends with it
    child
      .once('error', reject)
      .once('exit', (status) => resolve(status === null || status === 255 ? FAILED : status));
  });
}

/** The namespace of INSIDE, if this process is in it: the variable may have been set by hand. */
export function enteredNamespace(): string | undefined {
  const netns = process.env[INSIDE];
  if (netns === undefined) return undefined;
  const own = netnsIdentity();
  return own !== undefined && own === identityAt(namespacePath(netns)) ? netns : undefined;
}

/**
 * `net-4026531840`, or `net-4026532110-MILLISECONDS` of a named one: a record is about one network
 * namespace, under any name. The kernel gives the number of a deleted namespace to a new one, so
 * a named one, which exists as long as its name, has the time it was made beside its number.
 */
export function networkNamespace(): string {
  const { ino } = statSync('/proc/self/ns/net');
  const named = namesIn(NAMESPACES).map((name) =>
    statSync(join(NAMESPACES, name), { throwIfNoEntry: false }),
  );
  const own = named.find((one) => one?.ino === ino);
  return own ? `net-${ino}-${Math.floor(own.mtimeMs)}` : `net-${ino}`;
}

/**
 * The socket ends with the namespace and the boot, the record stays: it is known by the namespace's
 * name, where it has one.
 */
export function places(): MonitorPaths {
  const { ino } = statSync('/proc/self/ns/net');
  const own = namesIn(NAMESPACES).find(
    (name) => statSync(join(NAMESPACES, name), { throwIfNoEntry: false })?.ino === ino,
  );
  return {
    socket: join(STATE, networkNamespace(), 'monitor.sock'),
    state: join(LASTING_STATE, own ?? '', 'monitor.json'),
  };
}
