// What can be known of a plan before its first change: what the kernel would refuse.
import type { Address } from '../../model/address.js';
import { isUnspecified } from '../../model/address.js';
import type { Change } from '../../model/change.js';
import type { Destination } from '../../model/destination.js';
import { knownTunnel } from '../../model/forwarding.js';
import { schedulerModule, schedulerRow } from '../../model/scheduler.js';
import { familyOf, type Service, type ServiceId } from '../../model/service.js';
import { serverKey, serviceKey } from '../../model/table.js';
import { LvsctlError } from '../errors.js';
import type { Machine } from '../plan/machine.js';
import { changesIn, type TablePlan } from './plan.js';
import type { RulesState } from './state.js';

/** @throws LvsctlError IPVS with everything that the kernel would refuse, a line each */
export function checkPlan(plan: TablePlan, live: RulesState, machine: Machine): void {
  const known = modulesInUse(live);
  const problems = changesIn(plan).flatMap((change) =>
    problemsOf(change, plan.after, known, machine),
  );
  if (problems.length === 0) return;
  throw new LvsctlError('IPVS', [...new Set(problems)].join('\nlvsctl: '), 'nothing was changed');
}

/** What the table uses already is there, even when the files of modules lack it. */
function modulesInUse({ table }: RulesState): ReadonlySet<string> {
  return new Set(
    [...table.values()].flatMap(({ service }) => modulesOf(service).map(({ module }) => module)),
  );
}

function problemsOf(
  change: Change,
  after: RulesState,
  known: ReadonlySet<string>,
  machine: Machine,
): readonly string[] {
  switch (change.kind) {
    case 'add-service':
    case 'edit-service': {
      const key = serviceKey(change.service.id);
      return serviceProblems(change.service, known, machine).map((one) => `${key}: ${one}`);
    }
    case 'add-destination':
    case 'edit-destination': {
      const where = `${serviceKey(change.id)}: server ${serverKey(change.destination)}`;
      return serverProblems(change.id, change.destination, after).map((one) => `${where}: ${one}`);
    }
    default:
      return [];
  }
}

interface Needed {
  readonly module: string;
  readonly what: string;
}

function modulesOf({ scheduler, engine }: Service): readonly Needed[] {
  const engines = engine === undefined ? [] : [engine];
  return [
    ...(scheduler === 'none'
      ? []
      : [{ module: schedulerModule(scheduler), what: `scheduler ${scheduler}` }]),
    ...engines.map((name) => ({
      module: `ip_vs_pe_${name}`,
      what: `persistence engine ${name}`,
    })),
  ];
}

function serviceProblems(
  service: Service,
  known: ReadonlySet<string>,
  machine: Machine,
): readonly string[] {
  const missing = modulesOf(service).filter(
    ({ module }) => !known.has(module) && !mayBeThere(module, service, machine),
  );
  const badMask = familyOf(service.id) === 'ipv6' && (service.netmask < 1 || service.netmask > 128);
  return [
    ...missing.map(({ module, what }) =>
      machine.hasKernelRules
        ? `${what} is not known to this kernel: there is no module ${module}`
        : `${what} is not known`,
    ),
    ...(badMask ? ['the prefix length of an IPv6 service is 1 to 128'] : []),
  ];
}

/** @returns true also when it cannot be known: the kernel decides */
function mayBeThere(module: string, { scheduler, engine }: Service, machine: Machine): boolean {
  if (!machine.hasKernelRules) {
    const row = schedulerRow(scheduler);
    return module === schedulerModule(scheduler)
      ? row !== undefined && !row.absent
      : engine === 'sip';
  }
  if (machine.list(`/sys/module/${module}`).length > 0) return true;
  const release = machine.read('/proc/sys/kernel/osrelease')?.trim();
  // without a list of modules nothing is known: a container, a kernel with everything built in
  if (!release || machine.read(`/lib/modules/${release}/modules.builtin`) === undefined)
    return true;
  return machine.run('modprobe', ['-n', '-q', '--', module]).status !== 1;
}

function serverProblems(
  id: ServiceId,
  destination: Destination,
  { daemons }: RulesState,
): readonly string[] {
  const { address, forwarding, tunnel, lowerThreshold, upperThreshold } = destination;
  const mixed = address.family !== familyOf(id);
  return [
    ...(mixed && forwarding !== 'tunnel'
      ? ['only a tunnel leads to a server of the other address family']
      : []),
    ...(mixed && forwarding === 'tunnel' && daemons.length > 0
      ? ['with a sync daemon no server may be of the other address family']
      : []),
    ...(lowerThreshold > upperThreshold
      ? [`its lower threshold ${lowerThreshold} is above the upper one, ${upperThreshold}`]
      : []),
    ...(forwarding === 'tunnel' && knownTunnel(tunnel.type) === undefined
      ? [`tunnel type ${tunnel.type} is unknown`]
      : []),
    ...(tunnel.type === 'gue' && tunnel.port === 0 ? ['a gue tunnel needs a port'] : []),
    ...(isHost(address) ? [] : ['this is no address of a server']),
  ];
}

/** Broadcast addresses of the machine's own networks are left to the kernel. */
function isHost(address: Address): boolean {
  if (isUnspecified(address)) return false;
  if (address.family === 'ipv6') return address.words[0] >>> 24 !== 0xff;
  return address.value !== 0xffffffff && address.value >>> 28 !== 0xe;
}
