// Services and servers of the live table, for completion.
import { fileContext } from '../commands/variables.js';
import { procPath, readReport } from '../show/report.js';
import type { ShownService } from '../show/table.js';
import { readRules } from '../simulate/source.js';
import type { World } from '../world.js';
import { type CompletedLine, type CompletionCandidate, commandOf, givenValue } from './line.js';

type ServiceKind = 'tcp' | 'udp' | 'sctp' | 'mark' | 'any';

/** Options of ipvsadm that name a service. */
// biome-ignore format: a table
const SERVICE_OPTIONS: readonly (readonly [kind: ServiceKind, short: string, long: string])[] = [
  ['tcp', '-t', '--tcp-service'],
  ['udp', '-u', '--udp-service'],
  ['sctp', '--sctp-service', '--sctp-service'],
  ['mark', '-f', '--fwmark-service'],
];

/** As they are typed: `192.0.2.1:80`, `[2001:db8::1]:80`, the number of a mark. */
export async function liveServices(
  world: World,
  kind: ServiceKind,
): Promise<readonly CompletionCandidate[]> {
  const found = (await liveTable(world)).filter((one) => isOf(kind, one));
  return found.map((one) => ({
    name: typed(one),
    help: `${kind === 'any' ? `${one.protocol ?? 'mark'} ` : ''}${one.scheduler}, ${counted(one)}`,
  }));
}

export async function liveServers(world: World): Promise<readonly CompletionCandidate[]> {
  return distinct((await liveTable(world)).flatMap(serversOf));
}

/**
 * Of a rule of ipvsadm, or of ensure, set and absent: the servers of its service; where one is
 * added, those of other services that it does not have.
 */
export async function ruleServers(
  { program, args }: CompletedLine,
  world: World,
): Promise<readonly CompletionCandidate[]> {
  const table = await liveTable(world);
  const own = table.filter((service) =>
    SERVICE_OPTIONS.some(
      ([kind, ...names]) => isOf(kind, service) && givenValue(args, ...names) === typed(service),
    ),
  );
  const adds =
    program === 'ipvsadm'
      ? ['-a', '--add-server'].includes(commandOf(args))
      : args.includes('ensure');
  const mine = distinct(own.flatMap(serversOf));
  if (!adds) return own.length > 0 ? mine : distinct(table.flatMap(serversOf));
  const has = new Set(mine.map(({ name }) => name));
  return distinct(table.flatMap(serversOf)).filter(({ name }) => !has.has(name));
}

/** Services of the rules that simulate names, else of the live table. */
export async function ruleServices(
  { args }: CompletedLine,
  world: World,
): Promise<readonly CompletionCandidate[]> {
  const [, ...others] = args;
  for (const arg of others.filter((one) => !one.startsWith('-'))) {
    const rules = await readRules(arg, world, fileContext({}, world)).catch(() => undefined); // it may be no file
    if (rules)
      return rules.services.map(({ name, destinations }) => ({
        name,
        help: counted({ servers: destinations }),
      }));
  }
  return liveServices(world, 'any');
}

/** Without loading IPVS: a TAB changes nothing. */
async function liveTable(world: World): Promise<readonly ShownService[]> {
  const { machine } = world;
  if (machine.hasKernelRules && machine.read(procPath(world, 'ip_vs')) === undefined) return [];
  return (await readReport(world)).services;
}

function isOf(kind: ServiceKind, { protocol, mark }: ShownService): boolean {
  if (kind === 'any') return true;
  return kind === 'mark' ? mark !== undefined : protocol === kind;
}

function typed({ mark, address = '', port }: ShownService): string {
  if (mark !== undefined) return String(mark);
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function serversOf({ servers }: ShownService): readonly CompletionCandidate[] {
  return servers.map(({ server, mode, weight }) => ({
    name: server,
    help: `${mode}, weight ${weight}`,
  }));
}

function counted({ servers }: { readonly servers: readonly unknown[] }): string {
  return `${servers.length} server${servers.length === 1 ? '' : 's'}`;
}

function distinct(all: readonly CompletionCandidate[]): readonly CompletionCandidate[] {
  return [...new Map(all.map((one) => [one.name, one])).values()];
}
