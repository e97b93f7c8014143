// The whole path of a packet and its answer, across the machines whose facts are there.
import { type Address, formatAddress, parseAddress, sameAddress } from '../../model/address.js';
import { samePrefix } from '../../model/prefix.js';
import { serverKey } from '../../model/table.js';
import type { ShownServer, ShownService } from '../show/table.js';
import { answers, askedDevices, isOpen } from './arp.js';
import type { PacketView } from './arrival.js';
import { backThroughDirector, throughRouter } from './back.js';
import type { Departure } from './departure.js';
import { type Sent, throughDirector } from './director.js';
import { outcomeOf, type PathHop, type PathOutcome, type PathPacket, Steps } from './hop.js';
import { devicesOn, type HostAddress, holders, type PathHost } from './host.js';
import { laterView } from './later.js';
import { atServer, deliver, type ServerSteps } from './server.js';
import { endpointOf } from './service.js';
import { sizeStep } from './size.js';

export interface Path {
  readonly hops: readonly PathHop[];
  readonly outcome: PathOutcome;
  /** the first step at which the packet is lost, or not known */
  readonly at: PathHop | undefined;
  readonly service: ShownService | undefined;
  readonly server: ShownServer | undefined;
}

export interface PathQuestion {
  readonly director: PathHost;
  /** machines that may be real servers or routers; the director may be among them */
  readonly others: readonly PathHost[];
  readonly packet: PathPacket;
  readonly view: PacketView;
  /** the server that is followed, in place of the one that IPVS would choose */
  readonly server?: ShownServer;
}

/**
 * Follows a packet to its server and the answer back to the client; of TCP the next packet too, which
 * a rule may stop that lets the first one pass.
 */
export function wholePath(asked: PathQuestion): Path {
  const first = onePath(asked);
  const { server } = first;
  const isStopped = first.at !== undefined && first.at.stage !== 'size';
  if (isStopped || asked.packet.protocol !== 'tcp' || server === undefined) return first;
  const view = laterView(asked.director, server, asked.view);
  const { outcome, at } = onePath({ ...asked, view, server });
  if (at === undefined) return first;
  const hop = { ...at, what: `packets after the first (ACK): ${at.what}` };
  return { ...first, hops: [...first.hops, hop], outcome, at: hop };
}

function onePath(asked: PathQuestion): Path {
  const { director, packet, view, others } = asked;
  const sent = throughDirector(director, packet, view, asked.server);
  const hops = [...othersWithVip(asked, sent), ...sent.steps.hops];
  if (!sent.steps.isLost) hops.push(...afterDirector(asked, sent, others));
  const outcome = outcomeOf(hops);
  const at = hops.find((hop) => hop.outcome === (outcome === 'pass' ? undefined : outcome));
  return { hops, outcome, at, service: sent.service, server: sent.server };
}

/** Machines on the VIP's network that answer for it too: some clients reach them in place of this one. */
function othersWithVip({ director, others, packet }: PathQuestion, { inDevice }: Sent): PathHop[] {
  const { destination } = packet;
  const link = director.addresses.filter(({ device }) => device === inDevice);
  return others
    .filter((host) => host !== director && host.isLocal(destination))
    .flatMap((host) => {
      const shared = devicesOn(host, destination).find(
        (one) =>
          link.some((own) => samePrefix(own.address, one.address, one.prefix)) &&
          answers(host, one.device, destination),
      );
      const steps = new Steps(host.name, packet);
      const text = formatAddress(destination);
      if (shared === undefined) return open(host, steps, destination, link);
      steps.lost(
        'arrival',
        `answers for ${text} on ${shared.device}: clients reach this machine, past the director`,
        { id: 'arp', machine: host.name, address: destination },
      );
      return steps.hops;
    });
}

/**
 * It answers on an interface without a network of its own. That this is on the VIP's network is
 * known when a neighbour of that network is known there.
 */
function open(host: PathHost, steps: Steps, vip: Address, link: readonly HostAddress[]): PathHop[] {
  if (vip.family === 'ipv6' || devicesOn(host, vip).length > 0) return [];
  const found = askedDevices(host, vip)
    .filter((name) => isOpen(host, name) && answers(host, name, vip))
    .map((device) => ({ device, isKnown: hasNeighbour(host, device, link) }))
    .sort((a, b) => Number(b.isKnown) - Number(a.isKnown));
  const [first] = found;
  if (first === undefined) return [];
  const text = `answers for ${formatAddress(vip)} on ${first.device}, whose network is not known: clients there reach this machine, past the director`;
  const cause = { id: 'arp', machine: host.name, address: vip } as const;
  if (first.isKnown) steps.lost('arrival', text, cause);
  else steps.unknown('arrival', text, cause);
  return steps.hops;
}

