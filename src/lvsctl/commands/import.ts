// lvsctl import [FILE]: an lvsctl file from saved rules or from the live table, on stdout.
import { InvalidArgumentError } from 'commander';
import { type Address, parseAddress } from '../../model/address.js';
import { ConfigError } from '../config/field.js';
import { readConfig } from '../config/read.js';
import { readRuleFile } from '../config/rulefile.js';
import {
  type Described,
  type Surroundings,
  UnsupportedRule,
  writeConfig,
} from '../config/write.js';
import { LvsctlError } from '../errors.js';
import { connectedTo, holdersOf } from '../plan/facts.js';
import { type MarkSource, markSources } from '../plan/marks.js';
import { type LocalAddress, localAddresses } from '../plan/network.js';
import type { Subcommand } from '../program.js';
import type { World } from '../world.js';

interface Options {
  readonly interface?: string;
  readonly mark?: readonly MarkSource[];
}

const DEFAULT_INTERFACE = 'eth0';

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .argument(
      '[rules]',
      'saved rules (ipvsadm -S, /etc/ipvsadm.rules, /etc/sysconfig/ipvsadm), - for stdin; the live table when absent',
    )
    .option(
      '--interface <name>',
      "the VIPs' interface; found out where they are on this machine, else eth0",
    )
    .option(
      '--mark <mark=vip:ports>',
      'which packets get a mark, like 7=192.0.2.1:80,443 or 8=[2001:db8::1]:53/udp',
      addMark,
    )
    .option('--netns <name>', 'work in this named network namespace')
    .action((rules: string | undefined, options: Options) =>
      finish((world) => importRules(rules, options, world)),
    );
};

async function importRules(
  file: string | undefined,
  options: Options,
  world: World,
): Promise<number> {
  const addresses = file === undefined ? localAddresses(world.machine) : [];
  const around: Around = {
    interfaceOf: (vip) => options.interface ?? deviceOf(vip, addresses),
    marks: [...(options.mark ?? []), ...(file === undefined ? markSources(world.machine) : [])],
  };
  const text =
    file === undefined ? await fromTable(world, around) : await fromFile(file, world, around);
  readConfig(text, 'the file made of these rules'); // what lvsctl would not read is not written
  world.out(text);
  return 0;
}

type Around = Pick<Surroundings, 'interfaceOf' | 'marks'>;

async function fromTable({ machine }: World, around: Around): Promise<string> {
  const backend = await machine.backend();
  const described: Described[] = [];
  for (const { service } of await backend.services('rules')) {
    const destinations = (await backend.destinations(service.id, 'rules')).map(
      ({ destination }) => destination,
    );
    described.push({ service, destinations: destinations.reverse() });
  }
  if (described.length === 0) throw new LvsctlError('NOT_FOUND', 'no services in the live table');
  const known = (value: number) => (value === 0 ? undefined : value);
  const daemons = (await backend.daemons()).map((one) => ({
    ...one,
    maxLength: known(one.maxLength),
    port: known(one.port),
    ttl: known(one.ttl),
  }));
  return writeConfig(described, { ...around, timeouts: await backend.timeouts(), daemons });
}

async function fromFile(file: string, { readText, names }: World, around: Around): Promise<string> {
  const rules = await readRuleFile(readText(file), file, names);
  if (rules.services.length === 0) throw new LvsctlError('NOT_FOUND', `${file}: no services`);
  try {
    return writeConfig(rules.services, {
      ...around,
      timeouts: rules.timeouts,
      daemons: rules.daemons,
    });
  } catch (error) {
    if (!(error instanceof UnsupportedRule)) throw error;
    const line = rules.services.find(({ service }) => service === error.service)?.line ?? 1;
    throw new ConfigError('', error.message, file, line, 1);
  }
}

function deviceOf(vip: Address, addresses: readonly LocalAddress[]): string {
  const holder = holdersOf(vip, { addresses }).find(({ device }) => device !== 'lo');
  return (holder ?? connectedTo(vip, { addresses })[0])?.device ?? DEFAULT_INTERFACE;
}

/** `7=192.0.2.1:80,443`, the ports with `/udp` where they are not TCP's. */
function addMark(text: string, before: readonly MarkSource[] = []): readonly MarkSource[] {
  const [, digits, bracketed, plain, list = ''] =
    /^(\d+)=(?:\[([0-9a-f:.]+)\]|([0-9.]+)):([0-9,/a-z]+)$/.exec(text) ?? [];
  const vip = parseAddress(bracketed ?? plain ?? '');
  const mark = Number(digits);
  const ports = list.split(',').map((word) => /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(word));
  if (
    !vip ||
    !(mark >= 1 && mark < 2 ** 32) ||
    ports.some((port) => !port || Number(port[1]) < 1 || Number(port[1]) > 65535)
  ) {
    throw new InvalidArgumentError('write it like 7=192.0.2.1:80,443');
  }
  const sources = ports.map(
    (port): MarkSource => ({
      family: vip.family,
      mark,
      address: bracketed ?? plain,
      vip,
      protocol: port?.[2] ?? 'tcp',
      ports: [Number(port?.[1])],
    }),
  );
  return [...before, ...sources];
}
