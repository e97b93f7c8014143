// Keys of the checks that can use TLS.
import type { ProbeSpecOf } from '../../system/probe/spec.js';
import { below, optional } from '../config/field.js';
import { fail, type Place } from '../config/place.js';
import { boolean } from '../config/scalar.js';
import type { CheckMachine } from './row.js';
import { file, serverName } from './values.js';

// biome-ignore format: a table
export const TLS_KEYS = {
  verify: optional(boolean, true, 'verify the certificate'),
  ca: optional(file, undefined, 'file with the certificates (PEM) of the trusted authorities (default: those built into Node.js)'),
  sni: optional(serverName, undefined, 'server name sent and verified; the host when absent'),
  cert: optional(file, undefined, 'file with the certificate (PEM) that is shown to the server; needs `key`'),
  key: optional(file, undefined, 'file with the private key (PEM) of `cert`'),
};

type TlsOfProbe = NonNullable<ProbeSpecOf<'http'>['tls']>;

/** Values of these keys. */
export interface TlsValues {
  readonly verify: boolean;
  readonly ca: string | undefined;
  readonly sni: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** @param name where the check has no `sni` */
export function tlsSpec({ verify, ca, sni, cert, key }: TlsValues, name: string): TlsOfProbe {
  return {
    verify,
    name: sni ?? name,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
}

/** The key that turns TLS on, and whether it does. */
export interface TlsSwitch {
  readonly key: string;
  readonly given: boolean;
}

/** For a kind that always uses TLS. */
export const ALWAYS: TlsSwitch = { key: 'kind', given: true };

/** Reports half of a key pair, and keys without TLS. */
export function tlsConsistency(values: TlsValues, at: Place, { key: on, given }: TlsSwitch): void {
  const { verify, cert, key } = values;
  if (cert !== undefined && key === undefined) fail(below(at, 'cert'), "`cert' needs `key'");
  if (key !== undefined && cert === undefined) fail(below(at, 'key'), "`key' needs `cert'");
  if (given) return;
  for (const name of ['ca', 'sni', 'cert', 'key'] as const)
    if (values[name] !== undefined) fail(below(at, name), `\`${name}' needs \`${on}: true'`);
  if (!verify) fail(below(at, 'verify'), `\`verify' needs \`${on}: true'`);
}

/** Which file cannot be used, and why. */
export function tlsMissing(
  { ca, cert, key }: TlsValues,
  machine: CheckMachine,
): string | undefined {
  const reason = ca === undefined ? undefined : machine.certificateError(ca);
  if (reason !== undefined) return `${ca}: ${reason}`;
  return cert === undefined || key === undefined ? undefined : machine.keyPairError(cert, key);
}
