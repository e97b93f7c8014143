// Faults of several directors that only show when their facts are compared, or that the facts of
// one of them show. A row for each kind of fault.
import { formatAddress } from '../../model/address.js';
import { holders, type PathHost } from '../path/host.js';
import {
  type KnownDirector,
  nameOf,
  type Pair,
  type PairDiagnosis,
  type PairProblem,
} from './known.js';
import { filterProblems } from './pairfilter.js';
import { syncArrival } from './syncarrival.js';

type PairCheck = (pair: Pair) => readonly PairProblem[];

const CHECKS: readonly PairCheck[] = [
  vipsOfAll,
  daemons,
  refusedTakeover,
  filterProblems,
  tables,
  versions,
  syncSettings,
  clocks,
];

export function examinePair(pair: Pair): PairDiagnosis {
  const { problems, unknown } = syncArrival(pair);
  return { problems: [...CHECKS.flatMap((check) => check(pair)), ...problems], unknown };
}

/** With engine keepalived every VIP is on one director; the facts of all must be there for that. */
function vipsOfAll({ config, ha, known }: Pair): PairProblem[] {
  if (ha.engine !== 'keepalived' || known.length < 2) return [];
  return config.vips.flatMap(({ address }) => {
    const vip = formatAddress(address);
    const having = known.filter(({ host }) => holders(host, address).length > 0);
    if (having.length > 1)
      return [
        {
          what: `VIP ${vip} is on ${having.map(nameOf).join(' and on ')}`,
          repair: ['lvsctl ha drain FILE'],
          on: nameOf(having.at(-1) as KnownDirector),
        },
      ];
    if (having.length === 1 || known.length < ha.peers.length) return [];
    return [{ what: `VIP ${vip} is on no director`, repair: ['systemctl restart keepalived'] }];
  });
}

function daemons({ config, known }: Pair): PairProblem[] {
  return known
    .filter(({ isInspected }) => !isInspected)
    .flatMap((director) =>
      config.sync.flatMap(({ role, interface: device, syncid }) => {
        const running = director.host.facts.daemons.find((one) => one.role === role);
        if (running?.interface === device && running.syncid === syncid) return [];
        const instead = running
          ? `has sync id ${running.syncid} on ${running.interface}`
          : 'does not run';
        return [
          {
            what:
              `the sync daemon ${role} of ${nameOf(director)} ${instead}; the file has ` +
              `sync id ${syncid} on ${device}`,
            repair: ['lvsctl director up FILE'],
            on: nameOf(director),
          },
        ];
      }),
    );
}

const SLOPPY = 'net/ipv4/vs/sloppy_tcp';

/** A hashing scheduler finds the server again only where packets without a SYN may begin anew. */
function refusedTakeover({ config, known }: Pair): PairProblem[] {
  const hashed = config.services.filter(
    ({ scheduler, protocol }) => protocol !== 'udp' && (scheduler === 'mh' || scheduler === 'sh'),
  );
  const [first] = hashed;
  if (first === undefined) return [];
  return known
    .filter(({ host }) => host.sysctl(SLOPPY) === 0)
    .map((director) => ({
      what:
        `net.ipv4.vs.sloppy_tcp is 0 on ${nameOf(director)}: connections of ${first.name} ` +
        'that began on another director are refused there',
      repair: ['sysctl -w net.ipv4.vs.sloppy_tcp=1'],
      on: nameOf(director),
    }));
}

/** Weights differ while health checks differ; services, schedulers and servers must not. */
function tables({ known }: Pair): PairProblem[] {
  const [first, ...others] = known.filter(({ host }) => host.facts.services !== null);
  if (first === undefined) return [];
  const here = describedTable(first.host);
  return others.flatMap((director) => {
    const there = describedTable(director.host);
    const differing = [...new Set([...here.keys(), ...there.keys()])].filter(
      (service) => here.get(service) !== there.get(service),
    );
    if (differing.length === 0) return [];
    const side = (text: string | undefined) => text ?? 'missing';
    const [service = ''] = differing;
    const more = differing.length > 1 ? ` and ${differing.length - 1} more` : '';
    return [
      {
        what:
          `the tables differ: ${service}${more}: ${side(here.get(service))} on ` +
          `${nameOf(first)}, ${side(there.get(service))} on ${nameOf(director)}`,
        repair: ['lvsctl director status FILE'],
        on: nameOf(director),
      },
    ];
  });
}

function describedTable({ services }: PathHost): Map<string, string> {
  return new Map(
    [...services].map(([name, { scheduler, flags }]) => [
      name,
      `scheduler ${[scheduler, ...(flags ?? [])].join(' ')}`,
    ]),
  );
}

function versions({ known }: Pair): PairProblem[] {
  const named = known.flatMap((one) =>
    one.host.facts.program === undefined ? [] : [`${one.host.facts.program} on ${nameOf(one)}`],
  );
  const different = new Set(known.flatMap(({ host }) => host.facts.program ?? []));
  if (different.size < 2) return [];
  return [{ what: `lvsctl has several versions: ${named.join(', ')}`, repair: [] }];
}

/** What both ends of the connection sync must have in common; the rest of it is in the daemons. */
const SYNC_KEYS = ['net/ipv4/vs/sync_version', 'net/ipv4/vs/sync_ports'] as const;

function syncSettings({ config, known }: Pair): PairProblem[] {
  if (config.sync.length === 0) return [];
  return SYNC_KEYS.flatMap((key) => {
    const values = known.flatMap((one) => {
      const value = one.host.sysctl(key);
      return value === undefined ? [] : [{ value, on: nameOf(one) }];
    });
    if (new Set(values.map(({ value }) => value)).size < 2) return [];
    const shown = values.map(({ value, on }) => `${value} on ${on}`).join(', ');
    return [
      {
        what:
          `${key.replaceAll('/', '.')} differs: ${shown}; a director does not read the ` +
          'connections of the other',
        repair: [],
      },
    ];
  });
}

/** seconds that clocks may be apart: times in logs and ends of administrative states */
const APART_S = 2;

/** Only facts that were just asked for: those of files may be from any time. */
function clocks({ known, asked }: Pair): PairProblem[] {
  if (asked === undefined) return [];
  return known
    .filter(({ isInspected }) => !isInspected)
    .flatMap((director) => {
      const time = Date.parse(director.host.facts.time ?? '') / 1000;
      // between both the answer was made; what is outside is certain
      const apart = Math.max(asked.from - time, time - asked.to);
      if (!(apart > APART_S)) return [];
      return [
        {
          what:
            `the clock of ${nameOf(director)} is ${Math.round(apart)} s ` +
            `${time < asked.from ? 'behind' : 'ahead'}`,
          repair: ['timedatectl set-ntp true'],
          on: nameOf(director),
        },
      ];
    });
}
