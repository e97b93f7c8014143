// The table's owner: compares what should be with what is, tells what others did, and writes the difference in one batch.
import type { Backend } from '../../backend/backend.js';
import type { Change } from '../../model/change.js';
import type { Destination, DestinationId } from '../../model/destination.js';
import type { IpvsError } from '../../model/errors.js';
import type { Service, ServiceId } from '../../model/service.js';
import { renderId, type WantedService } from '../config/wanted.js';
import { formatServer, sameDestination } from '../plan/diff.js';
import { type LiveService, type Plan, planService, type TargetService } from './changes.js';
import { type ForeignChange, foreignChanges } from './foreign.js';
import type { Role } from './service.js';
import { needsSorry, type Stand } from './target.js';

/** What a service should look like, and the servers that a former file had. */
export interface Wish {
  readonly wanted: WantedService;
  /** in the order of `wanted.destinations` */
  readonly stands: readonly Stand[];
  readonly former: readonly DestinationId[];
}

export interface Observer {
  foreign(wanted: WantedService, change: ForeignChange): void;
  sorry(wanted: WantedService, active: boolean): void;
  refused(change: Change, error: IpvsError): void;
}

export interface Owner {
  /** Brings the table to the wishes. @throws BackendError or IpvsError when the table cannot be read */
  write(wishes: readonly Wish[]): Promise<void>;
  /** Deletes services that are no longer wanted. */
  remove(ids: readonly ServiceId[]): Promise<void>;
}

/** by `renderId` */
export type Table = ReadonlyMap<string, LiveService>;

/** A server as somebody else made it, and what we had decided about it then: another decision ends the respect. */
interface Respected {
  readonly theirs: Destination | undefined;
  readonly ours: Decision;
}

/** What was decided about a server, without the steps of a slow start. */
interface Decision {
  readonly role: Role;
  readonly destination: Destination;
}

/** What others did that stays. */
interface Respect {
  readonly servers: Map<string, Respected>;
  /** edited or, undefined, removed */
  readonly services: Map<string, Service | undefined>;
}

/** @param foreign whether changes of others stay until our own decision about that server changes, or are repaired at once */
export function createOwner(backend: Backend, foreign: () => 'repair' | 'respect', observer: Observer): Owner {
  /** the table as the last write left it; undefined before the first */
  let known: Table | undefined;
  const respect: Respect = { servers: new Map(), services: new Map() };
  const sorryActive = new Map<string, boolean>();
  /** what was refused in the last write: the same again is no news */
  let refusals = new Set<string>();

  function learn(wish: Wish, live: LiveService | undefined, before: LiveService | undefined): void {
    const name = renderId(wish.wanted.service.id);
    const decisions = decisionsOf(wish, live);
    for (const change of foreignChanges(before, live, decisions.keys())) {
      observer.foreign(wish.wanted, change);
      if (foreign() === 'repair') continue;
      const ours = change.server === undefined ? undefined : decisions.get(change.server);
      if (change.server === undefined) respect.services.set(name, live?.service);
      else if (ours) respect.servers.set(`${name} ${change.server}`, { theirs: live?.destinations.get(change.server), ours });
    }
  }

  /** What a former monitor left in the table is no news. */
  function tellSorry(wanted: WantedService, target: TargetService, live: LiveService | undefined): void {
    if (wanted.sorry === undefined) return;
    const sorry = formatServer(wanted.sorry);
    const active = target.destinations.get(sorry)?.target !== undefined;
    const name = renderId(wanted.service.id);
    const before = sorryActive.get(name) ?? live?.destinations.has(sorry) ?? false;
    if (before !== active) observer.sorry(wanted, active);
    sorryActive.set(name, active);
  }

  /** Carries changes out. @returns those that took effect */
  async function apply(changes: readonly Change[], refused: Set<string>): Promise<readonly Change[]> {
    if (changes.length === 0) return [];
    const results = await backend.apply(changes);
    return changes.filter((change, i) => {
      const error = results[i];
      if (!error) return true;
      const text = `${change.kind} ${subjectOf(change)} ${error.code}`;
      if (!refusals.has(text)) observer.refused(change, error);
      refused.add(text);
      return false;
    });
  }

  return {
    async write(wishes) {
      const live = await readTable(
        backend,
        wishes.map(({ wanted }) => wanted),
      );
      if (foreign() === 'repair') {
        respect.servers.clear();
        respect.services.clear();
      }
      const plans: (Plan & { readonly target: TargetService })[] = [];
      for (const wish of wishes) {
        const name = renderId(wish.wanted.service.id);
        if (known) learn(wish, live.get(name), known.get(name));
        const target = resolve(wish, live.get(name), respect);
        if (target === undefined) continue;
        tellSorry(wish.wanted, target, live.get(name));
        plans.push({ target, ...planService(live.get(name), target) });
      }
      const refused = new Set<string>();
      const gains = plans.flatMap((plan) => plan.gains);
      const done = [...(await apply(gains, refused))];
      // Where all who should take over were refused nothing is taken away: the next write tries again with the service still served.
      const gained = afterwards(live, done);
      const losses = plans.filter(({ target }) => takesOver(target, gained)).flatMap((plan) => plan.losses);
      done.push(...(await apply(losses, refused)));
      refusals = refused;
      known = afterwards(live, done);
    },
    async remove(ids) {
      const there = new Set((await backend.services('rules')).map(({ service }) => renderId(service.id)));
      const gone = ids.filter((id) => there.has(renderId(id)));
      await apply(
        gone.map((id) => ({ kind: 'delete-service', id })),
        new Set(),
      );
    },
  };
}

