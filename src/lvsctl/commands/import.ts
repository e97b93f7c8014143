// lvsctl import [FILE]: an lvsctl file from saved rules or from the live table, on stdout.

import { readTable } from '../../backend/readtable.js';
import { type Address, type Family, parseAddress } from '../../model/address.js';
import { familyOf } from '../../model/service.js';
import { serviceKey, type VirtualServer } from '../../model/table.js';
import { ConfigError, lineProblem, type Problem, renderWarnings } from '../config/problem.js';
import { readConfig } from '../config/read.js';
import { programOf } from '../config/recognise.js';
import { readRuleFile } from '../config/rulefile.js';
import { netmaskWarning } from '../config/warnings.js';
import { type ImportContext, UnsupportedRule, writeConfig } from '../config/write.js';
import { LvsctlError } from '../errors.js';
import type { ImportDraft } from '../import/draft.js';
import { liveMarks } from '../import/livemarks.js';
import { importDraft } from '../import/run.js';
import { connectedTo, holdersOf } from '../plan/facts.js';
import type { MarkSource } from '../plan/marks.js';
import { type LocalAddress, localAddresses } from '../plan/network.js';
import type { Subcommand } from '../subcommand.js';
import type { World } from '../world.js';
import { addMark } from './markoption.js';

interface Options {
  readonly interface?: string;
  readonly configId?: string;
  readonly strict?: boolean;
  readonly mark?: readonly MarkSource[];
}

const DEFAULT_INTERFACE = 'eth0';

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .argument(
      '[file]',
      'saved rules (ipvsadm -S, /etc/ipvsadm.rules, /etc/sysconfig/ipvsadm), keepalived.conf ' +
        'or ldirectord.cf, detected by content; - for stdin (default: the live table)',
    )
    .option(
      '--interface <name>',
      'interface of the VIPs (default: the one that has them on this machine, else eth0)',
    )
    .option(
      '--mark <mark=vip:ports>',
      'VIP and ports of a firewall mark, like 7=192.0.2.1:80,8000-8100, 7=192.0.2.2:0 (all ' +
        'ports) or 8=[2001:db8::1]:53/udp; once for each VIP',
      addMark,
    )
    .option(
      '--config-id <name>',
      'the machine whose @NAME lines of keepalived.conf count (default: this one)',
    )
    .option('--strict', 'write nothing when there is a warning about a file of another program')
    .action((rules: string | undefined, options: Options) =>
      finish((world) => importRules(rules, options, world)),
    );
};

async function importRules(
  file: string | undefined,
  options: Options,
  world: World,
): Promise<number> {
  const text = file === undefined ? undefined : world.readText(file);
  const program = text === undefined ? undefined : programOf(text);
  if (file !== undefined && text !== undefined && program !== undefined)
    return importProgram(program, text, file, options, world);
  const addresses = file === undefined ? localAddresses(world.machine) : [];
  const interfaceOf = (vip: Address) => options.interface ?? deviceOf(vip, addresses);
  const given = options.mark ?? [];
  const context: Known =
    file === undefined
      ? { interfaceOf, ...liveContext(given, addresses, world) }
      : { interfaceOf, marks: given };
  const rules =
    file === undefined || text === undefined
      ? await fromTable(world)
      : await fromFile(text, file, world);
  const written = write(rules, context);
  readBack(written, rules); // what lvsctl would not read is not written
  world.err(renderWarnings(warningsOf(rules)));
  world.out(written);
  return 0;
}

async function importProgram(
  kind: 'keepalived' | 'ldirectord',
  text: string,
  file: string,
  options: Options,
  world: World,
): Promise<number> {
  const device = options.interface ?? DEFAULT_INTERFACE;
  const draft = await draftOf(kind, text, file, options, world);
  const { text: written, report } = importDraft(draft, file, {
    marks: options.mark ?? [],
    interfaceOf: () => device,
    strict: options.strict ?? false,
  });
  world.err(report);
  world.out(written);
  return 0;
}

async function draftOf(
  kind: 'keepalived' | 'ldirectord',
  text: string,
  file: string,
  { configId, interface: device = DEFAULT_INTERFACE }: Options,
  world: World,
): Promise<ImportDraft> {
  if (kind === 'ldirectord') {
    const { fromLdirectord } = await import('../import/ldirectord/convert.js');
    return fromLdirectord(text, file, world.names);
  }
  const { fromKeepalived } = await import('../import/keepalived/convert.js');
  const here = world.hostName().split('.')[0];
  return fromKeepalived(text, file, {
    files: world,
    configId: { name: configId ?? here, given: configId !== undefined },
    interface: device,
  });
}

