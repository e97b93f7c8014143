// Which process on which machine: the identity that locks and temporary files carry, so that those
// of a dead process can be recognised, and never those of a living one.
import { readFileSync, readlinkSync } from 'node:fs';

/** The process is known by its pid and start time; the pid counts in its machine and namespace. */
export interface ProcessIdentity {
  readonly pid: number;
  /** clock ticks after boot, '' where there is no /proc */
  readonly start: string;
  /** number of the pid namespace, '' where there is no /proc */
  readonly namespace: string;
  /** boot id: random, new at each boot; the host name where there is none */
  readonly boot: string;
}

/** The identity of this process, or of another one of its pid namespace. */
export function ownIdentity(pid = process.pid): ProcessIdentity {
  return {
    pid,
    start: startTime(pid) ?? '',
    namespace: /\d+/.exec(readText('/proc/self/ns/pid', readlinkSync) ?? '')?.[0] ?? '',
    boot: readText('/proc/sys/kernel/random/boot_id', readFileSync)?.trim() ?? hostName(),
  };
}

/**
 * Whether a process is certain to be dead: its pid does not exist, is a zombie, or has another
 * start time. A process of another machine, of an earlier boot or of another pid namespace cannot
 * be judged.
 * @param own identity of this process
 */
export function isDead(other: ProcessIdentity, own: ProcessIdentity): boolean {
  if (other.boot !== own.boot || other.namespace !== own.namespace) return false;
  if (other.start !== '') return startTime(other.pid) !== other.start;
  try {
    process.kill(other.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** The name of this machine. Node's `os` costs start-up time, and is asked only without /proc. */
export function hostName(): string {
  return (
    readText('/proc/sys/kernel/hostname', readFileSync)?.trim() ??
    process.getBuiltinModule('node:os').hostname()
  );
}

/** Undefined when the process has ended or is a zombie. */
function startTime(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`, readFileSync);
  // The name in parentheses may hold anything; the state is the first field behind it, the start
  // time the twentieth.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function readText(
  path: string,
  read: (path: string, encoding: 'latin1') => string,
): string | undefined {
  try {
    return read(path, 'latin1');
  } catch {
    return undefined; // no such process, or no /proc at all
  }
}
