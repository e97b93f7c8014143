// Faults of a director; those of its rules are in rules.ts.

import { formatAddress } from '../../model/address.js';
import { familyOf } from '../../model/service.js';
import { serviceKey } from '../../model/table.js';
import { printCommand } from '../plan/command.js';
import { schedulerModules } from '../plan/director.js';
import { connectedTo } from '../plan/facts.js';
import { describeRule, FIREWALL } from '../plan/firewall.js';
import { markRules } from '../plan/markrules.js';
import { unmarked } from '../plan/marks.js';
import { DAEMON } from '../plan/rules.js';
import { isLoaded } from '../plan/sysctl.js';
import { hostPrefix } from '../plan/vips.js';
import type { FindingRule, Found } from './finding.js';
import { type Inspection, isLocal, mayAdminister } from './inspection.js';
import { isNot, shell, typed, wrongAddress } from './repair.js';
import { RULE_CHECKS } from './rules.js';

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
    find: ({ machine, config }) => {
      if (!machine.hasKernelRules) return [];
      const desired = ['ip_vs', ...(config ? schedulerModules(config) : [])];
      return desired
        .filter((name) => !isLoaded(name, machine))
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
    find: ({ machine }) =>
      mayAdminister(machine)
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
    find: (inspection) => (inspection.config ? missingVips(inspection) : unknownVips(inspection)),
  },
  {
    id: 'arp-answer',
    role: 'director',
    why: 'Clients that take the real server for the VIP reach that one server, past the director.',
    find: arpAnswers,
  },
  {
    id: 'conn-reuse',
    role: 'director',
    why: 'A client that uses a port again must get a new connection at once, to a server that is up.',
    find: ({ sysctl, machine }) => {
      const mode = sysctl('net/ipv4/vs/conn_reuse_mode');
      const release = machine.read('/proc/sys/kernel/osrelease')?.trim() ?? '';
      const good = atLeast(release, GOOD_REUSE);
      if (good && mode === '0') return [isNot('net/ipv4/vs/conn_reuse_mode', '0', '1')];
      const stalls = !good && mode === '1' && sysctl('net/ipv4/vs/conntrack') === '1';
      const what = `net.ipv4.vs.conn_reuse_mode is 1 with connection tracking: Linux ${release} then delays a reused port by a second`;
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
  ...RULE_CHECKS,
  {
    id: 'mark',
    role: 'director',
    why: 'Packets get their mark from the packet filter; without a rule that sets it none belongs to the service.',
    find: ({ expected, marks, config, facts }) =>
      expected.flatMap(({ service: { id } }) => {
        if (id.kind !== 'fwmark') return [];
        const setting = marks.filter(
          ({ mark, family }) => mark === id.mark && family === id.family,
        );
        const source = config?.services.find(({ mark }) => mark === id.mark);
        const missing = source ? unmarked(markRules(source), setting) : [];
        if (setting.length > 0 && missing.length === 0) return [];
        const rules = missing.flatMap((rule) =>
          FIREWALL.commands({ tool: facts.firewallTool(), rule }, false, true),
        );
        const some = missing.map(describeRule).join('; ');
        const pattern = `${id.family === 'ipv6' ? 'ip6' : 'ip'}tables -t mangle -A PREROUTING -d VIP -p tcp --dport PORT -j MARK --set-mark ${id.mark}`;
        return [
          {
            what: `${serviceKey(id)}: no rule sets this mark${setting.length > 0 ? `: ${some}` : ''}`,
            repair: rules.length > 0 ? rules.map(printCommand) : [pattern],
          },
        ];
      }),
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

function missingVips({ config, facts }: Inspection): Found[] {
  return (config?.vips ?? []).flatMap(({ address, interface: device, managed }) =>
    managed ? wrongAddress(address, device, facts.addresses) : [],
  );
}

/** Addresses of live services that no interface has and no route makes local. */
function unknownVips(inspection: Inspection): Found[] {
  const vips = new Map(
    inspection.expected.flatMap(({ vips: all }) =>
      all.map((vip) => [formatAddress(vip), vip] as const),
    ),
  );
  for (const { address, managed } of inspection.config?.vips ?? [])
    if (!managed) vips.delete(formatAddress(address));
  return [...vips.values()]
    .filter((vip) => !isLocal(vip, inspection))
    .map((vip) => {
      const device =
        connectedTo(vip, inspection.facts)[0]?.device ??
        / dev (\S+)/.exec(inspection.facts.routes(vip.family) ?? '')?.[1] ??
        'eth0';
      return {
        what: `VIP ${formatAddress(vip)} is on no interface`,
        repair: [shell('ip', 'addr', 'add', hostPrefix(vip), 'dev', device)],
      };
    });
}

/** Asks on the network which hosts have the VIPs, as a host does before it takes an address. */
function arpAnswers({ machine, expected, facts }: Inspection): Found[] {
  const quiet = expected.filter(({ destinations }) =>
    destinations.some(({ forwarding }) => forwarding === 'direct' || forwarding === 'tunnel'),
  );
  const vips = new Set(
    quiet.flatMap(({ vips: all }) =>
      all.filter(({ family }) => family === 'ipv4').map(formatAddress),
    ),
  );
  return facts.addresses
    .filter(({ address, device }) => vips.has(address) && device !== 'lo')
    .flatMap(({ address, device }) => {
      const { status, stdout } = machine.run('arping', [
        '-D',
        '-c',
        '2',
        '-w',
        '1',
        '-I',
        device,
        address,
      ]);
      const mac = /\[([0-9A-Fa-f:]{17})\]/.exec(stdout)?.[1]?.toLowerCase();
      if (status !== 1 || mac === undefined) return [];
      const neighbour = machine
        .run('ip', ['neigh', 'show', 'dev', device])
        .stdout.split('\n')
        .find((line) => line.includes(` ${mac} `) && !line.includes(':: '));
      const server = neighbour?.split(' ')[0];
      const what = `${server ?? 'a machine'} (${mac}) answers ARP for VIP ${address}`;
      return [
        {
          what,
          on: server ?? `the machine with ${mac}`,
          repair: [
            'sysctl -w net.ipv4.conf.all.arp_ignore=1',
            'sysctl -w net.ipv4.conf.all.arp_announce=2',
          ],
        },
      ];
    });
}

function atLeast(release: string, [major, minor]: readonly [number, number]): boolean {
  const [a = 0, b = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return a > major || (a === major && b >= minor);
}

/** The module keeps the size that it was loaded with. */
function tableSize({ machine, live = [] }: Inspection): Found[] {
  const bits = Number(machine.read('/sys/module/ip_vs/parameters/conn_tab_bits')?.trim() ?? 0);
  const connections = live.reduce((sum, one) => sum + one.connections, 0);
  if (bits === 0 || connections <= MOST_IN_BUCKET * 2 ** bits) return [];
  const desired = Math.min(MOST_BITS, Math.ceil(Math.log2(connections)) + 1);
  const loaded = machine.list('/sys/module').filter((name) => name.startsWith('ip_vs_'));
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

function syncDaemons({ config, facts, running }: Inspection): Found[] {
  const absent = (config?.sync ?? []).filter(
    ({ role }) => !running.some((daemon) => daemon.role === role),
  );
  const starts = absent.map(({ syncid, max_length, ...rest }): Found => {
    const [command] = DAEMON.commands({ role: rest.role }, null, {
      ...rest,
      syncId: syncid,
      maxLength: max_length,
    });
    return {
      what: `sync daemon ${rest.role} is not running`,
      repair: command ? [printCommand(command)] : [],
    };
  });
  const deaf = running.flatMap(({ role, interface: device }): Found[] => {
    const link = facts.links.find(({ name }) => name === device);
    if (link?.up && link.carrier && device !== 'lo') return [];
    const state =
      link === undefined
        ? 'does not exist'
        : device === 'lo'
          ? 'has no other hosts'
          : link.up
            ? 'has no carrier'
            : 'is down';
    const stop = typed({ kind: 'stop-daemon', role, syncId: 0 });
    return [
      {
        what: `sync daemon ${role}: its interface ${device} ${state}, so it has no peer`,
        repair: [link && device !== 'lo' ? shell('ip', 'link', 'set', device, 'up') : stop],
      },
    ];
  });
  return [...starts, ...deaf];
}
