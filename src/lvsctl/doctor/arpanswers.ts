// Other machines that answer ARP for the VIPs of a director.
import { formatAddress } from '../../model/address.js';
import type { Found } from './finding.js';
import type { Inspection } from './inspection.js';
import { shell } from './repair.js';

export const WHY_ANSWERED =
  'Clients that take the real server for the VIP reach that one server, past the director, until their router forgets its MAC.';

/** VIPs that are asked for: each takes a process. */
const MOST_ASKED = 20;

/** Asks on the network which hosts have the VIPs, as a host does before it takes an address. */
export async function arpAnswers(inspection: Inspection): Promise<Found[]> {
  const { machine } = inspection;
  if (machine === undefined) return [];
  const vips = askedVips(inspection).slice(0, MOST_ASKED);
  const answers = await machine.runEach(
    'arping',
    vips.map(({ address, device }) => ['-D', '-c', '2', '-w', '1', '-I', device, address]),
  );
  return vips.flatMap(({ address, device }, i): Found[] => {
    const { status = 0, stdout = '' } = answers[i] ?? {};
    const mac = /\[([0-9A-Fa-f:]{17})\]/.exec(stdout)?.[1]?.toLowerCase();
    if (status !== 1 || mac === undefined) return [];
    const neighbour = machine
      .run('ip', ['neigh', 'show', 'dev', device])
      .stdout.split('\n')
      .find((line) => line.includes(` ${mac} `) && !line.startsWith('fe80:'));
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
        afterwards: { repair: [shell('arping', '-U', '-c', '3', '-I', device, address)] },
      },
    ];
  });
}

/** The VIPs of dr and tun on interfaces where neighbours ask for them. */
function askedVips({ expected, facts }: Inspection): { address: string; device: string }[] {
  const quiet = expected.filter(({ destinations }) =>
    destinations.some(({ forwarding }) => forwarding === 'direct' || forwarding === 'tunnel'),
  );
  const vips = new Set(
    quiet.flatMap(({ vips: all }) =>
      all.filter(({ family }) => family === 'ipv4').map(formatAddress),
    ),
  );
  return facts.addresses.filter(
    ({ address, device }) => vips.has(address) && isAsked(device, facts),
  );
}

/** How many VIPs are not asked for; a line for the report, or none. */
export function unaskedVips(inspection: Inspection): string[] {
  const left = askedVips(inspection).length - MOST_ASKED;
  return inspection.machine === undefined || left <= 0
    ? []
    : [
        `other hosts that answer ARP for ${left} of the VIPs: the first ${MOST_ASKED} were asked for`,
      ];
}

/** Whether others ask for addresses there: not on lo, dummy devices and tunnels. */
function isAsked(device: string, { links }: Inspection['facts']): boolean {
  return device !== 'lo' && links.find(({ name }) => name === device)?.asked !== false;
}
