// The path of a packet on a real server: in, out of the tunnel, to the program, and the answer on
// its path out.
import { type Address, formatAddress, sameAddress } from '../../model/address.js';
import { serverKey } from '../../model/table.js';
import type { ListenerFact } from '../facts/types.js';
import { answerFlags, enter, linkStep, type PacketView, wideAddress } from './arrival.js';
import { type Departure, leave } from './departure.js';
import { filterStep } from './filtering.js';
import { type PathPacket, Steps } from './hop.js';
import { holders, type PathHost } from './host.js';
import { tunnelExit } from './tunnel.js';

export interface ServerSteps {
  readonly steps: Steps;
  /** where the answer goes; undefined when something is lost before */
  readonly departure: Departure | undefined;
}

/**
 * What a real server does with a packet that a director sent.
 * @param address the server's own address, as the table has it
 */
export function atServer(
  host: PathHost,
  packet: PathPacket,
  address: Address,
  view: PacketView,
): ServerSteps {
  const steps = new Steps(host.name, { ...packet, mark: 0 }); // marks stay on their machine
  const lost: ServerSteps = { steps, departure: undefined };
  const [holder] = holders(host, address);
  const outer = holder?.device;
  if (outer === undefined) {
    steps.lost('arrival', `${formatAddress(address)} is on no interface`, {
      id: 'not-local',
      address,
    });
    return lost;
  }
  if (!linkStep(host, steps, outer)) return lost;
  const fresh: PacketView = { ...view, state: view.isLater ? 'established' : 'new' };
  const inner = packet.tunnel ? decapsulate(host, steps, outer) : outer;
  if (inner === undefined) return lost;
  if (!packet.tunnel) steps.pass('arrival', `comes in by ${inner}`);
  return deliver(host, steps, inner, fresh);
}

/** A packet that has come to a device: into the machine, to the program, and the answer out. */
export function deliver(
  host: PathHost,
  steps: Steps,
  device: string | undefined,
  view: PacketView,
): ServerSteps {
  const lost: ServerSteps = { steps, departure: undefined };
  const asked = steps.packet;
  const place = enter(host, steps, device, view);
  if (place === 'stopped') return lost;
  if (place === 'elsewhere') {
    const { destination } = steps.packet;
    if (!sameAddress(destination, asked.destination)) {
      const text = `a rule sends it on to ${formatAddress(destination)}, which is not followed`;
      steps.unknown('routing', text, { id: 'rule', text });
      return lost;
    }
    steps.lost('routing', `${formatAddress(destination)} is no address of this machine`, {
      id: 'not-local',
      address: destination,
    });
    return lost;
  }
  const input = filterStep(host, steps, 'input', {
    state: view.state,
    flags: view.flags,
    inDevice: device,
    anySource: view.anyClient,
  });
  if (input.outcome === 'drop' || input.outcome === 'reject') return lost;
  if (!listenerStep(host, steps, device)) return lost;
  return answer(host, steps, asked, view, device);
}

/** Takes the packet out of its tunnel. @returns the device that it comes out of */
function decapsulate(host: PathHost, steps: Steps, device: string): string | undefined {
  const outer = steps.packet.tunnel;
  if (outer === undefined) return device;
  for (const hook of ['prerouting', 'input'] as const) {
    const { outcome } = filterStep(host, steps, hook, {
      state: 'new',
      flags: [],
      inDevice: device,
    });
    if (outcome === 'drop' || outcome === 'reject') return undefined;
  }
  const exit = tunnelExit(host, outer, steps.packet.family);
  if (exit.device === undefined) {
    steps.lost('tunnel', exit.because, { id: 'no-tunnel', outer, lack: exit.lack });
    return undefined;
  }
  steps.packet = { ...steps.packet, tunnel: undefined, sourceMac: null, destinationMac: null };
  steps.pass('tunnel', `${outer.type} from ${device} is taken out by ${exit.device.name}`);
  return exit.device.name;
}

