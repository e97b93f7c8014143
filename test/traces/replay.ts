// Replays recorded choices of a kernel through the model: pick by pick and counter by counter. The
// format is that of test/traces/recorded.json.
import { formatAddress, parseAddress, parseDottedQuad } from '../../src/model/address.js';
import type { Destination } from '../../src/model/destination.js';
import { fullNetmask, type KnownProtocol, type Service } from '../../src/model/service.js';
import { schedulerOf } from '../../src/schedulers/table.js';
import { Dataplane } from '../../src/simulator/dataplane.js';
import type { Packet, Sysctls } from '../../src/simulator/packet.js';
import { LiveServer, LiveService } from '../../src/simulator/server.js';
import { random } from '../support/random.js';

interface DestText {
  readonly addr: string;
  readonly port: number;
  readonly weight: number;
  readonly fwd: 'masq' | 'route' | 'tunnel' | 'local';
  readonly u_threshold?: number;
  readonly l_threshold?: number;
}
interface ServiceText {
  readonly af: 'inet' | 'inet6';
  readonly proto: KnownProtocol;
  readonly vip?: string;
  readonly vport?: number;
  readonly fwmark?: number;
  readonly persistent: boolean;
  readonly timeout?: number;
  readonly netmask?: string | number;
  readonly one_packet: boolean;
}
type Counters = Readonly<Record<string, readonly number[]>>;
interface EventText extends Partial<DestText> {
  readonly t: string;
  readonly op?: string;
  readonly sched?: string;
  readonly timeout?: number;
  readonly seconds?: number;
  readonly caddr?: string;
  readonly cport?: number;
  readonly vip?: string;
  readonly vport?: number;
  readonly pick?: string | null;
  readonly state?: string;
  readonly counters?: Counters;
  readonly [sysctl: string]: unknown;
}
export interface Trace {
  readonly id: string;
  readonly scheduler: string;
  readonly flags: readonly string[];
  readonly service: ServiceText;
  readonly dests: readonly DestText[];
  readonly deterministic: boolean;
  readonly events: readonly EventText[];
  readonly counters_before?: Counters;
  readonly tally?: Readonly<Record<string, number>>;
}

/** @returns undefined when the model does what the trace says, else the first difference */
export function replay(trace: Trace): string | undefined {
  return trace.deterministic ? new Player(trace).play() : compareTally(trace);
}

const FORWARDING = {
  masq: 'masquerade',
  route: 'direct',
  tunnel: 'tunnel',
  local: 'local',
} as const;
const FLAGS: Readonly<Record<string, number>> = {
  'sh-fallback': 1,
  'sh-port': 2,
  'mh-fallback': 1,
  'mh-port': 2,
  'flag-1': 1,
  'flag-2': 2,
  'flag-3': 4,
};
const TIMEOUTS = ['tcp', 'tcpFin', 'udp'] as const;

class Player {
  readonly #plane = new Dataplane(0, random(1));
  readonly #live: LiveService;
  #now = 0;

  constructor(readonly trace: Trace) {
    this.#live = this.#plane.addService(serviceOf(trace));
    for (const dest of trace.dests) this.#plane.addServer(this.#live, destinationOf(dest));
  }

  play(): string | undefined {
    for (const [i, event] of this.trace.events.entries()) {
      const difference = this.#step(event) ?? this.#compareCounters(event.counters);
      if (difference !== undefined)
        return `event ${i} (${event.t}${event.op ? ` ${event.op}` : ''}): ${difference}`;
    }
    return undefined;
  }

