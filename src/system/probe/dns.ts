// Does the name server answer a query as it should?
import { Resolver } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { attempt, type Open, type Target, type Verdict, verdictOf } from './attempt.js';

export interface DnsQuestion {
  readonly name: string;
  readonly type: string;
  /** one of these must be among the answers; any answer will do when empty */
  readonly expected: readonly string[];
}

export function dns(
  open: Open,
  { address, port, source, timeoutMs }: Target,
  { name, type, expected }: DnsQuestion,
): Promise<Verdict> {
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
        // the resolver waits five seconds at most, whatever it is told
        if (error?.code === 'ETIMEOUT' && !over) return ask();
        if (error) return done(verdictOf(error));
        done(judge(Array.isArray(answer) ? answer : [answer], type, expected));
      });
    ask();
  });
}

function judge(records: readonly unknown[], type: string, expected: readonly string[]): Verdict {
  const texts = records.flatMap(asTexts);
  if (texts.length === 0) return 'no such record';
  const good =
    expected.length === 0 ||
    expected.some((one) => texts.some((text) => SAME[type]?.(one, text) ?? sameName(one, text)));
  return good ? undefined : `answered ${texts.join(', ')}`;
}

/** How records of a type are compared, where not as names. */
const SAME: Readonly<Record<string, (a: string, b: string) => boolean>> = {
  A: sameAddress,
  AAAA: sameAddress,
  TXT: (a, b) => a === b,
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

function sameName(a: string, b: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/\.$/, '');
  return plain(a) === plain(b);
}

/** However they are written. */
function sameAddress(a: string, b: string): boolean {
  const family = (text: string) => (isIP(text) === 6 ? 'ipv6' : 'ipv4');
  if (!isIP(a) || !isIP(b)) return false;
  const one = new BlockList();
  one.addAddress(a, family(a));
  return one.check(b, family(b));
}
