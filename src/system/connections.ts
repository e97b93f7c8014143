// HTTP on the connections of a socket: how long each client may take, and which goes when there
// are too many.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** in which a client must have sent its request, from its connection on */
const REQUEST_LIMIT_MS = 5000;
/**
 * in which it gets its answer and must have read it; the answer may wait for a kernel that takes
 * ten seconds
 */
const ANSWER_LIMIT_MS = 30_000;
/** bytes of a body: more than any request */
const LONGEST_BODY = 64 * 1024;
const LONGEST_HEADERS = 16 * 1024;
/** at a time */
const CLIENTS = 32;
/** bytes that a reader of a stream may be behind */
const LONGEST_BACKLOG = 1024 * 1024;

export interface HttpRequest {
  readonly method: string;
  /** path and query as they came */
  readonly url: string;
  readonly body: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON */
  readonly body: string;
  /**
   * More, for as long as the client stays, after the body. Called once; ends with `end`.
   * @returns what is called when the client has left
   */
  readonly stream?: (write: (text: string) => void, end: () => void) => () => void;
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
 * request, reads its answer or follows a stream.
 */
export function createConnections(handle: HttpHandler): SocketConnections {
  /** clients that keep us waiting, the oldest first */
  const waiting = new Set<Socket>();
  /** clients that wait for us */
  const served = new Set<Socket>();
  const limits = new Map<Socket, NodeJS.Timeout>();

  function drop(socket: Socket): void {
    clearTimeout(limits.get(socket));
    limits.delete(socket);
    waiting.delete(socket);
    served.delete(socket);
    socket.destroy();
  }

  function limit(socket: Socket, ms: number | undefined): void {
    clearTimeout(limits.get(socket));
    if (ms !== undefined)
      limits.set(
        socket,
        setTimeout(() => drop(socket), ms),
      );
  }

  function makeRoom(): boolean {
    if (waiting.size + served.size < CLIENTS) return true;
    const [oldest] = waiting;
    if (oldest !== undefined) drop(oldest);
    return oldest !== undefined;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket, method = '', url = '' } = request;
    response.setHeader('connection', 'close');
    const body = await readBody(request);
    if (!waiting.delete(socket)) return; // it was closed, or sent a second request
    served.add(socket);
    limit(socket, ANSWER_LIMIT_MS);
    const answer = body === undefined ? TOO_LONG : await handle({ method, url, body });
    if (!served.delete(socket)) return;
    waiting.add(socket);
    if (answer.stream) limit(socket, undefined);
    send(response, answer, () => drop(socket));
  }

  const server = createServer({ maxHeaderSize: LONGEST_HEADERS }, (request, response) => {
    request.on('error', () => drop(request.socket));
    void serve(request, response);
  });
  server.on('clientError', (_, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
  });

  return {
    accept(socket) {
      if (!makeRoom()) return void socket.destroy();
      waiting.add(socket);
      limit(socket, REQUEST_LIMIT_MS);
      socket.on('error', () => drop(socket)).on('close', () => drop(socket));
      server.emit('connection', socket);
    },
    close() {
      for (const socket of [...waiting, ...served]) drop(socket);
    },
  };
}

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
  drop: () => void,
): void {
  const type = stream ? 'application/x-ndjson' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', ...headers });
  if (stream === undefined) return void response.end(body);
  response.write(body);
  const write = (text: string) => {
    response.write(text);
    if (response.writableLength > LONGEST_BACKLOG) drop(); // a reader that does not read
  };
  const hangUp = stream(write, () => response.end());
  response.on('close', hangUp);
}
