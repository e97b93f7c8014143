// Plays random set-ups in the lab: client, director, real server and router, which stay from one
// case to the next. As few processes as can be, since they are what costs there.
import { spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { type Diagnosis, examineAll } from '../../src/lvsctl/doctor/examine.js';
import { inspect } from '../../src/lvsctl/doctor/inspection.js';
import { parseFacts } from '../../src/lvsctl/facts/json.js';
import type { MachineFacts } from '../../src/lvsctl/facts/types.js';
import { hostOf } from '../../src/lvsctl/path/host.js';
import { type Trace, trace } from '../../src/lvsctl/path/trace.js';
import { parseAddress } from '../../src/model/address.js';
import { Console, type Part } from './console.js';
import { sh } from './host.js';
import { Agent, addMachine, addSwitch, attach, removeAll } from './network.js';
import type { Machines, PathCase, Setup } from './pathcases.js';

export interface Played {
  readonly one: PathCase;
  /** the real server answered the client, and IPVS had sent the request to it */
  readonly isAnswered: boolean;
  /** it answered a request that had not passed the director */
  readonly isPast: boolean;
  readonly found: Trace;
  readonly diagnosis: Diagnosis;
  readonly facts: readonly MachineFacts[];
}

type Role = keyof Machines | 'rt';
const ROLES: readonly Role[] = ['cl', 'dir', 'rs', 'rt'];
/** a client that is answered is answered within some milliseconds */
const SHORT_MS = 500;
/** before "no answer" is believed where the path says otherwise: a SYN is sent again after 1 s */
const LONG_MS = 3500;

const MODULES = 'ipip ip_gre ip6_tunnel ip6_gre sit fou fou6 ip_vs_rr bridge 8021q vrf'.split(' ');

/** Four machines on three switches. */
export class Slot {
  readonly #names: Readonly<Record<Role, string>>;
  readonly #switches: readonly [string, string, string];
  readonly #consoles = new Map<Role, Console>();
  readonly #agents = new Map<Role, Agent>();
  #before: PathCase | undefined;

  constructor(readonly prefix: string) {
    this.#names = { cl: `${prefix}cl`, dir: `${prefix}dir`, rs: `${prefix}rs`, rt: `${prefix}rt` };
    this.#switches = [`${prefix}a`, `${prefix}b`, `${prefix}c`];
  }

  async open(): Promise<void> {
    for (const module of MODULES) spawnSync('/sbin/modprobe', [module]);
    const [a, b, c] = this.#switches;
    const { cl, dir, rs, rt } = this.#names;
    for (const name of this.#switches) addSwitch(name);
    for (const name of Object.values(this.#names)) addMachine(name);
    attach(cl, 'eth0', a, []);
    attach(cl, 'eth1', c, []);
    for (const name of [dir, rs]) {
      attach(name, 'eth0', a, []);
      attach(name, 'eth1', b, []);
      sh('/sbin/ip', '-n', name, 'link', 'add', 'dummy0', 'type', 'dummy');
      sh('/sbin/ip', '-n', name, 'link', 'set', 'dummy0', 'up');
    }
    attach(rt, 'eth0', a, ['192.0.2.254/24', '2001:db8:a::254/64']);
    attach(rt, 'eth1', b, ['198.51.100.254/24', '2001:db8:b::254/64']);
    attach(rt, 'eth2', c, ['203.0.113.254/24', '2001:db8:c::254/64']);
    for (const role of ROLES) this.#consoles.set(role, new Console(this.#names[role]));
    for (const role of ['cl', 'dir', 'rs'] as const)
      this.#agents.set(role, new Agent(this.#names[role]));
    await this.#console('rt').must([
      {
        command:
          'cd /proc/sys/net; echo 1 >ipv4/ip_forward; echo 1 >ipv6/conf/all/forwarding; for i in all eth0 eth1 eth2; do echo 0 >ipv4/conf/$i/send_redirects; done',
      },
    ]);
    await this.#agent('rs').do({ kind: 'serve', name: rs, ports: [80, 8080] });
  }

  close(): void {
    removeAll([...Object.values(this.#names), ...this.#switches]);
  }

  #console(role: Role): Console {
    return this.#consoles.get(role) ?? expect.fail();
  }
  #agent(role: Role): Agent {
    return this.#agents.get(role) ?? expect.fail();
  }

  /** Sets the machines up, asks as a client, and follows the packet by their facts. */
  async play(one: PathCase): Promise<Played> {
    await this.#setUp(one);
    let first = false;
    for (let i = one.asks ?? 1; i > 0; i--) first = await this.#ask(one, SHORT_MS);
    let judged = await this.#judge(one);
    const isLost = judged.found.outcome === 'lost';
    const answered = first || (!isLost && (await this.#ask(one, LONG_MS)));
    // a neighbour that does not answer is known after some seconds
    if (!answered && judged.found.outcome === 'unknown') {
      await new Promise((done) => setTimeout(done, LONG_MS));
      judged = await this.#judge(one);
    }
    const { facts } = judged;
    // the counters move every two seconds, the connections of a server at once
    const balanced = (facts[0]?.services ?? []).some(({ counters, servers }) =>
      servers.some(
        ({ active, inactive }) => active > 0 || inactive > 0 || (counters?.connections ?? 0n) > 0n,
      ),
    );
    const isPast = first && !balanced;
    return { one, isAnswered: answered && !isPast, isPast, ...judged };
  }

  /**
   * Types the repairs of findings as they are printed, and asks again.
   * @returns what failed of them
   */
  async repair({ one, diagnosis }: Played): Promise<{ failed: string[]; after: Played }> {
    const failed: string[] = [];
    const done = new Set<string>();
    const type = async (command: string, on: string | undefined) => {
      const isServer = on === 'rs' || this.#addresses(one).includes(on ?? '');
      // as printed: once for a machine
      if (done.has(`${isServer} ${command}`)) return;
      done.add(`${isServer} ${command}`);
      // the kernel of the lab has this variant alone
      const typed = command.replace(/^(ip6?tables) /, '$1-legacy ');
      const [said] = await this.#console(isServer ? 'rs' : 'dir').run([{ command: typed }]);
      if (said?.status !== 0) failed.push(`${command}: ${said?.text}`);
    };
    for (const { repair, on, afterwards } of diagnosis.findings) {
      for (const command of repair) await type(command, on);
      for (const command of afterwards?.repair ?? []) await type(command, afterwards?.on);
    }
    return { failed, after: await this.#again(one) };
  }

  #addresses({ machines }: PathCase): string[] {
    return machines.rs.ip.flatMap((line) => /^addr add ([^/]+)/.exec(line)?.[1] ?? []);
  }

  async #again(one: PathCase): Promise<Played> {
    // the router may have found no neighbour for the VIP until now, and tell the first client so
    const isAnswered = (await this.#ask(one, LONG_MS)) || (await this.#ask(one, LONG_MS));
    return { one, isAnswered, isPast: false, ...(await this.#judge(one)) };
  }

  /** What the path and the doctor make of the facts as they are now. */
  async #judge(one: PathCase): Promise<Pick<Played, 'facts' | 'found' | 'diagnosis'>> {
    const facts = await Promise.all([this.#facts('dir', one), this.#facts('rs', one)]);
    const found = trace(facts, questionOf(one), 'facts');
    return { facts, found, diagnosis: await diagnose(one.isAlone ? facts.slice(0, 1) : facts) };
  }

  async #ask({ vip }: PathCase, limitMs: number): Promise<boolean> {
    const requests = [['tcp', vip, 80]] as const;
    const [text] = await this.#agent('cl').do<string[]>({ kind: 'ask', requests, limitMs });
    return text?.startsWith(`${this.#names.rs} `) ?? false;
  }

  async #setUp(one: PathCase): Promise<void> {
    const before = this.#before;
    this.#before = one;
    const flush = [{ command: 'ip -force -batch - || true', input: 'neigh flush all' }];
    // all of them end before the next case begins, whatever fails
    const ended = await Promise.allSettled([
      ...(['cl', 'dir', 'rs'] as const).map(async (role) => {
        const console = this.#console(role);
        await console.run(undo(before?.machines[role]));
        await console.must(make(one.machines[role], before?.machines[role], one.family));
      }),
      this.#console('rt').run(flush),
    ]);
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
    // a link that comes up again is used by its switch after a second at most
    const fell = Object.values(before?.machines ?? {}).some(({ late }) =>
      late.some((line) => line.endsWith(' down')),
    );
    if (fell) await new Promise((done) => setTimeout(done, 1500));
  }

  async #facts(role: 'dir' | 'rs', one: PathCase): Promise<MachineFacts> {
    const { tables } = one.machines[role];
    const families = [4, 6].filter((n) =>
      Object.keys(tables).some((key) => key.startsWith(`${n}`)),
    );
    const programs: Program[] = [
      { options: '-json -details', lines: ['addr show'] },
      { options: '-json', lines: ['neigh show'] },
      { options: '-json -4', lines: ['route show table all', 'rule show'] },
      { options: '-json -6', lines: ['route show table all', 'rule show'] },
    ];
    const parts: Part[] = programs.map(({ options, lines }) => ({
      command: `ip ${options} -batch -`,
      input: lines.join('\n'),
    }));
    const others = [
      ...families.map((n) => `${n === 4 ? 'iptables' : 'ip6tables'}-legacy-save`),
      'ip -json fou show',
      'tc -json qdisc show',
      'ip xfrm policy count',
      'ss -H -l -n -t -u -e',
    ];
    const said = await this.#console(role).must([
      ...parts,
      ...others.map((command) => ({ command })),
    ]);
    // what has no rules prints none; this kernel has no tables of nft at all
    const ran: Record<string, string> = {};
    for (const name of ['iptables', 'ip6tables'])
      for (const end of ['-legacy-save', '-save']) ran[`${name}${end}`] = '';
    ran['nft -j list ruleset'] = '{"nftables": []}';
    for (const [i, { options, lines }] of programs.entries()) {
      const texts = said[i]?.text.split('\n').filter((line) => line.trim() !== '') ?? [];
      if (texts.length !== lines.length) throw new Error(`ip ${options}: ${said[i]?.text}`);
      for (const [at, line] of lines.entries()) ran[`ip ${options} ${line}`] = texts[at] ?? '';
    }
    for (const [i, command] of others.entries())
      ran[command] = said[programs.length + i]?.text ?? '';
    const agent = this.#agent(role);
    const { stdout, stderr } = await agent.do<{ stdout: string; stderr: string }>({
      kind: 'lvsctl',
      args: ['doctor', '--facts'],
      ran,
    });
    if (stdout === '') throw new Error(`${role}: ${stderr}`);
    return { ...ownConnections(parseFacts(stdout, role), one), machine: role };
  }
}

/** What the doctor finds by the facts of the director, and of the server where it has them. */
async function diagnose(facts: readonly MachineFacts[]): Promise<Diagnosis> {
  const hosts = facts.map(hostOf);
  return examineAll(
    facts.map((each, i) =>
      inspect(undefined, i === 0 ? 'director' : undefined, {
        facts: each,
        others: hosts.filter((_, at) => at !== i),
      }),
    ),
  );
}

/** Connections of earlier cases would be evidence of faults that are gone. */
function ownConnections(facts: MachineFacts, { vip, family }: PathCase): MachineFacts {
  const { connections } = facts;
  const place = family === 'ipv6' ? `[${vip}]` : vip;
  const tally = (connections?.tally ?? []).filter(({ service }) => service.includes(` ${place}:`));
  return { ...facts, connections: connections && { ...connections, tally, listed: [] } };
}

interface Program {
  readonly options: string;
  readonly lines: readonly string[];
}

/** The packet that the client of a case sends. */
export function questionOf({ client, vip }: PathCase) {
  return {
    protocol: 'tcp' as const,
    client: parseAddress(client) ?? expect.fail(),
    clientPort: undefined,
    virtual: parseAddress(vip) ?? expect.fail(),
    virtualPort: 80,
  };
}

const BACK: readonly (readonly [RegExp, (words: readonly string[]) => string])[] = [
  [/^link add link \S+ name (\S+) /, ([, name]) => `link del ${name}`],
  [/^link add (\S+) /, ([, name]) => `link del ${name}`],
  [/^link set (\S+) arp off$/, ([, name]) => `link set ${name} arp on`],
  [/^link set (\S+) master /, ([, name]) => `link set ${name} nomaster`],
  [/^neigh replace (\S+) .* dev (\S+)/, ([, host, device]) => `neigh del ${host} dev ${device}`],
  [/^link set (tunl0) up$/, ([, name]) => `link set ${name} down`],
  [/^link set (\S+) down$/, ([, name]) => `link set ${name} up`],
  [/^addr add (\S+) dev (lo)\b/, ([, text, device]) => `addr del ${text} dev ${device}`],
  [/^route (?:add|replace) (.*)$/, ([, text]) => `route del ${text}`],
  [/^rule add (.*)$/, ([, text]) => `rule del ${text}`],
  [
    /^fou add port (\d+) (?:gue|ipproto \d+)(.*)$/,
    ([, port, more]) => `fou del port ${port}${more}`,
  ],
];

/** Takes back what a case made; what is not there any more is no error. */
function undo(setup: Setup | undefined): Part[] {
  const lines = [...(setup?.ip ?? []), ...(setup?.late ?? [])].flatMap((line) => {
    for (const [pattern, back] of BACK) {
      const words = pattern.exec(line);
      if (words) return [back(words)];
    }
    return [];
  });
  const flushed = ['eth0', 'eth1', 'dummy0', 'lo', 'tunl0'].map(
    (name) => `addr flush dev ${name} scope global`,
  );
  // what a repair made
  const made = [
    ...['ipip', 'gre', 'grec', 'ip6tnl', 'ip6gre', 'ip6grec'].map((name) => `link del lvs-${name}`),
    ...['tunl0', 'gre0', 'ip6tnl0', 'ip6gre0', 'sit0'].map((name) => `link set ${name} down`),
    ...['192.0.2.11', '2001:db8:a::11 -6'].map((own) => `fou del port 6080 local ${own}`),
  ];
  const input = [...lines.reverse(), ...made, ...flushed, 'neigh flush all'].join('\n');
  // those of IPv6 are not found without the option
  const rules = lines.filter((line) => line.startsWith('rule ')).join('\n');
  const cleared = (setup?.ipvs ?? []).length > 0 ? [{ command: 'ipvsadm -C' }] : [];
  return [
    { command: 'ip -force -batch -', input },
    ...(rules === '' ? [] : [{ command: 'ip -6 -force -batch - || true', input: rules }]),
    { command: RESET },
    ...cleared,
  ];
}

const RESET =
  'cd /proc/sys/net; for i in all lo eth0 eth1 dummy0 tunl0 gre0; do [ -e ipv4/conf/$i ] && for n in rp_filter arp_ignore arp_announce accept_local; do echo 0 >ipv4/conf/$i/$n; done; done; echo 0 >ipv4/ip_forward; echo 0 >ipv6/conf/all/forwarding; for i in eth0 eth1; do [ -e ipv6/conf/$i ] && echo 0 >ipv6/conf/$i/disable_ipv6; done; echo 0 >ipv4/vs/conntrack; echo 0 >ipv4/vs/backup_only; ipvsadm --stop-daemon backup 2>/dev/null || true';

/** What makes a case, after `undo` of the one before. */
function make(setup: Setup, before: Setup | undefined, family: PathCase['family']): Part[] {
  const { ip, late, ipvs, sysctls, tables } = setup;
  const used = (version: string) =>
    [setup, before].some((one) => Object.keys(one?.tables ?? {}).some((key) => key[0] === version));
  const echo = sysctls.map(([key, value]) => `echo ${value} >/proc/sys/net/${key}`);
  // a rule of routing is one of IPv4 without the option, whatever its addresses are
  const program = family === 'ipv6' ? 'ip -6' : 'ip';
  return [
    { command: `${program} -batch -`, input: ip.join('\n') },
    ...(late.length > 0
      ? [{ command: `${program} -force -batch - || true`, input: late.join('\n') }]
      : []),
    ...(echo.length > 0 ? [{ command: `{ ${echo.join('; ')}; } || true` }] : []),
    ...['4', '6'].filter(used).map((version) => ({
      command: `${version === '4' ? 'iptables' : 'ip6tables'}-legacy-restore`,
      input: restoreText(version, tables),
    })),
    ...(ipvs.length > 0 ? [{ command: 'ipvsadm -R', input: ['-C', ...ipvs].join('\n') }] : []),
  ];
}

const CHAINS: Readonly<Record<string, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/** Every table of a family, with the policies of the kernel where none is given. */
function restoreText(family: string, tables: Setup['tables']): string {
  return Object.entries(CHAINS)
    .map(([name, chains]) => {
      const lines = tables[`${family} ${name}`] ?? [];
      const policies = chains.map((chain) => {
        const drops = lines.some((line) => line === `:${chain} DROP`);
        return `:${chain} ${drops ? 'DROP' : 'ACCEPT'} [0:0]`;
      });
      const rules = lines.filter((line) => !line.startsWith(':'));
      return [`*${name}`, ...policies, ...rules, 'COMMIT'].join('\n');
    })
    .join('\n');
}
