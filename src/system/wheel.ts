// One timer for all that waits. What is due in the same hundredth of a second comes together: a
// process that wakes up for each check by itself spends most of its time on waking up. Of the clock
// as well: it is read once for all of them, which matters where reading it is a system call.
import { performance } from 'node:perf_hooks';

export interface Wheel {
  /** Milliseconds of a clock that never jumps; during the work of a turn, those of its beginning. */
  now(): number;
  /** Milliseconds that this process was busy, since its start; read as seldom as `now`. */
  busyMs(): number;
  /**
   * Calls `work` once, at the earliest `delayMs` from now, and 10 ms after that on an idle machine.
   * @returns what cancels it
   */
  after(delayMs: number, work: () => void): () => void;
}

const TICK_MS = 10;
/** ticks of one revolution; later ones wait in the same slots for another */
const SLOTS = 1024;
/** calls in one turn of the event loop: then what has come in the meantime is read */
const CALLS = 16;

/** One call that waits, in a circle of those in the same slot. */
class Entry {
  next: Entry = this;
  previous: Entry = this;

  constructor(
    readonly tick: number,
    readonly work: () => void,
  ) {}

  /** In front of `other`. */
  insert(other: Entry): void {
    this.next = other;
    this.previous = other.previous;
    other.previous.next = this;
    other.previous = this;
  }

  /** @returns whether it was in a slot */
  remove(): boolean {
    if (this.next === this) return false;
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.next = this;
    this.previous = this;
    return true;
  }
}

/** A hashed timer wheel: setting and cancelling cost the same however many wait. */
export function createWheel(): Wheel {
  const slots = Array.from({ length: SLOTS }, () => new Entry(-1, () => {}));
  const slotOf = (tick: number) => slots[tick % SLOTS] as Entry;
  let waiting = 0;
  /** the first tick that is not done with */
  let at = Math.floor(performance.now() / TICK_MS);
  let cancelTurn = () => {};
  /** the tick for which the next turn is set */
  let armed = Number.POSITIVE_INFINITY;
  /** of the turn that is running */
  let moment: { readonly now: number; readonly busy: number } | undefined;

  const now = () => moment?.now ?? performance.now();

  function after(delayMs: number, work: () => void): () => void {
    const due = Math.min(Math.ceil((now() + delayMs) / TICK_MS), Number.MAX_SAFE_INTEGER);
    const entry = new Entry(Math.max(at, due), work);
    entry.insert(slotOf(entry.tick));
    waiting++;
    if (moment === undefined && entry.tick < armed) arm(entry.tick);
    return () => {
      if (entry.remove() && --waiting === 0 && moment === undefined) disarm();
    };
  }

  function turn(): void {
    armed = Number.POSITIVE_INFINITY;
    moment = { now: performance.now(), busy: busyNow() };
    const end = Math.floor(moment.now / TICK_MS);
    // after a long sleep every slot is visited once
    at = Math.max(at, end - SLOTS + 1);
    let left = CALLS;
    try {
      while (at <= end && left > 0) left = work(end, left);
    } finally {
      moment = undefined;
      if (at <= end) soon();
      else if (waiting > 0) arm(nextTick());
    }
  }

  /** Does what is due in the present slot. @returns how many calls are left for this turn */
  function work(end: number, calls: number): number {
    const slot = slotOf(at);
    let left = calls;
    for (let entry = slot.next; entry !== slot; ) {
      const { next } = entry;
      if (entry.tick <= end) {
        if (left-- === 0) return 0;
        entry.remove();
        waiting--;
        entry.work();
        // the work may have cancelled the next one
        entry = next.next === next && next !== slot ? slot.next : next;
      } else entry = next;
    }
    at++;
    return left;
  }

  /** The next tick for which something waits; at the latest that of the next revolution. */
  function nextTick(): number {
    for (let tick = at; tick < at + SLOTS; tick++) {
      const slot = slotOf(tick);
      for (let entry = slot.next; entry !== slot; entry = entry.next)
        if (entry.tick <= tick) return tick;
    }
    return at + SLOTS;
  }

  function arm(tick: number): void {
    cancelTurn();
    armed = tick;
    // Node knows no longer delays than 24 days, and its timers may be early by a millisecond
    const delay = Math.min(tick * TICK_MS - performance.now(), SLOTS * TICK_MS);
    const timer = setTimeout(turn, Math.max(0, Math.ceil(delay)) + 1);
    cancelTurn = () => clearTimeout(timer);
  }

  function soon(): void {
    cancelTurn();
    armed = at;
    const immediate = setImmediate(turn);
    cancelTurn = () => clearImmediate(immediate);
  }

  function disarm(): void {
    cancelTurn();
    armed = Number.POSITIVE_INFINITY;
  }

  return { now, busyMs: () => moment?.busy ?? busyNow(), after };
}

function busyNow(): number {
  return performance.eventLoopUtilization().active;
}
