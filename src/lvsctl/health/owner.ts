// The table's owner: compares what should be with what is, tells what others did, and writes the
// difference: what comes before what goes.
import type { Backend } from '../../backend/backend.js';
import type { Change } from '../../model/change.js';
import type { Destination } from '../../model/destination.js';
import type { IpvsError } from '../../model/errors.js';
import type { ServiceId } from '../../model/service.js';
import { renderId, type WantedService } from '../config/wanted.js';
import { formatServer } from '../plan/diff.js';
import { type LiveService, type Plan, planService, type TargetService } from './changes.js';
import { type ForeignChange, foreignChanges } from './foreign.js';
import type { Leftover } from './succession.js';
import { decisionsOf, type Respect, resolve, type Table, takesOver, type Wish } from './wishes.js';

export interface Observer {
  /** @param respected it stays as they made it */
  foreign(wanted: WantedService, change: ForeignChange, respected: boolean): void;
  /** A server that the file does not name is in the table. */
  stranger(wanted: WantedService, server: Destination): void;
  sorry(wanted: WantedService, active: boolean): void;
  /** @param wanted undefined = a service that the file does not name any more */
  refused(wanted: WantedService | undefined, change: Change, error: IpvsError): void;
}

/** What is in the table after a write. */
export interface Written {
  /** @param id as `renderId` writes it */
  service(id: string): boolean;
  /** of a service that was wished for */
  server(service: string, server: string): boolean;
}

export interface Owner {
  /**
   * Brings the table to the wishes.
   * @param gone services that must not be there, as soon as their successors serve
   * @throws BackendError or IpvsError when the table cannot be read or written
   */
  write(wishes: readonly Wish[], gone: readonly Leftover[]): Promise<Written>;
  /** Deletes services. @throws as `write`, and when one of them is refused to go */
  remove(ids: readonly ServiceId[]): Promise<void>;
  /** What others did is respected no longer. */
  forgetOthers(): void;
}

/**
 * @param drift whether changes of others stay until our own decision about that server changes,
 *   or are repaired at once
 */
export function createOwner(
  backend: Backend,
  drift: () => 'correct' | 'ignore',
  observer: Observer,
): Owner {
  /**
   * the table as the last write left it; undefined before the first, and when nobody knows how one
   * ended
   */
  let known: Table | undefined;
  /** services of the last write: what others did before is no news */
  let owned: ReadonlySet<string> = new Set();
  const respect: Respect = { servers: new Map(), services: new Map() };
  const sorryActive = new Map<string, boolean>();
  /** servers in our services that are not ours, and were told of */
  let strangers: ReadonlySet<string> = new Set();
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
      const ours = change.server === undefined ? undefined : decisions.get(change.server);
      const respected = drift() === 'ignore' && !ours?.said;
      observer.foreign(wish.wanted, change, respected);
      if (!respected) continue;
      if (change.server === undefined) respect.services.set(name, live?.service);
      else if (ours)
        respect.servers.set(`${name} ${change.server}`, {
          theirs: live?.destinations.get(change.server),
          ours,
        });
    }
  }

  /** @returns those there are now */
  function tellStrangers(
    { wanted, former }: Wish,
    live: LiveService | undefined,
  ): readonly string[] {
    const ours = [...wanted.destinations, ...(wanted.sorry ? [wanted.sorry] : []), ...former];
    const mine = new Set(ours.map(formatServer));
    return [...(live?.destinations ?? [])].flatMap(([server, destination]) => {
      if (mine.has(server)) return [];
      const name = `${renderId(wanted.service.id)} ${server}`;
      if (!strangers.has(name)) observer.stranger(wanted, destination);
      return [name];
    });
  }

  /** What a former monitor left in the table is no news. */
  function tellSorry(
    wanted: WantedService,
    before: LiveService | undefined,
    after: LiveService | undefined,
  ): void {
    const name = renderId(wanted.service.id);
    if (wanted.sorry === undefined) return void sorryActive.delete(name);
    const sorry = formatServer(wanted.sorry);
    const active = after?.destinations.has(sorry) ?? false;
    const was = sorryActive.get(name) ?? before?.destinations.has(sorry) ?? false;
    if (was !== active) observer.sorry(wanted, active);
    sorryActive.set(name, active);
  }

  return {
    async write(wishes, gone) {
      const { ours: live, all } = await readTable(
        backend,
        wishes.map(({ wanted }) => wanted),
      );
      const ofId = new Map(wishes.map(({ wanted }) => [renderId(wanted.service.id), wanted]));
      const plans: (Plan & { readonly wanted: WantedService; readonly target: TargetService })[] =
        [];
      for (const wish of wishes) {
        const name = renderId(wish.wanted.service.id);
        if (known && owned.has(name)) learn(wish, live.get(name), known.get(name));
        const target = resolve(wish, live.get(name), respect);
        if (target !== undefined)
          plans.push({ wanted: wish.wanted, target, ...planService(live.get(name), target) });
      }
      strangers = new Set(
        wishes.flatMap((wish) => tellStrangers(wish, live.get(renderId(wish.wanted.service.id)))),
      );
      // should anything below fail nobody knows how far it came
      known = undefined;
      const { apply, done, refused } = batch(backend, (change, error, text) => {
        if (!refusals.has(text)) observer.refused(ofId.get(nameOf(change)), change, error);
      });
      await apply(plans.flatMap(({ gains }) => gains));
      // Where all who should take over were refused nothing is taken away: the next write tries
      // again with the service still served.
      const gained = afterwards(live, done);
      const losses = plans
        .filter(({ target }) => takesOver(target, gained))
        .flatMap((plan) => plan.losses);
      const refusedOf = plans
        .filter(({ target }) => !takesOver(target, gained))
        .map(({ wanted }) => renderId(wanted.service.id));
      const ends = gone
        .filter(({ id, successor = '' }) => all.has(renderId(id)) && !refusedOf.includes(successor))
        .map(({ id }): Change => ({ kind: 'delete-service', id }));
      await apply([...losses, ...ends]);
      refusals = refused;
      const table = afterwards(live, done);
      known = table;
      owned = new Set(ofId.keys());
      for (const { wanted } of plans)
        tellSorry(
          wanted,
          live.get(renderId(wanted.service.id)),
          table.get(renderId(wanted.service.id)),
        );
      const deleted = new Set(done.filter(({ kind }) => kind === 'delete-service').map(nameOf));
      return {
        service: (id) => (all.has(id) || table.has(id)) && !deleted.has(id),
        server: (service, server) => table.get(service)?.destinations.has(server) ?? false,
      };
    },
    async remove(ids) {
      const { all } = await readTable(backend, []);
      const errors: IpvsError[] = [];
      const { apply } = batch(backend, (change, error) => {
        observer.refused(undefined, change, error);
        errors.push(error);
      });
      await apply(
        ids.filter((id) => all.has(renderId(id))).map((id) => ({ kind: 'delete-service', id })),
      );
      if (errors[0]) throw errors[0];
    },
    forgetOthers,
  };
}

