// Random set-ups of a director and a real server for test/kernel/path.test.ts: right ones made in
// several ways, with none, one or two faults. A case is plain data: what each machine is to have.
import { random as seeded } from '../support/random.js';
import { linkFaults, oddLinks } from './pathlinks.js';
import { faults, oddButRight, type Plant } from './pathplants.js';
import { tunnelFaults, tunnelKind } from './tunnelplants.js';

export type Mode = 'nat' | 'dr' | 'ipip' | 'gre' | 'gue';
export type CaseFamily = 'ipv4' | 'ipv6';

/** What a machine is to have, beside its interfaces eth0, eth1, dummy0 and lo. */
export interface Setup {
  /** lines of `ip -batch`, all of which must succeed */
  readonly ip: string[];
  /** the same for what is planted: one that does nothing is no error */
  readonly late: string[];
  /** lines of `ipvsadm -R` */
  readonly ipvs: string[];
  /** by `4 filter`: lines of iptables-restore, `-A INPUT …` or `:INPUT DROP` */
  readonly tables: Record<string, string[]>;
  /** below /proc/sys/net */
  readonly sysctls: [key: string, value: string][];
}
export type Machines = Readonly<Record<'cl' | 'dir' | 'rs', Setup>>;

export interface PathCase {
  readonly seed: number;
  readonly family: CaseFamily;
  readonly mode: Mode;
  /** what was planted, for the report */
  readonly planted: readonly string[];
  readonly client: string;
  readonly vip: string;
  readonly machines: Machines;
  /** how often the client asks before the facts are read; absent: once */
  readonly asks?: number;
  /** the doctor has the facts of the director alone */
  readonly isAlone?: boolean;
}

export interface Place {
  readonly text: string;
  readonly family: CaseFamily;
  readonly mode: Mode;
  /** length of a host's prefix, and of a network's */
  readonly full: number;
  readonly wide: number;
  readonly vip: string;
  readonly client: string;
  readonly clientFar: boolean;
  readonly net: string;
  readonly farNet: string;
  readonly director: string;
  readonly rip: string;
  /** interface of the server, and of the director, on the servers' network */
  readonly dev: string;
  readonly router: string;
  /** where the director and the server have the VIP: `192.0.2.20/32 dev lo` */
  readonly directorVip: string;
  readonly serverVip: string | undefined;
  /** device that takes packets out of the tunnel */
  readonly tunnel: boolean;
}

const PREFIX = {
  ipv4: ['192.0.2.', '198.51.100.', '203.0.113.'],
  ipv6: ['2001:db8:a::', '2001:db8:b::', '2001:db8:c::'],
} as const;

const setup = (): Setup => ({ ip: [], late: [], ipvs: [], tables: {}, sysctls: [] });

/** One set-up; the same for the same seed. */
export function pathCase(seed: number): PathCase {
  const random = seeded(seed);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const chance = (p: number) => random() < p;
  // one of its own, so that connections of earlier cases are not taken for this one's
  const place = placeOf({ one, chance }, 20 + (seed % 50));
  const machines: Machines = { cl: setup(), dir: setup(), rs: setup() };
  basics(place, machines);
  const planted = [place.text, ...serverSettings(place, machines, one)];
  const plant = (list: readonly Plant[], mark: string) => {
    const chosen = one(list.filter(({ name }) => !planted.includes(`${mark}${name}`)));
    chosen.plant(machines);
    planted.push(`${mark}${chosen.name}`);
  };
  for (let i = one([0, 0, 1, 1, 2]); i > 0; i--)
    plant([...oddButRight(place), ...oddLinks(place)], '');
  for (let i = one([0, 0, 0, 1, 1, 1, 2]); i > 0; i--)
    plant([...faults(place), ...linkFaults(place), ...tunnelFaults(place)], 'FAULT ');
  const { family, mode, client, vip } = place;
  return { seed, family, mode, planted, client, vip, machines };
}

/** What every mode has, and the ends of its tunnel. */
const faultsOf = (place: Place) => [...faults(place), ...tunnelFaults(place)];

/** The names of all faults of a mode. */
export function faultNames(mode: Mode, family: CaseFamily): string[] {
  const first = <T>(list: readonly T[]): T => list[0] as T;
  const chance = (p: number) => p === 0.3 && family === 'ipv6';
  return faultsOf(placeOf({ one: first, chance }, 20, mode)).map(({ name }) => name);
}

/** A set-up as tutorials have it, with one fault; undefined = none has that name. */
export function faultCase(
  mode: Mode,
  family: CaseFamily,
  name: string | undefined,
  vip: number,
): PathCase | undefined {
  const first = <T>(list: readonly T[]): T => list[0] as T;
  // the server of nat on a network of its own, the client far
  const six = family === 'ipv6';
  const place = placeOf(
    { one: first, chance: (p) => (p === 0.5 && mode !== 'nat') || p === 0.6 || (p === 0.3 && six) },
    vip,
    mode,
  );
  const machines: Machines = { cl: setup(), dir: setup(), rs: setup() };
  basics(place, machines);
  serverSettings(place, machines, first);
  // no sender of tunnels, which a server that has the VIP too would drop
  const own = address(place, place.directorVip);
  if (six && place.tunnel)
    machines.dir.ip.splice(machines.dir.ip.indexOf(own), 1, `${own} preferred_lft 0`);
  const plant = faultsOf(place).find((one) => one.name === name);
  if (name !== undefined && plant === undefined) return undefined;
  plant?.plant(machines);
  const { client } = place;
  return {
    seed: vip,
    family,
    mode,
    planted: [place.text, name ?? 'nothing'],
    client,
    vip: place.vip,
    machines,
  };
}

