// TLS for probes: which certificates are trusted and shown, which key exchanges are taken part in.
import { readFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { type Attempt, describe } from './attempt.js';
import { failed } from './outcome.js';

export interface TlsSpec {
  readonly verify: boolean;
  /** file of certificates to trust; those built into Node.js when absent */
  readonly ca?: string;
  /** files of the certificate that is shown to the server, and of its key */
  readonly cert?: string;
  readonly key?: string;
  /** sent as SNI unless it is an address; the certificate must be for it */
  readonly name: string;
}

/** TLS sessions to be resumed, of which servers offer two or so */
const SESSION_LIMIT = 16;

/** Loaded by the first probe that needs it: most monitors have none. */
const tlsModule = () => process.getBuiltinModule('node:tls');

/**
 * Key exchange over elliptic curves and by RSA, as browsers do. Over finite fields (DHE) the server
 * chooses the numbers: with 9,984 bits a handshake keeps this process busy for 600 ms.
 */
const WITHOUT_DHE = ':!kDHE';
const CURVES = 'X25519:P-256:X448:P-521:P-384';

export type ContextOf = (tls: TlsSpec) => SecureContext;

/** @returns what reads the files once, and again when one has changed; it throws an Error */
export function createContexts(): ContextOf {
  const known = new Map<string, { readonly texts: string; readonly context: SecureContext }>();
  return ({ ca, cert, key }) => {
    const files = { ca, cert, key };
    const named = Object.entries(files).flatMap(([name, path]) =>
      path === undefined ? [] : [[name, textOf(path)] as const],
    );
    const [id, texts] = [JSON.stringify(files), JSON.stringify(named)];
    const previous = known.get(id);
    if (previous?.texts === texts) return previous.context;
    const { createSecureContext, DEFAULT_CIPHERS } = tlsModule();
    const context = createSecureContext({
      ciphers: DEFAULT_CIPHERS + WITHOUT_DHE,
      ecdhCurve: CURVES,
      ...Object.fromEntries(named),
    });
    known.set(id, { texts, context });
    return context;
  };
}

/** @throws Error whose message names the file */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path}: ${describe(error)}`);
  }
}

/** TLS over a connection of a probe; what fails on it is left to the caller. */
export function encrypted(
  socket: Socket,
  tls: TlsSpec,
  secureContext: SecureContext,
  one: Attempt,
): TLSSocket {
  let sessions = 0;
  const { checkServerIdentity, connect } = tlsModule();
  const stream = connect({
    socket,
    secureContext,
    rejectUnauthorized: tls.verify,
    servername: isIP(tls.name) ? '' : tls.name,
    checkServerIdentity: (_, certificate) => checkServerIdentity(tls.name, certificate),
  });
  socket
    .once('connect', () => one.await('TLS handshake'))
    .on('error', (error) => stream.destroy(error));
  return stream
    .once('secureConnect', () => one.await('answer'))
    .on('session', () => {
      if (++sessions > SESSION_LIMIT)
        one.done(failed(`more than ${SESSION_LIMIT} TLS sessions offered`));
    });
}
