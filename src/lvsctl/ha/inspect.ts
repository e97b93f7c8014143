// The director that this machine is, and what can be seen of the others from here.
import { formatAddress } from '../../model/address.js';
import type { Daemon } from '../../model/daemon.js';
import type { Config } from '../config/file.js';
import type { Ha } from '../config/ha.js';
import { directorSettings } from '../plan/director.js';
import { compare } from '../plan/engine.js';
import { type Facts, gatherFacts, holdersOf } from '../plan/facts.js';
import { hasRules } from '../plan/rules.js';
import type { World } from '../world.js';
import { sessionOf } from './bird.js';
import { confProblems } from './confproblems.js';
import { type BirdState, birdState, runsHere } from './engine.js';
import { type Director, directors, ownDirector } from './own.js';
import { isStandby, lastRole } from './place.js';
import type { HaProblem } from './problem.js';

type InspectWorld = Pick<World, 'machine' | 'places'>;

/** What is known of a director; null = cannot be known from this machine. */
export interface DirectorState {
  readonly address: string;
  readonly is_this_machine: boolean;
  readonly role: 'master' | 'backup' | 'active' | 'withdrawn' | 'standby' | 'split' | null;
  readonly since: string | null;
  /** the VIPs that it has, or announces */
  readonly vips: readonly string[] | null;
  readonly engine_running: boolean | null;
  /** roles of its sync daemons that are as the file has them */
  readonly sync: readonly Daemon['role'][] | null;
  /** settings of `director up` that are not as the file has them */
  readonly differences: number | null;
  /** whether it answers a ping; null for this machine, and without ping */
  readonly reachable: boolean | null;
}

export interface HaStatus {
  readonly engine: Ha['engine'];
  readonly directors: readonly DirectorState[];
  readonly problems: readonly HaProblem[];
}

/** @throws LvsctlError WRONG_MACHINE when this machine is none of them; BackendError, IpvsError */
export async function inspectHa(config: Config, ha: Ha, world: InspectWorld): Promise<HaStatus> {
  const { machine } = world;
  const facts = gatherFacts(machine);
  const own = ownDirector(ha, facts);
  const bird = ha.engine === 'bird' ? birdState(ha, machine) : undefined;
  const self = await ownState(config, ha, own, { facts, bird }, world);
  const elsewhere = ha.engine === 'keepalived' ? answers(config, facts, machine) : [];
  const others = directors(ha.peers)
    .filter(({ index }) => index !== own.index)
    .map((director) => peerState(director, ha, elsewhere ?? [], machine));
  const all = [self, ...others].sort((a, b) => order(a, ha) - order(b, ha));
  const problems = [
    ...ownProblems(self, ha),
    ...(bird ? sessionProblems(bird, ha) : []),
    ...(ha.engine === 'keepalived' ? confProblems(config, ha, own, world) : []),
    ...others.flatMap(peerProblems),
    ...(elsewhere === undefined ? [NO_ARPING] : []),
    ...(ha.engine === 'keepalived' && elsewhere ? vipProblems(self, elsewhere, config) : []),
    ...fileProblems(config, ha),
  ];
  return { engine: ha.engine, directors: all, problems };
}

const order = ({ address }: DirectorState, { peers }: Ha) =>
  peers.findIndex((peer) => formatAddress(peer) === address);

async function ownState(
  config: Config,
  ha: Ha,
  { address }: Director,
  { facts, bird }: { readonly facts: Facts; readonly bird: BirdState | undefined },
  world: InspectWorld,
): Promise<DirectorState> {
  const { machine } = world;
  const held = config.vips.map((vip) => vip.address);
  const vips = held
    .filter((vip) =>
      ha.engine === 'bird' ? bird?.announces(vip) === true : holdersOf(vip, facts).length > 0,
    )
    .map(formatAddress);
  const settings = await compare(directorSettings(config, facts), machine);
  return {
    address: formatAddress(address),
    is_this_machine: true,
    role: roleOf(vips.length, held.length, ha, isStandby(world)),
    since: ha.engine === 'keepalived' ? (lastRole(world)?.since ?? null) : null,
    vips,
    engine_running: ha.engine === 'bird' ? bird !== undefined : runsHere('keepalived', machine),
    sync: ha.engine === 'keepalived' && ha.sync ? await ownDaemons(config, machine) : null,
    differences: settings.filter(({ same }) => !same).length,
    reachable: null,
  };
}

function roleOf(has: number, all: number, { engine }: Ha, standby: boolean): DirectorState['role'] {
  if (has === 0) return standby ? 'standby' : engine === 'bird' ? 'withdrawn' : 'backup';
  if (has < all && engine === 'keepalived') return 'split';
  return engine === 'bird' ? 'active' : 'master';
}

async function ownDaemons(
  { sync }: Config,
  machine: InspectWorld['machine'],
): Promise<Daemon['role'][]> {
  if (!hasRules(machine)) return [];
  const running = await (await machine.backend()).daemons();
  return running
    .filter((one) =>
      sync.some(
        (desired) =>
          desired.role === one.role &&
          desired.interface === one.interface &&
          desired.syncid === one.syncId,
      ),
    )
    .map(({ role }) => role);
}

/** Another machine that has a VIP: `mac` answers ARP for it on the VIP's interface. */
export interface ArpAnswer {
  readonly vip: string;
  readonly mac: string;
}

const NOT_INSTALLED = 127;

