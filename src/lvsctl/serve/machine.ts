// What `lvsctl serve` needs of the machine beside table and monitor; system/web.ts is the real one.

/** A request as it came. */
export interface WebRequest {
  readonly method: string;
  /** path and query */
  readonly url: string;
  /** by their names in small letters */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface WebAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /**
   * More, for as long as the client stays.
   * @param drained resolves when all that was written is read, or the client has left
   * @returns what is called when it has left
   */
  readonly stream?: (
    write: (piece: string | Uint8Array) => void,
    end: () => void,
    drained: () => Promise<void>,
  ) => () => void;
}

/** Never rejects. */
export type WebHandler = (request: WebRequest) => Promise<WebAnswer>;

export type ListenPlace =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  /** the sockets that systemd has opened */
  | { readonly kind: 'systemd' };

/** PEM texts of a certificate and its key. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

export interface WebListener {
  /** where it listens, as URLs: `http://127.0.0.1:9912/` */
  readonly urls: readonly string[];
  /** Takes another certificate for new connections. @throws Error when it cannot be used */
  setTls(tls: TlsPair): void;
  close(): void;
}

export interface WebMachine {
  /**
   * Answers HTTP at a place.
   * @throws a system error when it cannot listen; Error when systemd has opened no socket, or the
   *   certificate cannot be used
   */
  listen(place: ListenPlace, tls: TlsPair | undefined, handle: WebHandler): Promise<WebListener>;
  /** Compares two secrets in a time that depends on neither. */
  isSame(one: string, other: string): boolean;
  /** SHA-256 in base64 */
  digest(text: string): string;
  gzip(text: Uint8Array): Promise<Uint8Array>;
  /** The status page as it was built. @throws a system error */
  page(): string;
  readonly hostname: string;
}
