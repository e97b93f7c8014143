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
   * @param now what `now` gives, where it is known
   * @returns what cancels it
   */
  after(delayMs: number, work: () => void, now?: number): () => void;
  /** The same for a call that is set again and again: nothing is made for each time. */
  timer(work: () => void): WheelTimer;
}

/** One call at a time. */
export interface WheelTimer {
  /** Calls `delayMs` from now, and not when it was set to. @param now as for `after` */
  set(delayMs: number, now?: number): void;
  clear(): void;
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

  tick = -1;

  constructor(readonly work: () => void) {}

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
  const slots = Array.from({ length: SLOTS }, () => new Entry(() => {}));
  /** those whose time has come, and that wait for a turn */
  const due = new Entry(() => {});
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

  function timer(work: () => void): WheelTimer {
    const entry = new Entry(work);
    return { set: (delayMs, from = now()) => set(entry, delayMs, from), clear: () => clear(entry) };
  }

  function after(delayMs: number, work: () => void, from = now()): () => void {
    const entry = new Entry(work);
    set(entry, delayMs, from);
    return () => clear(entry);
  }

  function set(entry: Entry, delayMs: number, from: number): void {
    clear(entry);
    const tick = Math.min(Math.ceil((from + delayMs) / TICK_MS), Number.MAX_SAFE_INTEGER);
    entry.tick = Math.max(at, tick);
    entry.insert(slotOf(entry.tick));
    waiting++;
    if (moment === undefined && entry.tick < armed) arm(entry.tick);
  }

  function clear(entry: Entry): void {
    if (entry.remove() && --waiting === 0 && moment === undefined) disarm();
  }

  function turn(): void {
    armed = Number.POSITIVE_INFINITY;
    moment = { now: performance.now(), busy: busyNow() };
    const end = Math.floor(moment.now / TICK_MS);
    // after a long sleep every slot is visited once
    for (at = Math.max(at, end - SLOTS + 1); at <= end; at++) collect(slotOf(at), end);
    try {
      for (let left = CALLS; left > 0 && due.next !== due; left--) {
        const entry = due.next;
        entry.remove();
        waiting--;
        entry.work();
      }
    } finally {
      moment = undefined;
      if (due.next !== due) soon();
      else if (waiting > 0) arm(nextTick());
    }
  }

  /** Those of a slot whose time has come. */
  function collect(slot: Entry, end: number): void {
    for (let entry = slot.next; entry !== slot; ) {
      const { next } = entry;
      if (entry.tick <= end) {
        entry.remove();
        entry.insert(due);
      }
      entry = next;
    }
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

  return { now, busyMs: () => moment?.busy ?? busyNow(), after, timer };
}

function busyNow(): number {
  return performance.eventLoopUtilization().active;
}
