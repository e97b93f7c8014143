// Reads the addresses of this machine regularly, where services wait for their VIP.
import type { Clock } from './runtime.js';

type Addresses = ReadonlySet<string> | undefined;

/** What a watch is about. */
export interface WatchedVips {
  /** whether it matters where the VIPs are */
  readonly isOn: () => boolean;
  readonly read: () => Addresses;
  /** what is known of them */
  readonly known: () => Addresses;
  readonly take: (addresses: Addresses) => void;
  /** others than before were taken by a regular look */
  readonly changed: () => void;
}

export interface VipWatch {
  /** Looks now. */
  look(): void;
  /** Looks regularly while it is on; called again when that may have changed. */
  arm(): void;
  end(): void;
}

/** the first checks of a service whose VIP came are made within this */
export const RETURN_MS = 100;
/** between two looks */
const LOOK_MS = 1000;

export function createVipWatch(clock: Clock, vips: WatchedVips): VipWatch {
  let cancel = () => {};
  function look(): boolean {
    const addresses = vips.isOn() ? vips.read() : undefined;
    if (sameSet(addresses, vips.known())) return false;
    vips.take(addresses);
    return true;
  }
  function arm(): void {
    cancel();
    cancel = () => {};
    if (!vips.isOn()) return;
    cancel = clock.after(LOOK_MS, () => {
      if (look()) vips.changed();
      arm();
    });
  }
  return { look: () => void look(), arm, end: () => cancel() };
}

function sameSet(one: Addresses, other: Addresses): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.size === other.size && [...one].every((each) => other.has(each));
}
