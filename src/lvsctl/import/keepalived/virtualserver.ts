// The block virtual_server.
import { parseAddress } from '../../../model/address.js';
import { FLAG_NAMES, SCHEDULER_NAMES } from '../../../model/scheduler.js';
import { didYouMean, nearest } from '../../../render/nearest.js';
import type { MethodDraft, PlaceDraft, ServiceDraft } from '../draft.js';
import {
  type Conversion,
  type Handler,
  note,
  numberOf,
  placeOf,
  type Vocabulary,
  warning,
} from './conversion.js';
import type { GroupPlaces } from './group.js';
import { methodOf } from './method.js';
import { endpointOf, type OfService, realServerOf } from './realserver.js';
import type { Statement } from './statements.js';
import { TIME_KEYWORDS, type Times } from './times.js';

interface ServiceBlock extends Times {
  scheduler?: string;
  readonly flags: string[];
  onePacket: boolean;
  method?: MethodDraft;
  persistence?: number;
  netmask?: string | number;
  engine?: string;
  protocol?: string;
  virtualhost?: string;
  quorum: number;
  hysteresis: number;
  inhibit: boolean;
  suspend: boolean;
  sorry?: { readonly statement: Statement; readonly address: string; readonly port: number };
  sorryMethod?: MethodDraft;
  readonly servers: Statement[];
}

const scheduler: Handler<ServiceBlock> = (draft, statement, { remarks }) => {
  const [name = '', ...more] = statement.args;
  if ((SCHEDULER_NAMES as readonly string[]).includes(name)) draft.scheduler = name;
  else
    remarks.warn(
      statement,
      statement.keyword,
      `\`${name}' is not a scheduler: keepalived ignores it and uses ` +
        `wlc${didYouMean(nearest(name, SCHEDULER_NAMES))}`,
    );
  if (more.length > 0)
    remarks.warn(
      statement,
      statement.keyword,
      `\`${more.join(' ')}' behind the scheduler is ignored by keepalived; a flag has a line ` +
        'of its own',
    );
};
const method: Handler<ServiceBlock> = (draft, statement, conversion) => {
  const value = methodOf(statement, conversion);
  if (value !== undefined) draft.method = value;
};
const quorumProgram =
  (event: string): Handler<ServiceBlock> =>
  (_, statement, { remarks }) =>
    remarks.warn(
      statement,
      statement.keyword,
      `\`${statement.args[0] ?? ''}' is not run; monitor.hook is one program for all services, ` +
        `and gets the event \`${event}'`,
    );
const count =
  (key: 'quorum' | 'hysteresis'): Handler<ServiceBlock> =>
  (draft, statement, conversion) => {
    const value = conversion.number(statement, {
      min: key === 'quorum' ? 1 : 0,
      max: 2_147_483_647,
    });
    if (value !== undefined) draft[key] = value;
  };

const KEYWORDS: Vocabulary<ServiceBlock> = {
  ...TIME_KEYWORDS,
  lvs_sched: scheduler,
  lb_algo: scheduler,
  ...Object.fromEntries(
    FLAG_NAMES.map(({ name }): [string, Handler<ServiceBlock>] => [
      name,
      ({ flags }) => void flags.push(name),
    ]),
  ),
  ops(draft) {
    draft.onePacket = true;
  },
  lvs_method: method,
  lb_kind: method,
  persistence_engine(draft, statement, conversion) {
    const name = conversion.text(statement);
    if (name === 'sip') draft.engine = name;
    else if (name !== undefined)
      conversion.remarks.warn(
        statement,
        'persistence_engine',
        `there is no engine ${name}; ignored`,
      );
  },
  persistence_timeout(draft, statement, conversion) {
    if (statement.args.length === 0) draft.persistence = 360;
    else if (statement.args[0] === '0')
      conversion.remarks.note(
        statement,
        'persistence_timeout',
        '0 is no persistence here; keepalived 2.2 refuses it, to the same effect',
      );
    else {
      const value = conversion.number(statement, { min: 1, max: 2_678_400 });
      if (value !== undefined) draft.persistence = value;
    }
  },
  persistence_granularity(draft, statement, conversion) {
    const [text = ''] = statement.args;
    const length = numberOf(text, { min: 1, max: 128 });
    if (length !== undefined) draft.netmask = length;
    else if (/^\d+(?:\.\d+){3}$/.test(text) && parseAddress(text)) draft.netmask = text;
    else
      conversion.remarks.warn(
        statement,
        'persistence_granularity',
        `\`${text}' is no netmask; ignored`,
      );
  },
  protocol(draft, statement, { remarks }) {
    const name = statement.args[0]?.toLowerCase() ?? '';
    if (['tcp', 'udp', 'sctp'].includes(name)) draft.protocol = name;
    else remarks.warn(statement, 'protocol', `\`${name}' is none of TCP, UDP, SCTP; ignored`);
  },
  ip_family: note('the family of a mark is that of its VIP (--mark)'),
  ha_suspend(draft) {
    draft.suspend = true;
  },
  smtp_alert: warning('no mail is sent; monitor.hook can run a program that sends it'),
  snmp_name: note('there is no SNMP; lvsctl monitor status --json has the states'),
  virtualhost(draft, statement, conversion) {
    const host = conversion.text(statement);
    if (host !== undefined) draft.virtualhost = host;
  },
  omega: warning('no program is run when the monitor stops; the table stays as it is'),
  quorum: count('quorum'),
  hysteresis: count('hysteresis'),
  quorum_up: quorumProgram('service-up'),
  quorum_down: quorumProgram('service-down'),
  sorry_server(draft, statement, conversion) {
    const endpoint = endpointOf(statement, conversion);
    if (endpoint !== undefined) draft.sorry = { statement, ...endpoint };
  },
  sorry_server_inhibit: warning(
    'the sorry server is removed, not set to weight 0, when it is not needed',
  ),
  sorry_server_lvs_method(draft, statement, conversion) {
    const value = methodOf(statement, conversion);
    if (value !== undefined) draft.sorryMethod = value;
  },
  inhibit_on_failure(draft, statement, conversion) {
    draft.inhibit = conversion.boolean(statement);
  },
  nat_mask: note('an obsolete keyword without effect'),
  real_server(draft, statement) {
    draft.servers.push(statement);
  },
};

