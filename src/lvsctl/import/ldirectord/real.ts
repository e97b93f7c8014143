// `real = ADDRESS[->ADDRESS][:PORT] MODE [WEIGHT] ["REQUEST", "RECEIVE"] ["<l:N>"] ["<u:N>"]`
import { parseAddress } from '../../../model/address.js';
import { rangeOf } from '../../config/range.js';
import type { MethodDraft } from '../draft.js';
import type { Remarks } from '../remark.js';
import { endpointOf, type NamesFound } from './endpoint.js';
import type { Directive } from './lines.js';

export const MODES: Readonly<Record<string, MethodDraft>> = {
  gate: { mode: 'dr' },
  masq: { mode: 'nat' },
  ipip: { mode: 'tun' },
};

export interface Real {
  readonly directive: Directive;
  readonly address: string;
  readonly port: number;
  readonly method: MethodDraft;
  readonly weight: number;
  readonly request: string | undefined;
  readonly receive: string | undefined;
  readonly upper: number;
  readonly lower: number;
}

/** The servers of one line: several for a range; none, with a remark, when it cannot be read. */
export function realsOf(
  directive: Directive,
  protocol: string,
  found: NamesFound,
  remarks: Remarks,
): readonly Real[] {
  const [, where = '', mode = '', weight = '1', rest = ''] =
    /^(\S+)\s+(gate|masq|ipip)(?:\s+(\d+))?((?:[\s,]*"[^"]*")*)\s*$/.exec(directive.value.trim()) ??
    [];
  const method = MODES[mode];
  if (method === undefined) {
    remarks.warn(
      directive,
      directive.key,
      `\`${directive.value}' is not an address, a port and gate, masq or ipip: ldirectord ` +
        'refuses the file',
    );
    return [];
  }
  const [first = '', last] = where.split('->');
  // the port behind a range is that of all
  const end =
    last === undefined ? undefined : endpointOf(last, directive, protocol, found, remarks);
  const begin = endpointOf(first, directive, protocol, found, remarks);
  if (begin === undefined || (last !== undefined && end === undefined)) return [];
  const addresses =
    end === undefined ? [begin.address] : rangeOf(`${begin.address}-${end.address}`);
  if ('reason' in addresses) {
    remarks.warn(directive, directive.key, addresses.reason);
    return [];
  }
  const { pair, thresholds } = textsOf(rest);
  return addresses.map((address) => ({
    directive,
    address,
    port: end?.port ?? begin.port ?? 0,
    method,
    weight: Number(weight),
    request: pair?.[0],
    receive: pair?.[1],
    upper: thresholds.get('u') ?? 0,
    lower: thresholds.get('l') ?? 0,
  }));
}

/** A comma joins request and receive; what is `l:N` or `u:N` alone is a threshold. */
function textsOf(rest: string): {
  readonly pair: readonly [string, string | undefined] | undefined;
  readonly thresholds: ReadonlyMap<string, number>;
} {
  const thresholds = new Map<string, number>();
  const joined = /"([^"]*)"\s*,\s*"([^"]*)"/.exec(rest);
  const others = joined ? rest.replace(joined[0], '') : rest;
  let request: string | undefined;
  for (const [, text = ''] of others.matchAll(/"([^"]*)"/g)) {
    const [, side, number] = /^<?([lu]):(\d+)>?$/.exec(text) ?? [];
    if (side !== undefined) thresholds.set(side, Number(number));
    else request ??= text;
  }
  if (joined) return { pair: [joined[1] ?? '', joined[2] ?? ''], thresholds };
  return { pair: request === undefined ? undefined : [request, undefined], thresholds };
}

/** `ADDRESS[:PORT] [MODE]` of fallback. */
export function fallbackOf(
  directive: Directive,
  protocol: string,
  found: NamesFound,
  remarks: Remarks,
): { readonly address: string; readonly port: number; readonly method: MethodDraft } | undefined {
  const [where = '', mode = 'gate'] = directive.value.replaceAll('"', '').trim().split(/\s+/);
  const endpoint = endpointOf(where, directive, protocol, found, remarks);
  const method = MODES[mode];
  if (endpoint === undefined || parseAddress(endpoint.address) === undefined) return undefined;
  if (method === undefined) {
    remarks.warn(directive, directive.key, `\`${mode}' is none of gate, masq, ipip; left out`);
    return undefined;
  }
  return { address: endpoint.address, port: endpoint.port ?? 0, method };
}
