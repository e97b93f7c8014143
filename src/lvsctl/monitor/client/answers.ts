// The shapes of a monitor's answers: what comes over the socket may be of another program, or of a
// monitor of another version.
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
} from '../../shape.js';
import type { ApiError, ReloadAnswer } from '../process/api.js';
import type { AdminAnswer, ChangedServer } from '../process/control.js';
import type { NumberedEvent } from '../process/feed.js';
import {
  type CheckStatus,
  SERVER_STATES,
  type ServerStatus,
  type ServiceStatus,
  type SorryStatus,
  type Status,
  type UnmanagedStatus,
} from '../status.js';

const SERVER = objectWith<ServerStatus>({
  server: text,
  name: nullable(text),
  state: oneOf(SERVER_STATES),
  since: moment,
  reason: nullable(text),
  by: nullable(text),
  until: nullable(moment),
  held_until: nullable(moment),
  last_error: nullable(text),
  latency_ms: nullable(amount),
  weight: count,
  weight_desired: nullable(count),
  weight_actual: nullable(count),
  active: count,
  inactive: count,
  persistent: count,
  checks: listOf(
    objectWith<CheckStatus>({ check: text, up: boolean, streak: count, error: nullable(text) }),
  ),
});

const SERVICE = objectWith<ServiceStatus>({
  name: text,
  service: text,
  up: nullable(boolean),
  standby: boolean,
  weight_up: count,
  quorum: count,
  hysteresis: count,
  servers: listOf(SERVER),
  sorry: nullable(objectWith<SorryStatus>({ server: text, desired: boolean, actual: boolean })),
  unmanaged: listOf(
    objectWith<UnmanagedStatus>({ server: text, weight: count, active: count, inactive: count }),
  ),
});

export const STATUS: Shape = objectWith<Status>({
  version: oneOf([1]),
  file: text,
  pid: count,
  started: moment,
  templates_expire: boolean,
  error: nullable(text),
  services: listOf(SERVICE),
});

export const ADMIN_ANSWER: Shape = objectWith<AdminAnswer>({
  servers: listOf(
    objectWith<ChangedServer>({ service: text, name: text, server: text, changed: boolean }),
  ),
  error: nullable(text),
});

export const RELOAD_ANSWER: Shape = objectWith<ReloadAnswer>({ file: text });

export const API_ERROR: Shape = objectWith<ApiError>({
  error: objectWith<ApiError['error']>({ code: text, message: text, hint: nullable(text) }),
});

export const EVENT: Shape = objectWith<Pick<NumberedEvent, 'id' | 'time' | 'event'>>({
  id: count,
  time: moment,
  event: text,
});
