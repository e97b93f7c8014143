// The path of an answer: straight to the client, or back through the director that has to translate
// it.
import { formatAddress } from '../../model/address.js';
import { serverKey } from '../../model/table.js';
import { answerFlags, linkStep, type PacketView } from './arrival.js';
import { type Departure, leave } from './departure.js';
import { forwardedState } from './director.js';
import { filterStep } from './filtering.js';
import { type PathPacket, Steps } from './hop.js';
import { holders, type PathHost } from './host.js';
import { lookUp } from './routing.js';
import { checkSource } from './source.js';

/** A NAT answer on the director. @param asked the client's packet as it came to the director */
export function backThroughDirector(
  host: PathHost,
  answer: PathPacket,
  departed: Departure,
  asked: PathPacket,
  view: PacketView,
): Steps {
  const steps = new Steps(host.name, answer);
  const device = holders(host, departed.neighbour.address)[0]?.device ?? arrivalOf(host, answer);
  if (!linkStep(host, steps, device)) return steps;
  steps.pass('arrival', `the answer comes in by ${device ?? 'an interface that is not known'}`);
  const state = answerState(host, answer, view);
  const tracked = host.sysctl('net/ipv4/vs/conntrack') === 1;
  const before = filterStep(host, steps, 'prerouting', {
    state,
    flags: answerFlags(view),
    inDevice: device,
  });
  if (before.outcome !== 'pass' && before.outcome !== 'unknown') return steps;
  if (device !== undefined && isFromWrongPlace(host, steps, device)) return steps;
  // the sender was translated too: connection tracking restores the client
  if (tracked && host.isLocal(steps.packet.destination))
    steps.packet = {
      ...steps.packet,
      destination: asked.source,
      destinationPort: asked.sourcePort ?? 0,
    };
  const { destination, source } = steps.packet;
  const isClientHere =
    lookUp(host.routes[answer.family], { to: destination, from: source, inDevice: device }).type ===
    'local';
  if (!isClientHere && !forwards(host, steps, device)) return steps;
  const departure = leave(host, steps, {
    to: destination,
    from: source,
    state,
    flags: answerFlags(view),
    hooks: isClientHere ? [] : ['forward'],
    ...(device === undefined ? {} : { inDevice: device }),
    anyDestination: view.anyClient,
    stage: 'answer',
  });
  if (departure === undefined) return steps;
  translate(host, steps, asked, view, departure === 'local' ? undefined : departure.device);
  return steps;
}

function arrivalOf(host: PathHost, { source }: PathPacket): string | undefined {
  return lookUp(host.routes[source.family], { to: source }).route?.hops[0]?.device;
}

/**
 * How connection tracking sees an answer: without `conntrack` it knows of no request, so that TCP's
 * SYN and ACK make no sense to it (seen in the lab).
 */
function answerState(
  host: PathHost,
  { protocol }: PathPacket,
  { isLater = false }: PacketView,
): 'established' | 'invalid' | 'new' {
  if (forwardedState(host, 'established') === 'established') return 'established';
  if (protocol !== 'tcp') return 'new';
  return isLater && picksUp(host) ? 'new' : 'invalid';
}

/** Connection tracking takes a connection that it has not seen begin for a new one. */
export function picksUp(host: PathHost): boolean {
  return host.sysctl('net/netfilter/nf_conntrack_tcp_loose') !== 0;
}

function isFromWrongPlace(host: PathHost, steps: Steps, device: string): boolean {
  const { source, destination, mark } = steps.packet;
  const found = checkSource(host, device, source, destination, mark);
  const { kind } = found;
  if (kind === 'pass') return false;
  if (kind === 'unknown') {
    unknownSource(steps, device, found.because);
    return false;
  }
  steps.lost(
    'source',
    `reverse path filter on ${device}: ${formatAddress(source)} is not reached by ${device}`,
    { id: 'source', device, kind },
  );
  return true;
}

function unknownSource(steps: Steps, device: string, text: string): void {
  steps.unknown('source', `reverse path filter on ${device}: ${text}`, { id: 'rule', text });
}

/** Whether the machine forwards what comes in by a device. */
export function forwards(host: PathHost, steps: Steps, device: string | undefined): boolean {
  const key = forwardingKey(steps.packet, device);
  const general =
    steps.packet.family === 'ipv4' ? 'net/ipv4/ip_forward' : 'net/ipv6/conf/all/forwarding';
  const value = host.sysctl(key) ?? host.sysctl(general);
  if (value !== 0) return true;
  const named = host.sysctl(general) === 0 ? general : key;
  steps.lost('answer', `${named.replaceAll('/', '.')} is 0: the answer is not forwarded`, {
    id: 'forwarding',
    key: named,
  });
  return false;
}

