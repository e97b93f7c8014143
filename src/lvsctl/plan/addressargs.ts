// What `ip addr add` takes to make an address as it is: from `ip -json addr show`, and what of it a
// record may hold.
import { isInterfaceName } from '../../model/interface.js';

/** An address as `ip -json addr show` prints it, beside address and prefix. */
export interface AddressInfo {
  readonly broadcast?: string;
  readonly scope?: string;
  readonly label?: string;
  readonly metric?: number;
  readonly noprefixroute?: boolean;
  readonly preferred_life_time?: number;
  readonly valid_life_time?: number;
  readonly nodad?: boolean;
}

const FOR_EVER = 0xffffffff;

/** The arguments behind address and interface. */
export function addressArgs(info: AddressInfo, device: string): string[] {
  const { broadcast, scope = 'global', label = device, metric } = info;
  const { preferred_life_time: preferred = FOR_EVER, valid_life_time: valid = FOR_EVER } = info;
  return [
    ...(broadcast === undefined ? [] : ['brd', broadcast]),
    ...(scope === 'global' ? [] : ['scope', scope]),
    ...(label === device ? [] : ['label', label]),
    ...(metric === undefined ? [] : ['metric', String(metric)]),
    ...(info.noprefixroute ? ['noprefixroute'] : []),
    ...(valid === FOR_EVER ? [] : ['valid_lft', String(valid)]),
    ...(preferred === FOR_EVER ? [] : ['preferred_lft', String(preferred)]),
    ...(info.nodad ? ['nodad'] : []),
  ];
}

const ADDRESS_TEXT = /^[0-9a-f.:]{2,45}$/;
const NUMBER = /^\d{1,10}$/;
/** Each argument, and what its value must be; null = it has none. */
const NAMES: Readonly<Record<string, ((value: string) => boolean) | null>> = {
  brd: (value) => ADDRESS_TEXT.test(value),
  scope: (value) => /^(?:\d{1,3}|[a-z]{1,10})$/.test(value),
  label: (value) => isInterfaceName(value.replace(':', '-')),
  metric: (value) => NUMBER.test(value),
  noprefixroute: null,
  preferred_lft: (value) => NUMBER.test(value),
  valid_lft: (value) => NUMBER.test(value),
  nodad: null,
};

/** Whether a record may hold these arguments of `ip addr add`. */
export function isAddressArgs(args: readonly unknown[]): boolean {
  for (let i = 0; i < args.length; i++) {
    const name = args[i];
    if (typeof name !== 'string' || !Object.hasOwn(NAMES, name)) return false;
    const accepts = NAMES[name];
    if (!accepts) continue;
    const value = args[++i];
    if (typeof value !== 'string' || !accepts(value)) return false;
  }
  return true;
}
