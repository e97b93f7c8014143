// Timers in a binary heap. A timer that is moved on stays where it is in the heap until its old
// time comes.

export interface Timed {
  /** seconds on the caller's clock; Infinity = never */
  expiresAt: number;
  /** the time of its valid place in the heap; 0 when it has none */
  queuedAt: number;
}

const FIRST_PLACES = 64;

/**
 * The heap is two arrays: the times, which are compared, and the items. Numbers of an object each
 * would be read from all over the memory.
 */
export class Timers<T extends Timed> {
  #times = new Float64Array(FIRST_PLACES);
  readonly #items: T[] = [];

  /** The next time at which something may be due, Infinity when there is nothing. */
  get next(): number {
    return this.#items.length === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] as number);
  }

  /** Sets a timer, or moves it. */
  set(item: T, expiresAt: number): void {
    item.expiresAt = expiresAt;
    // an earlier place will do: it is checked again then
    if (item.queuedAt !== 0 && item.queuedAt <= expiresAt) return;
    item.queuedAt = expiresAt;
    this.#items.push(item);
    if (this.#items.length > this.#times.length) this.#grow();
    this.#rise(item, expiresAt);
  }

  /** Takes out one item that is due; undefined when none is. */
  due(now: number): T | undefined {
    while (this.next <= now) {
      const time = this.#times[0] as number;
      const item = this.#items[0] as T;
      this.#dropTop();
      if (item.queuedAt !== time) continue; // it was moved forward and has another place
      item.queuedAt = 0;
      if (item.expiresAt <= now) return item;
      if (item.expiresAt !== Number.POSITIVE_INFINITY) this.set(item, item.expiresAt);
    }
    return undefined;
  }

  #grow(): void {
    const larger = new Float64Array(2 * this.#times.length);
    larger.set(this.#times);
    this.#times = larger;
  }

  #dropTop(): void {
    const last = this.#items.pop() as T;
    const count = this.#items.length;
    if (count > 0) this.#sink(last, this.#times[count] as number);
  }

  /** Puts an item, which is the last one, where no later one is above it. */
  #rise(item: T, time: number): void {
    const times = this.#times;
    const items = this.#items;
    let at = items.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((times[parent] as number) <= time) break;
      times[at] = times[parent] as number;
      items[at] = items[parent] as T;
      at = parent;
    }
    times[at] = time;
    items[at] = item;
  }

  /** Puts an item at the top, and below all that are earlier. */
  #sink(item: T, time: number): void {
    const times = this.#times;
    const items = this.#items;
    const count = items.length;
    let at = 0;
    for (let left = 1; left < count; left = 2 * at + 1) {
      const right = left + 1;
      const isRight = right < count && (times[right] as number) < (times[left] as number);
      const least = isRight ? right : left;
      if ((times[least] as number) >= time) break;
      times[at] = times[least] as number;
      items[at] = items[least] as T;
      at = least;
    }
    times[at] = time;
    items[at] = item;
  }
}
