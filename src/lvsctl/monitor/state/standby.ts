// Services whose VIP is not on this machine: with `pause_on_standby` nothing is checked then, and
// all that is known of their servers stays as it is.
import { formatAddress, parseAddress } from '../../../model/address.js';
import { vipsOf } from '../../config/desired.js';
import type { Config } from '../../config/file.js';
import { firstResultsMs } from './config.js';
import { isUnknown } from './service.js';
import { mapped, type ServerState, type ServiceState } from './state.js';

/** Addresses of this machine as `eth0 192.0.2.1`; undefined = not known, and nothing is paused. */
export type LocalVips = ReadonlySet<string> | undefined;

const LOOPBACK = 'lo';

/**
 * The services with those that are paused now, and those that are no longer.
 * @param now clock milliseconds
 */
export function withStandby(
  services: readonly ServiceState[],
  config: Config,
  local: LocalVips,
  now: number,
): readonly ServiceState[] {
  const here = hereOf(config, local);
  return mapped(services, (service) => {
    const standby = here !== undefined && !isHere(service, here);
    if (service.standby === standby && !standby) return service;
    const servers = mapped(service.servers, standby ? assumedIn : resumed);
    if (standby)
      return service.standby && servers === service.servers
        ? service
        : { ...service, standby, servers };
    return { ...service, standby, servers, firstResultsBy: now + firstResultsMs(service.spec) };
  });
}

/** The VIPs on this machine; undefined where nothing is paused. */
function hereOf({ vips, monitor }: Config, local: LocalVips): ReadonlySet<string> | undefined {
  if (!monitor.pause_on_standby || local === undefined) return undefined;
  const entries = [...local].map((one) => {
    const [device = '', text = ''] = one.split(' ');
    const address = parseAddress(text);
    return [device, address ? formatAddress(address) : text] as const;
  });
  const ofFile = new Map(vips.map((vip) => [formatAddress(vip.address), vip.interface]));
  // on a director that is a real server too, the VIP stays on lo
  return new Set(
    entries
      .filter(([device, address]) => device !== LOOPBACK || ofFile.get(address) === LOOPBACK)
      .map(([, address]) => address),
  );
}

/** Of a group one VIP is enough. */
function isHere({ spec }: ServiceState, here: ReadonlySet<string>): boolean {
  return vipsOf(spec.source).some((vip) => here.has(formatAddress(vip)));
}

/** A server of which nothing is known yet is in until its first result, as in the file. */
function assumedIn(server: ServerState): ServerState {
  return isUnknown(server) && !server.assumed ? { ...server, assumed: true } : server;
}

/**
 * What is up needs all its failures to go. What is down comes back with one pass: what was known of
 * it is old.
 */
function resumed(server: ServerState): ServerState {
  const checks = mapped(server.checks, (check) => {
    const streak = check.up || check.unknown ? 0 : check.spec.rise - 1;
    return streak === check.streak ? check : { ...check, streak };
  });
  return checks === server.checks ? server : { ...server, checks };
}
