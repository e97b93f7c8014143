// How the cause of a lost packet becomes a finding.
import type { LossCause } from '../path/hop.js';
import type { ShownService } from '../show/table.js';
import type { Found } from './finding.js';
import type { Inspection } from './inspection.js';
import type { LostPacket } from './lostpackets.js';

/** A lost packet whose cause is known. */
type LostBy<C> = Omit<LostPacket, 'cause'> & { readonly cause: C };

export interface CauseRow<C extends LossCause = LossCause> {
  readonly id: string;
  readonly why: string;
  /** undefined: another check reports it */
  found(lost: LostBy<C>, inspection: Inspection): Found | undefined;
}

/** Causes that have none are reported by other checks. */
export type CauseRows = {
  readonly [K in LossCause['id']]?: CauseRow<Extract<LossCause, { readonly id: K }>>;
};

/** How to type a service. */
export function option({ service }: ShownService): string {
  const [kind = '', place = '', family] = (service ?? '').split(' ');
  if (kind === 'fwmark') return `-f ${place}${family === 'ipv6' ? ' -6' : ''}`;
  return `${{ tcp: '-t', udp: '-u', sctp: '--sctp-service' }[kind] ?? '-t'} ${place}`;
}
