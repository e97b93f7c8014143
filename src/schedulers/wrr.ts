// Weighted round robin: rounds with a falling bar, which servers of a smaller weight do not reach.
import { gcd, type ListChange, type Scheduler } from './scheduler.js';

interface State {
  /** place of the last pick, HEAD before the first server */
  current: number;
  /** the bar: servers of at least this weight are taken */
  bar: number;
  /** where the bar starts, 0 when all weights are */
  top: number;
  /** by how much it falls */
  step: number;
  /** greatest common divisor and largest of the weights */
  divisor: number;
  largest: number;
  /** how many servers have a weight */
  readonly counts: Map<number, number>;
}

const HEAD = -1;

export const WRR: Scheduler<State> = {
  start(servers) {
    const counts = new Map<number, number>();
    for (const { weight } of servers) count(counts, weight, 1);
    const heights = withHeights(weightsOf(counts.keys()));
    return { current: HEAD, bar: heights.top, counts, ...heights };
  },
  changed(state, change) {
    Object.assign(state, withHeights(weightsAfter(state, change)));
    state.current = HEAD;
    if (state.bar > state.top || state.bar === 0) state.bar = state.top;
    else if (state.step > 1) state.bar = Math.floor(state.bar / state.step) * state.step + 1;
  },
  pick(state, servers) {
    if (state.top === 0) return undefined;
    const reachable = servers.reduce(
      (most, { weight, overloaded }) => (overloaded ? most : Math.max(most, weight)),
      0,
    );
    const last = state.current;
    let lastPass = false;
    let restarted = false;
    let stop: number | undefined;
    for (;;) {
      for (let at = state.current + 1; at < servers.length; at++) {
        const server = servers[at];
        if (server && !server.overloaded && server.weight >= state.bar) {
          state.current = at;
          return server;
        }
        if (at === stop) {
          state.current = at;
          return undefined;
        }
      }
      lower(state, reachable);
      if (state.bar <= 0) {
        state.bar = state.top;
        if (lastPass || last === HEAD) {
          state.current = HEAD;
          return undefined;
        }
        restarted = true;
      }
      lastPass = state.bar <= state.step;
      if (lastPass && restarted && last !== HEAD) stop = last;
      state.current = HEAD;
    }
  },
  why: (state) => () => ({ rule: 'bar', bar: state.bar }),
};

type Weights = Pick<State, 'divisor' | 'largest'>;

/** Counts the change. All weights are read again only when one of them was removed. */
function weightsAfter(state: State, change: ListChange): Weights {
  const { kind, server } = change;
  if (kind !== 'delete') count(state.counts, server.weight, 1);
  const lost = lostWeight(change);
  const isRemoved = lost !== undefined && count(state.counts, lost, -1) === 0;
  const weights: Weights = isRemoved ? weightsOf(state.counts.keys()) : state;
  return kind === 'delete' ? weights : withWeight(weights, server.weight);
}

function lostWeight(change: ListChange): number | undefined {
  if (change.kind === 'add') return undefined;
  return change.kind === 'edit' ? change.previousWeight : change.server.weight;
}

/** @returns how many servers have the weight then */
function count(counts: Map<number, number>, weight: number, difference: 1 | -1): number {
  const now = (counts.get(weight) ?? 0) + difference;
  if (now === 0) counts.delete(weight);
  else counts.set(weight, now);
  return now;
}

function weightsOf(weights: Iterable<number>): Weights {
  let sofar: Weights = { divisor: 0, largest: 0 };
  for (const weight of weights) sofar = withWeight(sofar, weight);
  return sofar;
}

function withWeight({ divisor, largest }: Weights, weight: number): Weights {
  return weight > 0
    ? { divisor: gcd(weight, divisor), largest: Math.max(largest, weight) }
    : { divisor, largest };
}

function withHeights({ divisor, largest }: Weights): Weights & Pick<State, 'step' | 'top'> {
  const step = divisor || 1;
  return { divisor, largest, step, top: largest === 0 ? 0 : largest - (step - 1) };
}

/**
 * Lowers the bar by a step; by all the steps at once that no server reaches, except the last one,
 * which counts as such.
 */
function lower(state: State, reachable: number): void {
  state.bar -= state.step;
  const goal = Math.max(reachable, state.step);
  if (state.bar > goal) state.bar -= Math.ceil((state.bar - goal) / state.step) * state.step;
}
