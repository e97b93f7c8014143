// The block real_server.
import { parseAddress } from '../../../model/address.js';
import type { MethodDraft, ServerDraft } from '../draft.js';
import type { Around } from './checkerdraft.js';
import { CHECKERS, checksOf } from './checkers.js';
import {
  type Conversion,
  type Handler,
  note,
  numberOf,
  placeOf,
  type Vocabulary,
  warning,
} from './conversion.js';
import { methodOf } from './method.js';
import type { Statement } from './statements.js';
import { TIME_KEYWORDS, type Times } from './times.js';

interface ServerBlock extends Times {
  weight: number;
  upper: number;
  lower: number;
  method: MethodDraft | undefined;
  virtualhost?: string;
  inhibit?: boolean;
  readonly checkers: Statement[];
}

/** A server, and whether it stays in the table with weight 0 when it is down. */
export interface ReadServer {
  readonly server: ServerDraft;
  readonly inhibit: boolean | undefined;
}

const WEIGHT = { min: 0, max: 2_147_483_647 };
const THRESHOLD = { min: 0, max: 4_294_967_295 };

const number =
  (key: 'weight' | 'upper' | 'lower'): Handler<ServerBlock> =>
  (draft, statement, conversion) => {
    const value = conversion.number(statement, key === 'weight' ? WEIGHT : THRESHOLD);
    if (value !== undefined) draft[key] = value;
  };
const method: Handler<ServerBlock> = (draft, statement, conversion) => {
  draft.method = methodOf(statement, conversion) ?? draft.method;
};
const notify =
  (event: string): Handler<ServerBlock> =>
  (_, statement, { remarks }) =>
    remarks.warn(
      statement,
      statement.keyword,
      `\`${statement.args[0] ?? ''}' is not run; monitor.hook is one program for all servers, ` +
        `and gets the event \`${event}'`,
    );
const checker: Handler<ServerBlock> = (draft, statement) => {
  draft.checkers.push(statement);
};

const KEYWORDS: Vocabulary<ServerBlock> = {
  ...TIME_KEYWORDS,
  weight: number('weight'),
  uthreshold: number('upper'),
  lthreshold: number('lower'),
  lvs_method: method,
  lb_kind: method,
  inhibit_on_failure(draft, statement, conversion) {
    draft.inhibit = conversion.boolean(statement);
  },
  virtualhost(draft, statement, conversion) {
    const host = conversion.text(statement);
    if (host !== undefined) draft.virtualhost = host;
  },
  notify_up: notify('up'),
  notify_down: notify('down'),
  smtp_alert: warning('no mail is sent; monitor.hook can run a program that sends it'),
  snmp_name: note('there is no SNMP; lvsctl monitor status --json has the states'),
  log_all_failures: note('lvsctl monitor status shows the last error of each server'),
  ...Object.fromEntries(CHECKERS.map((name) => [name, checker])),
};

/** Tokens of the service that its servers have until they have their own. */
export interface OfService extends Omit<Around, 'port' | 'times' | 'virtualhost'> {
  readonly times: Times;
  readonly virtualhost: string | undefined;
}

/** @returns undefined, with a remark, where keepalived leaves the server out as well */
export function realServerOf(
  statement: Statement,
  service: OfService,
  conversion: Conversion,
): ReadServer | undefined {
  const endpoint = endpointOf(statement, conversion);
  if (endpoint === undefined) return undefined;
  const draft: ServerBlock = { weight: 1, upper: 0, lower: 0, method: undefined, checkers: [] };
  conversion.walk(statement.block, KEYWORDS, draft, 'real_server');
  const around: Around = {
    ...service,
    port: endpoint.port,
    times: [draft, service.times],
    virtualhost: draft.virtualhost ?? service.virtualhost,
  };
  const { weight, upper, lower, method: own, checkers, inhibit } = draft;
  const checks = checkers.flatMap((one) => checksOf(one, around, conversion));
  return {
    server: { ...placeOf(statement), ...endpoint, weight, upper, lower, method: own, checks },
    inhibit,
  };
}

/** `ADDRESS [PORT]` of real_server and sorry_server. */
export function endpointOf(
  statement: Statement,
  { remarks }: Conversion,
): { readonly address: string; readonly port: number } | undefined {
  const [address = '', text = '0'] = statement.args;
  const port = numberOf(text, { min: 0, max: 65535 });
  if (parseAddress(address) === undefined || port === undefined) {
    remarks.warn(
      statement,
      statement.keyword,
      `\`${statement.args.join(' ')}' is not an address and a port: left out, as keepalived does`,
    );
    return undefined;
  }
  return { address, port };
}
