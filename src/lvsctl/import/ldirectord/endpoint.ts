// Addresses with ports of ldirectord.cf: numbers or names, IPv6 in brackets.
import { formatAddress, parseAddress } from '../../../model/address.js';
import type { NameResolver } from '../../config/rulefile.js';
import type { Remarks } from '../remark.js';
import type { Directive, Directives, ServiceLines } from './lines.js';

/** What the names of the file stand for. */
export type NamesFound = Awaited<ReturnType<NameResolver['resolve']>>;

export interface NamedEndpoint {
  readonly address: string;
  /** undefined = none is given */
  readonly port: number | undefined;
}

/** Looks up all names of hosts and services of the file, once. */
export async function lookUp(
  { global, services }: Directives,
  names: NameResolver,
): Promise<NamesFound> {
  const values = [
    ...global.filter(isEndpoint),
    ...services.flatMap(({ virtual, own }: ServiceLines) => [virtual, ...own.filter(isEndpoint)]),
  ].map(({ value }) => value.split(/\s+/)[0] ?? '');
  const hosts = values
    .flatMap((value) => value.split('->'))
    .map((value) => splitPort(value).host)
    .filter((host) => /[a-z]/i.test(host) && parseAddress(host) === undefined);
  return names.resolve({ hosts: new Set(hosts), services: true });
}

function isEndpoint({ key }: Directive): boolean {
  return /^(?:real|fallback)6?$/.test(key);
}

/**
 * `HOST[:PORT]`
 * @returns undefined, with a remark, where a name is not known
 */
export function endpointOf(
  text: string,
  directive: Directive,
  protocol: string,
  found: NamesFound,
  remarks: Remarks,
): NamedEndpoint | undefined {
  const { host, port } = splitPort(text);
  const address = parseAddress(host) ?? found.host(host);
  const number =
    port === undefined || /^\d+$/.test(port)
      ? port === undefined
        ? undefined
        : Number(port)
      : found.port(port, protocol === 'udp' ? 'udp' : 'tcp');
  if (address === undefined || (port !== undefined && !(Number(number) <= 65535))) {
    remarks.warn(
      directive,
      directive.key,
      `\`${text}' is not an address and a port, nor names that this machine knows; left out`,
    );
    return undefined;
  }
  if (parseAddress(host) === undefined)
    remarks.note(directive, host, `is ${formatAddress(address)} now; an lvsctl file has addresses`);
  return { address: formatAddress(address), port: number };
}

function splitPort(text: string): { readonly host: string; readonly port: string | undefined } {
  const [, bracketed, behind] = /^\[([^\]]*)\](?::(.+))?$/.exec(text) ?? [];
  if (bracketed !== undefined) return { host: bracketed, port: behind };
  const [, host = text, port] = /^([^:]*)(?::([^:]+))?$/.exec(text) ?? [];
  return { host, port };
}