/**
 * Changes on their way: those that took effect are in `done`, the others are named in `refused`.
 */
function batch(backend: Backend, refuse: (change: Change, error: IpvsError, text: string) => void) {
  const done: Change[] = [];
  const refused = new Set<string>();
  async function apply(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    const results = await backend.apply(changes);
    for (const [i, change] of changes.entries()) {
      const error = results[i];
      const text = `${nameOf(change)} ${change.kind} ${subjectOf(change)} ${error?.code}`;
      if (error) {
        refuse(change, error, text);
        refused.add(text);
      } else done.push(change);
    }
  }
  return { apply, done, refused };
}

/** The services of the file as they are now, and which services there are at all. */
export async function readTable(
  backend: Backend,
  wanted: readonly WantedService[],
): Promise<{ readonly ours: Table; readonly all: ReadonlySet<string> }> {
  const names = new Set(wanted.map(({ service }) => renderId(service.id)));
  const ours = new Map<string, LiveService>();
  const all = new Set<string>();
  for (const { service } of await backend.services('rules')) {
    const name = renderId(service.id);
    all.add(name);
    if (!names.has(name)) continue;
    const entries = await backend.destinations(service.id, 'rules');
    ours.set(name, {
      service,
      destinations: new Map(
        entries.map(({ destination }) => [formatServer(destination), destination]),
      ),
    });
  }
  return { ours, all };
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
  const table = new Map(
    [...live].map(([name, { service, destinations }]) => [
      name,
      { service, destinations: new Map(destinations) },
    ]),
  );
  for (const change of done) {
    if (change.kind === 'add-service' || change.kind === 'edit-service') {
      const name = renderId(change.service.id);
      table.set(name, {
        service: change.service,
        destinations: table.get(name)?.destinations ?? new Map(),
      });
    } else if (change.kind === 'add-destination' || change.kind === 'edit-destination') {
      table
        .get(renderId(change.id))
        ?.destinations.set(formatServer(change.destination), change.destination);
    } else if (change.kind === 'delete-destination') {
      table.get(renderId(change.id))?.destinations.delete(formatServer(change.destination));
    }
  }
  return table;
}