/** IPv4 asks the interface that a packet came in by, IPv6 too where it has a value of its own. */
function forwardingKey({ family }: PathPacket, device: string | undefined): string {
  if (family === 'ipv6') return 'net/ipv6/conf/all/forwarding';
  return device === undefined ? 'net/ipv4/ip_forward' : `net/ipv4/conf/${device}/forwarding`;
}

/** The sender becomes the VIP again, and the packet goes out. */
function translate(
  host: PathHost,
  steps: Steps,
  asked: PathPacket,
  view: PacketView,
  device: string | undefined,
): void {
  const state = forwardedState(host, 'established');
  steps.packet = {
    ...steps.packet,
    source: asked.destination,
    sourcePort: asked.destinationPort,
    ttl: steps.packet.ttl - 1,
  };
  steps.pass(
    'answer',
    `nat: the sender becomes ${serverKey({ address: asked.destination, port: asked.destinationPort })} again`,
  );
  const out = device === undefined ? undefined : again(host, steps, asked, device);
  if (device !== undefined && out === undefined) return;
  const { outcome } = filterStep(host, steps, 'postrouting', {
    state,
    flags: answerFlags(view),
    outDevice: out,
    anyDestination: view.anyClient,
  });
  if (outcome === 'pass' || outcome === 'unknown')
    steps.pass('end', `the answer goes to ${formatAddress(asked.source)}`);
}

/**
 * With `snat_reroute` the answer is routed again, with the VIP as its sender.
 * @returns the interface; undefined when it is lost
 */
function again(
  host: PathHost,
  steps: Steps,
  { destination: vip }: PathPacket,
  device: string,
): string | undefined {
  if (host.sysctl('net/ipv4/vs/snat_reroute') === 0) return device;
  const { destination: to, mark } = steps.packet;
  const { type, route, because } = lookUp(host.routes[vip.family], { to, from: vip, mark });
  const text = `the route to ${formatAddress(to)} from ${formatAddress(vip)} (snat_reroute)`;
  if (type === 'unknown')
    steps.unknown('answer', `${text} is not known: ${because}`, { id: 'rule', text });
  if (type !== 'refused' && type !== 'none')
    return route?.hops.find(({ dead }) => !dead)?.device ?? device;
  steps.lost('answer', `${text}: ${because ?? 'none'}`, { id: 'no-route', to, because });
  return undefined;
}

/** An answer whose sender is the VIP, on its path through a machine that has the VIP itself. */
export function throughRouter(host: PathHost, answer: PathPacket, departed: Departure): Steps {
  const steps = new Steps(host.name, answer);
  const device = holders(host, departed.neighbour.address)[0]?.device;
  if (device === undefined) return steps;
  steps.pass('arrival', `the answer comes in by ${device}, on its path to the client`);
  const { source, destination, mark } = answer;
  const found = checkSource(host, device, source, destination, mark);
  const { kind } = found;
  if (kind === 'unknown') unknownSource(steps, device, found.because);
  if (kind === 'own')
    steps.lost(
      'source',
      `its sender ${formatAddress(source)} is an address of this machine, which drops such packets from outside`,
      { id: 'spoofed', director: host.name },
    );
  else if (kind !== 'pass' && kind !== 'unknown')
    steps.lost(
      'source',
      `reverse path filter on ${device}: ${formatAddress(source)} is not reached by ${device}`,
      { id: 'source', device, kind },
    );
  else if (forwards(host, steps, device)) {
    const departure = leave(host, steps, {
      to: destination,
      from: source,
      // whether it has seen the SYN is not known
      state: answer.protocol === 'tcp' ? undefined : 'new',
      flags: ['syn', 'ack'],
      hooks: ['forward', 'postrouting'],
      inDevice: device,
      stage: 'answer',
    });
    const text = formatAddress(destination);
    // of IPv6 too the client got none (seen in the lab, MASQUERADE with conntrack)
    if (departure === 'local')
      steps.lost(
        'answer',
        `it ends here: ${text} is an address of this machine, which did not ask`,
        {
          id: 'spoofed',
          director: host.name,
        },
      );
    else if (departure) steps.pass('end', `the answer goes to ${text}`);
  }
  return steps;
}
