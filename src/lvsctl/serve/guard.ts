// Which requests are answered: the name that the client used for this server, and its token.
import type { WebMachine, WebRequest } from './machine.js';

export interface GuardRules {
  /** names of this server beside `localhost` and addresses, in small letters; undefined = any */
  readonly hosts: ReadonlySet<string> | undefined;
  /** what a client must know; undefined = nothing */
  readonly token: string | undefined;
}

/**
 * Whether the name in the header `Host` is one of this server. A page of another site can have its
 * own name lead to this address (DNS rebinding), but not `localhost` or an address.
 */
export function isHostAllowed({ headers }: WebRequest, { hosts }: GuardRules): boolean {
  const host = headers.host;
  if (hosts === undefined) return true;
  if (typeof host !== 'string') return false;
  const [, v6, name] = /^(?:\[([\da-f:.]+)\]|([a-z\d._-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  if (v6 !== undefined) return true;
  if (name === undefined) return false;
  const small = name.toLowerCase().replace(/\.$/, '');
  return small === 'localhost' || /^\d+\.\d+\.\d+\.\d+$/.test(small) || hosts.has(small);
}

/** Whether the request has the token: `Authorization: Bearer TOKEN`. */
export function isAuthorized(
  { headers }: WebRequest,
  { token }: GuardRules,
  { isSame }: Pick<WebMachine, 'isSame'>,
): boolean {
  if (token === undefined) return true;
  const given = typeof headers.authorization === 'string' ? headers.authorization : '';
  const [, value] = /^bearer +(\S+)$/i.exec(given) ?? [];
  // compared in any case, so that the time does not depend on what is missing
  return isSame(value ?? '', token) && value !== undefined;
}
