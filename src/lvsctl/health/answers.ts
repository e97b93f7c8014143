// The shapes of a monitor's answers: what comes over the socket may be of another program, or of a
// monitor of another version.
import type { ServerId } from './admin.js';
import type { AdminAnswer, ChangedServer, Refusal } from './control.js';
import {
  amount,
  boolean,
  count,
  listOf,
  moment,
  nullable,
  objectWith,
  oneOf,
  type Shape,
  text,
} from './shape.js';
import { type ServerStatus, type ServiceStatus, STANDINGS, type Status } from './status.js';

type Check = ServerStatus['checks'][number];
type Sorry = NonNullable<ServiceStatus['sorry']>;
type Other = ServiceStatus['others'][number];

const SERVER = objectWith<ServerStatus>({
  server: text,
  state: oneOf(STANDINGS),
  since: moment,
  reason: nullable(text),
  lastError: nullable(text),
  latencyMs: nullable(amount),
  weight: count,
  weightWanted: nullable(count),
  weightActual: nullable(count),
  active: count,
  inactive: count,
  persistent: count,
  checks: listOf(
    objectWith<Check>({ check: text, up: boolean, streak: count, error: nullable(text) }),
  ),
});

const SERVICE = objectWith<ServiceStatus>({
  name: text,
  id: text,
  servers: listOf(SERVER),
  sorry: nullable(objectWith<Sorry>({ server: text, wanted: boolean, actual: boolean })),
  others: listOf(
    objectWith<Other>({ server: text, weight: count, active: count, inactive: count }),
  ),
});

export const STATUS: Shape = objectWith<Status>({
  version: oneOf([1]),
  file: text,
  pid: count,
  started: moment,
  templatesExpire: boolean,
  trouble: nullable(text),
  services: listOf(SERVICE),
});

export const ADMIN_ANSWER: Shape = objectWith<AdminAnswer>({
  servers: listOf(
    objectWith<ChangedServer & ServerId>({ service: text, server: text, changed: boolean }),
  ),
  trouble: nullable(text),
});

export const REFUSAL: Shape = objectWith<Refusal>({ error: text, hint: nullable(text) });
