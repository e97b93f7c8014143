// The kernel and the model side by side: the same random rules, the same connections, one after the
// other; the same server each time, the same counts, the same list of connections.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { EMPTY_TABLE } from '../../src/backend/memory/state.js';
import { type Family, formatAddress } from '../../src/model/address.js';
import type { Change } from '../../src/model/change.js';
import type { Destination } from '../../src/model/destination.js';
import type { Service, ServiceId } from '../../src/model/service.js';
import type { Packet } from '../../src/simulator/packet.js';
import { at } from '../support/address.js';
import { answer } from '../support/inprocess.js';
import { random } from '../support/random.js';
import { kernel, prepareHost, reset, sh } from './host.js';
import { Agent, addMachine, removeAll, until } from './network.js';

const LONG = process.env.LVS_TEST_MODEL === 'long';
const RULE_SETS = LONG ? 100 : 14;
const ARRIVALS = LONG ? 24 : 16;
const CLIENT = 'md-client';
const SERVERS = 'md-servers';
/** all that pick the same server each time; twos draws lots and is no module of this kernel */
const SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'sed',
  'nq',
  'fo',
  'ovf',
  'dh',
  'sh',
  'mh',
  'lblc',
  'lblcr',
] as const;
const PORTS = [80, 8080];
const CLIENTS = 24;
const MOST_SERVERS = 6;
const ip = (...args: string[]) => sh('/sbin/ip', ...args);

let backend: Backend;
let client: Agent;

beforeAll(async () => {
  prepareHost();
  backend = await kernel();
  await reset(backend);
  for (const [name, device] of [
    [CLIENT, 'md0'],
    [SERVERS, 'md1'],
  ] as const) {
    addMachine(name);
    ip('link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', device, 'up');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }
  ip('addr', 'add', '172.16.0.254/16', 'dev', 'md0');
  ip('addr', 'add', '10.98.0.254/16', 'dev', 'md1');
  ip('addr', 'add', 'fd00:172::254/64', 'dev', 'md0', 'nodad');
  ip('addr', 'add', 'fd00:98::254/64', 'dev', 'md1', 'nodad');
  for (let i = 1; i <= CLIENTS; i++) {
    ip('-n', CLIENT, 'addr', 'add', `${clientAddress(i, 'ipv4')}/16`, 'dev', 'eth0');
    ip('-n', CLIENT, 'addr', 'add', `${clientAddress(i, 'ipv6')}/64`, 'dev', 'eth0', 'nodad');
  }
  for (let i = 1; i <= MOST_SERVERS; i++) {
    ip('-n', SERVERS, 'addr', 'add', `10.98.0.${i}/16`, 'dev', 'eth0');
    ip('-n', SERVERS, 'addr', 'add', `fd00:98::${i}/64`, 'dev', 'eth0', 'nodad');
  }
  ip('-n', CLIENT, 'route', 'add', 'default', 'via', '172.16.0.254');
  ip('-n', SERVERS, 'route', 'add', 'default', 'via', '10.98.0.254');
  ip('-n', CLIENT, '-6', 'route', 'add', 'default', 'via', 'fd00:172::254');
  ip('-n', SERVERS, '-6', 'route', 'add', 'default', 'via', 'fd00:98::254');
  sh(
    '/bin/sh',
    '-c',
    'echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
  );
  client = new Agent(CLIENT);
  const addresses = Array.from({ length: MOST_SERVERS }, (_, i) => [
    `10.98.0.${i + 1}`,
    `fd00:98::${i + 1}`,
  ]).flat();
  await new Agent(SERVERS).do({ kind: 'greet', addresses, ports: PORTS });
}, 60_000);
afterAll(async () => {
  removeAll([CLIENT, SERVERS]);
  await withoutTrace();
  // the tests that follow list connections too
  await until(() => readFileSync('/proc/net/ip_vs_conn', 'latin1').split('\n').length <= 2);
  await backend.close();
});

/** Takes the rules away, and the connections with their servers. */
async function withoutTrace(): Promise<void> {
  const sysctl = '/proc/sys/net/ipv4/vs/expire_nodest_conn';
  writeFileSync(sysctl, '1');
  await reset(backend);
  await new Promise((resolve) => setTimeout(resolve, 100));
  writeFileSync(sysctl, '0');
}

