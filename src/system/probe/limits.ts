// What one answer may cost: its bytes, and the pieces in which it comes.

export interface Limits {
  readonly bytes: number;
  /** reads, or chunks of a body */
  readonly pieces: number;
}

/**
 * Counts pieces. Afterwards the counter stays where it is.
 * @returns what takes the size of each piece, and returns why that is too much, or undefined
 */
export function createCounter({ bytes, pieces }: Limits): (size: number) => string | undefined {
  let size = 0;
  let count = 0;
  return (more) => {
    size += more;
    count += 1;
    if (size > bytes) return `more than ${bytes / 1024} KiB`;
    return count > pieces ? `more than ${pieces} pieces` : undefined;
  };
}

export interface BoundedBuffer {
  /** Copies as much as there is room for. @returns whether it is full now */
  add(piece: Buffer): boolean;
  /** what was added; shares memory with the store */
  readonly content: Buffer;
}

const FIRST_ROOM = 4096;

/** One buffer of at most `limit` bytes, however many pieces come: none of them is kept. */
export function createStore(limit: number): BoundedBuffer {
  let room = Buffer.allocUnsafe(Math.min(FIRST_ROOM, limit));
  let size = 0;
  return {
    add(piece) {
      const end = Math.min(size + piece.length, limit);
      if (end > room.length) {
        const larger = Buffer.allocUnsafe(Math.min(Math.max(end, room.length * 2), limit));
        room.copy(larger, 0, 0, size);
        room = larger;
      }
      size += piece.copy(room, size, 0, end - size);
      return size === limit;
    },
    get content() {
      return room.subarray(0, size);
    },
  };
}
