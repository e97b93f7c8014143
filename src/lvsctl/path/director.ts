// The path of a client's packet through the director: up to the link to the real server.
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import { serverKey } from '../../model/table.js';
import type { TrackState } from '../filter/types.js';
import type { ShownServer, ShownService } from '../show/table.js';
import { isSilent } from './arp.js';
import { arrivalDevice, enter, linkStep, type PacketView } from './arrival.js';
import { type Departure, leave } from './departure.js';
import { filterStep, IPVS_PRIORITY } from './filtering.js';
import { type PathPacket, Steps } from './hop.js';
import { devicesOn, holders, type PathHost } from './host.js';
import { ownSource, senderAsked } from './ownsource.js';
import { chooseServer, endpointOf, findService, keepsPort } from './service.js';
import { outerHeader } from './tunnel.js';

export interface Sent {
  readonly steps: Steps;
  readonly service: ShownService | undefined;
  readonly server: ShownServer | undefined;
  /** the interface that the client's packet came in by */
  readonly inDevice: string | undefined;
  /** undefined when the packet is lost, or its server is this machine */
  readonly departure: Departure | undefined;
  /** the server is this machine itself */
  readonly isLocal: boolean;
}

/**
 * Sends a client's packet through a director.
 * @param followed a server that is followed in place of the one that IPVS would choose
 */
export function throughDirector(
  host: PathHost,
  packet: PathPacket,
  view: PacketView,
  followed?: ShownServer,
): Sent {
  const steps = new Steps(host.name, packet);
  const inDevice = arrivalDevice(host, steps);
  if (!view.anyClient) steps.packet = onFirstLink(host, packet, inDevice);
  const stopped = {
    steps,
    inDevice,
    service: undefined,
    server: undefined,
    departure: undefined,
    isLocal: false,
  };
  if (holders(host, packet.source).length > 0) {
    ownClient(host, steps, inDevice);
    return stopped;
  }
  if (!linkStep(host, steps, inDevice) || !vipStep(host, steps)) return stopped;
  steps.pass('arrival', `comes in by ${inDevice ?? 'an interface that is not known'}`);
  const place = enter(host, steps, inDevice, view);
  if (place === 'stopped' || !isForService(host, packet, steps, place)) return stopped;
  const input = filterStep(
    host,
    steps,
    'input',
    { state: view.state, flags: view.flags, inDevice, anySource: view.anyClient },
    IPVS_PRIORITY,
  );
  if (input.outcome === 'drop' || input.outcome === 'reject') return stopped;
  const service = serviceStep(host, steps, packet);
  if (service === undefined) return stopped;
  const server = serverStep(host, steps, service, followed);
  if (server === undefined) return { ...stopped, service };
  const { departure, isLocal } = forward(host, steps, { service, server }, packet, view);
  return { steps, inDevice, service, server, departure, isLocal };
}

/**
 * A client that has an address of the director. From outside its packet is dropped; from the director
 * itself it reaches a server, and of dr and tun the answer is dropped, whose sender is the VIP.
 */
function ownClient(host: PathHost, steps: Steps, device: string | undefined): void {
  const { packet } = steps;
  const own = `${formatAddress(packet.source)} is an address of this machine`;
  const service = findService(host, packet)?.service;
  const away = service?.servers.filter(({ address }) => {
    const at = parseAddress(address);
    return at && !host.isLocal(at);
  });
  const isTaken = ['all', ...host.facts.links.map(({ name }) => name)].some(
    (name) => host.sysctl(`net/ipv4/conf/${name}/accept_local`) === 1,
  );
  // of IPv6 no sender is checked
  const isChecked = packet.family === 'ipv4' && !isTaken;
  const text = isChecked ? `${own}: a packet from outside with it is dropped` : own;
  const isSent = isChecked && service !== undefined && host.isLocal(packet.destination) === true;
  if (isSent && away?.length === service.servers.length && away.every(({ mode }) => mode !== 'nat'))
    steps.lost('source', `${text}, and so is the answer to one of its own`, {
      id: 'source',
      device: device ?? 'lo',
      kind: 'own',
    });
  else
    steps.unknown('arrival', `${text}, and what it sends itself is not followed`, {
      id: 'rule',
      text,
    });
}

/** Neighbours, routers among them, must get an answer when they ask for the VIP. */
function vipStep(host: PathHost, steps: Steps): boolean {
  const { destination: address } = steps.packet;
  if (!isSilent(host, address)) return true;
  const device = devicesOn(host, address)[0]?.device ?? 'lo';
  steps.lost(
    'arrival',
    `neighbours on ${device} get no answer for ${formatAddress(address)}, which is on another interface`,
    { id: 'silent', address, device },
  );
  return false;
}

/** The client's packet as it comes: to the MAC of this machine, from that of a client on its network. */
function onFirstLink(host: PathHost, packet: PathPacket, device: string | undefined): PathPacket {
  const source = formatAddress(packet.source);
  const client = host.facts.neighbours.find(
    (one) => one.device === device && one.address === source,
  );
  const own = device === undefined ? undefined : host.link(device);
  return { ...packet, sourceMac: client?.mac ?? null, destinationMac: own?.mac ?? null };
}