function clientAddress(i: number, family: Family): string {
  return family === 'ipv4'
    ? `172.16.${Math.floor(i / 8)}.${1 + ((i * 37) % 250)}`
    : `fd00:172::${Math.floor(i / 8)}:${1 + ((i * 37) % 250)}`;
}

/**
 * A service of some scheduler with some servers, of weights and thresholds that bite within a few
 * connections.
 */
function ruleSet(
  n: number,
  next: () => number,
): { readonly service: Service; readonly destinations: readonly Destination[] } {
  const upTo = (count: number) => Math.floor(next() * count);
  const scheduler = SCHEDULERS[n % SCHEDULERS.length] ?? 'rr';
  const persistent = next() < 0.3;
  const everyPort = persistent && next() < 0.5;
  const protocol = next() < 0.25 ? 'udp' : 'tcp';
  const family = next() < 0.3 ? 'ipv6' : 'ipv4';
  const address = at(family === 'ipv4' ? `10.99.${n >> 8}.${1 + (n & 255)}` : `fd00:99::${n + 1}`);
  const id: ServiceId = { kind: 'address', protocol, address, port: everyPort ? 0 : 80 };
  const service: Service = {
    id,
    scheduler,
    schedulerFlags: scheduler === 'sh' || scheduler === 'mh' ? upTo(4) : 0,
    persistence: persistent ? { timeout: 300 } : undefined,
    netmask:
      family === 'ipv4'
        ? persistent && next() < 0.5
          ? 0xffffff00
          : 0xffffffff
        : persistent && next() < 0.5
          ? 112
          : 128,
    engine: undefined,
    // replies of one-packet services are not rewritten, so the client would not hear who answered;
    // the recorded traces have them
    onePacket: false,
  };
  const count = 1 + upTo(MOST_SERVERS);
  const destinations = Array.from({ length: count }, (_, i) =>
    serverOf(i + 1, everyPort ? 0 : (PORTS[upTo(2)] ?? 80), family, next),
  );
  return { service, destinations };
}

function serverOf(n: number, port: number, family: Family, next: () => number): Destination {
  const upper = next() < 0.25 ? 2 + Math.floor(next() * 3) : 0;
  return {
    address: at(family === 'ipv4' ? `10.98.0.${n}` : `fd00:98::${n}`),
    port,
    forwarding: 'masquerade',
    tunnel: { type: 'ipip', port: 0, flags: 0 },
    weight: next() < 0.15 ? 0 : 1 + Math.floor(next() * 5),
    upperThreshold: upper,
    lowerThreshold: upper > 0 && next() < 0.5 ? 1 : 0,
  };
}

/** Now and then the rules change: a weight, a server less, one that was deleted comes back. */
function someChange(
  id: ServiceId,
  present: readonly Destination[],
  all: readonly Destination[],
  next: () => number,
): Change | undefined {
  const one = present[Math.floor(next() * present.length)];
  const gone = all.find(
    (candidate) =>
      !present.some(({ address }) => formatAddress(address) === formatAddress(candidate.address)),
  );
  const draw = next();
  if (draw < 0.4 && one)
    return {
      kind: 'edit-destination',
      id,
      destination: { ...one, weight: Math.floor(next() * 5) },
    };
  if (draw < 0.7 && one) return { kind: 'delete-destination', id, destination: one };
  return gone && { kind: 'add-destination', id, destination: gone };
}

const listing = async (table: Backend, args: readonly string[], conn?: string) =>
  (await answer('ipvsadm', args, { backend: table, ...(conn === undefined ? {} : { conn }) }))
    .stdout;

/** Lines of `-Lnc` without the time that is left, sorted: the kernel's order is random. */
const connections = (text: string) =>
  text
    .split('\n')
    .slice(2)
    .map((line) => line.replace(/ \d\d:\d\d /, ' '))
    .sort();

