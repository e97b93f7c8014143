// The whole path of a packet and its answer, across the machines whose facts are there.
import { type Address, formatAddress, sameAddress } from '../../model/address.js';
import { serverKey } from '../../model/table.js';
import type { ShownServer, ShownService } from '../show/table.js';
import type { PacketView } from './arrival.js';
import { backThroughDirector, throughRouter } from './back.js';
import type { Departure } from './departure.js';
import { type Sent, throughDirector } from './director.js';
import { outcomeOf, type PathHop, type PathOutcome, type PathPacket, Steps } from './hop.js';
import { holders, type PathHost } from './host.js';
import { laterView } from './later.js';
import { neighbourHops } from './neighbours.js';
import { othersWithVip } from './others.js';
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
  const { director, packet, view } = asked;
  const sent = throughDirector(director, packet, view, asked.server);
  const hops = [...othersWithVip(asked, sent.inDevice), ...sent.steps.hops];
  if (!sent.steps.isLost) hops.push(...afterDirector(asked, sent));
  const outcome = outcomeOf(hops);
  const at = hops.find((hop) => hop.outcome === (outcome === 'pass' ? undefined : outcome));
  return { hops, outcome, at, service: sent.service, server: sent.server };
}

function afterDirector(asked: PathQuestion, sent: Sent): readonly PathHop[] {
  const { director, view, others } = asked;
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
  const met = neighbourHops(director, steps.packet, departure, host, others);
  const hops = [...met, ...size, ...served.steps.hops];
  const departures = departuresOf(served.departure).map((departure) =>
    answerHops(asked, sent, host, served, departure),
  );
  return [...hops, ...worst(departures)];
}

/** Each next hop of the answer: which one a connection gets follows from its addresses. */
function departuresOf(departure: Departure): Departure[] {
  return [departure, ...departure.alternatives];
}

/** Some clients get each of the next hops, so that the worst one counts. */
function worst(departures: readonly (readonly PathHop[])[]): readonly PathHop[] {
  const found =
    departures.find((hops) => outcomeOf(hops) === 'lost') ??
    departures.find((hops) => outcomeOf(hops) === 'unknown') ??
    departures[0] ??
    [];
  if (departures.length < 2 || outcomeOf(found) === 'pass') return found;
  return found.map((hop) =>
    hop.outcome === 'pass'
      ? hop
      : { ...hop, what: `by one of ${departures.length} next hops: ${hop.what}` },
  );
}

/** The answer on one departure from the server. */
function answerHops(
  { director, packet, view, others }: PathQuestion,
  { service, server }: Sent,
  host: PathHost,
  { steps }: ServerSteps,
  leaving: Departure,
): readonly PathHop[] {
  const answer = steps.packet;
  const next = others
    .concat(director)
    .find((one) => one !== host && holders(one, leaving.neighbour.address).length > 0);
  const hops = neighbourHops(host, answer, leaving, next, others.concat(director));
  if (server?.mode === 'nat')
    return [...hops, ...natAnswer(host, { director, service }, answer, leaving, packet, view)];
  // a rule may have made the machine itself the sender of the request
  const isChanged = !sameAddress(packet.source, answer.destination);
  const isBack = isChanged && director.isLocal(answer.destination) === true;
  const router = isBack ? director : leaving.isRouted || isChanged ? next : undefined;
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
  {
    director,
    service,
  }: { readonly director: PathHost; readonly service: ShownService | undefined },
  answer: PathPacket,
  departure: Departure,
  asked: PathPacket,
  view: PacketView,
): readonly PathHop[] {
  const { neighbour, isRouted } = departure;
  const isHere = holders(director, neighbour.address).length > 0;
  if (isHere && isForgotten(service)) return untranslated(director, answer);
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

/** One-packet scheduling leaves no connection behind; an engine of persistence finds it again. */
function isForgotten(service: ShownService | undefined): boolean {
  return service?.one_packet === true && (service.persistence?.engine ?? null) === null;
}

/** Seen in the lab (test/kernel/trace.test.ts): the director forwards it as it came. */
function untranslated(director: PathHost, answer: PathPacket): readonly PathHop[] {
  const steps = new Steps(director.name, answer);
  const from = serverKey({ address: answer.source, port: answer.sourcePort ?? 0 });
  steps.lost(
    'answer',
    `one-packet scheduling left no connection: the answer keeps its sender ${from}, which the client did not ask`,
    { id: 'one-packet' },
  );
  return steps.hops;
}
