// Does the server answer an ICMP echo request?
import { existsSync } from 'node:fs';
import type { ProbeType } from '../kind.js';
import { failed, notMade } from '../outcome.js';
import { createExec } from '../program.js';

const PING = ['/bin/ping', '/usr/bin/ping'];

/** By ping of iputils, which may do what this process may not. */
export const ping: ProbeType<unknown> = {
  inNetns: false,
  make(open) {
    // apart from other programs: those that hang must not delay pings
    const exec = createExec(open);
    return async (_, { address, source, timeoutMs }) => {
      const program = PING.find((path) => existsSync(path)) ?? PING[0] ?? '';
      const seconds = String(timeoutMs / 1000);
      const from = source === undefined ? [] : ['-I', source];
      const command = [program, '-n', '-q', '-c', '1', '-W', seconds, ...from, address];
      // it has its own limit, with which its message has more
      const result = await exec({ command, environment: {} }, timeoutMs + 500);
      if (result.outcome !== 'fail') return result;
      const { reason } = result;
      if (reason.startsWith('status 2') && /permitted|denied/i.test(reason)) return notMade(reason);
      return reason.startsWith('status 1') ? failed(`no echo within ${seconds} s`) : result;
    };
  },
};
