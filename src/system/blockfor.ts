// Waiting without giving up the turn: for work that must be done before the function returns.

/** Blocks the whole process. */
export function blockFor(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
