// VRRP: its addresses become VIPs that keepalived goes on moving; the rest of it stays with
// keepalived.
import { parseAddress } from '../../../model/address.js';
import type { VipDraft } from '../draft.js';
import type { Conversion } from './conversion.js';
import type { Statement } from './statements.js';

const BLOCKS = ['virtual_ipaddress', 'virtual_ipaddress_excluded'];

/** The addresses of `vrrp_instance NAME { … }`. */
export function vipsOf(
  statement: Statement,
  fallback: string,
  { remarks }: Conversion,
): readonly VipDraft[] {
  const keywords = statement.block ?? [];
  const device = keywords.findLast(({ keyword }) => keyword === 'interface')?.args[0];
  if (device === undefined)
    remarks.warn(
      statement,
      'vrrp_instance',
      `it names no interface; ${fallback} is taken for its VIPs`,
    );
  remarks.note(
    statement,
    'vrrp_instance',
    'stays with keepalived, started with --vrrp; its addresses are in vips with managed: false',
  );
  return keywords
    .filter(({ keyword }) => BLOCKS.includes(keyword))
    .flatMap(({ block }) => block ?? [])
    .flatMap((entry): VipDraft[] => {
      const address = entry.keyword.split('/')[0] ?? '';
      if (parseAddress(address) === undefined) {
        remarks.warn(entry, entry.keyword, 'not an address; left out of vips');
        return [];
      }
      const { args } = entry;
      const own = args.includes('dev') ? args[args.indexOf('dev') + 1] : undefined;
      return [{ address, interface: own ?? device ?? fallback, managed: false }];
    });
}
