// Answers an HTTP request over TLS.
import { formatAddress } from '../../model/address.js';
import { HTTP_KEYS, httpConsistency, httpSpec } from './request.js';
import { checkRow } from './row.js';
import { ALWAYS, TLS_KEYS, tlsConsistency, tlsMissing, tlsSpec } from './tls.js';

export const https = checkRow({
  keys: { ...HTTP_KEYS, ...TLS_KEYS },
  defaultPort: 443,
  vip: 'route',
  label: ({ path }) => `https ${path}`,
  toSpec(check, { service }) {
    const { host } = check;
    const name = host === undefined ? formatAddress(service.address) : withoutPort(host);
    return { ...httpSpec(check, service, 443), tls: tlsSpec(check, name) };
  },
  consistency(check, at) {
    httpConsistency(check, at);
    tlsConsistency(check, at, ALWAYS);
  },
  missing: tlsMissing,
});

/** A Host header without its port and brackets. */
function withoutPort(host: string): string {
  return /^\[(.*)\]/.exec(host)?.[1] ?? host.replace(/:\d+$/, '');
}
