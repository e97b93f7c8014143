// What is counted at a service or a server, and the rates that the kernel's estimator makes of it
// every two seconds.
import type { Counters } from '../model/counters.js';

const FIELDS = ['connections', 'inPackets', 'outPackets', 'inBytes', 'outBytes'] as const;
type CounterName = (typeof FIELDS)[number];

/** Rates are kept as integers, bytes with fewer places than the rest, since they are larger. */
const SCALE: Readonly<Record<CounterName, { readonly up: number; readonly down: number }>> = {
  connections: { up: 9, down: 10 },
  inPackets: { up: 9, down: 10 },
  outPackets: { up: 9, down: 10 },
  inBytes: { up: 4, down: 5 },
  outBytes: { up: 4, down: 5 },
};

/** All of it as plain numbers, for keeping. */
export interface TrafficState {
  readonly counted: readonly number[];
  readonly copied: readonly number[];
  readonly zero: readonly number[];
  readonly rates: readonly number[];
}

export class Traffic {
  /** counted so far, in the order of FIELDS */
  readonly #counted: number[] = FIELDS.map(() => 0);
  /** as of the last copy, which is what is shown */
  readonly #copied: number[] = FIELDS.map(() => 0);
  readonly #zero: number[] = FIELDS.map(() => 0);
  readonly #rates: number[] = FIELDS.map(() => 0);

  /** Nothing was ever counted. */
  get isIdle(): boolean {
    return this.#counted.every((count) => count === 0);
  }

  set({ counted, copied, zero, rates }: TrafficState): void {
    for (const i of FIELDS.keys()) {
      this.#counted[i] = counted[i] ?? 0;
      this.#copied[i] = copied[i] ?? 0;
      this.#zero[i] = zero[i] ?? 0;
      this.#rates[i] = rates[i] ?? 0;
    }
  }

  state(): TrafficState {
    return {
      counted: [...this.#counted],
      copied: [...this.#copied],
      zero: [...this.#zero],
      rates: [...this.#rates],
    };
  }

  connection(): void {
    this.#add(0, 1);
  }

  packetIn(bytes: number): void {
    this.#add(1, 1);
    this.#add(3, bytes);
  }

  packetOut(bytes: number): void {
    this.#add(2, 1);
    this.#add(4, bytes);
  }

  /** Every two seconds. @returns whether anything moved */
  estimate(): boolean {
    let moved = false;
    for (const [i, field] of FIELDS.entries()) {
      const counted = this.#counted[i] ?? 0;
      const rate = this.#rates[i] ?? 0;
      const target = (counted - (this.#copied[i] ?? 0)) * 2 ** SCALE[field].up;
      const next = rate + Math.floor((target - rate) / 4);
      moved ||= next !== rate || counted !== this.#copied[i];
      this.#rates[i] = next;
      this.#copied[i] = counted;
    }
    return moved;
  }

  /** What was last copied becomes the new zero. */
  clear(): void {
    for (const i of FIELDS.keys()) {
      this.#zero[i] = this.#copied[i] ?? 0;
      this.#rates[i] = 0;
    }
  }

  counters(): Counters {
    const total = (i: number) => BigInt((this.#copied[i] ?? 0) - (this.#zero[i] ?? 0));
    const rate = (i: number, field: CounterName) =>
      BigInt(
        Math.floor(
          ((this.#rates[i] ?? 0) + 2 ** (SCALE[field].down - 1) - 1) / 2 ** SCALE[field].down,
        ),
      );
    return {
      connections: total(0),
      inPackets: total(1),
      outPackets: total(2),
      inBytes: total(3),
      outBytes: total(4),
      connectionsPerSecond: rate(0, 'connections'),
      inPacketsPerSecond: rate(1, 'inPackets'),
      outPacketsPerSecond: rate(2, 'outPackets'),
      inBytesPerSecond: rate(3, 'inBytes'),
      outBytesPerSecond: rate(4, 'outBytes'),
    };
  }

  #add(i: number, amount: number): void {
    this.#counted[i] = (this.#counted[i] ?? 0) + amount;
  }
}
