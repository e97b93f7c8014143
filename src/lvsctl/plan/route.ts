// A default route as `ip route show` words it and `ip route replace default` takes it.
import { parseAddress } from '../../model/address.js';
import { isInterfaceName } from '../../model/interface.js';

const number = (value: string) => /^\d{1,10}$/.test(value);
const name = (value: string) => /^[A-Za-z0-9_.-]{1,32}$/.test(value);
const address = (value: string) => parseAddress(value) !== undefined;
/** `30ms`, `4`; the numbers with `lock` keep it as a value of its own */
const amount = (value: string) => /^\d{1,10}(?:ms|s)?$/.test(value);

/** Words that a value follows, and what the value may be (ip-route(8)). */
// biome-ignore format: a table
const VALUES: Readonly<Record<string, (value: string) => boolean>> = {
  via: address, inet: address, inet6: address, src: address, dev: isInterfaceName,
  proto: name, scope: name, realm: name, realms: name, table: name, congctl: name, features: name, pref: name,
  metric: number, mtu: number, advmss: number, hoplimit: number, reordering: number, window: number,
  cwnd: number, initcwnd: number, initrwnd: number, ssthresh: number, nhid: number, quickack: number,
  rtt: amount, rttvar: amount, rto_min: amount,
};
const FLAGS = ['onlink', 'pervasive', 'offload', 'rt_offload', 'trap', 'rt_trap', 'notify'];

/** Whether these are the words of one route: nothing else may stand in a record. */
export function isRoute(text: string): boolean {
  const words = text.split(' ');
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (FLAGS.includes(word)) continue;
    if (!Object.hasOwn(VALUES, word)) return false;
    if (word === 'via' && /^inet6?$/.test(words[i + 1] ?? '')) continue;
    if (words[i + 1] === 'lock') i++;
    const value = words[++i];
    if (value === undefined || !VALUES[word]?.(value)) return false;
  }
  return words.length > 1;
}
