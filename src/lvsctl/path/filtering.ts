// The packet filter as a step of the path.
import type { Address, Family } from '../../model/address.js';
import { type Passage, traverse } from '../filter/evaluate.js';
import type { FilterPacket, Hook, TrackState } from '../filter/types.js';
import type { OuterHeader, PathPacket, PathStage, Steps } from './hop.js';
import type { PathHost } from './host.js';

/** What rules see of a packet beside its addresses. */
export interface FilterView {
  readonly state: TrackState | undefined;
  readonly flags: readonly string[];
  readonly inDevice?: string | undefined;
  readonly outDevice?: string | undefined;
  /** the sender stands for any client: conditions on it are not known */
  readonly anySource?: boolean;
  /** of a connection that is translated as its first packet was */
  readonly isBound?: boolean;
  /** the receiver stands for any client */
  readonly anyDestination?: boolean;
}

/** Where IPVS is among the chains of `input`: after the filter, before SNAT (netfilter's 99). */
export const IPVS_PRIORITY = 99;

/**
 * Sends the packet through the chains of a hook, and records what they do with it.
 * @param before only chains with a priority below this
 * @returns what came of it; the step's packet has the marks and addresses that rules gave it
 */
export function filterStep(
  host: PathHost,
  steps: Steps,
  hook: Hook,
  view: FilterView,
  before = Number.POSITIVE_INFINITY,
): Passage {
  const { packet } = steps;
  const rules = host.rules(packet.tunnel?.destination.family ?? packet.family);
  const chains = rules.hooks[hook].filter(({ priority }) => priority < before);
  const seen = { ...seenBy(packet, view), hook };
  const passage = traverse(chains, seen, (address: Address) => host.isLocal(address));
  record(passage, hook, steps);
  if (passage.outcome !== 'pass') return passage;
  const { mark, destination, destinationPort, source } = passage.packet;
  // rules see the outside of a tunnel: what is inside stays as it is
  if (packet.tunnel) steps.packet = { ...packet, mark };
  else
    steps.packet = {
      ...packet,
      mark,
      destination: destination ?? packet.destination,
      destinationPort: destinationPort ?? packet.destinationPort,
      source: source ?? packet.source,
    };
  const texts = passage.changes.map(({ rule }) => rule.text);
  const sizes = passage.changes.flatMap(({ action }) =>
    action.kind === 'segment' && action.size !== undefined ? [action.size] : [],
  );
  const cut = sizes.length === 0 ? '' : `segments of ${Math.min(...sizes)} bytes `;
  const marked = mark === packet.mark ? cut : `mark ${mark} `;
  if (texts.length > 0) steps.pass(STAGES[hook], `${hook}: ${marked}set by ${texts.join('; ')}`);
  else if (chains.some((chain) => chain.rules.length > 0 || chain.policy === 'drop'))
    steps.pass(STAGES[hook], `${hook}: the packet filter lets it pass`);
  return passage;
}

const STAGES: Readonly<Record<Hook, PathStage>> = {
  prerouting: 'prerouting',
  input: 'input',
  forward: 'forward',
  output: 'output',
  postrouting: 'output',
};

/** Protocols around a packet, by the type of the tunnel and the family inside. */
function outerProtocol(type: string, inner: Family): string {
  if (type === 'gre') return 'gre';
  if (type === 'gue') return 'udp';
  return inner === 'ipv4' ? 'ipencap' : 'ipv6';
}

function seenOutside(packet: PathPacket, outer: OuterHeader, view: FilterView): FilterPacket {
  return {
    ...seenBy({ ...packet, tunnel: undefined }, view),
    family: outer.destination.family,
    protocol: outerProtocol(outer.type, packet.family),
    source: outer.source,
    sourcePort: undefined,
    destination: outer.destination,
    destinationPort: outer.port,
    flags: [],
  };
}

function seenBy(packet: PathPacket, view: FilterView): FilterPacket {
  if (packet.tunnel) return seenOutside(packet, packet.tunnel, view);
  return {
    family: packet.family,
    protocol: packet.protocol,
    source: view.anySource ? undefined : packet.source,
    sourcePort: packet.sourcePort,
    destination: view.anyDestination ? undefined : packet.destination,
    // that of an answer to a client whose port was not named
    destinationPort: packet.destinationPort || undefined,
    mark: packet.mark,
    state: view.state,
    flags: view.flags,
    inDevice: view.inDevice,
    outDevice: view.outDevice,
    sourceMac: packet.sourceMac ?? undefined,
    isBound: view.isBound ?? false,
  };
}

function record({ outcome, by }: Passage, hook: Hook, steps: Steps): void {
  if (outcome === 'pass' || by === undefined) return;
  const cause = { id: 'filter', hook, by, answer: false } as const;
  if (outcome === 'unknown')
    steps.unknown(
      STAGES[hook],
      `${hook}: whether this rule applies is not known: ${by.text}`,
      cause,
    );
  else {
    const verb = outcome === 'drop' ? 'dropped' : 'rejected';
    steps.lost(STAGES[hook], `${hook}: ${verb} by ${by.text}`, cause);
  }
}
