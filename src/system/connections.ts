// HTTP on the connections of a socket: how long each client may take, and which goes when there
// are too many.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** bytes of a body: more than any request */
const LONGEST_BODY = 64 * 1024;
const LONGEST_HEADERS = 16 * 1024;

/** What a server grants its clients. */
export interface ClientLimits {
  /** clients at a time */
  readonly clients: number;
  /** of these, followers of a stream; undefined = all may be */
  readonly streams?: number;
  /** milliseconds in which a client must have sent its request, from its connection on */
  readonly requestMs: number;
  /**
   * milliseconds in which it gets its answer and must have read it; the answer may wait for a
   * kernel that takes ten seconds
   */
  readonly answerMs: number;
  /** bytes that a reader of a stream may be behind */
  readonly backlog: number;
}

/** Those of the monitor's socket. */
const FEW: ClientLimits = { clients: 32, requestMs: 5000, answerMs: 30_000, backlog: 1024 * 1024 };

export interface HttpRequest {
  readonly method: string;
  /** path and query as they came */
  readonly url: string;
  /** by their names in small letters */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, unless a header has another type */
  readonly body: string | Uint8Array;
  /**
   * More, for as long as the client stays, after the body. Called once; ends with `end`.
   * @param drained resolves when all that was written is read, or the client has left; one that
   *   takes longer than for an answer is dropped
   * @returns what is called when the client has left
   */
  readonly stream?: (
    write: (piece: string | Uint8Array) => void,
    end: () => void,
    drained: () => Promise<void>,
  ) => () => void;
}

/** Never rejects. */
export type HttpHandler = (request: HttpRequest) => Promise<HttpAnswer>;

export interface SocketConnections {
  accept(socket: Socket): void;
  /** Ends all. */
  close(): void;
}

/**
 * One request a connection. Where a new client finds no place, the oldest goes that has sent no
 * request; where all have, the oldest that reads its answer, then the oldest that follows a stream.
 */
export function createConnections(
  handle: HttpHandler,
  limits: ClientLimits = FEW,
): SocketConnections {
  const clients = createClients(limits.clients);
  const { silent, reading, following, served, limit, drop } = clients;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket, method = '', url = '', headers } = request;
    response.setHeader('connection', 'close');
    const body = await readBody(request);
    if (!silent.delete(socket)) return; // it was closed, or sent a second request
    served.add(socket);
    limit(socket, limits.answerMs);
    const given = body === undefined ? TOO_LONG : await handle({ method, url, headers, body });
    if (!served.delete(socket)) return;
    const isFull = given.stream && following.size >= (limits.streams ?? limits.clients);
    const answer = isFull ? TOO_MANY : given;
    (answer.stream ? following : reading).add(socket);
    if (answer.stream) limit(socket, undefined);
    send(response, answer, limits, () => drop(socket));
  }

  const server = createServer({ maxHeaderSize: LONGEST_HEADERS }, (request, response) => {
    request.on('error', () => drop(request.socket));
    void serve(request, response);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? HEADERS_TOO_LONG : '400 Bad Request';
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`);
  });

  return {
    accept(socket) {
      if (!clients.makeRoom()) return void socket.destroy();
      silent.add(socket);
      limit(socket, limits.requestMs);
      socket.on('error', () => drop(socket)).on('close', () => drop(socket));
      server.emit('connection', socket);
    },
    close: clients.dropAll,
  };
}

/** The clients of a server by what they wait for, and how long each may take. */
function createClients(most: number) {
  /** clients that keep us waiting, the oldest first: for a request, reading, following */
  const silent = new Set<Socket>();
  const reading = new Set<Socket>();
  const following = new Set<Socket>();
  /** clients that wait for us */
  const served = new Set<Socket>();
  const timers = new Map<Socket, NodeJS.Timeout>();
  const all = [silent, reading, following, served];

  function drop(socket: Socket): void {
    clearTimeout(timers.get(socket));
    timers.delete(socket);
    for (const set of all) set.delete(socket);
    socket.destroy();
  }
  function limit(socket: Socket, ms: number | undefined): void {
    clearTimeout(timers.get(socket));
    if (ms !== undefined)
      timers.set(
        socket,
        setTimeout(() => drop(socket), ms),
      );
  }
  function makeRoom(): boolean {
    if (all.reduce((sum, { size }) => sum + size, 0) < most) return true;
    const [oldest] = [...first(silent), ...first(reading), ...first(following)];
    if (oldest !== undefined) drop(oldest);
    return oldest !== undefined;
  }
  function dropAll(): void {
    for (const set of all) for (const socket of [...set]) drop(socket);
  }
  return { silent, reading, following, served, drop, limit, makeRoom, dropAll };
}

const HEADERS_TOO_LONG = '431 Request Header Fields Too Large';

function first<T>(set: ReadonlySet<T>): readonly T[] {
  for (const one of set) return [one];
  return [];
}

const TOO_MANY: HttpAnswer = {
  status: 503,
  headers: { 'retry-after': '10' },
  body: `${JSON.stringify({
    error: { code: 'BAD_USAGE', message: 'too many clients follow already', hint: null },
  })}\n`,
};

const TOO_LONG: HttpAnswer = {
  status: 413,
  body: `${JSON.stringify({
    error: {
      code: 'BAD_USAGE',
      message: `the request is longer than ${LONGEST_BODY} bytes`,
      hint: null,
    },
  })}\n`,
};

/** @returns undefined when it is too long; never when the client goes */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let length = 0;
    request
      .on('data', (piece: Buffer) => {
        length += piece.length;
        if (length <= LONGEST_BODY) pieces.push(piece);
        else resolve(undefined);
      })
      .on('end', () => resolve(Buffer.concat(pieces).toString('utf8')));
  });
}

function send(
  response: ServerResponse,
  { status, headers, body, stream }: HttpAnswer,
  { backlog, answerMs }: ClientLimits,
  drop: () => void,
): void {
  const type = stream ? 'application/x-ndjson' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers });
  if (stream === undefined) return void response.end(body);
  response.write(body);
  const write = (piece: string | Uint8Array) => {
    response.write(piece);
    if (response.writableLength > backlog) drop(); // a reader that does not read
  };
  const drained = () =>
    new Promise<void>((resolve) => {
      if (response.closed || !response.writableNeedDrain) return resolve();
      const late = setTimeout(drop, answerMs);
      const done = () => {
        clearTimeout(late);
        response.off('drain', done).off('close', done);
        resolve();
      };
      response.on('drain', done).on('close', done);
    });
  const hangUp = stream(write, () => response.end(), drained);
  response.on('close', hangUp);
}