test(`${RULE_SETS} rule sets, ${RULE_SETS * ARRIVALS} connections`, {
  timeout: LONG ? 1_200_000 : 240_000,
}, async () => {
  let port = 20_000;
  let compared = 0;
  for (let n = 0; n < RULE_SETS; n++) {
    const next = random(1000 + n);
    const { service, destinations } = ruleSet(n, next);
    const { id } = service;
    if (id.kind !== 'address') throw new Error('every service has an address');
    const vip = formatAddress(id.address);
    const { family } = id.address;
    const protocol = id.protocol === 'udp' ? 'udp' : 'tcp';
    const local = `${vip}/${family === 'ipv4' ? 32 : 128}`;
    ip('addr', 'add', local, 'dev', 'lo', ...(family === 'ipv6' ? ['nodad'] : []));
    const started = Date.now();
    const model = new MemoryBackend(EMPTY_TABLE, () => (Date.now() - started) / 1000);
    const both = async (changes: readonly Change[]) => {
      for (const home of [backend, model])
        expect((await home.apply(changes)).filter(Boolean)).toEqual([]);
    };
    await both([
      { kind: 'add-service', service },
      ...destinations.map((destination): Change => ({ kind: 'add-destination', id, destination })),
    ]);
    let open: {
      readonly from: string;
      readonly fromPort: number;
      readonly to: number;
      readonly server: string;
    }[] = [];
    for (let i = 0; i < ARRIVALS; i++) {
      if (next() < 0.15) {
        const present = (await model.destinations(id)).map(({ destination }) => destination);
        const change = someChange(id, present, destinations, next);
        if (change) await both([change]);
      }
      const from = clientAddress(1 + Math.floor(next() * CLIENTS), family);
      const fromPort = ++port;
      const to = id.port === 0 ? (PORTS[Math.floor(next() * 2)] ?? 80) : 80;
      const send = (
        call: { from: string; fromPort: number; to: number },
        direction: Packet['direction'],
        tcp: Packet['tcp'],
      ) =>
        model.dataplane.packet(
          {
            direction,
            protocol,
            client: at(call.from),
            clientPort: call.fromPort,
            virtual: at(vip),
            virtualPort: call.to,
            mark: 0,
            tcp,
            bytes: 60,
          },
          (Date.now() - started) / 1000,
        );
      const call = { from, fromPort, to };
      const real = await client.do<string>({
        kind: 'dial',
        protocol,
        from,
        fromPort,
        to: vip,
        port: to,
      });
      const verdict = send(call, 'in', 'syn');
      const picked =
        verdict.kind === 'forwarded'
          ? `${formatAddress(verdict.server.address)}:${verdict.port}`
          : 'ECONNREFUSED';
      expect({ set: n, scheduler: service.scheduler, i, picked }).toEqual({
        set: n,
        scheduler: service.scheduler,
        i,
        picked: real,
      });
      compared++;
      if (verdict.kind === 'forwarded') {
        if (protocol === 'udp') send(call, 'out', undefined);
        if (protocol === 'udp') continue;
        send(call, 'out', 'syn');
        send(call, 'in', 'ack');
        open.push({ ...call, server: formatAddress(verdict.server.address) });
      }
      // the packets of a connection to a server that was deleted are dropped, so only others can be
      // ended
      const present = new Set(
        (await model.destinations(id)).map(({ destination }) => formatAddress(destination.address)),
      );
      const endable = open.filter(({ server }) => present.has(server));
      const ended = endable[Math.floor(next() * endable.length)];
      if (ended && next() < 0.35) {
        open = open.filter((one) => one !== ended);
        expect(
          await client.do({ kind: 'hang-up', from: ended.from, fromPort: ended.fromPort }),
        ).toEqual({});
        for (const [direction, tcp] of [
          ['in', 'fin'],
          ['out', 'ack'],
          ['out', 'fin'],
          ['in', 'ack'],
        ] as const)
          send(ended, direction, tcp);
      }
    }
    for (const args of [['-Ln'], ['-Ln', '--thresholds'], ['-Ln', '--persistent-conn']]) {
      expect([n, service.scheduler, await listing(model, args)]).toEqual([
        n,
        service.scheduler,
        await listing(backend, args),
      ]);
    }
    const kernelSide = connections(await listing(backend, ['-Lnc'])).filter(
      (line) => line.includes(family === 'ipv4' ? ` ${vip}:` : `[${vip}]:`) || line === '',
    );
    expect([n, connections(await listing(model, ['-Lnc']))]).toEqual([n, kernelSide]);
    await client.do({ kind: 'drop-all' });
    await withoutTrace();
    ip('addr', 'del', local, 'dev', 'lo');
  }
  expect(compared).toBe(RULE_SETS * ARRIVALS);
});