  #step(event: EventText): string | undefined {
    switch (event.t) {
      case 'open':
        return this.#open(event);
      case 'datagram':
        return this.#datagram(event);
      case 'close':
        for (const [direction, tcp] of [
          ['in', 'fin'],
          ['out', 'ack'],
          ['out', 'fin'],
          ['in', 'ack'],
        ] as const)
          this.#send(event, direction, tcp);
        return this.#compareState(event);
      case 'reset':
        this.#send(event, 'in', 'rst');
        return this.#compareState(event);
      case 'admin':
        return this.#admin(event);
      case 'wait':
        this.#now += event.seconds ?? 0;
        this.#plane.advance(this.#now);
        return undefined;
      case 'expire-all':
        while (this.#plane.nextExpiry !== Number.POSITIVE_INFINITY) {
          this.#now = Math.max(this.#now, this.#plane.nextExpiry);
          this.#plane.advance(this.#now);
        }
        return undefined;
      default:
        return `unknown event ${event.t}`;
    }
  }

  #open(event: EventText): string | undefined {
    const pick = this.#send(event, 'in', 'syn');
    if (pick !== null) {
      this.#send(event, 'out', 'syn');
      this.#send(event, 'in', 'ack');
    }
    return differs('pick', pick, event.pick);
  }

  #datagram(event: EventText): string | undefined {
    const pick = this.#send(event, 'in', undefined);
    if (pick !== null) this.#send(event, 'out', undefined);
    return differs('pick', pick, event.pick);
  }

  /**
   * A packet of the event's connection; replies of servers that answer directly do not pass.
   * @returns where it went
   */
  #send(event: EventText, direction: 'in' | 'out', tcp: Packet['tcp']): string | null {
    const packet = this.#packet(event, direction, tcp);
    if (direction === 'out' && !this.#isMasqueraded(packet)) return null;
    const verdict = this.#plane.packet(packet, this.#now);
    return verdict.kind === 'forwarded'
      ? endpoint(verdict.server.destination.address, verdict.port)
      : null;
  }

  #packet(
    { caddr = '', cport = 0, vip = '', vport = 0 }: EventText,
    direction: 'in' | 'out',
    tcp: Packet['tcp'],
  ): Packet {
    const { proto, fwmark = 0 } = this.trace.service;
    return {
      direction,
      protocol: proto,
      client: parseAddress(caddr) ?? fail(`address ${caddr}`),
      clientPort: cport,
      virtual: parseAddress(vip) ?? fail(`address ${vip}`),
      virtualPort: vport,
      mark: fwmark,
      tcp,
      bytes: 60,
    };
  }

  #isMasqueraded(packet: Packet): boolean {
    const found = this.#find(packet);
    const server =
      found &&
      this.#live.servers.find((one) => endpoint(one.address, 0) === endpoint(found.destination, 0));
    return server?.destination.forwarding === 'masquerade';
  }

  #find({ client, clientPort, virtual, virtualPort }: Packet) {
    const wanted = endpoint(client, clientPort) + endpoint(virtual, virtualPort);
    return this.#plane
      .connections()
      .find(
        (one) =>
          endpoint(one.client, one.clientPort) + endpoint(one.virtual, one.virtualPort) === wanted,
      );
  }

  #admin(event: EventText): string | undefined {
    const live = this.#live;
    const { service } = live;
    switch (event.op) {
      case 'add-dest': {
        const destination = destinationOf(event as DestText);
        if (!this.#plane.revive(live, destination)) this.#plane.addServer(live, destination);
        return undefined;
      }
      case 'set-dest':
        live.edit(this.#server(event), destinationOf(event as DestText));
        return undefined;
      case 'del-dest':
        this.#plane.deleteServer(live, this.#server(event));
        return undefined;
      case 'set-service':
        live.set({
          ...service,
          scheduler: event.sched ?? service.scheduler,
          // without persistence a timeout means nothing
          persistence: service.persistence && {
            timeout: event.timeout ?? service.persistence.timeout,
          },
        });
        return undefined;
      case 'set-timeouts': {
        const given = Object.fromEntries(
          TIMEOUTS.flatMap((name) =>
            typeof event[name] === 'number' ? [[name, event[name]]] : [],
          ),
        );
        this.#plane.timeouts = { ...this.#plane.timeouts, ...given };
        return undefined;
      }
      case 'sysctl': {
        for (const name of Object.keys(this.#plane.sysctls) as (keyof Sysctls)[])
          if (typeof event[name] === 'number') this.#plane.sysctls[name] = event[name] as number;
        return undefined;
      }
      default:
        return `unknown operation ${event.op}`;
    }
  }

  #server({ addr = '', port = 0 }: EventText): LiveServer {
    const wanted = endpoint(parseAddress(addr) ?? fail(`address ${addr}`), port);
    return (
      this.#live.servers.find((one) => endpoint(one.address, one.port) === wanted) ??
      fail(`no server ${wanted}`)
    );
  }

  #compareState(event: EventText): string | undefined {
    return event.state === undefined
      ? undefined
      : differs(
          'state',
          this.#find(this.#packet(event, 'in', undefined))?.state ?? 'none',
          event.state,
        );
  }

  #compareCounters(counters: Counters | undefined): string | undefined {
    if (counters === undefined) return undefined;
    const actual = this.#live.servers.map(({ address, port, active, inactive, persistent }) => [
      endpoint(address, port),
      [active, inactive, persistent],
    ]);
    return differs('counters', actual, Object.entries(counters));
  }
}

