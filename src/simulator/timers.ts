// Timers in a binary heap. A timer that is moved on stays where it is in the heap until its old
// time comes.

export interface Timed {
  /** seconds on the caller's clock; Infinity = never */
  expiresAt: number;
  /** the time of its valid place in the heap; 0 when it has none */
  queuedAt: number;
}

interface HeapEntry<T> {
  readonly time: number;
  readonly item: T;
}

export class Timers<T extends Timed> {
  readonly #heap: HeapEntry<T>[] = [];

  /** The next time at which something may be due, Infinity when there is nothing. */
  get next(): number {
    return this.#time(0);
  }

  /** Sets a timer, or moves it. */
  set(item: T, expiresAt: number): void {
    item.expiresAt = expiresAt;
    // an earlier place will do: it is checked again then
    if (item.queuedAt !== 0 && item.queuedAt <= expiresAt) return;
    item.queuedAt = expiresAt;
    this.#heap.push({ time: expiresAt, item });
    this.#rise(this.#heap.length - 1);
  }

  /** Takes out one item that is due; undefined when none is. */
  due(now: number): T | undefined {
    for (let top = this.#heap[0]; top !== undefined && top.time <= now; top = this.#heap[0]) {
      this.#dropTop();
      const { item, time } = top;
      if (item.queuedAt !== time) continue; // it was moved forward and has another place
      item.queuedAt = 0;
      if (item.expiresAt <= now) return item;
      if (item.expiresAt !== Number.POSITIVE_INFINITY) this.set(item, item.expiresAt);
    }
    return undefined;
  }

  #dropTop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (this.#time(parent) <= this.#time(at)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const least = this.#time(left + 1) < this.#time(left) ? left + 1 : left;
      if (this.#time(least) >= this.#time(at)) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    [heap[a], heap[b]] = [heap[b] as HeapEntry<T>, heap[a] as HeapEntry<T>];
  }

  #time(i: number): number {
    return this.#heap[i]?.time ?? Number.POSITIVE_INFINITY;
  }
}
