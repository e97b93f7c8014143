// Faults of a director; those of its rules are in rules.ts.

import { formatAddress } from '../../model/address.js';
import type { Service } from '../../model/service.js';
import { familyOf } from '../../model/service.js';
import type { VirtualService } from '../config/file.js';
import { schedulerModules } from '../plan/director.js';
import { connectedTo } from '../plan/facts.js';
import { hostPrefix } from '../plan/vips.js';
import { arpAnswers, WHY_ANSWERED } from './arpanswers.js';
import type { FindingRule, Found } from './finding.js';
import { type InspectedService, type Inspection, isLocal } from './inspection.js';
import { isNot, shell } from './repair.js';
import { RULE_CHECKS } from './rules.js';
import { syncDaemons } from './sync.js';
import { unsetMarks } from './unsetmarks.js';

/** the first kernel that schedules a reused port anew without a second's delay */
const GOOD_REUSE = [5, 9] as const;
/** entries to a bucket, on average, from which on inspection-ups cost */
const MOST_IN_BUCKET = 2;
const MOST_BITS = 20;

export const DIRECTOR_CHECKS: readonly FindingRule[] = [
  {
    id: 'module',
    role: 'director',
    why: 'Without its modules the kernel knows neither the rules nor the scheduler.',
    find: ({ host: { facts }, config, live }) => {
      if (!facts.kernel_rules) return [];
      const desired = new Set([
        'ip_vs',
        ...(config ? schedulerModules(config) : []),
        ...(live?.some(hasFtp) ? ['ip_vs_ftp'] : []),
      ]);
      return [...desired]
        .filter((name) => !facts.modules.includes(name))
        .map((name) => ({
          what: `module ${name} is not loaded`,
          repair: [shell('modprobe', name)],
        }));
    },
  },
  {
    id: 'capability',
    role: 'any',
    why: 'The kernel shows its rules, and takes new ones, only from a process that has CAP_NET_ADMIN.',
    find: ({ host }) =>
      host.facts.may_administer
        ? []
        : [
            {
              what: 'this process has no CAP_NET_ADMIN; the rules were not checked',
              repair: ['sudo lvsctl doctor'],
            },
          ],
  },
  {
    id: 'forwarding',
    role: 'director',
    why: 'The answers of NAT servers go through the director, which drops what it does not forward.',
    find: ({ expected, sysctl }) =>
      (['ipv4', 'ipv6'] as const).flatMap((family) => {
        const nat = expected.some(
          ({ service, destinations }) =>
            familyOf(service.id) === family &&
            destinations.some((one) => one.forwarding === 'masquerade'),
        );
        const key = family === 'ipv4' ? 'net/ipv4/ip_forward' : 'net/ipv6/conf/all/forwarding';
        return nat && sysctl(key) === '0' ? [isNot(key, '0', '1')] : [];
      }),
  },
  {
    id: 'vip',
    role: 'director',
    why: 'Packets for an address that the director does not have never reach its rules.',
    find: missingVips,
  },
  {
    id: 'arp-answer',
    role: 'director',
    why: WHY_ANSWERED,
    find: arpAnswers,
  },
  {
    id: 'conn-reuse',
    role: 'director',
    why: 'A client that uses a port again must get a new connection at once, to a server that is up.',
    find: ({ sysctl, host }) => {
      const mode = sysctl('net/ipv4/vs/conn_reuse_mode');
      const release = host.facts.kernel ?? '';
      const good = atLeast(release, GOOD_REUSE);
      if (good && mode === '0') return [isNot('net/ipv4/vs/conn_reuse_mode', '0', '1')];
      const stalls = !good && mode === '1' && sysctl('net/ipv4/vs/conntrack') === '1';
      const what =
        `net.ipv4.vs.conn_reuse_mode is 1 with connection ` +
        `tracking: Linux ${release} then delays a reused port by a second`;
      return stalls ? [{ what, repair: ['sysctl -w net.ipv4.vs.conn_reuse_mode=0'] }] : [];
    },
  },
  {
    id: 'persistence',
    role: 'director',
    why: 'Persistent clients stay with a server that was removed, or has weight 0, until their template times out.',
    find: ({ expected, sysctl }) =>
      expected.some(({ service }) => service.persistence)
        ? ['net/ipv4/vs/expire_nodest_conn', 'net/ipv4/vs/expire_quiescent_template'].flatMap(
            (key) => (sysctl(key) === '0' ? [isNot(key, '0', '1')] : []),
          )
        : [],
  },
  {
    id: 'removed-server',
    role: 'director',
    why: 'A client that keeps sending from one port stays with a server that was removed, and gets no answer.',
    find: ({ expected, sysctl, config }) => {
      const key = 'net/ipv4/vs/expire_nodest_conn';
      const leaves =
        expected.some(({ service }) => isUdp(service) && !service.persistence) ||
        config?.services.some(canLoseServers);
      const isPersistent = expected.some(({ service }) => service.persistence);
      return leaves && !isPersistent && sysctl(key) === '0' ? [isNot(key, '0', '1')] : [];
    },
  },
  ...RULE_CHECKS,
  {
    id: 'mark',
    role: 'director',
    why: 'Packets get their mark from the packet filter; without a rule that sets it none belongs to the service.',
    find: unsetMarks,
  },
  {
    id: 'table-size',
    role: 'director',
    why: 'The connection of every packet is searched in a bucket: the more connections share it, the longer it takes.',
    find: tableSize,
  },
  {
    id: 'sync',
    role: 'director',
    why: 'A sync daemon without a peer hands no connections over when the director fails.',
    find: syncDaemons,
  },
];

