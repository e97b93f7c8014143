// Requests that change something: their body, and what carries them out.
import { LvsctlError } from '../errors.js';
import type { Act, ActRequest } from '../sample/act.js';
import { nullable, objectOf, type Shape, textThat } from '../shape.js';
import { errorAnswer, jsonAnswer } from './answers.js';
import type { WebAnswer, WebRequest } from './machine.js';

/** @returns what was done, as text @throws LvsctlError */
export type Administer = (request: ActRequest) => Promise<string>;

interface ServerBody {
  readonly service: string;
  readonly server: string;
  readonly reason: string;
  readonly for_seconds: number | null;
  readonly weight: number | null;
}

const MOST_WEIGHT = 65_535;
const MOST_SECONDS = 365 * 86_400;
const named = (what: string) => textThat(what, (value) => value !== '' && value.length < 200);
const numberTo = (most: number) => (value: unknown, path: string) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most
    ? undefined
    : `${path}: expected a whole number from 0 to ${most}`;
const BODY: Shape = objectOf<ServerBody>({
  service: named('the key of a service'),
  server: named('an address with its port'),
  reason: textThat('a text of at most 200 letters in one line', (value) =>
    /^\P{Cc}{0,200}$/u.test(value),
  ),
  for_seconds: nullable(numberTo(MOST_SECONDS)),
  weight: nullable(numberTo(MOST_WEIGHT)),
});
const DEFAULTS = { reason: '', for_seconds: null, weight: null };

/** @throws LvsctlError BAD_USAGE, and as `perform` */
export async function administer(
  act: Act,
  work: Administer | undefined,
  request: WebRequest,
): Promise<WebAnswer> {
  if (work === undefined)
    return errorAnswer(
      403,
      'BAD_USAGE',
      'nothing can be changed here',
      'lvsctl serve --allow-admin',
    );
  // a form of another site can send text, but not JSON
  if (!/^application\/json\b/i.test(String(request.headers['content-type'] ?? '')))
    return errorAnswer(415, 'BAD_USAGE', 'the body must be application/json');
  const { service, server, reason, for_seconds, weight } = parsedBody(request.body);
  if ((act === 'weight') !== (weight !== null))
    throw new LvsctlError(
      'BAD_USAGE',
      'the body: weight belongs to the act weight, which needs it',
    );
  const done = await work({
    ...{ act, service, server, reason, for_seconds, by: 'lvsctl serve' },
    ...(weight === null ? {} : { weight }),
  });
  return jsonAnswer(JSON.stringify({ done }));
}

function parsedBody(body: string): ServerBody {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new LvsctlError('BAD_USAGE', 'the body is not JSON');
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const full = isObject ? { ...DEFAULTS, ...(value as object) } : value;
  const problem = BODY(full, '');
  if (problem !== undefined) throw new LvsctlError('BAD_USAGE', `the body: ${problem}`);
  return full as ServerBody;
}
