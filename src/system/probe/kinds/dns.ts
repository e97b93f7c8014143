// Does the name server answer a query as it should?
import { Resolver } from 'node:dns';
import { isIP, SocketAddress } from 'node:net';
import { attempt, type Open, outcomeOf } from '../attempt.js';
import type { ProbeType } from '../kind.js';
import { failed, PASS, type ProbeOutcome, type ProbeTarget } from '../outcome.js';

export interface DnsProbe {
  readonly name: string;
  readonly type: string;
  /** one of these must be among the answers; any answer will do when empty */
  readonly expected: readonly string[];
  /** an answer without records passes too */
  readonly empty?: boolean;
}

/** records of one answer */
const RECORD_LIMIT = 1000;

export const dns: ProbeType<DnsProbe> = {
  inNetns: false,
  make: (open) => (spec, target) => probeDns(open, target, spec),
};

function probeDns(
  open: Open,
  { address, port, source, timeoutMs }: ProbeTarget,
  { name, type, expected, empty = false }: DnsProbe,
): Promise<ProbeOutcome> {
  return attempt(open, timeoutMs, ({ done, onEnd }) => {
    // longer than the attempt, which has its own limit
    const resolver = new Resolver({ timeout: timeoutMs * 2, tries: 1 });
    resolver.setServers([address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`]);
    if (source !== undefined)
      resolver.setLocalAddress(
        ...(source.includes(':') ? (['0.0.0.0', source] as const) : ([source] as const)),
      );
    let over = false;
    onEnd(() => {
      over = true;
      resolver.cancel();
    });
    const ask = () =>
      resolver.resolve(name, type, (error: NodeJS.ErrnoException | null, answer: unknown) => {
        // the resolver waits five seconds at most, with any setting
        if (error?.code === 'ETIMEOUT' && !over) return ask();
        if (error?.code === 'ENODATA' && empty) return done(PASS);
        if (error) return done(outcomeOf(error));
        done(judge(Array.isArray(answer) ? answer : [answer], type, expected));
      });
    ask();
  });
}

function judge(
  records: readonly unknown[],
  type: string,
  expected: readonly string[],
): ProbeOutcome {
  if (records.length === 0) return failed('no such record');
  if (records.length > RECORD_LIMIT) return failed(`answered more than ${RECORD_LIMIT} records`);
  const normal = NORMAL[type] ?? plainName;
  const accepted = new Set(expected.map(normal));
  const texts = records.flatMap(asTexts);
  return accepted.size === 0 || texts.some((text) => accepted.has(normal(text)))
    ? PASS
    : failed(`answered ${texts.join(', ')}`);
}

/** How records of a type are written to be compared, where not as names. */
const NORMAL: Readonly<Record<string, (text: string) => string>> = {
  A: plainAddress,
  AAAA: plainAddress,
  TXT: (text) => text,
};

/**
 * A record as people write it, with and without its numbers: `10 mail.example` and `mail.example`.
 */
function asTexts(record: unknown): string[] {
  if (typeof record === 'string') return [record];
  if (Array.isArray(record)) return [record.join('')]; // TXT comes in pieces
  const { exchange, priority, name, weight, port, nsname, hostmaster, serial } = record as Record<
    string,
    string | number | undefined
  >;
  if (exchange !== undefined) return [String(exchange), `${priority} ${exchange}`];
  if (nsname !== undefined) return [String(nsname), `${nsname} ${hostmaster} ${serial}`];
  return [String(name), `${name}:${port}`, `${priority} ${weight} ${port} ${name}`];
}

function plainName(text: string): string {
  return text.toLowerCase().replace(/\.$/, '');
}

/** However it is written, IPv4 within IPv6 as well. */
function plainAddress(text: string): string {
  const family = isIP(text);
  if (family === 0) return text;
  const { address } = new SocketAddress({ address: text, family: family === 6 ? 'ipv6' : 'ipv4' });
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}
