// Whether the neighbour that a packet is sent to is the machine that it is for: entries that are set by
// hand, and machines that do not answer. Facts: ip-neighbour(8); seen in the lab.
import { type Address, formatAddress } from '../../model/address.js';
import { answers } from './arp.js';
import type { Departure } from './departure.js';
import { type LossCause, type PathHop, type PathPacket, Steps } from './hop.js';
import { devicesOn, holders, type PathHost } from './host.js';

/**
 * What the facts of both ends show about a link.
 * @param next the machine that has the neighbour's address; undefined = its facts are not there
 * @param others machines that may know the MAC too
 * @returns no steps where all fits
 */
export function neighbourHops(
  host: PathHost,
  packet: PathPacket,
  { neighbour }: Departure,
  next: PathHost | undefined,
  others: readonly PathHost[],
): PathHop[] {
  const { address, device, mac, isPermanent } = neighbour;
  const steps = new Steps(host.name, packet);
  const cause: LossCause = { id: 'neighbour', address, device, isPermanent };
  const text = formatAddress(address);
  if (next === undefined) {
    const learned = isPermanent ? learnedMac(text, host, others) : undefined;
    const what = `the MAC of ${text} on ${device} is set by hand: ${mac}`;
    if (learned !== undefined && learned !== mac)
      steps.lost('neighbour', `${what}, where others have ${learned}`, cause);
    else if (isPermanent && learned === undefined) steps.unknown('neighbour', what, cause);
    return steps.hops;
  }
  if (mac !== null) {
    const macs = next.facts.links.flatMap((one) => one.mac ?? []);
    const what = `${text} on ${device} has the MAC ${mac}, which ${next.name} has not`;
    if (macs.length === 0 || macs.includes(mac)) return [];
    if (isPermanent) steps.lost('neighbour', `${what}: it is set by hand`, cause);
    else steps.unknown('neighbour', what, cause);
    return steps.hops;
  }
  if (!answersOn(next, address))
    steps.lost('neighbour', `${next.name} does not answer for ${text}`, cause);
  else if (differInVlan(host, device, next, address)) {
    const what = `${device} and the interface of ${next.name} with ${text}: one alone is a VLAN`;
    steps.unknown('neighbour', `${what}, and no MAC is known`, cause);
  }
  return steps.hops;
}

/** A switch may join a VLAN to an interface without one: only an answer shows that. */
function differInVlan(host: PathHost, device: string, next: PathHost, address: Address): boolean {
  const isVlan = (one: PathHost, name: string) => one.link(name)?.kind === 'vlan';
  const places = holders(next, address);
  return (
    places.length > 0 && places.every((one) => isVlan(next, one.device) !== isVlan(host, device))
  );
}

/** The MAC that another machine got as an answer. */
function learnedMac(
  address: string,
  host: PathHost,
  others: readonly PathHost[],
): string | undefined {
  return (
    others
      .filter((one) => one !== host)
      .flatMap(({ facts }) => facts.neighbours)
      .find(
        (one) => one.address === address && !one.states.includes('PERMANENT') && one.mac !== null,
      )?.mac ?? undefined
  );
}

/** An address that is on no network of its own is not judged. */
function answersOn(host: PathHost, address: Address): boolean {
  const places = holders(host, address).filter((one) =>
    devicesOn(host, address).some(({ device }) => device === one.device),
  );
  return (
    places.length === 0 || places.some(({ device }) => answers(host, device, address) !== false)
  );
}