/** IPv4 VIPs only: ARP does not ask for others. @returns undefined when arping is not installed */
export function answers(
  { vips }: Pick<Config, 'vips'>,
  { links }: Facts,
  machine: Pick<InspectWorld['machine'], 'run'>,
): ArpAnswer[] | undefined {
  if (machine.run('arping', ['-V']).status === NOT_INSTALLED) return undefined;
  return vips
    .filter(
      ({ address, interface: device }) =>
        address.family === 'ipv4' && links.some(({ name }) => name === device),
    )
    .flatMap(({ address, interface: device }) => {
      const vip = formatAddress(address);
      const { stdout } = machine.run('arping', ['-D', '-c', '1', '-w', '1', '-I', device, vip]);
      const mac = /\[([0-9A-Fa-f:]{17})\]/.exec(stdout)?.[1]?.toLowerCase();
      return mac === undefined ? [] : [{ vip, mac }];
    });
}

function peerState(
  { address }: Director,
  { engine }: Ha,
  elsewhere: readonly ArpAnswer[],
  machine: InspectWorld['machine'],
): DirectorState {
  const text = formatAddress(address);
  const { status } = machine.run('ping', ['-n', '-q', '-c', '1', '-W', '1', text]);
  const mac = macOf(text, machine);
  const vips = elsewhere.filter((answer) => answer.mac === mac).map(({ vip }) => vip);
  return {
    address: text,
    is_this_machine: false,
    role: engine === 'keepalived' && vips.length > 0 ? 'master' : null,
    since: null,
    vips: engine === 'keepalived' && vips.length > 0 ? vips : null,
    engine_running: null,
    sync: null,
    differences: null,
    reachable: status === 0 ? true : status === 1 ? false : null,
  };
}

function macOf(address: string, machine: InspectWorld['machine']): string | undefined {
  const { stdout } = machine.run('ip', ['-json', 'neigh', 'show', address]);
  try {
    const [first] = JSON.parse(stdout || '[]') as { readonly lladdr?: string }[];
    return first?.lladdr?.toLowerCase();
  } catch {
    return undefined;
  }
}

function ownProblems(self: DirectorState, ha: Ha): HaProblem[] {
  const { engine_running: running, sync, differences, role } = self;
  const missing = (['master', 'backup'] as const).filter((one) => !sync?.includes(one));
  return [
    ...(running === false
      ? [
          {
            what: `${ha.engine} does not run here: this director never gets traffic`,
            repair: [`systemctl start ${ha.engine}`],
          },
        ]
      : []),
    ...(sync === null
      ? []
      : missing.map((one) => ({
          what: `the sync daemon ${one} of sync id ${ha.id} on ${ha.interface} does not run here: connections ${one === 'master' ? 'of this director are not sent' : 'of the other director are not received'}`,
          repair: ['lvsctl director up FILE'],
        }))),
    ...(role === 'split'
      ? [
          {
            what: 'this director has some of the VIPs, not all',
            repair: [`systemctl restart ${ha.engine}`],
          },
        ]
      : []),
    ...(differences !== null && differences > 0
      ? [
          {
            what: `${differences === 1 ? '1 setting is not as the file has it' : `${differences} settings are not as the file has them`}: lvsctl director status`,
            repair: ['lvsctl director up FILE'],
          },
        ]
      : []),
  ];
}

/** Without a session no router takes a VIP, also while its protocol is enabled. */
function sessionProblems({ isEstablished }: BirdState, { neighbors }: Ha): HaProblem[] {
  return neighbors.flatMap(({ address, as }, i) =>
    isEstablished(i)
      ? []
      : [
          {
            what:
              `BIRD has no session to the router ${formatAddress(address)} (AS ${as}): the ` +
              'VIPs are not announced to it',
            repair: [`birdc show protocols all ${sessionOf(i)}`],
          },
        ],
  );
}

const NO_ARPING: HaProblem = {
  what: 'arping is not installed: whether another director has the VIPs is not known',
  repair: ['apt install iputils-arping'],
};

function peerProblems({ address, reachable }: DirectorState): HaProblem[] {
  return reachable === false
    ? [{ what: `director ${address} does not answer a ping`, repair: [] }]
    : [];
}

function vipProblems(
  { vips, role }: DirectorState,
  elsewhere: readonly ArpAnswer[],
  config: Config,
): HaProblem[] {
  const own = new Set(vips ?? []);
  const both = elsewhere.filter(({ vip }) => own.has(vip));
  const asked = config.vips.filter(({ address }) => address.family === 'ipv4');
  const none = asked
    .map(({ address }) => formatAddress(address))
    .filter((vip) => !own.has(vip) && !elsewhere.some((one) => one.vip === vip));
  return [
    ...both.map(({ vip, mac }) => ({
      what: `VIP ${vip} is on this director and on ${mac} too`,
      repair: ['lvsctl ha drain FILE'],
    })),
    ...none.map((vip) => ({
      what: `VIP ${vip} is on no director: no machine answers ARP for it`,
      repair: role === 'standby' ? ['lvsctl ha resume FILE'] : ['systemctl restart keepalived'],
    })),
  ];
}

/** What the file itself makes fail over badly. */
function fileProblems({ services, sync }: Config, ha: Ha): HaProblem[] {
  const peers = new Set(ha.peers.map(formatAddress));
  const what = services.flatMap(({ name, scheduler, servers }) => [
    ...(sync.length === 0 && scheduler !== 'mh'
      ? [
          `service ${name}: scheduler ${scheduler} on another director chooses another ` +
            `server${scheduler === 'sh' ? ' where servers were added in another order' : ''}, ` +
            'and connections are not synchronised; use mh',
        ]
      : []),
    ...servers
      .map(({ address }) => formatAddress(address))
      .filter((address) => peers.has(address))
      .map(
        (address) =>
          `service ${name}: real server ${address} is a director too; synchronised connections ` +
          'would loop',
      ),
  ]);
  return what.map((one) => ({ what: one, repair: [] }));
}
