// Puts ipvsadm and its two wrappers together, for any command line. What a command line needs of the
// machine is here and in process.ts.
import { toBytes } from '../system/bytes.js';
import { optimizeLess } from '../system/engine.js';
import { isTerminal, openReader, pieces } from '../system/streams.js';
import { systemNames } from './hostnames.js';
import { type Started, start } from './process.js';
import { run } from './run.js';
import type { IpvsadmWorld, ReadBytes } from './world.js';
import { restoreScript, saveScript } from './wrappers.js';

/** `ipvsadm` */
export function main(): Promise<void> {
  return start('ipvsadm', (args, started) => run(args, worldOf(started)));
}

/** `ipvsadm-save` */
export function save(): Promise<void> {
  return start('ipvsadm-save', (args, started) => saveScript(args, worldOf(started)));
}

/** `ipvsadm-restore` */
export function restore(): Promise<void> {
  return start('ipvsadm-restore', (args, started) => restoreScript(args, worldOf(started)));
}

function worldOf({ argv0, backend, out, err, refusals }: Started): IpvsadmWorld {
  const { LVS_PROCFS, LVS_TRACE } = process.env;
  const connectionsPath = `${LVS_PROCFS || '/proc'}/net/ip_vs_conn`;
  return {
    argv0,
    posix: process.env.POSIXLY_CORRECT !== undefined || process.env.POSIX_ME_HARDER !== undefined,
    backend,
    names: systemNames,
    read: pieces(0),
    interactive: async () => (await isTerminal(0)) && (await isTerminal(2)),
    out: out.write,
    outBytes: out.writeBytes,
    err,
    refusals,
    expectMuch: optimizeLess,
    openConnections: () => readerOf(connectionsPath),
    connectionsPath: toBytes(connectionsPath),
    connectionsChosen: Boolean(LVS_PROCFS),
    trace: LVS_TRACE
      ? (stage, value) => err(`${stage}: ${JSON.stringify(value, bigintsAsText, 2)}\n`)
      : undefined,
    help: async (argv0) => (await import('./program.js')).helpText(argv0),
  };
}

function readerOf(path: string): ReadBytes | undefined {
  try {
    return openReader(path);
  } catch {
    return undefined; // one message for every reason
  }
}

function bigintsAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
