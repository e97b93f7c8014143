// down: restores what up changed. Without a record it reports that, and what of the file is still
// on this machine.
import { readConfig } from '../config/read.js';
import { hasCode, LvsctlError } from '../errors.js';
import { failureText } from '../failure.js';
import { down } from '../plan/engine.js';
import type { Others } from '../plan/others.js';
import type { World } from '../world.js';
import { fileContext } from './variables.js';
import { type RecordOptions, type RoleCommand, reporter, withRecord } from './withrecord.js';

/** @returns the exit status */
export async function revert(
  role: RoleCommand,
  file: string,
  options: RecordOptions,
  world: World,
): Promise<number> {
  const text = readIfThere(file, world);
  let found = true;
  let others: Others | undefined;
  let path = '';
  const run = { role, verb: 'down', file, text: text.text, links: undefined } as const;
  await withRecord(run, options, world, async (executor) => {
    found = executor.journal.entries.length > 0;
    others = executor.others;
    path = world.records(options.stateDir).namesOf(role.name, file).file;
    await down(executor);
  });
  if (found) return 0;
  const lines = [
    `no change by ${role.name} up is recorded for ${path}: nothing to revert`,
    ...(others?.records ?? []).map(
      (one) => `there is a record of ${one.role} up of ${one.file} (${one.path})`,
    ),
  ];
  for (const line of lines) reporter(world, options).warn(line);
  await requireNothingLeft(role, file, text, options, world);
  return 0;
}

interface Text {
  readonly text: string | undefined;
  readonly why: string;
}

function readIfThere(file: string, world: World): Text {
  try {
    return { text: world.readText(file), why: '' };
  } catch (error) {
    const why = failureText(error);
    if (why === undefined) throw error;
    return { text: undefined, why };
  }
}

/** @throws LvsctlError when something of the file is on this machine, or that cannot be known */
async function requireNothingLeft(
  role: RoleCommand,
  file: string,
  { text, why }: Text,
  options: RecordOptions,
  world: World,
): Promise<void> {
  if (text === undefined)
    throw new LvsctlError('NO_RECORD', `what the file would have changed is not known: ${why}`);
  const left = await remains(role, file, text, options, world);
  if (left.length > 0)
    throw new LvsctlError(
      'NO_RECORD',
      `${left.join(', ')}: on this machine, and not known what was there before`,
    );
}

async function remains(
  role: RoleCommand,
  file: string,
  text: string,
  options: RecordOptions,
  world: World,
): Promise<readonly string[]> {
  try {
    return await role.remains(readConfig(text, file, fileContext(options, world)), world.machine);
  } catch (error) {
    if (hasCode(error, 'BAD_FILE'))
      throw new LvsctlError(
        'NO_RECORD',
        `what the file would have changed is not known: ${error.message}`,
      );
    throw error;
  }
}
