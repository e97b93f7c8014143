// A history of the monitor's state alone: `reduce`, the table as a value, no timers, no promises.
// What must hold after every step is in `purelaws.ts`.
import type { Config } from '../../src/lvsctl/config/file.js';
import type { MonitorEvent } from '../../src/lvsctl/monitor/state/events.js';
import type { Input, RefusedChange } from '../../src/lvsctl/monitor/state/input.js';
import {
  type Lasting,
  lastingOf,
  NOTHING_LASTING,
  restoredState,
  withoutExpired,
} from '../../src/lvsctl/monitor/state/lasting.js';
import { emptyState, reduce } from '../../src/lvsctl/monitor/state/reduce.js';
import type {
  AdminState,
  CheckResult,
  MonitorState,
} from '../../src/lvsctl/monitor/state/state.js';
import { desiredTable } from '../../src/lvsctl/monitor/table/desired.js';
import {
  isServed,
  orphansToRemove,
  reconcile,
  type ServicePlan,
} from '../../src/lvsctl/monitor/table/reconcile.js';
import type { Change } from '../../src/model/change.js';
import { IpvsError } from '../../src/model/errors.js';
import {
  parseServiceKey,
  type ServiceKey,
  type Table,
  withChanges,
} from '../../src/model/table.js';

/** What is watched: each step and each single change. */
export interface Watcher {
  begins(input: Input): void;
  stepped(before: MonitorState, input: Input, after: MonitorState, now: number): void;
  /** @param plan undefined = a service that an earlier file left */
  changed(
    state: MonitorState,
    before: Table,
    change: Change,
    after: Table,
    now: number,
    plan: ServicePlan | undefined,
  ): void;
}

export class PureMonitor {
  state: MonitorState;
  /** all services, also those of others */
  table: Table = new Map();
  now = 0;
  events: MonitorEvent[] = [];
  /** the state file */
  saved: Lasting = NOTHING_LASTING;
  readonly #watcher: Watcher;

  constructor(config: Config, watcher: Watcher) {
    this.#watcher = watcher;
    this.state = emptyState(config);
    this.takeFile(config);
  }

  dispatch(input: Input): void {
    this.#watcher.begins(input);
    const { state, events } = reduce(this.state, input, this.now);
    this.#watcher.stepped(this.state, input, state, this.now);
    this.state = state;
    this.events.push(...events);
  }

  takeFile(config: Config): void {
    this.dispatch({ kind: 'config', config, table: this.table });
    this.saved = lastingOf(this.state);
  }

  /** A monitor that was killed is followed by another one, which knows what was saved. */
  restart(config: Config): void {
    const kept = JSON.parse(JSON.stringify(this.saved)) as Lasting;
    this.state = restoredState(withoutExpired(kept, new Date(this.now)), config);
    const { tolerated } = this.state;
    this.dispatch({ kind: 'config', config, table: this.table });
    this.state = { ...this.state, tolerated };
    this.saved = lastingOf(this.state);
  }

  onResult(service: ServiceKey, server: string, check: string, result: CheckResult): void {
    this.dispatch({ kind: 'result', service, server, check, result });
  }

  setAdmin(service: ServiceKey, server: string, admin: AdminState | undefined): void {
    this.dispatch({ kind: 'admin', servers: [{ service, server }], admin });
    this.saved = lastingOf(this.state);
  }

  /**
   * Reads and writes the table.
   * @param life the monitor is killed after so many changes
   * @param refused the change of this number is refused by the kernel
   * @returns whether it came to its end with nothing refused
   */
  write({ life = Number.POSITIVE_INFINITY, refused = -1 } = {}): boolean {
    const ours = new Set(this.state.services.map(({ key }) => key));
    const part = () => new Map([...this.table].filter(([key]) => ours.has(key)));
    const before = part();
    const keys = new Set(this.table.keys());
    this.dispatch({ kind: 'table', table: before });
    const desired = desiredTable(this.state, this.now);
    const plans = reconcile(desired, before, this.state.tolerated);
    const refusals: RefusedChange[] = [];
    let count = 0;
    const apply = (change: Change, plan: ServicePlan | undefined): boolean => {
      if (count >= life) return false;
      if (count++ === refused) {
        refusals.push({ change, error: new IpvsError(change.kind, 'ENOMEM') });
        return true;
      }
      const old = this.table;
      this.table = withChanges(old, [change]);
      this.#watcher.changed(this.state, old, change, this.table, this.now, plan);
      return true;
    };
    for (const plan of plans)
      for (const change of plan.additions) if (!apply(change, plan)) return false;
    const served = plans.filter((plan) => isServed(plan, this.table));
    const unserved = new Set(plans.filter((one) => !served.includes(one)).map(({ key }) => key));
    for (const plan of served)
      for (const change of plan.removals) if (!apply(change, plan)) return false;
    for (const key of orphansToRemove(desired.orphans, keys, unserved)) {
      const id = parseServiceKey(key);
      if (id && !apply({ kind: 'delete-service', id }, undefined)) return false;
    }
    this.dispatch({
      kind: 'applied',
      before,
      table: part(),
      keys: new Set(this.table.keys()),
      written: new Set(plans.map(({ key }) => key)),
      refusals,
    });
    this.saved = lastingOf(this.state);
    return refusals.length === 0;
  }
}

const refuse = {
  value: () => {
    throw new TypeError('a frozen map or set was changed');
  },
};
const REFUSING = { set: refuse, add: refuse, delete: refuse, clear: refuse };

/** The value and all that it holds cannot be changed any more: an attempt throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map || value instanceof Set) {
    Object.defineProperties(value, REFUSING);
    for (const one of value.values()) deepFreeze(one);
  } else for (const one of Object.values(value)) deepFreeze(one);
  return Object.freeze(value);
}