/** Whether a program listens. Sockets in other namespaces cannot be seen, nor those of UDP groups. */
function listenerStep(host: PathHost, steps: Steps, device: string | undefined): boolean {
  const { protocol, destination, destinationPort: port } = steps.packet;
  const { listeners } = host.facts;
  if (listeners === null || (protocol !== 'tcp' && protocol !== 'udp')) {
    // a machine that only a file has is not read: its programs are as they are intended
    if (host.facts.time !== undefined)
      unknownListener(steps, `whether a program listens on ${protocol}`);
    return true;
  }
  const text = formatAddress(destination);
  const any = destination.family === 'ipv4' ? ['0.0.0.0', '::'] : ['::'];
  const fitting = listeners.filter(
    (one) =>
      one.protocol === protocol &&
      one.port === port &&
      takesFrom(host, one, device) &&
      [text, `::ffff:${text}`, ...any].includes(one.address),
  );
  const vrf = host.routes.ipv4.vrfs.get(device ?? '')?.name;
  const at = serverKey({ address: destination, port });
  const place = vrf === undefined ? at : `${at} in VRF ${vrf}`;
  const isFour = destination.family === 'ipv4';
  if (fitting.some((one) => !isFour || one.address !== '::' || one.only_ipv6 !== true)) {
    steps.pass('listener', `a program listens on ${protocol} ${place}`);
    return true;
  }
  steps.lost('listener', `no program listens on ${protocol} ${place}`, {
    id: 'listener',
    address: destination,
    port,
  });
  return false;
}

/** A socket is for the interface or VRF that it is bound to; one without for all outside of VRFs. */
function takesFrom(
  { routes, sysctl }: PathHost,
  { device: bound, protocol }: ListenerFact,
  device: string | undefined,
): boolean {
  const vrf = routes.ipv4.vrfs.get(device ?? '');
  if (bound !== undefined) return bound === device || bound === vrf?.name;
  return vrf === undefined || sysctl(`net/ipv4/${protocol}_l3mdev_accept`) === 1;
}

function unknownListener(steps: Steps, what: string): void {
  const text = `${what} is not known`;
  steps.unknown('listener', text, { id: 'rule', text });
}

/**
 * The answer, from the address that the client asked to the client.
 * @param asked the packet as it came
 */
function answer(
  host: PathHost,
  steps: Steps,
  asked: PathPacket,
  view: PacketView,
  device: string | undefined,
): ServerSteps {
  const request = steps.packet;
  steps.packet = {
    ...request,
    // what a rule changed on the request is changed back
    source: asked.destination,
    sourcePort: asked.destinationPort,
    destination: asked.source,
    destinationPort: asked.sourcePort ?? 0,
    mark: host.sysctl('net/ipv4/tcp_fwmark_accept') === 1 ? request.mark : 0,
    ttl: 64,
    sourceMac: null,
    destinationMac: null,
  };
  const { source, destination } = steps.packet;
  const departure = leave(host, steps, {
    to: destination,
    from: source,
    state: 'established',
    flags: answerFlags(view),
    hooks: ['output', 'postrouting'],
    anyDestination: view.anyClient,
    vrfOf: device,
    stage: 'answer',
  });
  if (departure === 'local') {
    localAnswer(host, steps, destination);
    return { steps, departure: undefined };
  }
  return { steps, departure };
}

/** The machine takes the client's address for its own: an address with a wide prefix does that. */
function localAnswer(host: PathHost, steps: Steps, client: Address): void {
  const text = formatAddress(client);
  const wide = wideAddress(host, client);
  // MASQUERADE with conntrack, IPv6: of the director's addresses the VIP is nearest to the VIP
  if (sameAddress(client, steps.packet.source)) {
    const what = `a rule made ${text} the sender of requests to it: the answer stays here`;
    steps.lost('answer', what, { id: 'spoofed', director: host.name });
    return;
  }
  if (wide === undefined || holders(host, client).length > 0) {
    steps.pass('answer', `${text} is an address of this machine: the client is here`);
    return;
  }
  steps.lost(
    'answer',
    `${text} is taken as an address of this machine, by ${formatAddress(wide.address)}/${wide.prefix} on ${wide.device}: the answer never leaves`,
    { id: 'wide', ...wide },
  );
}
