// Reports of people, kind A: marks of a live packet filter that `import` read wrongly. The rules are
// made by iptables itself. LVS_TEST_FULL=1 plays them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { FULL } from '../support/full.js';
import { prepareHost, sh } from './host.js';
import { Agent, addMachine, inside, removeAll } from './network.js';

const DIRECTOR = 'fi-d';
const VIP = '192.0.2.10';
const shell = (line: string) => inside(DIRECTOR, '/bin/bash', '--norc', '-c', line);

beforeAll(() => {
  if (!FULL) return;
  prepareHost();
  for (const module of ['ip_vs_rr', 'dummy', 'iptable_mangle', 'xt_multiport', 'xt_mac'])
    sh('/sbin/modprobe', module);
  addMachine(DIRECTOR);
  shell(
    `ip link add d0 type dummy; ip link set d0 up; ip addr add 192.0.2.1/24 dev d0; ip addr add ${VIP}/32 dev d0`,
  );
  shell('ipvsadm -A -f 1 -s rr; ipvsadm -a -f 1 -r 192.0.2.11:0 -g');
}, 60_000);
afterAll(() => {
  if (FULL) removeAll([DIRECTOR]);
});

/** Ports of the file; undefined = refused, with the mark. */
const ROWS: readonly (readonly [rules: readonly string[], ports: unknown])[] = [
  [['PREROUTING -p tcp --dport 80'], [80]],
  [['PREROUTING -p tcp -m multiport --dports 80,443'], [80, 443]],
  [
    ['PREROUTING -p tcp --dport 21', 'PREROUTING -p tcp --dport 10000:20000'],
    [21, '10000-20000'],
  ],
  [['INPUT -p tcp --dport 80'], [80]],
  [['PREROUTING -p tcp ! --dport 22'], undefined],
  [['PREROUTING -p tcp --dport 80 -m mac ! --mac-source 02:00:00:00:00:01'], undefined],
  [['PREROUTING -s 203.0.113.0/24 -p tcp --dport 80'], undefined],
  [['PREROUTING -p icmp', 'PREROUTING -p udp --dport 53'], undefined],
  [['POSTROUTING -p tcp --dport 80'], undefined],
];

test.runIf(FULL)('import of marks that iptables has set', { timeout: 120_000 }, async () => {
  const agent = new Agent(DIRECTOR);
  const found: unknown[] = [];
  for (const [rules] of ROWS) {
    shell('iptables-legacy -t mangle -F');
    for (const rule of rules)
      shell(`iptables-legacy -t mangle -A ${rule} -d ${VIP} -j MARK --set-mark 1`);
    const { status, stdout, stderr } = await agent.lvsctl('import');
    const file = parse(stdout || '{}') as { services?: readonly { ports?: unknown }[] };
    found.push(
      status === 0 ? file.services?.[0]?.ports : stderr.includes('mark 1') ? undefined : stderr,
    );
  }
  await agent.kill();
  expect(found).toEqual(ROWS.map(([, ports]) => ports));
});
