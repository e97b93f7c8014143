// The process inside another network namespace that probes for `remote.ts`, until its stdin ends.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { RE2JS } from 're2js';
import { netnsIdentity, netnsIdentityOf } from '../netns.js';
import type { Verdict } from './attempt.js';
import type { Pattern } from './http.js';
import { createProbes, type SystemProbes } from './probes.js';
import { type Placement, READY, type RemoteQuestion } from './remote.js';

const CONF = '/proc/sys/net';
const DEVICES = '/sys/class/net';
/**
 * of an interface: it is up; it can broadcast, as ethernet, macvlan and veth can, tunnels and the
 * loopback cannot
 */
const [UP, BROADCAST] = [0x1, 0x2];

/**
 * Answers questions on stdin until there are no more. The first line must say which network
 * namespace this is (`Placement`): nothing is changed in another.
 * @returns why it does not begin
 */
export async function serveProbes(): Promise<string | undefined> {
  if (process.stdin.isTTY) return NOT_FOR_PEOPLE;
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const first = await lines.next();
  const refusal = first.done ? NOT_FOR_PEOPLE : misplaced(first.value);
  if (refusal !== undefined) return refusal;
  try {
    prepare();
  } catch (error) {
    return `the network namespace cannot be prepared: ${(error as Error).message}`;
  }
  await answer(lines);
  return undefined;
}

const NOT_FOR_PEOPLE = 'the probe process is started by lvsctl monitor alone';

/** Why this process must not touch the network namespace that it is in. */
function misplaced(line: string): string | undefined {
  const own = netnsIdentity();
  if (own === undefined || own !== placementOf(line)) return NOT_FOR_PEOPLE;
  return own === netnsIdentityOf(process.ppid)
    ? 'the probe process is in the network namespace of its parent'
    : undefined;
}

function placementOf(line: string): string | undefined {
  try {
    return (JSON.parse(line) as Placement | null)?.netns;
  } catch {
    return undefined; // not written by `remote.ts`
  }
}

async function answer(lines: AsyncIterable<string>): Promise<void> {
  const { probes, end } = createProbes();
  process.stdout.on('error', () => process.exit()); // the monitor has died
  process.stdout.write(`${JSON.stringify({ id: READY, verdict: null })}\n`);
  for await (const line of lines) {
    const { id, question } = JSON.parse(line) as {
      readonly id: number;
      readonly question: RemoteQuestion;
    };
    void ask(question, probes).then((verdict) => {
      const trouble =
        typeof verdict === 'string' ? whyIsolated(question.target.address) : undefined;
      process.stdout.write(
        `${JSON.stringify({ id, verdict: (trouble ? { trouble } : verdict) ?? null })}\n`,
      );
    });
  }
  end();
}

function ask(question: RemoteQuestion, probes: SystemProbes): Promise<Verdict> {
  switch (question.kind) {
    case 'tcp':
      return probes.tcp(question.target);
    case 'http':
      return probes.http(question.target, {
        ...question.question,
        body: question.body === null ? undefined : patternOf(question.body),
      });
    case 'udp':
      return probes.udp(question.target, question.question);
    case 'smtp':
      return probes.smtp(question.target, question.helo);
    default:
      return question satisfies never;
  }
}

/** What the file's reader understood. */
function patternOf(source: string): Pattern {
  const compiled = RE2JS.compile(source);
  return { source, test: (text) => compiled.test(text) };
}

/**
 * Answers come from the VIP, to which the routes of this namespace lead by the port alone:
 * rp_filter would drop them. And a link that is down for a moment must not lose its IPv6 addresses.
 */
function prepare(): void {
  for (const device of readdirSync(`${CONF}/ipv4/conf`))
    writeFileSync(`${CONF}/ipv4/conf/${device}/rp_filter`, '0');
  try {
    for (const device of readdirSync(`${CONF}/ipv6/conf`))
      writeFileSync(`${CONF}/ipv6/conf/${device}/keep_addr_on_down`, '1');
  } catch {
    // a kernel without IPv6
  }
}

/**
 * Why nothing in this namespace can be reached from it, whatever the servers do; undefined = no
 * reason is known.
 */
function whyIsolated(address: string): string | undefined {
  try {
    const links = readdirSync(DEVICES).map((device) =>
      Number(readFileSync(`${DEVICES}/${device}/flags`, 'utf8')),
    );
    const outward = links.filter((flags) => flags & BROADCAST);
    if (outward.length > 0 && !outward.some((flags) => flags & UP))
      return 'no link of the network namespace is up';
    // lines are: address, index, prefix length, scope, flags, name; scope 0 is global
    if (
      address.includes(':') &&
      !/^(?:\S+\s+){3}00\s/m.test(readFileSync('/proc/net/if_inet6', 'utf8'))
    )
      return 'the network namespace has no IPv6 address';
  } catch {
    // what cannot be seen is no reason
  }
  return undefined;
}
