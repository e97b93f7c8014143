// `trace` against the packets that tcpdump sees on the switches: addresses, ports, MACs, TTL, tunnel
// and server of every packet on its path, and the mark by rules that count. Each forwarding method,
// tunnel, family and kind of persistence. LVS_TEST_FULL=1 plays all; LVS_TRACE_ONLY chooses by a
// pattern, and LVS_TRACE_REPORT names a file for what differs.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseFacts } from '../../src/lvsctl/facts/json.js';
import type { MachineFacts } from '../../src/lvsctl/facts/types.js';
import { type Trace, type TracedPacket, trace } from '../../src/lvsctl/path/trace.js';
import { parseAddress } from '../../src/model/address.js';
import { FULL } from '../support/full.js';
import { Capture, type Frame } from './capture.js';
import { Console } from './console.js';
import { prepareHost, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, removeAll } from './network.js';
import { GUE_PORT, type TraceCase, traceCases, VIPS } from './tracecases.js';

const MACHINES = ['tcl', 'trt', 'tdir', 'tr1', 'tr2'] as const;
const SWITCHES = ['tna', 'tnb', 'tnc'] as const;
type Name = (typeof MACHINES)[number];
const MODULES =
  'ipip sit ip_gre ip6_tunnel ip6_gre fou fou6 ip_vs_rr ip_vs_sh ip_vs_mh ip_vs_dh ip_vs_wlc ip_vs_lc ip_vs_sed ip_vs_nq ip_vs_fo ip_vs_ovf ip_vs_pe_sip';

const ONLY = new RegExp(process.env.LVS_TRACE_ONLY ?? '');
const REPORT = process.env.LVS_TRACE_REPORT;
const cases = traceCases().filter(({ name }) => ONLY.test(name));

const directory = mkdtempSync(join(tmpdir(), 'lvs-trace-'));
const agents = new Map<Name, Agent>();
const consoles = new Map<Name, Console>();
let captures: Capture[] = [];
/** of the servers, read once: neither changes */
let servers: MachineFacts[] = [];
/** machine by MAC */
const owners = new Map<string, Name>();

const agent = (name: Name) => agents.get(name) ?? expect.fail();
const console = (name: Name) => consoles.get(name) ?? expect.fail();
const must = (name: Name, ...commands: string[]) =>
  console(name).must(commands.map((command) => ({ command })));

beforeAll(async () => {
  if (!FULL) return;
  prepareHost();
  for (const module of MODULES.split(' ')) sh('/sbin/modprobe', module);
  for (const name of SWITCHES) addSwitch(name);
  for (const name of MACHINES) addMachine(name);
  wire();
  for (const name of MACHINES) consoles.set(name, new Console(name));
  for (const name of ['tcl', 'tdir', 'tr1', 'tr2'] as const) agents.set(name, new Agent(name));
  await Promise.all([
    must('trt', FORWARDING, QUIET_ROUTER),
    must('tdir', FORWARDING, QUIET_ROUTER, ...addresses('tdir')),
    must(
      'tcl',
      'ip route add default via 192.0.2.254',
      'ip -6 route add default via 2001:db8:a::254',
      'ip route add default via 203.0.113.254 table 88; ip rule add from 203.0.113.100 lookup 88 pref 50',
      'ip -6 route add default via 2001:db8:c::254 table 88; ip -6 rule add from 2001:db8:c::100 lookup 88 pref 50',
    ),
    ...(['tr1', 'tr2'] as const).map((name) => must(name, ...addresses(name), ...serverSide(name))),
  ]);
  captures = SWITCHES.map((name) => new Capture(name, join(directory, name), GUE_PORT));
  for (const name of MACHINES)
    for (const [, mac] of sh('/sbin/ip', '-n', name, '-o', 'link').matchAll(/link\/ether (\S+)/g))
      if (mac) owners.set(mac, name);
  await Promise.all(
    (['tr1', 'tr2'] as const).map((name) =>
      agent(name).do({
        kind: 'greet',
        addresses: [...VIPS, ...ownOf(name)],
        ports: [80, 5060, 8080],
      }),
    ),
  );
  await warm();
  servers = await Promise.all([factsOf('tr1'), factsOf('tr2')]);
}, 120_000);