function hasNeighbour(host: PathHost, device: string, link: readonly HostAddress[]): boolean {
  return host.facts.neighbours.some((one) => {
    const address = one.device === device && one.mac !== null && parseAddress(one.address);
    return (
      address &&
      link.some(
        (own) =>
          own.address.family === address.family && samePrefix(own.address, address, own.prefix),
      )
    );
  });
}

function afterDirector(
  { director, packet, view }: PathQuestion,
  sent: Sent,
  others: readonly PathHost[],
): readonly PathHop[] {
  const { server, steps, isLocal, departure, inDevice } = sent;
  if (server === undefined) return [];
  if (isLocal) return finish(deliver(director, fresh(steps), inDevice, view), director);
  if (departure === undefined) return [];
  const address = endpointOf(server)?.address;
  if (address === undefined) return [];
  const host = others.find((one) => one !== director && holders(one, address).length > 0);
  if (host === undefined) return noFacts(steps.packet, server, address);
  const served = atServer(host, steps.packet, address, view);
  if (served.departure === undefined) return served.steps.hops;
  const size = view.isLater ? [] : sizeHops(director, steps.packet, departure, server, served);
  const hops = [...size, ...served.steps.hops];
  const answer = served.steps.packet;
  if (server.mode === 'nat')
    return [...hops, ...natAnswer(host, director, answer, served.departure, packet, view)];
  const { departure: leaving } = served;
  // a rule may have made the machine itself the sender of the request
  const isChanged = !sameAddress(packet.source, answer.destination);
  const isBack = isChanged && director.isLocal(answer.destination) === true;
  const router = isBack
    ? director
    : others
        .concat(director)
        .find(
          (one) =>
            one !== host &&
            (leaving.isRouted || isChanged) &&
            holders(one, leaving.neighbour.address).length > 0,
        );
  if (router)
    return [
      ...hops,
      ...throughRouter(router, answer, isBack ? toward(leaving, answer.destination) : leaving).hops,
    ];
  return [...hops, ...end(host, answer)];
}

/** The same for a packet that comes to an address by routes that are not known here. */
const toward = (departure: Departure, address: Address): Departure => ({
  ...departure,
  neighbour: { ...departure.neighbour, address },
});

/** Answers of nat get their segment size on the director too: rules there make it unknown here. */
function sizeHops(
  director: PathHost,
  packet: PathPacket,
  sent: Departure,
  { mode }: ShownServer,
  { departure }: ServerSteps,
): PathHop[] {
  const cuts = (['forward', 'postrouting'] as const).some((hook) =>
    director
      .rules(packet.family)
      .hooks[hook].some(({ rules }) =>
        rules.some(({ actions }) => actions.some(({ kind }) => kind === 'segment')),
      ),
  );
  if (departure === undefined || (mode === 'nat' && cuts)) return [];
  return sizeStep(director, packet, sent, departure);
}

/** The same packet with steps of its own. */
function fresh({ machine, packet }: Steps): Steps {
  return new Steps(machine, packet);
}

function finish(
  { steps, departure }: { readonly steps: Steps; readonly departure: Departure | undefined },
  host: PathHost,
): readonly PathHop[] {
  return departure ? [...steps.hops, ...end(host, steps.packet)] : steps.hops;
}

function end(host: PathHost, packet: PathPacket): PathHop[] {
  const steps = new Steps(host.name, packet);
  const { source, sourcePort } = packet;
  steps.pass(
    'end',
    `the answer goes to ${formatAddress(packet.destination)}, from ${serverKey({ address: source, port: sourcePort ?? 0 })}`,
  );
  return steps.hops;
}

function noFacts(packet: PathPacket, server: ShownServer, address: Address): PathHop[] {
  const steps = new Steps(server.server, packet);
  steps.unknown('arrival', `not known from here: there are no facts of ${formatAddress(address)}`, {
    id: 'no-facts',
    address,
  });
  return steps.hops;
}

/** A NAT answer must come back to the director. */
function natAnswer(
  server: PathHost,
  director: PathHost,
  answer: PathPacket,
  departure: Departure,
  asked: PathPacket,
  view: PacketView,
): readonly PathHop[] {
  const { neighbour, isRouted } = departure;
  const isHere = holders(director, neighbour.address).length > 0;
  if (isHere) return backThroughDirector(director, answer, departure, asked, view).hops;
  const steps = new Steps(server.name, answer);
  const client = formatAddress(answer.destination);
  if (!isRouted)
    steps.lost(
      'answer',
      `straight to ${client}, past the director: the client gets it from ${formatAddress(answer.source)}, which it did not ask`,
      { id: 'same-network', client: answer.destination },
    );
  else
    steps.lost(
      'answer',
      `by router ${formatAddress(neighbour.address)}, which is not the director: the client gets it from an address that it did not ask`,
      { id: 'gateway', via: neighbour.address, director: director.name },
    );
  return steps.hops;
}
