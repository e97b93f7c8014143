// up, down and status are the same for a director and for a real server: only the settings differ.
import { InvalidArgumentError, type Command as Program } from 'commander';
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import type { Config } from '../config/file.js';
import { readConfig } from '../config/read.js';
import { LvsctlError } from '../errors.js';
import { prepareStandby } from '../ha/place.js';
import { jsonText } from '../json.js';
import { type Comparison, compare, up } from '../plan/engine.js';
import { gatherFacts } from '../plan/facts.js';
import { DEVICE, imaginedMachine, noRecords } from '../plan/imagined.js';
import { linksOf } from '../plan/rename.js';
import { snapshot } from '../plan/snapshot.js';
import type { Finish } from '../subcommand.js';
import { comparisonTable } from '../view/comparison.js';
import type { World } from '../world.js';
import { revert } from './revert.js';
import { addVariables, fileContext } from './variables.js';
import { type RecordOptions, type RoleCommand, reporter, withRecord } from './withrecord.js';

const DIFFERS = 1;

/** Adds up, down and status to `lvsctl director` or `lvsctl realserver`. */
export function configureRole(program: Program, finish: Finish, role: RoleCommand): void {
  type Work = (file: string, options: RecordOptions, world: World) => Promise<number>;
  const action = (name: string, help: string, work: Work) =>
    addVariables(program.command(name).description(help).argument('<file>', 'the lvsctl file'))
      .option(
        '--state-dir <directory>',
        'directory of the record of changes (default: below /run/lvsctl)',
      )
      .action((file: string, options: RecordOptions) =>
        finish((world) => work(file, options, world)),
      );
  const changing = (name: string, help: string, work: Work) =>
    action(name, help, work)
      .option('-n, --dry-run', 'print the commands and change nothing')
      .option('-q, --quiet', 'do not print the commands');
  const upCommand = changing(
    'up',
    `make this machine the ${role.noun} of the file`,
    (file, options, world) => bringUp(role, file, options, world),
  );
  if (role.name === 'director')
    upCommand.option(
      '--force',
      'add a VIP even if another machine answers ARP for it; change rules that a monitor or ' +
        'kube-proxy keeps',
    );
  else
    upCommand.option(
      '--as <address>',
      'with --dry-run: print the commands of the real server with this address; several for ' +
        'one machine with several',
      (text: string, all: readonly Address[] = []) => [...all, addressOf(text)],
    );
  const downCommand = changing('down', 'revert what up changed', (file, options, world) =>
    revert(role, file, options, world),
  );
  if (role.name === 'director')
    downCommand.option('--force', 'restore rules that a monitor or kube-proxy keeps');
  action('status', 'compare desired and actual state', (file, options, world) =>
    showStatus(role, file, options, world),
  ).option('--json', 'print JSON');
}

async function bringUp(
  role: RoleCommand,
  file: string,
  options: RecordOptions,
  world: World,
): Promise<number> {
  if (options.as) return printFor(role, file, { ...options, as: options.as }, world);
  const text = world.readText(file);
  const config = readConfig(text, file, fileContext(options, world));
  const facts = gatherFacts(world.machine);
  const settings = role.plan(config, facts);
  const report = reporter(world, options);
  for (const warning of role.warnings(config, facts)) report.warn(warning);
  if (!options.force) await role.refuse(settings, world.machine, report);
  const links = linksOf(settings, snapshot(world.machine));
  await withRecord({ role, verb: 'up', file, text, links }, options, world, (work) =>
    up(settings, work),
  );
  if (role.name === 'director' && config.ha !== undefined && !options.dryRun) {
    const { writeText } = await world.runtime();
    prepareStandby({ ...world, writeText });
  }
  return 0;
}

/** The commands of another machine, of which only its addresses are known. */
async function printFor(
  role: RoleCommand,
  file: string,
  options: RecordOptions & { readonly as: readonly Address[] },
  world: World,
): Promise<number> {
  const { as: own, ...others } = options;
  if (!options.dryRun)
    throw new LvsctlError('BAD_USAGE', '--as needs --dry-run: it prints, and changes nothing');
  const config = readConfig(world.readText(file), file, fileContext(options, world));
  const gateways = config.services.flatMap(({ gateway }) => (gateway ? [gateway] : []));
  const machine = imaginedMachine(refuseUnknown(own, config, file), gateways);
  world.err(
    `lvsctl: for ${own.map(formatAddress).join(', ')} on ${DEVICE} of a machine without ` +
      `settings of its own\n`,
  );
  const records = (directory: string | undefined) => noRecords(world.records(directory));
  const other: World = { ...world, machine, records, transactions: () => undefined };
  return bringUp(role, file, others, other);
}

/** @throws NOT_FOUND for an address that no real server of the file has */
function refuseUnknown(own: readonly Address[], config: Config, file: string): readonly Address[] {
  const known = config.services.flatMap(({ servers, sorry }) =>
    [...servers, ...(sorry ? [sorry] : [])].map(({ address }) => formatAddress(address)),
  );
  const unknown = own.map(formatAddress).find((text) => !known.includes(text));
  if (unknown === undefined) return own;
  const list = [...new Set(known)].join(', ') || 'none';
  throw new LvsctlError('NOT_FOUND', `${file}: no real server ${unknown}; there are ${list}`);
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  if (address) return address;
  throw new InvalidArgumentError('an IPv4 or IPv6 address is needed');
}

async function showStatus(
  role: RoleCommand,
  file: string,
  options: RecordOptions,
  world: World,
): Promise<number> {
  const { json = false } = options;
  const config = readConfig(world.readText(file), file, fileContext(options, world));
  const settings = await compare(role.plan(config, gatherFacts(world.machine)), world.machine);
  const lines = [...settings, ...role.unmanaged(config, world.machine)];
  if (json) world.out(`${jsonText(lines.map(comparisonJson), 2)}\n`);
  else world.out(comparisonTable(lines, world));
  return lines.every(({ same }) => same) ? 0 : DIFFERS;
}

function comparisonJson({ resource, title, same, states }: Comparison): unknown {
  return { resource, title, ...states, same };
}