afterAll(() => {
  if (FULL) removeAll([...MACHINES, ...SWITCHES]);
  rmSync(directory, { recursive: true, force: true });
});

const FORWARDING =
  'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding';
const QUIET_ROUTER = 'for i in /proc/sys/net/ipv4/conf/*/send_redirects; do echo 0 >$i; done';

/** Three networks: a has the VIPs, b the servers of nat, c is behind a router. */
function wire(): void {
  const nets = [
    ['192.0.2.', '2001:db8:a::'],
    ['198.51.100.', '2001:db8:b::'],
    ['203.0.113.', '2001:db8:c::'],
  ] as const;
  const host: Record<Name, number> = { tcl: 100, trt: 254, tdir: 1, tr1: 11, tr2: 12 };
  const on: Record<Name, readonly number[]> = {
    ...{ tcl: [0, 2], trt: [0, 2], tdir: [0, 1], tr1: [0, 1, 2], tr2: [0, 1, 2] },
  };
  for (const name of MACHINES)
    for (const at of on[name]) {
      const [four, six] = nets[at] ?? expect.fail();
      attach(name, `eth${at}`, SWITCHES[at] ?? '', [
        `${four}${host[name]}/24`,
        `${six}${host[name]}/64`,
      ]);
    }
}

const ownOf = (name: 'tr1' | 'tr2') => {
  const host = name === 'tr1' ? 11 : 12;
  return [`198.51.100.${host}`, `2001:db8:b::${host}`];
};

/** The VIPs, and the way out. */
function addresses(name: Name): string[] {
  const device = name === 'tdir' ? 'eth0' : 'lo';
  return [
    ...(name === 'tdir'
      ? []
      : [
          'for i in all eth0 eth2; do echo 1 >/proc/sys/net/ipv4/conf/$i/arp_ignore; echo 2 >/proc/sys/net/ipv4/conf/$i/arp_announce; done',
        ]),
    ...VIPS.map(
      (vip) =>
        `ip addr add ${vip}/${vip.includes(':') ? '128 nodad preferred_lft 0' : 32} dev ${device}`,
    ),
    'ip route add default via 192.0.2.254',
    'ip -6 route add default via 2001:db8:a::254',
  ];
}

/** Devices of every tunnel; answers of nat go by the director. */
function serverSide(name: 'tr1' | 'tr2'): string[] {
  const [four, six] = ownOf(name);
  const host = name === 'tr1' ? 11 : 12;
  return [
    // gre with checksums has a device of its own, on the network where its cases are
    `ip link add grec type gre local 192.0.2.${host} csum; ip link set grec up`,
    `ip link add ip6grec type ip6gre local 2001:db8:a::${host} csum; ip link set ip6grec up`,
    'for i in tunl0 sit0 gre0 ip6gre0; do ip link set $i up; done',
    'ip link set ip6tnl0 type ip6tnl mode any || true; ip link set ip6tnl0 up',
    `ip fou add port ${GUE_PORT} gue; ip fou add port ${GUE_PORT} gue -6`,
    'ip route add default via 198.51.100.1 table 77; ip -6 route add default via 2001:db8:b::1 table 77',
    // what is not answered through the director is answered straight
    `ip rule add from ${four} lookup 77 pref 100; ip -6 rule add from ${six} lookup 77 pref 100`,
  ];
}

