// The service that is simulated: of a saved rule file, of an lvsctl file, or of the live table.
import { readTable } from '../../backend/readtable.js';
import type { ServiceId } from '../../model/service.js';
import { serverKey, serviceKey, type VirtualServer } from '../../model/table.js';
import { DEFAULT_TIMEOUTS, type Timeouts } from '../../model/timeouts.js';
import type { FileContext } from '../config/context.js';
import { desiredServices } from '../config/desired.js';
import { readConfig } from '../config/read.js';
import { readRuleFile } from '../config/rulefile.js';
import { LvsctlError } from '../errors.js';
import type { World } from '../world.js';

export interface RulesToSimulate {
  /** servers in the order in which they were added */
  readonly services: readonly (VirtualServer & { readonly name: string })[];
  readonly timeouts: Timeouts;
}

/**
 * @param around what an lvsctl file is read with
 * @throws BAD_FILE an error with its line; NOT_FOUND when there are no services
 */
export async function readRules(
  file: string | undefined,
  world: World,
  around: FileContext,
): Promise<RulesToSimulate> {
  const rules =
    file === undefined
      ? await fromTable(world)
      : /\.ya?ml$/.test(file)
        ? fromConfig(file, world, around)
        : await fromRuleFile(file, world);
  if (rules.services.length === 0)
    throw new LvsctlError('NOT_FOUND', `${file ?? 'the live table'}: no services`);
  return rules;
}

/**
 * The service of a name, or the only one: the whole name (`tcp 192.0.2.1:80`), the address and port
 * alone, or else a part that only one has.
 * @throws NOT_FOUND when there is none, or more than one
 */
export function chooseService(
  rules: RulesToSimulate,
  given: string | undefined,
): RulesToSimulate['services'][number] {
  const { services } = rules;
  const exact = services.filter(({ name, service }) =>
    [name, serviceKey(service.id), endpointOf(service.id)].includes(given ?? ''),
  );
  const found =
    given === undefined
      ? services
      : exact.length > 0
        ? exact
        : services.filter(({ name }) => name.includes(given));
  const [only, ...more] = found;
  if (only && more.length === 0) return only;
  const names = (only ? found : services).map(({ name }) => name).join('; ');
  throw new LvsctlError(
    'NOT_FOUND',
    `${only ? `${found.length} services` : `no service ${given}`}: choose one with --service; there are ${names}`,
  );
}

/** `192.0.2.1:80` as it is typed after -t; of a mark its whole name */
function endpointOf(id: ServiceId): string {
  return id.kind === 'address' ? serverKey(id) : serviceKey(id);
}

async function fromTable({ machine }: World): Promise<RulesToSimulate> {
  const backend = await machine.backend();
  const services = [...(await readTable(backend))].map(([name, { service, destinations }]) => ({
    service,
    destinations: destinations.toReversed(),
    name,
  }));
  return { services, timeouts: await backend.timeouts() };
}

function fromConfig(file: string, { readText }: World, around: FileContext): RulesToSimulate {
  const config = readConfig(readText(file), file, around);
  const { timeouts } = config;
  return {
    services: desiredServices(config).map(({ service, destinations, source }) => ({
      service,
      destinations,
      name: `${source.name} ${serviceKey(service.id)}`,
    })),
    timeouts: timeouts
      ? { tcp: timeouts.tcp, tcpFin: timeouts.tcp_fin, udp: timeouts.udp }
      : DEFAULT_TIMEOUTS,
  };
}

async function fromRuleFile(file: string, { readText, names }: World): Promise<RulesToSimulate> {
  const { services, timeouts } = await readRuleFile(readText(file), file, names);
  const given = timeouts ?? { tcp: 0, tcpFin: 0, udp: 0 };
  return {
    services: services.map(({ service, destinations }) => ({
      service,
      destinations,
      name: serviceKey(service.id),
    })),
    timeouts: {
      tcp: given.tcp || DEFAULT_TIMEOUTS.tcp,
      tcpFin: given.tcpFin || DEFAULT_TIMEOUTS.tcpFin,
      udp: given.udp || DEFAULT_TIMEOUTS.udp,
    },
  };
}