/** Addresses of services that no interface has and no route makes local. */
function missingVips(inspection: Inspection): Found[] {
  const { config, expected, facts } = inspection;
  const managed = new Map(
    (config?.vips ?? []).map((vip) => [formatAddress(vip.address), vip] as const),
  );
  const named = [
    ...(config?.vips ?? []).map(({ address }) => address),
    ...expected.flatMap(({ vips: all }) => all),
  ];
  const vips = new Map(named.map((vip) => [formatAddress(vip), vip]));
  return [...vips]
    .filter(([text, vip]) => managed.get(text)?.managed !== false && !isLocal(vip, inspection))
    .map(([text, vip]) => {
      const place = managed.get(text)?.interface;
      if (place !== undefined)
        return {
          what: `VIP ${text} is not on ${place}`,
          repair: [shell('ip', 'addr', 'add', hostPrefix(vip), 'dev', place)],
        };
      const device =
        connectedTo(vip, facts)[0]?.device ??
        / dev (\S+)/.exec(` ${facts.routes(vip.family) ?? ''}`)?.[1] ??
        'eth0';
      return {
        what: `VIP ${text} is on no interface`,
        repair: [shell('ip', 'addr', 'add', hostPrefix(vip), 'dev', device)],
      };
    });
}

/** FTP names an address and a port in its control connection, which NAT has to translate. */
function hasFtp({ service: { id }, destinations }: InspectedService): boolean {
  return (
    id.kind === 'address' &&
    id.protocol === 'tcp' &&
    id.port === FTP_PORT &&
    destinations.some(({ forwarding }) => forwarding === 'masquerade')
  );
}
const FTP_PORT = 21;

/** Each packet of one-packet scheduling is sent by itself, and stays with no server. */
function isUdp({ id, onePacket }: Service): boolean {
  return id.kind === 'address' && id.protocol === 'udp' && !onePacket;
}

function canLoseServers({ checks, servers, health }: VirtualService): boolean {
  const checked = checks.length > 0 || servers.some((one) => (one.checks ?? []).length > 0);
  return checked && health.failed === 'remove';
}

function atLeast(release: string, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return a > major || (a === major && b >= minor);
}

/** The module keeps the size that it was loaded with. */
function tableSize({ host, live = [] }: Inspection): Found[] {
  const bits = host.facts.table_bits ?? 0;
  const connections = live.reduce((sum, one) => sum + one.connections, 0);
  if (bits === 0 || connections <= MOST_IN_BUCKET * 2 ** bits) return [];
  const desired = Math.min(MOST_BITS, Math.ceil(Math.log2(connections)) + 1);
  const loaded = host.facts.modules.filter((name) => name.startsWith('ip_vs_'));
  return [
    {
      what: `${connections} connections in a table of ${2 ** bits} buckets`,
      repair: [
        `echo 'options ip_vs conn_tab_bits=${desired}' > /etc/modprobe.d/ip_vs.conf`,
        'ipvsadm-save -n > /run/ipvsadm.rules',
        'ipvsadm -C',
        shell('modprobe', '-r', ...loaded, 'ip_vs'),
        `modprobe ip_vs conn_tab_bits=${desired}`,
        'ipvsadm-restore < /run/ipvsadm.rules',
      ],
    },
  ];
}
