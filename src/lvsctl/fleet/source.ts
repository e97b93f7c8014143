// `etcd://HOST:PORT[,HOST:PORT]/KEY`, `etcds://…` with TLS, `file:PATH`.
import { LvsctlError } from '../errors.js';
import type { FleetStore, StoreEntry } from './store.js';

export type FleetSource =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'etcd';
      readonly tls: boolean;
      readonly endpoints: readonly { readonly host: string; readonly port: number }[];
      readonly key: string;
    };

const ETCD_PORT = 2379;

/** @throws LvsctlError BAD_USAGE */
export function parseSource(text: string): FleetSource {
  const [, path] = /^file:(.+)$/.exec(text) ?? [];
  if (path !== undefined) return { kind: 'file', path: path.replace(/^\/\/(?=\/)/, '') };
  const [, tls, hosts = '', key = ''] = /^etcd(s?):\/\/([^/]+)(\/.+)$/.exec(text) ?? [];
  const endpoints = hosts.split(',').map(endpoint);
  if (tls === undefined || endpoints.includes(undefined))
    throw new LvsctlError(
      'BAD_USAGE',
      `${text}: etcd://HOST:PORT/KEY, etcds://HOST:PORT/KEY or file:PATH is needed`,
      'several endpoints: etcd://HOST:PORT,HOST:PORT/KEY',
    );
  return {
    kind: 'etcd',
    tls: tls === 's',
    endpoints: endpoints.flatMap((one) => one ?? []),
    key: key.slice(1),
  };
}

function endpoint(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, v6, name, port = String(ETCD_PORT)] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = v6 ?? name;
  const number = Number(port);
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number };
}

/**
 * A file that another program delivers: read only, and nothing is shared beside it. A file counts
 * once two readings in a row were the same, because some programs write it in several pieces.
 */
export function fileStore(read: () => string, digest: (text: string) => string): FleetStore {
  let last: string | undefined;
  let stable: StoreEntry | undefined;
  return {
    async get(key) {
      const value = read();
      const version = digest(value);
      if (version === last) stable = { key, value, version };
      last = version;
      return stable;
    },
    list: async () => [],
    put: async () => {},
    replace: async () => '1',
    remove: async () => {},
    grant: async () => '',
    keepAlive: async () => true,
    revoke: async () => {},
    watch: () => () => {},
  };
}