/** Every neighbour is known once. */
async function warm(): Promise<void> {
  const ask = (from: Name, ...to: string[]) =>
    console(from).run(to.map((one) => ({ command: `ping -c1 -W1 ${one} >/dev/null` })));
  const servers = [11, 12].flatMap((n) =>
    ['192.0.2.', '198.51.100.', '2001:db8:a::', '2001:db8:b::'].map((net) => `${net}${n}`),
  );
  await Promise.all([
    ask('tdir', ...servers, '192.0.2.254', '2001:db8:a::254', '192.0.2.100', '2001:db8:a::100'),
    ask(
      'tr1',
      '192.0.2.254',
      '2001:db8:a::254',
      '192.0.2.100',
      '2001:db8:a::100',
      '203.0.113.100',
      '2001:db8:c::100',
    ),
    ask(
      'tr2',
      '192.0.2.254',
      '2001:db8:a::254',
      '192.0.2.100',
      '2001:db8:a::100',
      '203.0.113.100',
      '2001:db8:c::100',
    ),
    ask(
      'trt',
      '203.0.113.100',
      '2001:db8:c::100',
      '203.0.113.11',
      '203.0.113.12',
      '2001:db8:c::11',
      '2001:db8:c::12',
    ),
  ]);
}

async function factsOf(name: Name): Promise<MachineFacts> {
  const { stdout, stderr } = await agent(name).lvsctl('doctor', '--facts');
  if (stdout === '') throw new Error(`${name}: ${stderr}`);
  return { ...parseFacts(stdout, name), machine: name };
}

test.runIf(FULL)(
  `${cases.length} packets and their answers, as trace has them`,
  {
    timeout: 3_600_000,
  },
  async () => {
    expect(cases.length).toBeGreaterThan(0);
    const wrong: string[] = [];
    for (const one of cases) {
      const found = await play(one).catch((error: Error) => [`not played: ${error.message}`]);
      const lines = found.map((text) => `${one.name}: ${text}`);
      wrong.push(...lines);
      if (REPORT) appendFileSync(REPORT, `${lines.join('\n') || `${one.name}: equal`}\n`);
    }
    expect(wrong, wrong.join('\n')).toEqual([]);
  },
);

/** @returns what differs */
async function play(one: TraceCase): Promise<string[]> {
  const four = one.family === 'ipv4';
  const save = four ? 'iptables-legacy' : 'ip6tables-legacy';
  await console('tdir').must([
    { command: 'ipvsadm -R', input: ['-C', ...one.rules].join('\n') },
    {
      command: `iptables-legacy -t mangle -F; ip6tables-legacy -t mangle -F; ${one.marks.map((rule) => `${save} -t mangle ${rule}`).join('; ') || true}`,
    },
  ]);
  for (const before of one.before) await agent('tcl').do({ kind: 'dial', ...before });
  await console('tdir').must(one.later.map((command) => ({ command })));
  const facts = [await factsOf('tdir'), ...servers];
  const { from, fromPort, to, port, protocol } = one.packet;
  const found = trace(
    facts,
    {
      ...{ protocol, clientPort: fromPort, virtualPort: port, ttl: one.far ? 63 : 64 },
      client: parseAddress(from) ?? expect.fail(),
      virtual: parseAddress(to) ?? expect.fail(),
    },
    'facts',
  );
  await countMarks(found, save);
  for (const capture of captures) capture.read();
  const answer = await agent('tcl').do<string>({ kind: 'dial', ...one.packet });
  await new Promise((done) => setTimeout(done, 60));
  const frames = captures.flatMap((capture) => capture.read());
  await agent('tcl').do({ kind: 'drop-all' });
  // small packets fit; what is lost is lost for the client too
  const isThrough = found.outcome === 'pass' || found.at?.stage === 'size';
  const isLost = found.outcome === 'lost' && found.at?.stage !== 'size';
  return [
    ...(isThrough || isLost ? [] : [`${found.outcome}: ${found.at?.what}`]),
    ...(isLost === isAnswer(answer) ? [`the client got ${answer}; ${found.at?.what}`] : []),
    ...compare(one, found, frames),
    ...(await marksSeen(found, save)),
  ];
}

const isAnswer = (text: string) => /:\d+$/.test(text);

