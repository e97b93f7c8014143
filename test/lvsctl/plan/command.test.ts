import { describe, expect, test } from 'vitest';
import { printCommand } from '../../../src/lvsctl/plan/command.js';
import type { DaemonRequest } from '../../../src/model/daemon.js';

const id = {
  kind: 'address',
  protocol: 'tcp',
  address: { family: 'ipv6', words: [0x20010db8, 0, 0, 1] },
  port: 80,
} as const;
const daemon: DaemonRequest = {
  role: 'backup',
  interface: 'eth1',
  syncId: 3,
  maxLength: 1400,
  group: { family: 'ipv4', value: 0xe0000051 },
  port: 8848,
  ttl: 2,
};

describe('printCommand', () => {
  test.each([
    [
      { kind: 'run', program: 'ip', args: ['addr', 'add', '192.0.2.1/32', 'dev', 'eth0'] },
      'ip addr add 192.0.2.1/32 dev eth0',
    ],
    [
      { kind: 'run', program: 'nft', args: ["add table ip x; add chain ip x 'y' { }"] },
      "nft 'add table ip x; add chain ip x '\\''y'\\'' { }'",
    ],
    [{ kind: 'run', program: 'echo', args: [''] }, "echo ''"],
    [{ kind: 'sysctl', key: 'net/ipv4/ip_forward', value: '1' }, 'sysctl -w net.ipv4.ip_forward=1'],
    [
      { kind: 'sysctl', key: 'net/ipv4/conf/eth0.100/arp_ignore', value: '1' },
      'sysctl -w net/ipv4/conf/eth0.100/arp_ignore=1',
    ],
    [{ kind: 'rule', change: { kind: 'delete-service', id } }, "ipvsadm -D -t '[2001:db8::1]:80'"],
    [
      {
        kind: 'rule',
        change: {
          kind: 'delete-destination',
          id,
          destination: { address: id.address, port: 8080 },
        },
      },
      "ipvsadm -d -t '[2001:db8::1]:80' -r '[2001:db8::1]:8080'",
    ],
    [{ kind: 'rule', change: { kind: 'zero', id: undefined } }, 'ipvsadm -Z'],
    [{ kind: 'rule', change: { kind: 'flush' } }, 'ipvsadm -C'],
    [
      { kind: 'rule', change: { kind: 'set-timeouts', timeouts: { tcp: 1, tcpFin: 2, udp: 3 } } },
      'ipvsadm --set 1 2 3',
    ],
    [
      { kind: 'rule', change: { kind: 'start-daemon', daemon } },
      'ipvsadm --start-daemon backup --mcast-interface eth1 --syncid 3 --sync-maxlen 1400 --mcast-group 224.0.0.81 --mcast-port 8848 --mcast-ttl 2',
    ],
    [
      { kind: 'rule', change: { kind: 'stop-daemon', role: 'master', syncId: 3 } },
      'ipvsadm --stop-daemon master --syncid 3',
    ],
  ] as const)('%j', (command, line) => expect(printCommand(command)).toBe(line));
});
