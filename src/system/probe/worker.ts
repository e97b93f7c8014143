// The process inside another network namespace that probes for `remote.ts`, until its stdin ends.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { netnsIdentity, netnsIdentityOf } from '../netns.js';
import { notMade, PASS } from './outcome.js';
import { createProbe } from './probe.js';
import { type Placement, type ProbeReply, type ProbeRequest, READY } from './remote.js';

const CONF = '/proc/sys/net';
const DEVICES = '/sys/class/net';
/**
 * of an interface: it is up; it can broadcast, as ethernet, macvlan and veth can, tunnels and the
 * loopback cannot
 */
const [UP, BROADCAST] = [0x1, 0x2];

/**
 * Makes the probes asked for on stdin until it ends. The first line must name the network
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
  const { probe, end } = createProbe();
  const reply = (line: ProbeReply) => process.stdout.write(`${JSON.stringify(line)}\n`);
  process.stdout.on('error', () => process.exit()); // the monitor has died
  reply({ id: READY, outcome: PASS });
  for await (const line of lines) {
    const { id, spec, target } = JSON.parse(line) as ProbeRequest;
    void probe(spec, target).then((outcome) => {
      const isolated = outcome.outcome === 'fail' ? whyIsolated(target.address) : undefined;
      reply({ id, outcome: isolated === undefined ? outcome : notMade(isolated) });
    });
  }
  end();
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
 * Why nothing in this namespace can be reached from it, by no server's fault; undefined = no
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