function serviceOf({ service, scheduler, flags }: Trace): Service {
  const {
    af,
    proto,
    vip,
    vport = 0,
    fwmark,
    persistent,
    timeout = 0,
    netmask,
    one_packet,
  } = service;
  const family = af === 'inet6' ? 'ipv6' : 'ipv4';
  const id =
    fwmark === undefined
      ? ({
          kind: 'address',
          protocol: proto,
          address: parseAddress(vip ?? '') ?? fail(`address ${vip}`),
          port: vport,
        } as const)
      : ({ kind: 'fwmark', mark: fwmark, family } as const);
  const mask = typeof netmask === 'string' ? parseDottedQuad(netmask)?.value : netmask;
  return {
    id,
    scheduler,
    schedulerFlags: flags.reduce((bits, name) => bits | (FLAGS[name] ?? 0), 0),
    persistence: persistent ? { timeout } : undefined,
    netmask: mask ?? fullNetmask(family),
    engine: undefined,
    onePacket: one_packet,
  };
}

function destinationOf({
  addr,
  port,
  weight,
  fwd,
  u_threshold = 0,
  l_threshold = 0,
}: DestText): Destination {
  return {
    address: parseAddress(addr) ?? fail(`address ${addr}`),
    port,
    weight,
    forwarding: FORWARDING[fwd],
    tunnel: { type: 'ipip', port: 0, flags: 0 },
    upperThreshold: u_threshold,
    lowerThreshold: l_threshold,
  };
}

/** chance of a deviation as large as this one that is still put down to chance */
const LEAST_CHANCE = 1e-6;

/** Whether a tally is one that the scheduler's own distribution makes, by a chi-squared test. */
function compareTally(trace: Trace): string | undefined {
  const { tally = {}, counters_before: before = {} } = trace;
  const live = new LiveService(serviceOf(trace));
  for (const dest of trace.dests) live.add(new LiveServer(destinationOf(dest)));
  for (const server of live.servers)
    [server.active = 0, server.inactive = 0] = before[endpoint(server.address, server.port)] ?? [];
  const chances = distribution(live, trace.scheduler);
  const total = Object.values(tally).reduce((sum, count) => sum + count, 0);
  let deviation = 0;
  let kinds = 0;
  for (const [name, count] of Object.entries(tally)) {
    const expected = total * (chances.get(name) ?? 0);
    if (expected === 0 && count > 0) return `${name} was picked ${count} times and never can be`;
    if (expected === 0) continue;
    kinds++;
    deviation += (count - expected) ** 2 / expected;
  }
  const chance = chiSquaredTail(deviation, kinds - 1);
  return total === 0 || chance < LEAST_CHANCE
    ? `tally deviates: chi squared ${deviation.toFixed(1)}, chance ${chance}`
    : undefined;
}

/** The chances of each server, by trying every pair of numbers that the scheduler may draw. */
function distribution(live: LiveService, name: string): Map<string, number> {
  const scheduler = schedulerOf(name) ?? fail(`scheduler ${name}`);
  const values = live.servers.reduce((sum, one) => sum + (one.overloaded ? 0 : one.weight), 0) + 1;
  const chances = new Map<string, number>();
  const arrival = {
    client: { family: 'ipv4', value: 1 },
    clientPort: 1,
    virtual: { family: 'ipv4', value: 2 },
    hasPorts: true,
    now: 0,
  } as const;
  for (let first = 0; first < values; first++) {
    for (let second = 0; second < values; second++) {
      const numbers = [first, second].map((value) => (value + 0.5) / values);
      const server = scheduler.pick(live.state, live.servers, arrival, {
        flags: 0,
        expiration: 0,
        random: () => numbers.shift() ?? fail('a third draw'),
      });
      if (server)
        chances.set(
          endpoint(server.address, server.port),
          (chances.get(endpoint(server.address, server.port)) ?? 0) + 1 / values ** 2,
        );
    }
  }
  return chances;
}

/** The chance that chi squared is larger (Wilson and Hilferty's approximation). */
function chiSquaredTail(value: number, degrees: number): number {
  if (degrees <= 0) return 1;
  const z = ((value / degrees) ** (1 / 3) - (1 - 2 / (9 * degrees))) / Math.sqrt(2 / (9 * degrees));
  return 0.5 * erfc(z / Math.SQRT2);
}

function erfc(x: number): number {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const series = [
    1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ];
  const sum = series.reduceRight((value, coefficient) => coefficient + t * value, 0);
  const result = t * Math.exp(-x * x - 1.26551223 + t * sum);
  return x >= 0 ? result : 2 - result;
}

function endpoint(address: Destination['address'], port: number): string {
  return `${formatAddress(address)}:${port}`;
}

function differs(what: string, actual: unknown, expected: unknown): string | undefined {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  return a === b ? undefined : `${what} ${a}, recorded ${b}`;
}

function fail(what: string): never {
  throw new Error(`the trace makes no sense: ${what}`);
}
