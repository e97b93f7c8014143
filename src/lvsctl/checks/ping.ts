// Answers ICMP echo requests.
import { checkRow } from './row.js';

const PING = ['/bin/ping', '/usr/bin/ping'];

export const ping = checkRow({
  keys: {},
  defaultPort: 0,
  vip: 'never',
  label: () => 'ping',
  toSpec: () => ({ kind: 'ping' }),
  missing: (_, { isExecutable }) =>
    PING.some((path) => isExecutable(path)) ? undefined : `there is no ${PING.join(' or ')}`,
});
