// Does a program end with status 0?
import type { Kind } from '../kind.js';
import { createExec, type Program } from '../program.js';

export const exec: Kind<Program> = {
  inNetns: false,
  make(open) {
    const run = createExec(open);
    return (program, { timeoutMs }) => run(program, timeoutMs);
  },
};
