// Pairs of directors in each mode and family, each through every kind of failure; long, so that it
// is played on demand. The pair of ha.test.ts is the short version.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FULL } from '../support/full.js';
import { prepareHost, sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, inside, removeAll, until } from './network.js';
import { during, expectSurvived, Keepalived, lvsctl, pause } from './pair.js';

const FILES = mkdtempSync('/tmp/pairs-');
const [OUTER, INNER] = ['pairs-outer', 'pairs-inner'];
const DIRECTORS = ['pairs-d1', 'pairs-d2'] as const;
const SERVERS = ['pairs-rs1', 'pairs-rs2'] as const;
const CLIENT = 'pairs-client';
const ALL = [...DIRECTORS, ...SERVERS, CLIENT];
const NUMBERS = [1, 2, 11, 12, 50];

interface PairCase {
  readonly name: string;
  readonly mode: string;
  readonly outer: string;
  /** the network of the servers behind nat */
  readonly inner?: string;
  readonly length: number;
}

// biome-ignore format: a table
const CASES: readonly PairCase[] = [
  { name: 'nat', mode: 'mode: nat', outer: '10.97.0.', inner: '10.97.1.', length: 24 },
  { name: 'tun', mode: 'mode: tun', outer: '10.97.0.', length: 24 },
  { name: 'dr, IPv6', mode: 'mode: dr', outer: 'fd00:97::', length: 64 },
  { name: 'nat, IPv6', mode: 'mode: nat', outer: 'fd00:97::', inner: 'fd00:98::', length: 64 },
];

const hex = (n: number, network: string) =>
  `${network}${network.includes(':') ? n.toString(16) : n}`;

function fileText({ mode, outer, inner }: PairCase): string {
  const at = (n: number, network = outer) => `"${hex(n, network)}"`;
  const nat = inner === undefined ? '' : `, gateway: ${at(254, inner)}`;
  const servers = [11, 12].map((n) => `{address: ${at(n, inner)}}`).join(', ');
  const service = (name: string, port: number) =>
    `  - {name: ${name}, address: ${at(100)}, port: ${port}, ${mode}${nat}, scheduler: rr, servers: [${servers}]}`;
  return `ha: {interface: eth0, peers: [${at(1)}, ${at(2)}], advertise: 0.2${inner ? ', gateway_interface: eth1' : ''}}
vips: [{address: ${at(100)}, interface: eth0}]
services:
${service('web', 80)}
${service('echo', 7)}
`;
}

