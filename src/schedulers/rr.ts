// Round robin: on from the last pick, weights only as zero or not.
import { eligible, type Scheduler } from './scheduler.js';

/** place of the last pick, -1 before the first */
interface State {
  at: number;
}

export const RR: Scheduler<State> = {
  start: () => ({ at: -1 }),
  changed(state, change) {
    // the pointer stays on its server, or moves to the one before a server that was removed
    if (state.at < 0) return;
    if (change.kind === 'add') state.at++;
    else if (change.kind === 'delete' && state.at >= change.index()) state.at--;
  },
  pick(state, servers) {
    const count = servers.length;
    for (let step = 1; step <= count; step++) {
      const at = (state.at + step) % count;
      const server = servers[at];
      if (server && eligible(server)) {
        state.at = at;
        return server;
      }
    }
    return undefined;
  },
  why: () => () => ({ rule: 'turn' }),
};
