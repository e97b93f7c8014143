// Saved rules -> the live table, by the changes that make the difference.

import { readTable } from '../../backend/readtable.js';
import type { Change } from '../../model/change.js';
import type { DaemonRequest } from '../../model/daemon.js';
import { changesOf, diffTables } from '../../model/diff.js';
import { tableOf } from '../../model/table.js';
import type { Timeouts } from '../../model/timeouts.js';
import { type RuleFile, readRuleFile } from '../config/rulefile.js';
import { LvsctlError } from '../errors.js';
import { expectedError } from '../failure.js';
import { type PlanCommand, perform, printCommand } from '../plan/command.js';
import { DAEMON, daemonRequest } from '../plan/rules.js';
import type { World } from '../world.js';
import type { BootFiles } from './place.js';
import type { BootSettings } from './settings.js';

/**
 * The commands that make the live table what the saved rules say. Sync daemons that neither the
 * rules nor the settings name are left alone.
 * @throws ConfigError the first line of the rules that cannot be read
 */
export async function loadCommands(
  { convention, settings }: BootFiles,
  { machine, names, readText }: World,
): Promise<readonly PlanCommand[]> {
  const file = await readRuleFile(readText(convention.rules), convention.rules, names);
  const backend = await machine.backend();
  const rules: Change[] = [
    // services that are in both are never away
    ...changesOf(diffTables(await readTable(backend), tableOf(file.services), 'remove')),
    ...(file.timeouts ? timeoutChanges(file.timeouts, await backend.timeouts()) : []),
  ];
  const running = (await backend.daemons()).map(daemonRequest);
  const daemons = desiredDaemons(settings, file).flatMap((daemon) =>
    DAEMON.commands(
      { role: daemon.role },
      running.find(({ role }) => role === daemon.role) ?? null,
      daemon,
    ),
  );
  return [...rules.map((change): PlanCommand => ({ kind: 'rule', change })), ...daemons];
}

/**
 * Carries the commands out, in their order, until one is refused.
 * @throws LvsctlError that one; what was done before it is on stderr, a line each
 */
export async function carryOut(
  commands: readonly PlanCommand[],
  { machine, err }: Pick<World, 'machine' | 'err'>,
): Promise<void> {
  for (const [done, command] of commands.entries()) {
    try {
      await perform(command, machine);
    } catch (error) {
      const expected = expectedError(error);
      if (expected === undefined) throw error;
      for (const before of commands.slice(0, done)) err(`loaded: ${printCommand(before)}\n`);
      throw partly(expected, done, commands.length);
    }
  }
}

function partly({ code, message }: LvsctlError, done: number, all: number): LvsctlError {
  if (done === 0) return new LvsctlError(code, `${message}; nothing was changed`);
  return new LvsctlError(
    code,
    `${message}; changes made: ${done} of ${all}, not tried: ${all - done - 1}`,
    "once that is repaired, `lvsctl rules load' makes the changes that are missing",
  );
}

/** Zero leaves a timeout as it is. */
function timeoutChanges(desired: Timeouts, actual: Timeouts): Change[] {
  const differs = (['tcp', 'tcpFin', 'udp'] as const).some(
    (name) => desired[name] !== 0 && desired[name] !== actual[name],
  );
  return differs ? [{ kind: 'set-timeouts', timeouts: desired }] : [];
}

/** A line of the rules says more than the settings, so it wins. */
function desiredDaemons(settings: BootSettings, file: RuleFile): DaemonRequest[] {
  const byRole = new Map<string, DaemonRequest>();
  for (const daemon of settings.daemons) byRole.set(daemon.role, settingsDaemon(daemon));
  for (const daemon of file.daemons) byRole.set(daemon.role, daemon);
  return [...byRole.values()];
}

/** What the settings start; the kernel chooses the rest. */
export function settingsDaemon(daemon: BootSettings['daemons'][number]): DaemonRequest {
  return { ...daemon, maxLength: undefined, group: undefined, port: undefined, ttl: undefined };
}
