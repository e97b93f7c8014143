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

/** A hashed timer wheel: setting and cancelling cost the same however many wait. */
export function createWheel(): Wheel {
  return new HashedWheel();
}

/** Where a call waits until its time. */
interface Waits {
  now(): number;
  place(entry: Entry, delayMs: number, now: number): void;
  withdraw(entry: Entry): void;
}

/** One call that waits, in a circle of those in the same slot. */
class Entry implements WheelTimer {
  next: Entry = this;
  previous: Entry = this;
  tick = -1;

  constructor(
    readonly work: () => void,
    readonly wheel: Waits,
  ) {}

  set(delayMs: number, now = this.wheel.now()): void {
    this.wheel.place(this, delayMs, now);
  }

  clear(): void {
    this.wheel.withdraw(this);
  }

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

class HashedWheel implements Wheel, Waits {
  readonly #slots = Array.from({ length: SLOTS }, () => new Entry(() => {}, this));
  /** those whose time has come, and that wait for a turn */
  readonly #due = new Entry(() => {}, this);
  #waiting = 0;
  /** the first tick that is not collected */
  #at = Math.floor(performance.now() / TICK_MS);
  /** the tick for which the next turn is set */
  #armed = Number.POSITIVE_INFINITY;
  #cancelTurn = () => {};
  /** of the turn that is running */
  #moment: { readonly now: number; readonly busy: number } | undefined;

  now(): number {
    return this.#moment?.now ?? performance.now();
  }

  busyMs(): number {
    return this.#moment?.busy ?? busyNow();
  }

  after(delayMs: number, work: () => void, now = this.now()): () => void {
    const entry = new Entry(work, this);
    this.place(entry, delayMs, now);
    return () => this.withdraw(entry);
  }

  timer(work: () => void): WheelTimer {
    return new Entry(work, this);
  }

  place(entry: Entry, delayMs: number, now: number): void {
    this.withdraw(entry);
    const tick = Math.min(Math.ceil((now + delayMs) / TICK_MS), Number.MAX_SAFE_INTEGER);
    entry.tick = Math.max(this.#at, tick);
    entry.insert(this.#slotOf(entry.tick));
    this.#waiting++;
    if (this.#moment === undefined && entry.tick < this.#armed) this.#arm(entry.tick);
  }

  withdraw(entry: Entry): void {
    if (entry.remove() && --this.#waiting === 0 && this.#moment === undefined) {
      this.#cancelTurn();
      this.#armed = Number.POSITIVE_INFINITY;
    }
  }

  #slotOf(tick: number): Entry {
    return this.#slots[tick % SLOTS] as Entry;
  }

  #turn(): void {
    this.#armed = Number.POSITIVE_INFINITY;
    this.#moment = { now: performance.now(), busy: busyNow() };
    const due = this.#due;
    this.#collect(Math.floor(this.#moment.now / TICK_MS));
    try {
      for (let left = CALLS; left > 0 && due.next !== due; left--) {
        const entry = due.next;
        entry.remove();
        this.#waiting--;
        entry.work();
      }
    } finally {
      this.#moment = undefined;
      if (due.next !== due) this.#soon();
      else if (this.#waiting > 0) this.#arm(this.#nextTick());
    }
  }

  /** Those whose time has come, up to a tick. */
  #collect(end: number): void {
    // after a long sleep every slot is visited once
    for (this.#at = Math.max(this.#at, end - SLOTS + 1); this.#at <= end; this.#at++) {
      const slot = this.#slotOf(this.#at);
      for (let entry = slot.next; entry !== slot; ) {
        const { next } = entry;
        if (entry.tick <= end) {
          entry.remove();
          entry.insert(this.#due);
        }
        entry = next;
      }
    }
  }

  /** The next tick for which something waits; at the latest that of the next revolution. */
  #nextTick(): number {
    for (let tick = this.#at; tick < this.#at + SLOTS; tick++) {
      const slot = this.#slotOf(tick);
      for (let entry = slot.next; entry !== slot; entry = entry.next)
        if (entry.tick <= tick) return tick;
    }
    return this.#at + SLOTS;
  }

  #arm(tick: number): void {
    this.#cancelTurn();
    this.#armed = tick;
    // Node knows no longer delays than 24 days, and its timers may be early by a millisecond
    const delay = Math.min(tick * TICK_MS - performance.now(), SLOTS * TICK_MS);
    const timer = setTimeout(() => this.#turn(), Math.max(0, Math.ceil(delay)) + 1);
    this.#cancelTurn = () => clearTimeout(timer);
  }

  #soon(): void {
    this.#cancelTurn();
    this.#armed = this.#at;
    const immediate = setImmediate(() => this.#turn());
    this.#cancelTurn = () => clearImmediate(immediate);
  }
}

function busyNow(): number {
  return performance.eventLoopUtilization().active;
}