/** The packets between machines, each with its sender. */
function onLinks({ hops }: Trace): { sender: string; packet: TracedPacket }[] {
  return hops.flatMap((hop, i) =>
    hop.machine === hops[i + 1]?.machine ? [] : [{ sender: hop.machine, packet: hop.packet }],
  );
}

function compare(one: TraceCase, found: Trace, frames: readonly Frame[]): string[] {
  const { from, fromPort } = one.packet;
  const mine = frames.filter(
    (frame) =>
      (frame.source === from && frame.sourcePort === fromPort) ||
      (frame.destination === from && frame.destinationPort === fromPort),
  );
  const first = found.hops[0]?.packet;
  const links = [
    ...(first ? [{ sender: one.far ? 'trt' : 'tcl', packet: first }] : []),
    // the machine where it is lost sends nothing
    ...onLinks(found).slice(0, found.outcome === 'lost' ? -1 : undefined),
  ];
  const choice = found.hops.find(({ stage }) => stage === 'server')?.what ?? '';
  // one of several: only the client's own packet can be compared
  const isOpen = choice.includes('in turn') || choice.includes('depends on');
  return links.flatMap(({ sender, packet }, i) => {
    const isAsked = packet.source === from;
    const seen = mine.filter(
      (frame) =>
        owners.get(frame.sourceMac) === sender &&
        (frame.source === from) === isAsked &&
        (frame.tunnel === undefined) === (packet.tunnel === null),
    );
    const [frame] = seen;
    if (isOpen && i > 0) return [];
    if (frame === undefined) return [`${sender} sent no packet ${text(packet)}`];
    const differing = differences(packet, frame, i === 0 && one.far);
    return differing.map((what) => `${sender}: ${what}`);
  });
}

const text = (packet: TracedPacket) => `${packet.source} > ${packet.destination}`;

function differences(packet: TracedPacket, frame: Frame, byRouter: boolean): string[] {
  const pairs: [string, unknown, unknown][] = [
    ['protocol', packet.protocol, frame.protocol],
    ['source', packet.source, frame.source],
    ['source port', packet.source_port, frame.sourcePort],
    ['destination', packet.destination, frame.destination],
    ['destination port', packet.destination_port, frame.destinationPort],
    ['TTL', packet.ttl, frame.ttl],
    ['destination MAC', packet.destination_mac, frame.destinationMac],
    // which router a packet comes by is not known on the director
    ...(byRouter
      ? []
      : [['source MAC', packet.source_mac, frame.sourceMac] as [string, unknown, unknown]]),
    ['tunnel', JSON.stringify(packet.tunnel), JSON.stringify(frame.tunnel ?? null)],
  ];
  return pairs
    .filter(([, told, seen]) => told !== seen)
    .map(([name, told, seen]) => `${name} is ${seen}, trace has ${told}`);
}

/** The packet's mark where IPVS looks at it. */
const markOf = ({ hops }: Trace) => hops.find(({ stage }) => stage === 'service')?.packet.mark ?? 0;

async function countMarks(found: Trace, save: string): Promise<void> {
  const packet = found.hops[0]?.packet ?? expect.fail();
  const match = `-p ${packet.protocol} --sport ${packet.source_port} -m mark`;
  await must(
    'tdir',
    `${save} -t mangle -A INPUT ${match} --mark ${markOf(found)}`,
    `${save} -t mangle -A INPUT ${match} ! --mark ${markOf(found)}`,
  );
}

async function marksSeen(found: Trace, save: string): Promise<string[]> {
  const [said] = await must('tdir', `${save} -t mangle -nvxL INPUT | tail -n 2`);
  const [equal, other] = (said?.text ?? '')
    .split('\n')
    .map((line) => Number(line.trim().split(/\s+/)[0]));
  return (equal ?? 0) > 0 && other === 0
    ? []
    : [`the mark is not ${markOf(found)}: ${equal} packets have it, ${other} have another`];
}
