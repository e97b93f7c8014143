// An HTTP request as it goes over the connection.
import type { Digest } from './answerbody.js';
import type { TlsSpec } from './tls.js';

export interface HttpProbe {
  readonly tls?: TlsSpec;
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  /** the body of the request */
  readonly data?: string;
  /** statuses that pass, both ends included */
  readonly status: readonly { readonly from: number; readonly to: number }[];
  /** RE2 pattern that the body must match */
  readonly body?: string;
  /** RE2 pattern that the body must not match */
  readonly notBody?: string;
  readonly digest?: Digest;
  /** RE2 pattern whose first group, else whose match, is the weight of the server */
  readonly weight?: string;
  readonly redirects: number;
}

/** what a form sends, as curl does where nothing else is set */
const FORM = 'application/x-www-form-urlencoded';

/**
 * The request, a letter a byte (latin1): headers may hold any byte, the body is UTF-8. The
 * connection is used once, unless the protocol is to be switched.
 */
export function requestText({ method, path, host, headers, data }: HttpProbe): string {
  const names = Object.keys(headers);
  const has = (name: string) => names.some((one) => one.toLowerCase() === name);
  const body = data === undefined ? '' : Buffer.from(data).toString('latin1');
  let text = `${method} ${path} HTTP/1.1\r\n`;
  if (!has('user-agent')) text += 'User-Agent: lvsctl\r\n';
  if (!has('accept')) text += 'Accept: */*\r\n';
  if (data !== undefined && !has('content-type')) text += `Content-Type: ${FORM}\r\n`;
  if (data !== undefined) text += `Content-Length: ${body.length}\r\n`;
  for (const name of names) text += `${name}: ${headers[name]}\r\n`;
  const connection = has('upgrade') ? 'Upgrade' : 'close';
  return `${text}Host: ${host}\r\nConnection: ${connection}\r\n\r\n${body}`;
}
