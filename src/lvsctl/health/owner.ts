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
  /** the former servers stay: none of the new ones can serve yet */
  readonly keepFormer: boolean;
}

export interface Observer {
  foreign(wanted: WantedService, change: ForeignChange): void;
  /** A server that the file does not name is in the table. */
  stranger(wanted: WantedService, server: Destination): void;
  sorry(wanted: WantedService, active: boolean): void;
  /** @param wanted undefined = a service that no file names any more */
  refused(wanted: WantedService | undefined, change: Change, error: IpvsError): void;
}

export interface Owner {
  /** Brings the table to the wishes. @throws BackendError or IpvsError when the table cannot be read */
  write(wishes: readonly Wish[]): Promise<void>;
  /** Deletes services that are no longer wanted. */
  remove(ids: readonly ServiceId[]): Promise<void>;
  /** What others did is respected no longer. */
  forgetOthers(): void;
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

  function forgetOthers(): void {
    respect.servers.clear();
    respect.services.clear();
  }

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

  function tellStrangers({ wanted, former, keepFormer }: Wish, live: LiveService | undefined, before: LiveService | undefined): void {
    const ours = [...wanted.destinations, ...(wanted.sorry ? [wanted.sorry] : []), ...(keepFormer ? former : [])];
    const mine = new Set(ours.map(formatServer));
    for (const [server, destination] of live?.destinations ?? []) {
      if (!mine.has(server) && !before?.destinations.has(server)) observer.stranger(wanted, destination);
    }
  }

  /** What a former monitor left in the table is no news. */
  function tellSorry(wanted: WantedService, before: LiveService | undefined, after: LiveService | undefined): void {
    const name = renderId(wanted.service.id);
    if (wanted.sorry === undefined) return void sorryActive.delete(name);
    const sorry = formatServer(wanted.sorry);
    const active = after?.destinations.has(sorry) ?? false;
    const was = sorryActive.get(name) ?? before?.destinations.has(sorry) ?? false;
    if (was !== active) observer.sorry(wanted, active);
    sorryActive.set(name, active);
  }

  /** Carries changes out. @returns those that took effect */
  async function apply(
    changes: readonly Change[],
    refused: Set<string>,
    ownerOf: (change: Change) => WantedService | undefined,
  ): Promise<readonly Change[]> {
    if (changes.length === 0) return [];
    const results = await backend.apply(changes);
    return changes.filter((change, i) => {
      const error = results[i];
      if (!error) return true;
      const wanted = ownerOf(change);
      const text = `${wanted?.source.name} ${change.kind} ${subjectOf(change)} ${error.code}`;
      if (!refusals.has(text)) observer.refused(wanted, change, error);
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
      if (foreign() === 'repair') forgetOthers();
      const ofId = new Map(wishes.map(({ wanted }) => [renderId(wanted.service.id), wanted]));
      const ownerOf = (change: Change) => ofId.get(nameOf(change));
      const plans: (Plan & { readonly wanted: WantedService; readonly target: TargetService })[] = [];
      for (const wish of wishes) {
        const name = renderId(wish.wanted.service.id);
        if (known) learn(wish, live.get(name), known.get(name));
        tellStrangers(wish, live.get(name), known?.get(name));
        const target = resolve(wish, live.get(name), respect);
        if (target === undefined) continue;
        plans.push({ wanted: wish.wanted, target, ...planService(live.get(name), target) });
      }
      const refused = new Set<string>();
      const gains = plans.flatMap((plan) => plan.gains);
      const done = [...(await apply(gains, refused, ownerOf))];
      // Where all who should take over were refused nothing is taken away: the next write tries again with the service still served.
      const gained = afterwards(live, done);
      const losses = plans.filter(({ target }) => takesOver(target, gained)).flatMap((plan) => plan.losses);
      done.push(...(await apply(losses, refused, ownerOf)));
      refusals = refused;
      known = afterwards(live, done);
      for (const { wanted } of plans) {
        const name = renderId(wanted.service.id);
        tellSorry(wanted, live.get(name), known.get(name));
      }
    },
    async remove(ids) {
      const there = new Set((await backend.services('rules')).map(({ service }) => renderId(service.id)));
      const gone = ids.filter((id) => there.has(renderId(id)));
      await apply(
        gone.map((id) => ({ kind: 'delete-service', id })),
        new Set(),
        () => undefined,
      );
    },
    forgetOthers,
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
  const { wanted, stands, former, keepFormer } = wish;
  const targets = wanted.destinations.map((id, i) => settle(id, stands[i]?.target));
  const kept = keepFormer ? former.map((id) => live?.destinations.get(formatServer(id))) : [];
  const service = respect.services.get(name) ?? wanted.service;
  const { sorry } = wanted;
  const last = sorry && settle(sorry, needsSorry([...targets, ...kept]) ? sorry : undefined);
  const entry = (id: DestinationId, target: Destination | undefined) => [formatServer(id), { id, target }] as const;
  return {
    service,
    destinations: new Map([
      ...(keepFormer ? [] : former).map((id) => entry(id, undefined)),
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

/** The service that a change is about, by `renderId`; empty where it is about none. */
function nameOf(change: Change): string {
  if ('service' in change) return renderId(change.service.id);
  return 'id' in change && change.id ? renderId(change.id) : '';
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
