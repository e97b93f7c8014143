// One HTTP request to a unix socket.
import { request as httpRequest } from 'node:http';

/** a client waits a little longer than a server answers */
const ANSWER_LIMIT_MS = 31_000;
const UNANSWERED = 'closed without an answer';
/** characters; 2,000 servers are about one million */
const LONGEST_ANSWER = 64 * 1024 * 1024;

export interface ClientRequest {
  readonly method: 'GET' | 'POST';
  /** path and query */
  readonly url: string;
  readonly body?: string;
}

export interface ClientAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Asks the server at the socket `path`.
 * @throws a system error when no process listens, Error when no answer comes in time, or none that
 *   ends
 */
export function askSocket(path: string, request: ClientRequest): Promise<ClientAnswer> {
  let body = '';
  let length = 0;
  const { answer, end } = exchange(path, request, ANSWER_LIMIT_MS, (piece) => {
    length += piece.length;
    if (length > LONGEST_ANSWER) end(new Error('the answer has no end'));
    else body += piece;
  });
  return answer.then((status) => ({ status, body }));
}

/**
 * Follows an answer without an end.
 * @param take gets the pieces of an answer of status 200 as they come
 * @returns `answer`: its status and, unless it is 200, its body, once it has ended; `end` ends it
 * @throws as `askSocket`, from `answer`
 */
export function followSocket(
  path: string,
  url: string,
  take: (piece: string) => void,
): { readonly answer: Promise<number>; end(): void } {
  const { answer, end } = exchange(path, { method: 'GET', url }, undefined, take);
  return { answer, end: () => end() };
}

function exchange(
  path: string,
  { method, url, body }: ClientRequest,
  limitMs: number | undefined,
  take: (piece: string) => void,
): { readonly answer: Promise<number>; end(error?: Error): void } {
  const client = httpRequest({
    socketPath: path,
    method,
    path: url,
    agent: false,
    headers: { host: 'localhost', ...(body ? { 'content-type': 'application/json' } : {}) },
  });
  let ended = false;
  const end = (error?: Error) => {
    ended = true;
    client.destroy(error);
  };
  const late =
    limitMs === undefined
      ? undefined
      : setTimeout(() => end(new Error(`no answer within ${limitMs / 1000} s`)), limitMs);
  const answer = new Promise<number>((resolve, reject) => {
    client.on('error', (error: NodeJS.ErrnoException) =>
      reject(isClosed(error) ? new Error(UNANSWERED) : error),
    );
    client.on('response', (response) => {
      response.setEncoding('utf8');
      response
        .on('data', take)
        .on('error', (error) => reject(isClosed(error) ? new Error(UNANSWERED) : error))
        .on('close', () => {
          if (response.complete || ended) resolve(response.statusCode ?? 0);
          else reject(new Error(UNANSWERED));
        });
    });
    client.on('close', () => {
      clearTimeout(late);
      if (ended) resolve(0);
    });
  });
  client.end(body);
  return { answer, end };
}

function isClosed({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ECONNRESET';
}