interface Draw {
  readonly one: <T>(list: readonly T[]) => T;
  readonly chance: (p: number) => boolean;
}

function placeOf({ one, chance }: Draw, vip: number, named?: Mode): Place {
  const family = chance(0.3) ? 'ipv6' : 'ipv4';
  const mode = named ?? one<Mode>(['nat', 'nat', 'dr', 'dr', 'ipip', 'gre', 'gue']);
  const [a, b, c] = PREFIX[family];
  const [onA, clientFar] = [chance(0.5), chance(0.6)];
  const net = onA ? a : b;
  const [full, wide] = family === 'ipv4' ? [32, 24] : [128, 64];
  // IPv6 is answered for on the interface itself alone
  const [device, length] =
    family === 'ipv6'
      ? (['eth0', one([full, wide])] as const)
      : one([
          ['eth0', full],
          ['eth0', wide],
          ['dummy0', full],
          ['lo', full],
        ] as const);
  const tunnel = mode !== 'nat' && mode !== 'dr';
  const quiet = one(tunnel ? ['vt0', 'vt0', 'lo'] : ['lo', 'dummy0']);
  const where = `server on ${onA ? 'the same' : 'another'} network, client ${clientFar ? 'far' : 'near'}`;
  return {
    text: `${family} ${mode}, ${where}, VIP/${length} on ${device}`,
    ...{ family, mode, full, wide, clientFar, net: a, farNet: c, tunnel },
    vip: `${a}${vip}`,
    client: clientFar ? `${c}9` : `${a}100`,
    director: `${net}1`,
    rip: `${net}11`,
    dev: onA ? 'eth0' : 'eth1',
    router: `${net}254`,
    directorVip: `${a}${vip}/${length} dev ${device}`,
    serverVip: mode === 'nat' ? undefined : `${a}${vip}/${full} dev ${quiet}`,
  };
}

/** `addr add`, usable at once. */
export function address({ family }: Pick<Place, 'family'>, text: string): string {
  return `addr add ${text}${family === 'ipv6' ? ' nodad' : ''}`;
}

/** Everything there is, in the words of `ip`. */
export function anyNet({ family }: Pick<Place, 'family'>): string {
  return family === 'ipv4' ? '0.0.0.0/0' : '::/0';
}

/** An address and port as ipvsadm takes them. */
export function at({ family }: Pick<Place, 'family'>, host: string, port: number): string {
  return family === 'ipv6' ? `[${host}]:${port}` : `${host}:${port}`;
}

export const METHODS: Readonly<Record<Mode, string>> = {
  nat: '-m',
  dr: '-g',
  ipip: '-i',
  gre: '-i --tun-type gre',
  gue: '-i --tun-type gue --tun-port 6080',
};
const METHOD_PORT: Partial<Record<Mode, number>> = { nat: 8080 };

function basics(p: Place, { cl, dir, rs }: Machines): void {
  const { net, wide } = p;
  const all = anyNet(p);
  cl.ip.push(address(p, `${p.client}/${wide} dev ${p.clientFar ? 'eth1' : 'eth0'}`));
  cl.ip.push(`route add ${all} via ${p.clientFar ? p.farNet : net}254`);
  dir.ip.push(address(p, `${net}1/${wide} dev eth0`));
  dir.ip.push(address(p, `${PREFIX[p.family][1]}1/${wide} dev eth1`));
  dir.ip.push(`route add ${all} via ${net}254`, address(p, p.directorVip));
  rs.ip.push(address(p, `${p.rip}/${wide} dev ${p.dev}`));
  rs.ip.push(`route add ${all} via ${p.mode === 'nat' ? p.director : p.router}`);
  const service = `-t ${at(p, p.vip, 80)}`;
  const server = at(p, p.rip, METHOD_PORT[p.mode] ?? 80);
  dir.ipvs.push(`-A ${service} -s rr`, `-a ${service} -r ${server} ${METHODS[p.mode]}`);
  dir.sysctls.push(['ipv4/ip_forward', '1'], ['ipv6/conf/all/forwarding', '1']);
}

/** How the real server takes packets for the VIP. @returns words for the report */
function serverSettings(p: Place, { rs }: Machines, one: Draw['one']): string[] {
  if (p.serverVip === undefined) return [];
  const where = one(['all', 'all', 'all', p.dev]);
  rs.sysctls.push([`ipv4/conf/${where}/arp_ignore`, '1']);
  rs.sysctls.push([`ipv4/conf/${where}/arp_announce`, '2']);
  const six = p.family === 'ipv6';
  if (p.tunnel) {
    const any = six && p.mode !== 'gre' ? ' mode any' : '';
    rs.ip.push(`link add vt0 type ${tunnelKind(p)}${any} local ${p.rip}`, 'link set vt0 up');
    if (p.mode === 'gue') rs.ip.push(`fou add port 6080 gue${six ? ' -6' : ''}`);
  }
  rs.ip.push(address(p, p.serverVip));
  return [`server: VIP ${p.serverVip}, arp in ${where}`];
}