describe.skipIf(!FULL).each(CASES)('a pair: $name', (made) => {
  const file = `${FILES}/${made.name.replace(/\W+/g, '-')}.yaml`;
  const { outer, inner, length } = made;
  const vip = hex(100, outer);
  const agents = new Map<string, Agent>();
  const agent = (name: string) => agents.get(name) as Agent;
  const engines = new Map<string, Keepalived>();
  const masters = () =>
    DIRECTORS.filter((name) => inside(name, '/sbin/ip', '-o', 'addr').includes(` ${vip}/`));
  const other = (name: string) => DIRECTORS.find((one) => one !== name) ?? '';

  /** A machine that returns has the hardware addresses of before. */
  function wire(name: string): void {
    connect(name);
    for (const device of inner && name !== CLIENT && !name.includes('-rs')
      ? ['eth0', 'eth1']
      : ['eth0'])
      inside(
        name,
        '/sbin/ip',
        'link',
        'set',
        device,
        'address',
        `02:00:00:00:0${device.at(-1)}:${10 + ALL.indexOf(name)}`,
      );
  }

  function connect(name: string): void {
    const n = NUMBERS[ALL.indexOf(name)] ?? 0;
    addMachine(name);
    attach(name, 'eth0', OUTER, [`${hex(n, outer)}/${length}`]);
    if (inner === undefined || name === CLIENT) return;
    if (!name.includes('-rs')) attach(name, 'eth1', INNER, [`${hex(n, inner)}/${length}`]);
    else {
      inside(name, '/sbin/ip', 'link', 'del', 'eth0');
      attach(name, 'eth0', INNER, [`${hex(n, inner)}/${length}`]);
    }
  }

  async function startDirector(name: string): Promise<void> {
    agents.set(name, new Agent(name));
    await lvsctl(agent(name), 'director', 'up', '-q', file);
    engines.set(name, new Keepalived(agent(name), file, FILES));
    await engines.get(name)?.start();
  }

  async function survives(name: string, work: () => Promise<unknown>): Promise<void> {
    const [before = ''] = masters();
    const caller = { agent: agent(CLIENT), vip, web: 80, echo: 7 };
    const [course] = await during([caller], work);
    if (course) expectSurvived(`${made.name}: ${name}`, course);
    expect(masters()).toEqual([other(before)]);
  }

  beforeAll(async () => {
    prepareHost();
    mkdirSync('/var/lib/lvsctl', { recursive: true });
    sh('/bin/mount', '-t', 'tmpfs', '-o', 'mode=700', 'tmpfs', '/var/lib/lvsctl');
    writeFileSync(file, fileText(made));
    for (const one of [OUTER, INNER]) addSwitch(one);
    for (const name of ALL) wire(name);
    agents.set(CLIENT, new Agent(CLIENT));
    for (const name of SERVERS) {
      agents.set(name, new Agent(name));
      await agent(name).do({ kind: 'web', name, port: 80 });
      await agent(name).do({ kind: 'echo', port: 7 });
    }
    for (const name of DIRECTORS) await startDirector(name);
    await until(() => masters().length === 1);
    // the gateway is there now
    for (const name of SERVERS) await lvsctl(agent(name), 'realserver', 'up', '-q', file);
    expect(masters()).toEqual(['pairs-d1']);
  });
  afterAll(() => {
    removeAll([...ALL, OUTER, INNER]);
    sh('/bin/umount', '/var/lib/lvsctl');
  });

  test('the master is killed, and returns as the backup', async () => {
    const [master = ''] = masters();
    await survives('master killed', async () => {
      // as a machine without power: keepalived has no time to say anything
      for (const device of inner ? ['eth0', 'eth1'] : ['eth0'])
        inside(master, '/sbin/ip', 'link', 'set', device, 'down');
      removeAll([master]);
      wire(master);
    });
    await startDirector(master);
    await pause(2000);
    expect(masters()).toEqual([other(master)]);
  });

  test('its link is cut', async () => {
    const [master = ''] = masters();
    await survives('link cut', async () => {
      inside(master, '/sbin/ip', 'link', 'set', 'eth0', 'down');
    });
    inside(master, '/sbin/ip', 'link', 'set', 'eth0', 'up');
    if (outer.includes(':'))
      inside(
        master,
        '/sbin/ip',
        'addr',
        'replace',
        `${hex(NUMBERS[ALL.indexOf(master)] ?? 0, outer)}/${length}`,
        'dev',
        'eth0',
        'nodad',
      );
    await pause(2000);
    expect(masters()).toEqual([other(master)]);
  });

  test.skipIf(made.inner === undefined)('its link to the servers is cut', async () => {
    const [master = ''] = masters();
    await survives('inner link cut', async () => {
      inside(master, '/sbin/ip', 'link', 'set', 'eth1', 'down');
    });
    inside(master, '/sbin/ip', 'link', 'set', 'eth1', 'up');
    if (inner?.includes(':'))
      inside(
        master,
        '/sbin/ip',
        'addr',
        'replace',
        `${hex(NUMBERS[ALL.indexOf(master)] ?? 0, inner)}/${length}`,
        'dev',
        'eth1',
        'nodad',
      );
    await pause(2000);
    expect(masters()).toEqual([other(master)]);
  });

  test.skipIf(outer.includes(':'))('planned failover, and return', async () => {
    for (const _ of DIRECTORS) {
      const [master = ''] = masters();
      await survives('planned failover', () => lvsctl(agent(master), 'ha', 'failover', file));
      await pause(1500);
    }
  });

  test('keepalived is stopped', async () => {
    const [master = ''] = masters();
    await survives('keepalived stopped', async () => engines.get(master)?.stop());
  });
});
