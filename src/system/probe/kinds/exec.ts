// Does a program end with status 0?
import type { ProbeType } from '../kind.js';
import { createExec, type ProbeProgram } from '../program.js';

export const exec: ProbeType<ProbeProgram> = {
  inNetns: false,
  make(open) {
    const run = createExec(open);
    return (program, { timeoutMs }) => run(program, timeoutMs);
  },
};
