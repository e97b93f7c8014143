// Commands that make the end of a tunnel on a real server.
import type { LossCause, PathHop } from '../path/hop.js';
import { printCommand } from '../plan/command.js';
import { LINK } from '../plan/network.js';
import { tunnelDevice } from '../plan/tunneldevice.js';
import { hostPrefix } from '../plan/vips.js';
import type { Found } from './finding.js';
import { shell } from './repair.js';
import { orAdvice } from './routerepair.js';

/** The device is set up, or the port of gue opened, or the device made as `realserver up` does. */
export function tunnelEnd(
  { outer, device }: Extract<LossCause, { readonly id: 'no-tunnel' }>,
  { packet, what }: PathHop,
): Pick<Found, 'repair' | 'advice'> {
  if (device !== undefined) return { repair: [shell('ip', 'link', 'set', device, 'up')] };
  const six = outer.destination.family === 'ipv6' ? ['-6'] : [];
  if (what.includes('UDP port'))
    return { repair: [shell('ip', 'fou', 'add', 'port', `${outer.port}`, 'gue', ...six)] };
  return orAdvice(what.startsWith('no device') ? newDevice() : [], OTHER_SENDER);

  function newDevice(): string[] {
    const { name, args } = tunnelDevice({
      service: { address: packet.destination },
      address: outer.destination,
      tunnel: { type: outer.type, checksum: outer.checksum ? 'checksum' : 'none' },
    });
    const up = LINK.commands({ name, args }, null, 'up').map(printCommand);
    // the reverse path filter drops what comes from a device without an address
    return [...up, shell('ip', 'addr', 'add', hostPrefix(packet.destination), 'dev', name)];
  }
}

const OTHER_SENDER =
  'give the director an address on its network that the server does not have, and make the VIP deprecated there (preferred_lft 0)';