type Known = Omit<ImportContext, 'timeouts' | 'daemons'>;

/** What this machine has beside its table; a mark that was given is not looked for. */
function liveContext(
  given: readonly MarkSource[],
  addresses: readonly LocalAddress[],
  { machine }: World,
): Omit<Known, 'interfaceOf'> {
  const isGiven = (mark: number, family: Family) =>
    given.some((one) => one.mark === mark && one.family === family);
  const live = liveMarks(machine, addresses);
  return {
    marks: [...given, ...live.sources.filter(({ mark, family }) => !isGiven(mark, family))],
    reasonFor: (mark, family) => (isGiven(mark, family) ? undefined : live.reasonFor(mark, family)),
    gatewayOf: (servers) => gatewayOn(servers, addresses),
  };
}

/** The one address of this machine that is on the networks of all servers. */
function gatewayOn(
  servers: readonly Address[],
  addresses: readonly LocalAddress[],
): Address | undefined {
  const own = servers.map(
    (server) => connectedTo(server, { addresses }).filter((one) => !one.secondary)[0],
  );
  const [first] = own;
  return first && own.every((one) => one === first) ? parseAddress(first.address) : undefined;
}

/** What is imported, and how to name a service of it in an error. */
interface ImportedRules extends Pick<ImportContext, 'timeouts' | 'daemons'> {
  readonly services: readonly VirtualServer[];
  /**
   * The place of a service in its file; undefined for the live table, which has no lines.
   * @param service counted from 0
   */
  readonly problemAt: ((service: number, message: string) => Problem) | undefined;
}

const LIVE_TABLE = 'the live table';

async function fromTable({ machine }: World): Promise<ImportedRules> {
  const backend = await machine.backend();
  const services = [...(await readTable(backend)).values()].map(
    ({ service, destinations }): VirtualServer => ({
      service,
      destinations: destinations.toReversed(),
    }),
  );
  if (services.length === 0) throw new LvsctlError('NOT_FOUND', 'no services in the live table');
  const known = (value: number) => (value === 0 ? undefined : value);
  const daemons = (await backend.daemons()).map((one) => ({
    ...one,
    maxLength: known(one.maxLength),
    port: known(one.port),
    ttl: known(one.ttl),
  }));
  return {
    services,
    timeouts: await backend.timeouts(),
    daemons,
    problemAt: undefined,
  };
}

async function fromFile(text: string, file: string, { names }: World): Promise<ImportedRules> {
  const { services, timeouts, daemons } = await readRuleFile(text, file, names);
  if (services.length === 0) throw new LvsctlError('NOT_FOUND', `${file}: no services`);
  const lines = text.split('\n');
  return {
    services,
    timeouts,
    daemons,
    problemAt: (service, message) => {
      const line = services[service]?.line ?? 1;
      return lineProblem(file, line, message, lines[line - 1]);
    },
  };
}

/** @throws ConfigError the service that a file cannot hold */
function write(rules: ImportedRules, context: Known): string {
  const { services, timeouts, daemons, problemAt } = rules;
  try {
    return writeConfig(services, { ...context, timeouts, daemons });
  } catch (error) {
    if (!(error instanceof UnsupportedRule) || problemAt === undefined) throw error;
    const at = services.findIndex(({ service }) => service === error.service);
    throw new ConfigError([problemAt(at, error.message)]);
  }
}

/** @throws ConfigError what lvsctl would not read, at the rules that it comes from */
function readBack(text: string, { services, problemAt }: ImportedRules): void {
  try {
    readConfig(text, 'the file made of these rules');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map((problem) => {
      const at = /^services\[(\d+)\]/.exec(problem.path)?.[1];
      const service = services[Number(at)]?.service;
      return service && problemAt
        ? problemAt(Number(at), `${serviceKey(service.id)}: ${problem.message}`)
        : problem;
    });
    throw new ConfigError(problems);
  }
}

function warningsOf({ services, problemAt }: ImportedRules): readonly Problem[] {
  return services.flatMap(({ service }, i) => {
    const { id, netmask, persistence } = service;
    const holes = familyOf(id) === 'ipv4' && persistence ? netmaskWarning(netmask) : undefined;
    if (holes === undefined) return [];
    const message = `${serviceKey(id)}: ${holes}`;
    return [problemAt?.(i, message) ?? lineProblem(LIVE_TABLE, i + 1, message)];
  });
}

function deviceOf(vip: Address, addresses: readonly LocalAddress[]): string {
  const holder = holdersOf(vip, { addresses }).find(({ device }) => device !== 'lo');
  return (holder ?? connectedTo(vip, { addresses })[0])?.device ?? DEFAULT_INTERFACE;
}
