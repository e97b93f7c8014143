// virtual_server_group: addresses with ports, ranges and marks under one name.
import { parseAddress } from '../../../model/address.js';
import { isRange, rangeOf } from '../../config/range.js';
import type { PlaceDraft } from '../draft.js';
import { type Conversion, numberOf } from './conversion.js';
import type { Statement } from './statements.js';

/** What a group stands for: the addresses of each port, and marks. The protocol is the service's. */
export type GroupPlaces = (protocol: string) => readonly PlaceDraft[];

/** The places of `virtual_server_group NAME { … }`. */
export function groupOf(statement: Statement, conversion: Conversion): GroupPlaces {
  const byPort = new Map<number, string[]>();
  const marks: number[] = [];
  for (const entry of statement.block ?? []) {
    if (entry.keyword === 'fwmark') {
      const mark = conversion.number(entry, { min: 1, max: 4_294_967_295 });
      if (mark !== undefined) marks.push(mark);
      continue;
    }
    const port = numberOf(entry.args[0] ?? '0', { min: 0, max: 65535 });
    const addresses = addressesOf(entry.keyword);
    if (addresses === undefined || port === undefined) {
      conversion.remarks.warn(
        entry,
        entry.keyword,
        'not an address, a range or a mark with a port; left out',
      );
      continue;
    }
    byPort.set(port, [...(byPort.get(port) ?? []), addresses]);
  }
  return (protocol) => [
    ...[...byPort].map(
      ([port, addresses]): PlaceDraft => ({ kind: 'address', protocol, addresses, port }),
    ),
    ...marks.map((mark): PlaceDraft => ({ kind: 'mark', mark })),
  ];
}

/** The text as the lvsctl file has it. */
function addressesOf(text: string): string | undefined {
  if (parseAddress(text) !== undefined) return text;
  if (isRange(text)) return 'reason' in rangeOf(text) ? undefined : text;
  // a prefix that does not begin with its own first address: keepalived counts from the address on
  return undefined;
}
