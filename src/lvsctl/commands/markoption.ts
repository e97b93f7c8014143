// `--mark` of import: which packets get a firewall mark.
import { InvalidArgumentError } from 'commander';
import { type Address, formatAddress, parseAddress } from '../../model/address.js';
import { readGroupPort } from '../config/groupport.js';
import type { MarkSource } from '../plan/marks.js';

/**
 * `7=192.0.2.1:80,443`, the ports with `/udp` where they are not TCP's; once for each VIP.
 * @throws InvalidArgumentError
 */
export function addMark(text: string, before: readonly MarkSource[] = []): readonly MarkSource[] {
  const [, digits, bracketed, plain, list = ''] =
    /^(\d+)=(?:\[([0-9a-f:.]+)\]|([0-9.]+)):([0-9,/a-z-]+)$/.exec(text) ?? [];
  const vip = parseAddress(bracketed ?? plain ?? '');
  const mark = Number(digits);
  const sources = list.split(',').map((one) => vip && sourceOf(mark, vip, one));
  if (!(mark >= 1 && mark < 2 ** 32) || sources.some((one) => one === undefined))
    throw new InvalidArgumentError('expected a mark like 7=192.0.2.1:80,443');
  return [...before, ...sources.flatMap((one) => one ?? [])];
}

function sourceOf(mark: number, vip: Address, text: string): MarkSource | undefined {
  const found = readGroupPort(text);
  if (found === undefined) return undefined;
  const { port, last, protocol = 'tcp' } = found;
  return {
    family: vip.family,
    mark,
    address: formatAddress(vip),
    vip,
    protocol,
    ports: port === 0 ? undefined : [port === last ? port : `${port}-${last}`],
  };
}
