// A default route as `ip route show` prints it and `ip route replace default` takes it.
import { parseAddress } from '../../model/address.js';
import { isInterfaceName } from '../../model/interface.js';

const number = (value: string) => /^\d{1,10}$/.test(value);
const name = (value: string) => /^[A-Za-z0-9_.-]{1,32}$/.test(value);
const address = (value: string) => parseAddress(value) !== undefined;
/** `30ms`, `4`; the numbers with `lock` keep it as a value of its own */
const amount = (value: string) => /^\d{1,10}(?:ms|s)?$/.test(value);

/** Keywords that a value follows, and what the value may be (ip-route(8)). */
// biome-ignore format: a table
const VALUES: Readonly<Record<string, (value: string) => boolean>> = {
  via: address, inet: address, inet6: address, src: address, dev: isInterfaceName,
  proto: name, scope: name, realm: name, realms: name, table: name, congctl: name, features: name, pref: name,
  metric: number, mtu: number, advmss: number, hoplimit: number, reordering: number, window: number,
  cwnd: number, initcwnd: number, initrwnd: number, ssthresh: number, nhid: number, quickack: number,
  rtt: amount, rttvar: amount, rto_min: amount,
};
const FLAGS = ['onlink', 'pervasive', 'offload', 'rt_offload', 'trap', 'rt_trap', 'notify'];

/** Whether these are the arguments of one route: a record may hold nothing else. */
export function isRoute(text: string): boolean {
  const args = text.split(' ');
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (FLAGS.includes(arg)) continue;
    if (!Object.hasOwn(VALUES, arg)) return false;
    if (arg === 'via' && /^inet6?$/.test(args[i + 1] ?? '')) continue;
    if (args[i + 1] === 'lock') i++;
    const value = args[++i];
    if (value === undefined || !VALUES[arg]?.(value)) return false;
  }
  return args.length > 1;
}
