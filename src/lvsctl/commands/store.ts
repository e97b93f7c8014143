// The options of commands that reach etcd.
import type { Command as Program } from 'commander';
import { LvsctlError } from '../errors.js';
import { type FleetSource, fileStore, parseSource } from '../fleet/source.js';
import type { FleetStore } from '../fleet/store.js';
import type { World } from '../world.js';

export interface StoreOptions {
  readonly cacert?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly user?: string;
  readonly passwordFile?: string;
}

export function addStoreOptions(program: Program): Program {
  return program
    .option('--cacert <file>', 'etcds: the certificate authority')
    .option('--cert <file>', 'etcds: the certificate of this client')
    .option('--key <file>', 'etcds: its key')
    .option('--user <name>', 'etcd: the user')
    .option('--password-file <file>', 'etcd: a file with its password');
}

/** @throws LvsctlError BAD_USAGE; a system error of the files */
export async function openStore(
  url: string,
  options: StoreOptions,
  world: World,
): Promise<{ readonly store: FleetStore; readonly source: FleetSource }> {
  const source = parseSource(url);
  if (source.kind === 'file') {
    const { digest } = world.records(undefined);
    return { source, store: fileStore(() => world.readText(source.path), digest) };
  }
  const { cacert, cert, key, user, passwordFile } = options;
  if ((user === undefined) !== (passwordFile === undefined))
    throw new LvsctlError('BAD_USAGE', '--user and --password-file go together');
  if (!source.tls && [cacert, cert, key].some((one) => one !== undefined))
    throw new LvsctlError('BAD_USAGE', '--cacert, --cert and --key are for etcds://');
  const read = (path: string | undefined) =>
    path === undefined ? undefined : world.readText(path);
  return {
    source,
    store: reporting(
      await world.openEtcd({
        endpoints: source.endpoints,
        tls: source.tls ? { ca: read(cacert), cert: read(cert), key: read(key) } : undefined,
        user:
          user === undefined
            ? undefined
            : { name: user, password: (read(passwordFile) ?? '').replace(/\n$/, '') },
      }),
    ),
  };
}

/** The same store; what it throws is an error with a code. */
function reporting(store: FleetStore): FleetStore {
  const coded =
    <A extends unknown[], T>(work: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      try {
        return await work.apply(store, args);
      } catch (error) {
        throw new LvsctlError('NO_STORE', error instanceof Error ? error.message : String(error));
      }
    };
  return {
    get: coded(store.get),
    list: coded(store.list),
    put: coded(store.put),
    replace: coded(store.replace),
    remove: coded(store.remove),
    grant: coded(store.grant),
    keepAlive: coded(store.keepAlive),
    revoke: coded(store.revoke),
    watch: (...args) => store.watch(...args),
  };
}

/** @throws LvsctlError BAD_USAGE for `file:` */
export function etcdKey(source: FleetSource, what: string): string {
  if (source.kind === 'etcd') return source.key;
  throw new LvsctlError('BAD_USAGE', `${what} needs etcd: a file has no directors`);
}
