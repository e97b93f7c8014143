// What director and realserver have in common, and their work with the record of a file.
import type { Address } from '../../model/address.js';
import { shellLine } from '../../render/shell.js';
import type { Config } from '../config/file.js';
import { printCommand } from '../plan/command.js';
import type { Comparison } from '../plan/engine.js';
import { dryRun, type Executor, executor, type Reporter } from '../plan/executor.js';
import type { Facts } from '../plan/facts.js';
import { Journal } from '../plan/journal.js';
import type { Machine } from '../plan/machine.js';
import { findRecord, readOthers } from '../plan/others.js';
import { readOnly } from '../plan/readonly.js';
import type { RecordDirectory } from '../plan/recorddirectory.js';
import type { Header } from '../plan/recordline.js';
import type { Setting } from '../plan/resources.js';
import { DirectorRules } from '../transaction/directorrun.js';
import type { World } from '../world.js';
import type { VariableOptions } from './variables.js';

/** What a role makes of a file. */
export interface RoleCommand {
  readonly name: 'director' | 'realserver';
  readonly noun: string;
  plan(config: Config, facts: Facts): readonly Setting[];
  /** What is likely a mistake, for stderr. */
  warnings(config: Config, facts: Facts): readonly string[];
  /** What must not be done now, because of another machine. @throws LvsctlError */
  refuse(settings: readonly Setting[], machine: Machine, report: Reporter): Promise<void>;
  /** What of the file is on this machine, for messages. */
  remains(config: Config, machine: Machine): Promise<readonly string[]>;
  /** What of the file is left to other programs, for status; `same` is true. */
  unmanaged(config: Config, machine: Machine): readonly Comparison[];
}

export interface RecordOptions extends VariableOptions {
  readonly dryRun?: boolean;
  readonly quiet?: boolean;
  readonly force?: boolean;
  /** addresses of another machine */
  readonly as?: readonly Address[];
  readonly json?: boolean;
  readonly stateDir?: string;
}

/** One run of a role for a file. */
export interface RoleRun {
  readonly role: RoleCommand;
  readonly verb: 'up' | 'down';
  /** as typed */
  readonly file: string;
  /** of the file, undefined when it cannot be read */
  readonly text: string | undefined;
  /** interfaces that the work is about; undefined = the work adds nothing to the record */
  readonly links: Header['links'] | undefined;
}

/**
 * Does the work with the record of a file, which no other process uses at the same time.
 */
export async function withRecord(
  { role, verb, file, text, links }: RoleRun,
  options: RecordOptions,
  world: World,
  work: (executor: Executor) => Promise<void>,
): Promise<void> {
  const { dryRun: dry = false, stateDir } = options;
  const real = world.records(stateDir);
  const directory = dry ? readOnly(real) : real;
  const report = reporter(world, options);
  const release = dry ? () => {} : lockAll(directory, role, world);
  try {
    const found = findRecord(directory, role.name, file, text);
    if (found.movedFrom !== undefined) {
      report.warn(`using the record of ${found.movedFrom}, which is ${found.file} now`);
      directory.rename(found.name, found.ownName);
    }
    const about = links && {
      role: role.name,
      file: found.file,
      content: directory.digest(text ?? ''),
      links,
    };
    const journal = new Journal(directory, found.ownName, about);
    const others = readOthers(directory, found.ownName);
    for (const problem of others.problems)
      report.warn(`${problem}: what that record's file needs is not known and may be reverted`);
    const rules = new DirectorRules(
      {
        role: role.name,
        verb,
        file: found.file,
        state_dir: stateDir ?? null,
        command: shellLine([role.name, verb, file]),
        dryRun: dry,
        force: options.force ?? false,
      },
      report,
      world,
    );
    await work((dry ? dryRun : executor)(world.machine, journal, others, report, rules));
  } finally {
    release();
  }
}

/** Keeps out the runs for other files, and every other writer of the rules. */
function lockAll(
  directory: RecordDirectory,
  { name }: RoleCommand,
  { transactions }: World,
): () => void {
  const release = directory.lock();
  try {
    const releaseRules = name === 'director' ? transactions()?.lock() : undefined;
    return () => {
      releaseRules?.();
      release();
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Prints the commands on stdout, and on stderr what is not as expected. */
export function reporter(
  { out, err, netns }: World,
  { quiet, dryRun: dry }: RecordOptions,
): Reporter {
  const prefix = netns === undefined ? '' : `${shellLine(entering(netns))} `;
  return {
    ran(command) {
      if (!quiet || dry) out(`${prefix}${printCommand(command)}\n`);
    },
    warn: (text) => err(`lvsctl: ${text}\n`),
  };
}

/** What puts a command into a network namespace. */
function entering(netns: string): readonly string[] {
  return netns.includes('/') ? ['nsenter', `--net=${netns}`] : ['ip', 'netns', 'exec', netns];
}
