// The monitor over HTTP: which request does what, and its answer in JSON. Version 1.
import { type ErrorCode, LvsctlError } from '../../errors.js';
import { reasonOf } from '../../failure.js';
import { nullable, objectOf, type Shape, text, textThat } from '../../shape.js';
import type { ApiAnswer, ApiHandler, ApiRequest } from '../runtime.js';
import type { Status } from '../status.js';
import type { AdminAnswer, AdminRequest } from './control.js';
import type { Feed, NumberedEvent } from './feed.js';

/** What the requests act on. */
export interface ApiParts {
  status(): Promise<Status>;
  /** @throws NOT_FOUND, BAD_USAGE or a system error */
  administer(request: AdminRequest): Promise<AdminAnswer>;
  /** @throws BAD_FILE and what else refuses a file: the previous one stays in force */
  reload(): Promise<ReloadAnswer>;
  readonly feed: Feed;
}

export interface ReloadAnswer {
  /** the file in force */
  readonly file: string;
}

/** The body of every answer that is no success. */
export interface ApiError {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    /** what to do about it */
    readonly hint: string | null;
  };
}

interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly answer: (
    parts: ApiParts,
    request: ApiRequest,
    query: URLSearchParams,
  ) => Promise<ApiAnswer>;
}

// biome-ignore format: a table
export const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/v1/status', answer: async (parts) => json(200, await parts.status()) },
  { method: 'GET', path: '/v1/events', answer: async ({ feed }, _, query) => events(feed, query) },
  { method: 'POST', path: '/v1/servers/drain', answer: async (parts, request) => administer(parts, request, 'drained') },
  { method: 'POST', path: '/v1/servers/disable', answer: async (parts, request) => administer(parts, request, 'disabled') },
  { method: 'POST', path: '/v1/servers/enable', answer: async (parts, request) => administer(parts, request, null) },
  { method: 'POST', path: '/v1/reload', answer: async (parts) => json(200, await parts.reload()) },
];

/** HTTP statuses of errors that the client can do something about; any other one is 500. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  BAD_USAGE: 400,
  NOT_FOUND: 404,
  BAD_FILE: 422,
  WRONG_MACHINE: 422,
  NO_MONITOR: 503,
};

/** @param parts undefined = the monitor is only starting */
export function createApi(parts: () => ApiParts | undefined): ApiHandler {
  return async (request) => {
    try {
      return await route(parts(), request);
    } catch (error) {
      const code = error instanceof LvsctlError ? error.code : 'SYSTEM';
      const hint = error instanceof LvsctlError ? error.hint : undefined;
      return failure(STATUSES[code] ?? 500, code, reasonOf(error), hint);
    }
  };
}

async function route(parts: ApiParts | undefined, request: ApiRequest): Promise<ApiAnswer> {
  const [path, query] = request.url.split('?', 2) as [string, string?];
  const there = ROUTES.filter((one) => one.path === path);
  if (there.length === 0)
    return failure(
      404,
      'NOT_FOUND',
      `${path}: no such resource`,
      `there are ${[...new Set(ROUTES.map((one) => one.path))].join(', ')}`,
    );
  const found = there.find(({ method }) => method === request.method);
  if (found === undefined) {
    const allow = there.map(({ method }) => method).join(', ');
    const answer = failure(405, 'BAD_USAGE', `${request.method} ${path}: use ${allow}`);
    return { ...answer, headers: { allow } };
  }
  if (parts === undefined) return failure(503, 'NO_MONITOR', 'the monitor is only starting');
  return found.answer(parts, request, new URLSearchParams(query));
}

function json(status: number, value: Status | AdminAnswer | ReloadAnswer | ApiError): ApiAnswer {
  return { status, body: `${JSON.stringify(value)}\n` };
}

function failure(status: number, code: ErrorCode, message: string, hint?: string): ApiAnswer {
  return json(status, { error: { code, message, hint: hint ?? null } });
}

type AdminBody = Omit<AdminRequest, 'state'>;

const MOST_SECONDS = 100 * 365 * 86_400;
const ADMIN_BODY = objectOf<AdminBody>({
  server: textThat('an address, perhaps with its port', (value) => value !== ''),
  service: nullable(text),
  reason: text,
  by: text,
  for_seconds: nullable(secondsFromNow),
});

function secondsFromNow(value: unknown, path: string): string | undefined {
  return typeof value === 'number' && value > 0 && value <= MOST_SECONDS
    ? undefined
    : `${path}: expected a number of seconds above 0`;
}

/** Keys that are absent are as the command without its options. */
async function administer(
  parts: ApiParts,
  { body }: ApiRequest,
  state: AdminRequest['state'],
): Promise<ApiAnswer> {
  const given = checked(body, { service: null, reason: '', by: '', for_seconds: null }, ADMIN_BODY);
  return json(200, await parts.administer({ ...(given as AdminBody), state }));
}

/** @throws BAD_USAGE when it is not JSON of that shape */
function checked(body: string, defaults: Partial<AdminBody>, shape: Shape): unknown {
  let value: unknown;
  try {
    value = JSON.parse(body) as unknown;
  } catch {
    throw new LvsctlError('BAD_USAGE', 'the body is not JSON');
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const full = isObject ? { ...defaults, ...(value as object) } : value;
  const problem = shape(full, '');
  if (problem !== undefined) throw new LvsctlError('BAD_USAGE', `the body: ${problem}`);
  return full;
}

/** Those that are kept, then live ones; `since=ID` later ones only, `follow=0` no live ones. */
function events(feed: Feed, query: URLSearchParams): ApiAnswer {
  const since = query.get('since') ?? '0';
  const follow = query.get('follow') ?? '1';
  if (!/^\d{1,15}$/.test(since))
    throw new LvsctlError('BAD_USAGE', `since=${since}: not the number of an event`);
  if (follow !== '0' && follow !== '1')
    throw new LvsctlError('BAD_USAGE', `follow=${follow}: neither 0 nor 1`);
  const line = (event: NumberedEvent) => `${JSON.stringify(event)}\n`;
  const body = feed.after(Number(since)).map(line).join('');
  const headers = { 'content-type': 'application/x-ndjson' };
  if (follow === '0') return { status: 200, headers, body };
  return {
    status: 200,
    headers,
    body,
    stream: (write) => feed.follow((event) => write(line(event))),
  };
}