/** What is known of the whole file. */
export interface FileFacts extends Omit<OfService, 'times' | 'virtualhost'> {
  readonly groups: ReadonlyMap<string, GroupPlaces>;
}

/** The services of one block: several where a group has several ports. */
export function servicesOf(
  statement: Statement,
  keywords: FileFacts,
  conversion: Conversion,
): readonly ServiceDraft[] {
  const draft: ServiceBlock = {
    flags: [],
    onePacket: false,
    quorum: 1,
    hysteresis: 0,
    inhibit: false,
    suspend: false,
    servers: [],
  };
  conversion.walk(statement.block, KEYWORDS, draft, 'virtual_server');
  const { places, name } = placesOf(statement, draft.protocol, keywords.groups, conversion);
  if (places.length === 0) return [];
  const ofService = { ...keywords, times: draft, virtualhost: draft.virtualhost };
  const servers = draft.servers.flatMap((one) => realServerOf(one, ofService, conversion) ?? []);
  const quiesce = inhibitOf(draft.inhibit, servers, conversion);
  const { sorry, sorryMethod, persistence, netmask, engine } = draft;
  if (draft.scheduler === undefined)
    conversion.remarks.note(
      statement,
      'virtual_server',
      'it names no scheduler: wlc, as keepalived has it',
    );
  return places.map(
    (where): ServiceDraft => ({
      ...placeOf(statement),
      name,
      where,
      scheduler: draft.scheduler ?? 'wlc',
      flags: draft.flags,
      onePacket: draft.onePacket,
      method: draft.method ?? { mode: 'nat' },
      persistence:
        persistence === undefined ? undefined : { timeout: persistence, netmask, engine },
      quorum: draft.quorum,
      hysteresis: draft.hysteresis,
      quiesce,
      suspend: draft.suspend && where.kind === 'address',
      servers: servers.map(({ server }) => server),
      sorry: sorry && {
        ...placeOf(sorry.statement),
        address: sorry.address,
        port: sorry.port,
        method: sorryMethod,
      },
    }),
  );
}

/** One answer for all servers: the lvsctl file has it for the service. */
function inhibitOf(
  service: boolean,
  servers: ReturnType<typeof realServerOf>[],
  { remarks }: Conversion,
): boolean {
  const values = servers.map((one) => one?.inhibit ?? service);
  const all = values.length > 0 && values.every(Boolean);
  for (const [i, value] of values.entries()) {
    const server = servers[i]?.server;
    if (value && !all && server)
      remarks.warn(
        server,
        'inhibit_on_failure',
        `only some servers of the service have it: ${server.address} is removed when it is down`,
      );
  }
  return all;
}

function placesOf(
  statement: Statement,
  given: string | undefined,
  groups: FileFacts['groups'],
  conversion: Conversion,
): { readonly places: readonly PlaceDraft[]; readonly name: string | undefined } {
  const { remarks } = conversion;
  const [first = '', second = ''] = statement.args;
  const none = { places: [], name: undefined };
  if (first === 'fwmark') {
    const mark = numberOf(second, { min: 1, max: 4_294_967_295 });
    if (mark !== undefined) return { places: [{ kind: 'mark', mark }], name: undefined };
    remarks.warn(statement, 'virtual_server', `\`fwmark ${second}' is no mark; left out`);
    return none;
  }
  const protocol = () => {
    if (given === undefined)
      remarks.warn(
        statement,
        'virtual_server',
        'it names no protocol: keepalived takes UDP, and so does the import; probably TCP is intended',
      );
    return given ?? 'udp';
  };
  if (first === 'group') {
    const group = groups.get(second);
    if (group !== undefined) return { places: group(protocol()), name: second };
    remarks.warn(
      statement,
      'virtual_server',
      `there is no group ${second}: left out, as keepalived does`,
    );
    return none;
  }
  const endpoint = endpointOf(statement, conversion);
  if (endpoint === undefined) return none;
  const { address, port } = endpoint;
  return {
    places: [{ kind: 'address', protocol: protocol(), addresses: [address], port }],
    name: undefined,
  };
}