/** Whether IPVS gets the packet: it must be local, with the address that the client asked for. */
function isForService(
  host: PathHost,
  { destination, destinationPort }: PathPacket,
  steps: Steps,
  place: 'local' | 'elsewhere',
): boolean {
  const now = steps.packet;
  const isSame =
    formatAddress(now.destination) === formatAddress(destination) &&
    now.destinationPort === destinationPort;
  const rule = steps.hops.find(({ stage }) => stage === 'prerouting')?.what ?? '';
  if (!isSame && findService(host, now) === undefined) {
    const to = serverKey({ address: now.destination, port: now.destinationPort });
    const text = /set by (.*)/.exec(rule)?.[1] ?? rule;
    // how a rule of nft is removed is not in its text
    const remove = text.includes(' -A ') ? text.replace(' -A ', ' -D ') : undefined;
    const by = { text, remove, isPolicy: false };
    steps.lost('prerouting', `sent to ${to} before IPVS sees it, by ${text}`, {
      id: 'translated',
      by,
      to,
    });
    return false;
  }
  if (place === 'local') return true;
  const text = formatAddress(now.destination);
  steps.lost('routing', `${text} is no address of this machine: the packet never reaches IPVS`, {
    id: 'not-local',
    address: now.destination,
  });
  return false;
}

function serviceStep(host: PathHost, steps: Steps, asked: PathPacket): ShownService | undefined {
  if (host.facts.services === null) {
    steps.unknown('service', 'the table could not be read', {
      id: 'rule',
      text: 'no CAP_NET_ADMIN',
    });
    return undefined;
  }
  const found = findService(host, steps.packet);
  if (found === undefined) {
    const { mark } = steps.packet;
    const at =
      `${asked.protocol} ` +
      `${serverKey({ address: asked.destination, port: asked.destinationPort })}`;
    steps.lost(
      'service',
      `no service for ${at}${mark === 0 ? '' : ` or mark ${mark}`} in the table`,
      { id: 'no-service' },
    );
    return undefined;
  }
  const { service, by } = found;
  if (host.sysctl('net/ipv4/vs/backup_only') === 1 && isBackup(host)) {
    steps.lost('service', 'a backup that balances nothing itself (backup_only)', {
      id: 'backup-only',
    });
    return undefined;
  }
  steps.pass('service', `service ${service.service}, found by ${by}`);
  return service;
}

/** A master daemon beside the other one does not change that (seen in the lab). */
function isBackup({ facts: { daemons } }: PathHost): boolean {
  return daemons.some(({ role }) => role === 'backup');
}

function serverStep(
  host: PathHost,
  steps: Steps,
  service: ShownService,
  followed: ShownServer | undefined,
): ShownServer | undefined {
  if (followed) {
    steps.pass('server', `server ${followed.server}, as asked`);
    return followed;
  }
  const { server, why, isDropped = false } = chooseServer(host, service, steps.packet);
  if (isDropped) {
    steps.lost('server', why, { id: 'no-server', service });
    return undefined;
  }
  if (server) steps.pass('server', `server ${server.server}: ${why}`);
  else steps.lost('server', why, { id: 'no-server', service });
  return server;
}

/** What IPVS does with the packet, and where it goes then. */
function forward(
  host: PathHost,
  steps: Steps,
  { service, server }: { readonly service: ShownService; readonly server: ShownServer },
  { destinationPort }: PathPacket,
  view: PacketView,
): Pick<Sent, 'departure' | 'isLocal'> {
  const endpoint = endpointOf(server);
  if (endpoint === undefined) return { departure: undefined, isLocal: false };
  const { address } = endpoint;
  const port = keepsPort(service) ? destinationPort : endpoint.port || destinationPort;
  if (server.mode === 'local' || host.isLocal(address)) {
    if (server.mode === 'nat')
      steps.packet = { ...steps.packet, destination: address, destinationPort: port };
    steps.pass('forward', 'the server is this machine itself');
    return { departure: undefined, isLocal: true };
  }
  rewrite(host, steps, server, address, port);
  const departure = leave(host, steps, {
    to: address,
    from: senderAsked(steps.packet, address),
    state: forwardedState(host, view.state),
    flags: view.flags,
    hooks: ['output', 'postrouting'],
    isBound: view.isLater ?? false,
    stage: 'output',
  });
  if (departure === 'local' || departure === undefined)
    return { departure: undefined, isLocal: false };
  if (server.mode === 'dr' && departure.isRouted) {
    const via = departure.neighbour.address;
    steps.lost(
      'forward',
      `${formatAddress(address)} is on no network of this machine: router ${formatAddress(via)} gets the packet and sends it back, or drops it`,
      { id: 'router', server: address, via },
    );
    return { departure: undefined, isLocal: false };
  }
  return { departure, isLocal: false };
}

function rewrite(
  host: PathHost,
  steps: Steps,
  server: ShownServer,
  address: Address,
  port: number,
): void {
  const { packet } = steps;
  const next = { ...packet, ttl: packet.ttl - 1 };
  if (server.mode === 'nat') {
    steps.packet = { ...next, destination: address, destinationPort: port };
    steps.pass('forward', `nat: the destination becomes ${serverKey({ address, port })}`);
  } else if (server.mode === 'tun') {
    const tunnel = outerHeader(server, address, ownSource(host, address));
    steps.packet = { ...next, tunnel };
    steps.pass(
      'forward',
      `tun: ${tunnel.type} to ${formatAddress(address)}, ${tunnel.bytes} bytes around the packet`,
    );
  } else {
    steps.packet = next;
    steps.pass('forward', `dr: unchanged to the MAC of ${formatAddress(address)}`);
  }
}

/** Without `conntrack`, IPVS takes what it forwards out of connection tracking. */
export function forwardedState(
  host: PathHost,
  state: TrackState | undefined,
): TrackState | undefined {
  return host.sysctl('net/ipv4/vs/conntrack') === 1 ? state : 'untracked';
}
