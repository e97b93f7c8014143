// Where the file of a fleet is kept, and what its directors write beside it.

export interface StoreEntry {
  readonly key: string;
  readonly value: string;
  /** grows with each change */
  readonly version: string;
}

/** How etcd is reached. */
export interface EtcdAddress {
  readonly endpoints: readonly { readonly host: string; readonly port: number }[];
  /** PEM texts; undefined = no TLS */
  readonly tls:
    | {
        readonly ca: string | undefined;
        readonly cert: string | undefined;
        readonly key: string | undefined;
      }
    | undefined;
  readonly user: { readonly name: string; readonly password: string } | undefined;
}

/** Keys and values with versions, leases and watches: etcd, or a test's own. All methods reject
 * with an Error when the store cannot be reached. */
export interface FleetStore {
  get(key: string): Promise<StoreEntry | undefined>;
  list(prefix: string): Promise<readonly StoreEntry[]>;
  put(key: string, value: string, lease?: string): Promise<void>;
  /** @param version `0` = there must be none @returns the new version; undefined = it was changed */
  replace(key: string, version: string, value: string, lease?: string): Promise<string | undefined>;
  remove(key: string): Promise<void>;
  grant(seconds: number): Promise<string>;
  keepAlive(lease: string): Promise<boolean>;
  revoke(lease: string): Promise<void>;
  /** Of all keys from the first to the last, in the order of their bytes. */
  watch(first: string, last: string, changed: () => void, ended: () => void): () => void;
}

/** The keys of a fleet whose file is at KEY. */
export const keysOf = (key: string) => ({
  file: key,
  directors: `${key}/directors/`,
  director: (name: string) => `${key}/directors/${name}`,
  lock: `${key}/lock`,
  admin: `${key}/admin`,
});

/** What a director reports of itself. */
export interface DirectorReport {
  readonly name: string;
  /** lvsctl's version */
  readonly program: string;
  /** of the file that is in force; null = none yet */
  readonly version: string | null;
  /** of the file that it last tried */
  readonly tried: string | null;
  readonly state: 'applied' | 'refused' | 'failed' | 'held' | 'starting';
  readonly error: string | null;
  /** steps from the table to the file; null where a monitor decides, or it cannot be read */
  readonly differences: number | null;
  /** of the running monitor; null = none is running */
  readonly services: { readonly up: number; readonly down: number } | null;
  /** ISO 8601 */
  readonly time: string;
}

const STATES = ['applied', 'refused', 'failed', 'held', 'starting'];

/** Undefined for what no director of this version wrote. */
export function parseReport({ value }: StoreEntry): DirectorReport | undefined {
  try {
    const report = JSON.parse(value) as DirectorReport;
    const texts = [report.name, report.program, report.time].every(
      (one) => typeof one === 'string',
    );
    return texts && STATES.includes(report.state) ? report : undefined;
  } catch {
    return undefined;
  }
}
