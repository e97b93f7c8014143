// lvsctl rules load|save|unload: the rules of the live table from and to the file that this
// distribution keeps them in.
import type { Command as Program } from 'commander';
import { Option } from 'commander';
import type { Backend } from '../../backend/backend.js';
import type { Change } from '../../model/change.js';
import { NUMERIC } from '../../render/names.js';
import { renderDestinationRule, renderServiceRule } from '../../render/rules.js';
import {
  type BootSettings,
  bootSettings,
  CONVENTIONS,
  type Convention,
} from '../config/defaults.js';
import { readRuleFile } from '../config/rulefile.js';
import { renderId } from '../config/wanted.js';
import { LvsctlError } from '../errors.js';
import { perform, printCommand } from '../plan/command.js';
import { diffRules, type RuleSet } from '../plan/diff.js';
import type { Subcommand } from '../program.js';
import type { World } from '../world.js';

interface Options {
  readonly convention?: Convention['name'];
  readonly dryRun?: boolean;
}

export const configure: Subcommand['configure'] = (program, finish) => {
  const action = (
    name: string,
    help: string,
    work: (place: Place, options: Options, world: World) => Promise<number>,
  ): Program =>
    program
      .command(name)
      .description(help)
      .addOption(
        new Option('--convention <name>', 'whose files; those that are there when absent').choices(
          CONVENTIONS.map((one) => one.name),
        ),
      )
      .option('--netns <name>', 'work in this named network namespace')
      .action((options: Options) =>
        finish((world) => work(placeOf(options, world), options, world)),
      );
  action(
    'load',
    'make the live table what the saved rules say, changing only what differs',
    load,
  ).option('-n, --dry-run', 'print the commands and change nothing');
  action('save', 'write the live table to the saved rules', save);
  action(
    'unload',
    'stop the sync daemons and clear the table, after saving it where the settings say so',
    unload,
  );
};

interface Place {
  readonly convention: Convention;
  readonly settings: BootSettings;
}

/** @throws NOT_FOUND when this machine has the files of no distribution */
function placeOf({ convention }: Options, { machine }: World): Place {
  const present = CONVENTIONS.find((one) =>
    convention === undefined
      ? machine.read(one.rules) !== undefined || machine.read(one.settings) !== undefined
      : one.name === convention,
  );
  if (!present)
    throw new LvsctlError(
      'NOT_FOUND',
      `none of ${CONVENTIONS.flatMap((one) => [one.rules, one.settings]).join(', ')} is there`,
    );
  return {
    convention: present,
    settings: bootSettings(present.name, machine.read(present.settings) ?? defaultText(present)),
  };
}

/** Without Debian's settings the rules that are there are meant to be loaded. */
function defaultText({ name }: Convention): string {
  return name === 'debian' ? 'AUTO=true' : '';
}

async function load(
  { convention, settings }: Place,
  { dryRun = false }: Options,
  world: World,
): Promise<number> {
  const { machine, out, err, names } = world;
  if (!settings.load) {
    err(`lvsctl: ${convention.settings} says AUTO is not true: nothing loaded\n`);
    return 0;
  }
  const file = await readRuleFile(world.readText(convention.rules), convention.rules, names);
  const backend = await machine.backend();
  const wanted = file.services.map((one): RuleSet => ({ ...one, ordered: false }));
  const running = await backend.daemons();
  const daemons = [
    ...settings.daemons.map((one) => ({
      ...one,
      maxLength: undefined,
      group: undefined,
      port: undefined,
      ttl: undefined,
    })),
    ...file.daemons,
  ];
  const changes: Change[] = [
    ...(await changesTo(wanted, backend)),
    ...(file.timeouts ? [{ kind: 'set-timeouts', timeouts: file.timeouts } as const] : []),
    ...daemons
      .filter(({ role }) => !running.some((one) => one.role === role))
      .map((daemon) => ({ kind: 'start-daemon', daemon }) as const),
  ];
  for (const change of changes) {
    if (dryRun) out(`${printCommand({ kind: 'rule', change })}\n`);
    else await perform({ kind: 'rule', change }, machine);
  }
  return 0;
}

/** What makes the live table that of the file; services that are in both are never away. */
async function changesTo(wanted: readonly RuleSet[], backend: Backend): Promise<Change[]> {
  const present = new Map<string, RuleSet>();
  for (const { service } of await backend.services('rules')) {
    const destinations = (await backend.destinations(service.id, 'rules')).map(
      ({ destination }) => destination,
    );
    present.set(renderId(service.id), { service, destinations, ordered: false });
  }
  const kept = new Set(wanted.map(({ service }) => renderId(service.id)));
  const gone = [...present]
    .filter(([id]) => !kept.has(id))
    .map(([, { service }]): Change => ({ kind: 'delete-service', id: service.id }));
  return [
    ...wanted.flatMap((one) => diffRules(present.get(renderId(one.service.id)) ?? null, one)),
    ...gone,
  ];
}

async function save(
  { convention }: Place,
  _: Options,
  { machine, writeText, err }: World,
): Promise<number> {
  const backend = await machine.backend();
  let text = '';
  for (const { service } of await backend.services('rules')) {
    const line = renderServiceRule(service, NUMERIC);
    if (line === undefined) {
      err(`lvsctl: ${renderId(service.id)}: ipvsadm has no words for it, not saved\n`);
      continue;
    }
    text += line;
    for (const { destination } of (await backend.destinations(service.id, 'rules')).toReversed())
      text += renderDestinationRule(service.id, destination, NUMERIC) ?? '';
  }
  writeText(convention.rules, text);
  return 0;
}

async function unload(place: Place, options: Options, world: World): Promise<number> {
  if (place.settings.saveOnStop) await save(place, options, world);
  const backend = await world.machine.backend();
  const stops = (await backend.daemons()).map(
    ({ role, syncId }): Change => ({ kind: 'stop-daemon', role, syncId }),
  );
  for (const change of [...stops, { kind: 'flush' } as const])
    await perform({ kind: 'rule', change }, world.machine);
  return 0;
}
