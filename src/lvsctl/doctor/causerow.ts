// How the cause of a lost packet becomes a finding.
import type { LossCause } from '../path/hop.js';
import type { ShownService } from '../show/table.js';
import type { Found } from './finding.js';
import type { Inspection } from './inspection.js';
import type { LostPacket } from './lostpackets.js';

export interface CauseRow {
  /** undefined: another check reports it */
  readonly id: string;
  readonly why: string;
  found(lost: LostPacket, inspection: Inspection): Found | undefined;
}

/** Causes that have none are reported by other checks. */
export type CauseRows = Partial<{ readonly [K in LossCause['id']]: CauseRow }>;

/** How to type a service. */
export function option({ service }: ShownService): string {
  const [kind = '', place = ''] = (service ?? '').split(' ');
  if (kind === 'fwmark') return `-f ${place}${service?.endsWith('ipv6') ? ' -6' : ''}`;
  return `${{ tcp: '-t', udp: '-u', sctp: '--sctp-service' }[kind] ?? '-t'} ${place}`;
}
