// The part `traffic` of a table file: what packets left behind, one connection or template a line.
import { type Address, formatAddress } from '../../model/address.js';
import { type KnownProtocol, PROTOCOLS } from '../../model/service.js';
import type { KeptFlow, KeptTemplate, Snapshot } from '../../simulator/snapshot.js';
import type { TrafficState } from '../../simulator/traffic.js';
import {
  address,
  check,
  type Fields,
  fail,
  flag,
  LIMITS,
  list,
  object,
  oneOf,
  text,
  whole,
} from './fields.js';

/** One connection or template a line. */
export function encodeTraffic({ now, services, templates, flows }: Snapshot): string {
  const rows = (items: readonly object[]) =>
    items.map((item) => `\n      ${JSON.stringify(item, addressOut)}`).join(',');
  return (
    `{\n    "now": ${now},\n    "services": [${rows(services)}],\n    ` +
    `"templates": [${rows(templates)}],\n    "flows": [${rows(flows)}]\n  }`
  );
}

function addressOut(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'family' in value
    ? formatAddress(value as Address)
    : value;
}

export function trafficIn(value: unknown): Snapshot {
  const fields = object(value, 'traffic');
  return {
    now: moment(fields.now, 'traffic.now'),
    services: list(fields.services, 'traffic.services', (one, at) => {
      const { traffic, servers } = object(one, at);
      return {
        traffic: countersIn(traffic, `${at}.traffic`),
        servers: list(servers, `${at}.servers`, serverTrafficIn),
      };
    }),
    templates: list(fields.templates, 'traffic.templates', templateIn),
    flows: list(fields.flows, 'traffic.flows', flowIn),
  };
}

function serverTrafficIn(
  value: unknown,
  at: string,
): Snapshot['services'][number]['servers'][number] {
  const { traffic, lastWeight, overloaded } = object(value, at);
  return {
    traffic: countersIn(traffic, `${at}.traffic`),
    lastWeight: whole(lastWeight, `${at}.lastWeight`, LIMITS.serverTraffic.lastWeight),
    overloaded: flag(overloaded, `${at}.overloaded`),
  };
}

function countersIn(value: unknown, at: string): TrafficState {
  const fields = object(value, at);
  const numbers = (name: string) =>
    list(fields[name], `${at}.${name}`, (one, place) => whole(one, place, Number.MAX_SAFE_INTEGER));
  return {
    counted: numbers('counted'),
    copied: numbers('copied'),
    zero: numbers('zero'),
    rates: numbers('rates'),
  };
}

function templateIn(value: unknown, at: string): KeptTemplate {
  const fields = object(value, at);
  return {
    ...tupleIn(fields, at),
    protocol: oneOf(fields.protocol, `${at}.protocol`, [...KNOWN, 'ip' as const]),
    callId: fields.callId === undefined ? undefined : text(fields.callId, `${at}.callId`),
    seconds: whole(fields.seconds, `${at}.seconds`, LIMITS.template.seconds),
    assured: flag(fields.assured, `${at}.assured`),
    retired: flag(fields.retired, `${at}.retired`),
  };
}

function flowIn(value: unknown, at: string): KeptFlow {
  const fields = object(value, at);
  return {
    ...tupleIn(fields, at),
    protocol: oneOf(fields.protocol, `${at}.protocol`, KNOWN),
    clientPort: whole(fields.clientPort, `${at}.clientPort`, LIMITS.flow.clientPort),
    mark: whole(fields.mark, `${at}.mark`, LIMITS.flow.mark),
    state: text(fields.state, `${at}.state`),
    bidirectional: flag(fields.bidirectional, `${at}.bidirectional`),
    template: fields.template === -1 ? -1 : whole(fields.template, `${at}.template`),
  };
}

const KNOWN = Object.keys(PROTOCOLS) as KnownProtocol[];

function tupleIn(fields: Fields, at: string) {
  return {
    service: whole(fields.service, `${at}.service`, LIMITS.tuple.service),
    server: whole(fields.server, `${at}.server`, LIMITS.tuple.server),
    client: address(fields.client, `${at}.client`),
    virtual: address(fields.virtual, `${at}.virtual`),
    virtualPort: whole(fields.virtualPort, `${at}.virtualPort`, LIMITS.tuple.virtualPort),
    serverPort: whole(fields.serverPort, `${at}.serverPort`, LIMITS.tuple.serverPort),
    expiresAt: moment(fields.expiresAt, `${at}.expiresAt`),
  };
}

/** Seconds since 1970, with a fraction. */
function moment(value: unknown, at: string): number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
    ? value
    : fail(at, 'a time');
}

/** @throws FieldError a number that `trafficIn` would refuse */
export function checkTraffic({ now, services, templates, flows }: Snapshot): void {
  moment(now, 'traffic.now');
  services.forEach(({ traffic, servers }, i) => {
    const at = `traffic.services[${i}]`;
    countersIn(traffic, `${at}.traffic`);
    list(servers, `${at}.servers`, serverTrafficIn);
  });
  templates.forEach((template, i) => {
    const at = `traffic.templates[${i}]`;
    check(template, at, LIMITS.tuple);
    check(template, at, LIMITS.template);
    moment(template.expiresAt, `${at}.expiresAt`);
  });
  flows.forEach((flow, i) => {
    const at = `traffic.flows[${i}]`;
    check(flow, at, LIMITS.tuple);
    check(flow, at, LIMITS.flow);
    moment(flow.expiresAt, `${at}.expiresAt`);
    if (flow.template !== -1) whole(flow.template, `${at}.template`);
  });
}
