// Where a redirect leads, on the same server: another would be another check.
import type { AnswerHead } from './httpanswer.js';
import type { HttpProbe } from './httprequest.js';
import type { ProbeTarget } from './outcome.js';
import type { TlsSpec } from './tls.js';

/** A request of a probe, and where it goes. */
export interface Request {
  readonly target: ProbeTarget;
  readonly spec: HttpProbe;
}

/** letters of a redirect's address */
const LOCATION_LIMIT = 8192;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * The next request with the address it is for, why there is none, or undefined where the answer is
 * no redirect.
 */
export function redirected(
  { status, location }: AnswerHead,
  { target, spec }: Request,
): (Request & { readonly address: string }) | string | undefined {
  if (location === undefined || !REDIRECTS.includes(status)) return undefined;
  if (location.length > LOCATION_LIMIT)
    return `redirected to an address of more than ${LOCATION_LIMIT} letters`;
  const scheme = spec.tls ? 'https' : 'http';
  const base = `${scheme}://${spec.host}${spec.path}`;
  const next = URL.canParse(location, base) ? new URL(location, base) : undefined;
  if (next?.protocol !== 'http:' && next?.protocol !== 'https:')
    return `redirected to ${location}, which is no address of http`;
  const same = next.origin === new URL(base).origin;
  const { tls: previous, ...rest } = request(spec, status);
  const tls = same ? previous : tlsFor(next, previous);
  return {
    target: same ? target : { ...target, port: portOf(next) },
    spec: {
      ...rest,
      ...(tls === undefined ? {} : { tls }),
      host: next.host,
      path: next.pathname + next.search,
    },
    address: next.href,
  };
}

function portOf({ port, protocol }: URL): number {
  return port === '' ? { 'http:': 80, 'https:': 443 }[protocol as 'http:'] : Number(port);
}

/** As browsers do: what was posted is not posted again. */
function request({ data, ...spec }: HttpProbe, status: number): HttpProbe {
  if (spec.method === 'POST' && status <= 303) return { ...spec, method: 'GET' };
  return data === undefined ? spec : { ...spec, data };
}

/** For another name: the certificate of this check is shown to none but its own. */
function tlsFor(next: URL, tls: TlsSpec | undefined): TlsSpec | undefined {
  if (next.protocol !== 'https:') return undefined;
  const name = next.hostname.replace(/^\[(.*)\]$/, '$1');
  const ca = tls?.ca === undefined ? {} : { ca: tls.ca };
  return { verify: tls?.verify ?? true, ...ca, name };
}