/** The services of the file as they are now. */
export async function readTable(backend: Backend, wanted: readonly WantedService[]): Promise<Table> {
  const ours = new Set(wanted.map(({ service }) => renderId(service.id)));
  const table = new Map<string, LiveService>();
  for (const { service } of await backend.services('rules')) {
    const name = renderId(service.id);
    if (!ours.has(name)) continue;
    const entries = await backend.destinations(service.id, 'rules');
    table.set(name, { service, destinations: new Map(entries.map(({ destination }) => [formatServer(destination), destination])) });
  }
  return table;
}

/** Our wish with what we respect in it; undefined = leave the whole service alone. What is no longer respected is forgotten. */
function resolve(wish: Wish, live: LiveService | undefined, respect: Respect): TargetService | undefined {
  const name = renderId(wish.wanted.service.id);
  if (respect.services.has(name) && live === undefined) return undefined;
  const decisions = decisionsOf(wish, live);
  const settle = (id: Destination, target: Destination | undefined) => {
    const key = `${name} ${formatServer(id)}`;
    const kept = respect.servers.get(key);
    const now = decisions.get(formatServer(id));
    if (kept === undefined || now === undefined) return target;
    if (sameDecision(kept.ours, now)) return kept.theirs;
    respect.servers.delete(key);
    return target;
  };
  const { wanted, stands, former } = wish;
  const targets = wanted.destinations.map((id, i) => settle(id, stands[i]?.target));
  const service = respect.services.get(name) ?? wanted.service;
  const { sorry } = wanted;
  const last = sorry && settle(sorry, needsSorry(targets) ? sorry : undefined);
  const entry = (id: DestinationId, target: Destination | undefined) => [formatServer(id), { id, target }] as const;
  return {
    service,
    destinations: new Map([
      ...former.map((id) => entry(id, undefined)),
      ...wanted.destinations.map((id, i) => entry(id, targets[i])),
      ...(sorry ? [entry(sorry, last)] : []),
    ]),
  };
}

/** What is decided about each server, the sorry server among them, by `formatServer`. */
function decisionsOf({ wanted, stands }: Wish, live: LiveService | undefined): Map<string, Decision> {
  const decisions = new Map<string, Decision>();
  for (const [i, destination] of wanted.destinations.entries()) {
    decisions.set(formatServer(destination), { role: stands[i]?.role ?? 'out', destination });
  }
  const { sorry } = wanted;
  if (sorry) {
    const others = wanted.destinations.map((destination) => live?.destinations.get(formatServer(destination)));
    decisions.set(formatServer(sorry), { role: needsSorry(others) ? 'in' : 'out', destination: sorry });
  }
  return decisions;
}

/** Whether one of those that should serve does, or none should. */
function takesOver({ service, destinations }: TargetService, table: Table): boolean {
  const serving = [...destinations].filter(([, { target }]) => (target?.weight ?? 0) > 0);
  const now = table.get(renderId(service.id))?.destinations;
  return serving.length === 0 || serving.some(([key]) => (now?.get(key)?.weight ?? 0) > 0);
}

function sameDecision(a: Decision, b: Decision): boolean {
  return a.role === b.role && sameDestination(a.destination, b.destination);
}

function subjectOf(change: Change): string {
  return 'destination' in change ? formatServer(change.destination) : '';
}

/** The table after the changes that took effect. */
function afterwards(live: Table, done: readonly Change[]): Table {
  const table = new Map([...live].map(([name, { service, destinations }]) => [name, { service, destinations: new Map(destinations) }]));
  for (const change of done) {
    if (change.kind === 'add-service' || change.kind === 'edit-service') {
      const name = renderId(change.service.id);
      table.set(name, { service: change.service, destinations: table.get(name)?.destinations ?? new Map() });
    } else if (change.kind === 'add-destination' || change.kind === 'edit-destination') {
      table.get(renderId(change.id))?.destinations.set(formatServer(change.destination), change.destination);
    } else if (change.kind === 'delete-destination') {
      table.get(renderId(change.id))?.destinations.delete(formatServer(change.destination));
    }
  }
  return table;
}
