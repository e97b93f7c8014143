// The options of `lvsctl serve` as what the server needs: place, token, certificate.
import { LvsctlError } from '../errors.js';
import type { Runtime } from '../monitor/runtime.js';
import type { Labels } from './exposition.js';
import type { GuardRules } from './guard.js';
import type { ListenPlace, TlsPair } from './machine.js';

export interface ServeOptions {
  readonly listen: ListenPlace;
  readonly tokenFile?: string;
  readonly allowAdmin?: boolean;
  readonly allowHost: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly nodeExporterNames?: boolean;
  /** of every metric */
  readonly label?: Labels;
  readonly socket?: string;
  readonly once?: boolean;
}

/** What is read from files, and again at SIGHUP. */
export interface Secrets {
  readonly token: string | undefined;
  readonly tls: TlsPair | undefined;
}

/** permission bits of users that are neither the owner nor of its group */
const OTHERS = 0o007;

/** Reads `127.0.0.1:9912`, `[::1]:9912`, `unix:PATH`, `systemd`. @returns undefined for others */
export function parsePlace(text: string): ListenPlace | undefined {
  if (text === 'systemd') return { kind: 'systemd' };
  if (/^unix:\/./.test(text)) return { kind: 'unix', path: text.slice(5) };
  const [, v6, v4, port] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = v6 ?? v4;
  return host === undefined || Number(port) > 65_535
    ? undefined
    : { kind: 'tcp', host, port: Number(port) };
}

/** Labels that metrics have themselves, of node_exporter's names too, and Prometheus' own. */
// biome-ignore format: a list
const TAKEN: ReadonlySet<string> = new Set([
  'service', 'server', 'name', 'protocol', 'address', 'port', 'mark', 'scheduler', 'mode', 'state', 'check', 'version', 'ipvs', 'role', 'interface', 'syncid',
  'local_address', 'local_port', 'local_mark', 'proto', 'remote_address', 'remote_port', 'job', 'instance', 'le', 'quantile',
]);

/** Reads `NAME=VALUE`. @returns what is wrong, as text */
export function parseLabel(text: string): readonly [name: string, value: string] | string {
  const [, name, value] = /^([a-zA-Z_][a-zA-Z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    return 'NAME=VALUE is needed, NAME of letters, digits and underscores';
  if (name.startsWith('__')) return `labels that begin with __ are Prometheus' own`;
  return TAKEN.has(name) ? `metrics have a label ${name} already` : [name, value];
}

/** @throws LvsctlError BAD_USAGE where options do not go together */
export function checkOptions(options: ServeOptions): void {
  const { allowAdmin, tokenFile, tlsCert, tlsKey, listen } = options;
  if (allowAdmin && tokenFile === undefined)
    throw new LvsctlError('BAD_USAGE', '--allow-admin needs --token-file');
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new LvsctlError('BAD_USAGE', '--tls-cert and --tls-key belong together');
  if (tlsCert !== undefined && listen.kind === 'unix')
    throw new LvsctlError('BAD_USAGE', '--tls-cert: a unix socket needs no certificate');
}

/** Warnings, a line each. */
export function warningsOf({ listen, tokenFile, tlsCert }: ServeOptions): readonly string[] {
  if (listen.kind !== 'tcp' || isLoopback(listen.host)) return [];
  const open = tokenFile === undefined ? ['every client that reaches it may read all of it'] : [];
  const clear = tokenFile !== undefined && tlsCert === undefined;
  return [...open, ...(clear ? ['without --tls-cert the token passes the network as it is'] : [])];
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** @throws LvsctlError BAD_FILE, or a system error */
export function readSecrets(
  { tokenFile, tlsCert, tlsKey }: ServeOptions,
  { readFile }: Pick<Runtime, 'readFile'>,
): Secrets {
  const file = (path: string) => {
    const found = readFile(path);
    if (found === undefined) throw new LvsctlError('NOT_FOUND', `${path}: no such file`);
    return found;
  };
  const pair =
    tlsCert === undefined || tlsKey === undefined
      ? undefined
      : { cert: file(tlsCert).text, key: file(tlsKey).text };
  if (tokenFile === undefined) return { token: undefined, tls: pair };
  const { text, mode } = file(tokenFile);
  if ((mode & OTHERS) !== 0)
    throw new LvsctlError(
      'BAD_FILE',
      `${tokenFile}: every user may read it`,
      `chmod 600 ${tokenFile}`,
    );
  const token = text.trim();
  if (!/^[\x21-\x7e]{16,1000}$/.test(token))
    throw new LvsctlError(
      'BAD_FILE',
      `${tokenFile}: expected one line of at least 16 letters and digits without blanks`,
      `openssl rand -hex 24 > ${tokenFile}`,
    );
  return { token, tls: pair };
}

/** The names that a client may use; on a unix socket any. */
export function guardRules({ listen, allowHost }: ServeOptions, { token }: Secrets): GuardRules {
  const own = listen.kind === 'tcp' ? [listen.host] : [];
  const names = [...own, ...allowHost].map((name) => name.toLowerCase());
  return { token, hosts: listen.kind === 'unix' ? undefined : new Set(names) };
}
