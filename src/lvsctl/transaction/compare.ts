// What of the touched rules is not as it should be, a line each.
import type { Destination } from '../../model/destination.js';
import { sameDestination, sameService } from '../../model/same.js';
import { serverKey, serversByKey, type VirtualServer } from '../../model/table.js';
import { changeArguments } from '../../render/rules.js';
import { shellLine } from '../../render/shell.js';
import { DAEMON } from '../plan/rules.js';
import type { RulesState, Touched } from './state.js';

export interface CompareOptions {
  /** the order of servers counts */
  readonly ordered?: boolean;
}

/** @returns nothing when all that was touched is the same */
export function differences(
  actual: RulesState,
  desired: RulesState,
  touched: Touched,
  { ordered = false }: CompareOptions = {},
): readonly string[] {
  const lines = [...touched.services].flatMap((key) =>
    serviceDifferences(actual.table.get(key), desired.table.get(key), ordered).map(
      (line) => `${key}: ${line}`,
    ),
  );
  if (touched.timeouts && timeoutsText(actual) !== timeoutsText(desired))
    lines.push(`timeouts: ${timeoutsText(actual)} instead of ${timeoutsText(desired)}`);
  for (const role of touched.daemons) {
    const [is, should] = [actual, desired].map(
      ({ daemons }) => daemons.find((one) => one.role === role) ?? null,
    );
    if (!DAEMON.same(is ?? null, should ?? null))
      lines.push(
        `sync daemon ${role}: ${DAEMON.show(is ?? null)} instead of ${DAEMON.show(should ?? null)}`,
      );
  }
  return lines;
}

function timeoutsText({ timeouts }: RulesState): string {
  return `${timeouts.tcp} ${timeouts.tcpFin} ${timeouts.udp}`;
}

function serviceDifferences(
  actual: VirtualServer | undefined,
  desired: VirtualServer | undefined,
  ordered: boolean,
): string[] {
  if (desired === undefined) return actual === undefined ? [] : ['is in the table'];
  if (actual === undefined) return ['is missing'];
  const lines: string[] = [];
  if (!sameService(actual.service, desired.service))
    lines.push(
      `${settings({ kind: 'edit-service', service: actual.service })} instead of ` +
        settings({ kind: 'edit-service', service: desired.service }),
    );
  lines.push(...serverDifferences(actual, desired));
  const order = ({ destinations }: VirtualServer) => destinations.map(serverKey).join(' ');
  if (lines.length === 0 && ordered && order(actual) !== order(desired))
    lines.push('its servers are in another order');
  return lines;
}

function serverDifferences(actual: VirtualServer, desired: VirtualServer): string[] {
  const present = serversByKey(actual.destinations);
  const desiredByKey = serversByKey(desired.destinations);
  const { id } = actual.service;
  const text = (destination: Destination) =>
    settings({ kind: 'edit-destination', id, destination });
  const missing = [...desiredByKey].flatMap(([key, one]) => {
    const found = present.get(key);
    if (found === undefined) return [`server ${key} is missing`];
    return sameDestination(found, one)
      ? []
      : [`server ${key}: ${text(found)} instead of ${text(one)}`];
  });
  const surplus = [...present.keys()].filter((key) => !desiredByKey.has(key));
  return [...missing, ...surplus.map((key) => `server ${key} is in the table`)];
}

function settings(change: Parameters<typeof changeArguments>[0]): string {
  const args = changeArguments(change);
  const from = args?.findIndex((arg) => /^-[sgim]$/.test(arg)) ?? -1;
  return args === undefined ? 'settings without an option' : shellLine(args.slice(from));
}
