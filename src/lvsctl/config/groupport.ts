// Ports of a group, which a firewall mark makes one service.
import { parsed } from './scalar.js';

/** A port of a group; without a protocol it has that of the service. */
export interface GroupPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp' | undefined;
}

export const groupPort = parsed('a port 1..65535, or one with its protocol like 53/udp', parse, {
  type: ['integer', 'string'],
});

function parse(value: string): GroupPort | undefined {
  const [, digits, protocol] = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(value) ?? [];
  const number = Number(digits);
  return number >= 1 && number <= 65535
    ? { port: number, protocol: protocol as GroupPort['protocol'] }
    : undefined;
}
