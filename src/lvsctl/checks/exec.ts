// The exit status of a program is the result of the check.
import { formatAddress } from '../../model/address.js';
import { serverKey } from '../../model/table.js';
import { list } from '../config/collections.js';
import { below, optional, required } from '../config/field.js';
import { fail } from '../config/place.js';
import { boolean, parsed } from '../config/scalar.js';
import { checkRow, type ProbedServer } from './row.js';
import { matching, userName } from './values.js';

const argument = parsed('an argument (a text without NUL)', matching(/^[^\0]*$/), {
  type: ['string', 'number'],
});

export const exec = checkRow({
  // biome-ignore format: a table
  keys: {
    command: required(list(argument, 1), 'absolute path of a program, then its arguments; no shell'),
    user: optional(userName, undefined, 'user that the program runs as, with the groups of this user; that of the monitor when absent'),
    weight: optional(boolean, false, 'whether a status from 2 to 255 passes and sets the weight, status - 2; 0 passes, 1 fails'),
  },
  defaultPort: 0,
  vip: 'itself',
  label: ({ command }) => `exec ${command[0]}`,
  toSpec: ({ command, user, weight }, probed) => ({
    kind: 'exec',
    command,
    environment: environment(probed),
    ...(user === undefined ? {} : { user }),
    ...(weight ? { weight } : {}),
  }),
  consistency({ command }, at) {
    if (!command[0]?.startsWith('/'))
      fail(below(at, 'command'), 'the program needs an absolute path');
  },
  missing({ command, user }, machine) {
    if (!machine.isExecutable(command[0] ?? '')) return `${command[0]} cannot be run`;
    return user === undefined ? undefined : machine.userError(user);
  },
});

/** What the program finds in its environment, beside PATH. */
function environment({ service, server, target }: ProbedServer): Readonly<Record<string, string>> {
  return {
    LVS_SERVICE: service.name,
    LVS_PROTOCOL: service.protocol,
    LVS_VIP: formatAddress(service.address),
    LVS_VPORT: String(service.port ?? service.ports?.[0]?.port ?? 0),
    LVS_SERVER: serverKey(server),
    LVS_RIP: formatAddress(server.address),
    LVS_RPORT: String(target.port),
    LVS_TARGET: target.address,
    LVS_TIMEOUT: String(target.timeoutMs / 1000),
  };
}
