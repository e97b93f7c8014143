// Other machines that answer ARP for the VIPs of a director.
import { formatAddress } from '../../model/address.js';
import type { Found } from './finding.js';
import type { Inspection } from './inspection.js';

/** Asks on the network which hosts have the VIPs, as a host does before it takes an address. */
export function arpAnswers({ machine, expected, facts }: Inspection): Found[] {
  if (machine === undefined) return [];
  const quiet = expected.filter(({ destinations }) =>
    destinations.some(({ forwarding }) => forwarding === 'direct' || forwarding === 'tunnel'),
  );
  const vips = new Set(
    quiet.flatMap(({ vips: all }) =>
      all.filter(({ family }) => family === 'ipv4').map(formatAddress),
    ),
  );
  return facts.addresses
    .filter(({ address, device }) => vips.has(address) && isAsked(device, facts))
    .flatMap(({ address, device }) => {
      const { status, stdout } = machine.run('arping', [
        '-D',
        '-c',
        '2',
        '-w',
        '1',
        '-I',
        device,
        address,
      ]);
      const mac = /\[([0-9A-Fa-f:]{17})\]/.exec(stdout)?.[1]?.toLowerCase();
      if (status !== 1 || mac === undefined) return [];
      const neighbour = machine
        .run('ip', ['neigh', 'show', 'dev', device])
        .stdout.split('\n')
        .find((line) => line.includes(` ${mac} `) && !line.includes(':: '));
      const server = neighbour?.split(' ')[0];
      const what = `${server ?? 'a machine'} (${mac}) answers ARP for VIP ${address}`;
      return [
        {
          what,
          on: server ?? `the machine with ${mac}`,
          repair: [
            'sysctl -w net.ipv4.conf.all.arp_ignore=1',
            'sysctl -w net.ipv4.conf.all.arp_announce=2',
          ],
        },
      ];
    });
}

/** Whether others ask for addresses there: not on lo, dummy devices and tunnels. */
function isAsked(device: string, { links }: Inspection['facts']): boolean {
  return device !== 'lo' && links.find(({ name }) => name === device)?.asked !== false;
}
