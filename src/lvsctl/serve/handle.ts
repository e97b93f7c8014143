// One request from its headers to its answer: its rights, the route, and errors as answers.
import { type ErrorCode, LvsctlError } from '../errors.js';
import { expectedError } from '../failure.js';
import { errorAnswer } from './answers.js';
import { type GuardRules, isAuthorized, isHostAllowed } from './guard.js';
import type { WebAnswer, WebHandler, WebRequest } from './machine.js';
import { type ServeParts, WEB_ROUTES, type WebRoute } from './route.js';

/** HTTP statuses of errors that the client can do something about; any other one is 500. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  BAD_USAGE: 400,
  NOT_FOUND: 404,
  MONITOR_REFUSED: 409,
  MONITOR_RUNNING: 409,
  PENDING: 409,
  NO_MONITOR: 503,
  BACKEND: 503,
  IPVS: 503,
};

/**
 * @param rules as they are in force when a request comes
 * @param onFault takes a fault in lvsctl: the client gets no details of it
 */
export function createHandler(
  parts: ServeParts,
  rules: () => GuardRules,
  onFault: (error: unknown) => void,
): WebHandler {
  return async (request) => {
    try {
      const { stream, ...answer } = await route(parts, rules(), request);
      return stream === undefined || request.method === 'HEAD' ? answer : { ...answer, stream };
    } catch (error) {
      const expected = expectedError(error);
      if (expected === undefined) onFault(error);
      const { code, message, hint } = expected ?? new LvsctlError('INTERNAL', 'a fault in lvsctl');
      return errorAnswer(STATUSES[code] ?? 500, code, message, hint ?? null);
    }
  };
}

async function route(
  parts: ServeParts,
  rules: GuardRules,
  request: WebRequest,
): Promise<WebAnswer> {
  if (!isHostAllowed(request, rules))
    return errorAnswer(
      421,
      'BAD_USAGE',
      'this server has another name',
      'use an address, localhost, or a name given with --allow-host',
    );
  const [path = ''] = request.url.split('?', 1);
  const there = WEB_ROUTES.filter((one) => one.path === path);
  const isOpen = there.length > 0 && there.every(({ open }) => open);
  if (!isOpen && !isAuthorized(request, rules, parts.web))
    return errorAnswer(401, 'BAD_USAGE', 'a token is needed', 'Authorization: Bearer TOKEN', {
      'www-authenticate': 'Bearer',
    });
  if (there.length === 0) return errorAnswer(404, 'NOT_FOUND', 'no such resource');
  const found = there.find((one) => fits(one, request.method));
  return found ? found.answer(parts, request) : notAllowed(there);
}

function fits({ method }: WebRoute, asked: string): boolean {
  return asked === method || (asked === 'HEAD' && method === 'GET');
}

function notAllowed(there: readonly WebRoute[]): WebAnswer {
  const allow = there.map(({ method }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ');
  return errorAnswer(405, 'BAD_USAGE', `use ${allow}`, null, { allow });
}
