// HTTP for the status page and metrics: on an address, a unix socket, or sockets of systemd.
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type ClientLimits, createConnections, type HttpHandler } from './connections.js';
import { serveSocket } from './socket.js';

const LIMITS: ClientLimits = {
  clients: 256,
  streams: 64,
  requestMs: 5000,
  answerMs: 30_000,
  backlog: 32 * 1024 * 1024,
};
/** the first descriptor that systemd hands over: sd_listen_fds(3) */
const FIRST_FD = 3;
const CHECK_MS = 2000;

export type ListenAt =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'systemd' };

interface PemPair {
  readonly cert: string;
  readonly key: string;
}

/** @param env of this process: LISTEN_FDS and LISTEN_PID are systemd's */
export function createWeb(env: NodeJS.ProcessEnv, limits = LIMITS) {
  return {
    listen: (place: ListenAt, tls: PemPair | undefined, handle: HttpHandler) =>
      listen(place, tls, handle, env, limits),
    isSame,
    digest: (text: string) => createHash('sha256').update(text).digest('base64'),
    gzip: (text: Uint8Array): Promise<Uint8Array> => promisify(gzip)(text, { level: 1 }),
    page: readPage,
    hostname: hostname(),
  };
}

/** Digests have one length, also where the texts have not. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/** Beside the bundle of this installation. */
function readPage(): string {
  const bin = dirname(realpathSync(process.argv[1] ?? ''));
  return readFileSync(join(bin, '../dist/page.html'), 'utf8');
}

async function listen(
  place: ListenAt,
  tls: PemPair | undefined,
  handle: HttpHandler,
  env: NodeJS.ProcessEnv,
  limits: ClientLimits,
) {
  if (place.kind === 'unix') {
    const { close } = await serveSocket(place.path, handle, () => {}, CHECK_MS, limits);
    return { urls: [`unix:${place.path}`], setTls: () => {}, close };
  }
  let context = tls && createSecureContext(tls);
  const connections = createConnections(handle, limits);
  const accept = (socket: Socket) =>
    connections.accept(context ? secured(socket, context) : socket);
  const places =
    place.kind === 'tcp'
      ? [{ host: place.host, port: place.port }]
      : inheritedFds(env).map((fd) => ({ fd }));
  const servers: Server[] = [];
  for (const one of places) servers.push(await bound(one, accept));
  return {
    urls: servers.map((server) => urlOf(server, tls !== undefined)),
    setTls(next: PemPair) {
      context = createSecureContext(next);
    },
    close() {
      for (const server of servers) server.close();
      connections.close();
    },
  };
}

/** The time for the handshake is part of that for the request. */
function secured(socket: Socket, secureContext: SecureContext): Socket {
  // a client that breaks the handshake ends its connection, which its owner sees
  socket.on('error', () => {});
  return new TLSSocket(socket, { isServer: true, secureContext });
}

function bound(
  place: { readonly host: string; readonly port: number } | { readonly fd: number },
  accept: (socket: Socket) => void,
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(place, () => {
      server.off('error', reject);
      // too many open files: the client waits, and the server goes on
      server.on('error', () => {});
      resolve(server);
    });
  });
}

/** @throws Error when systemd has opened no socket for this process */
function inheritedFds({ LISTEN_FDS, LISTEN_PID }: NodeJS.ProcessEnv): number[] {
  const count = Number(LISTEN_FDS ?? 0);
  if (!(count > 0) || Number(LISTEN_PID) !== process.pid)
    throw new Error('systemd has opened no socket for this process (LISTEN_FDS, LISTEN_PID)');
  return Array.from({ length: count }, (_, i) => FIRST_FD + i);
}

function urlOf(server: Server, isTls: boolean): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return `unix:${address ?? ''}`;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${isTls ? 'https' : 'http'}://${host}:${address.port}/`;
}
