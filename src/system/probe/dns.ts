// Does the name server answer a query as it should?
import { Resolver } from 'node:dns';
import { attempt, describe, type Open, type Target, type Verdict } from './attempt.js';

export interface DnsQuestion {
  readonly name: string;
  readonly type: string;
  /** one of these must be among the answers; any answer will do when empty */
  readonly expected: readonly string[];
}

export function dns(open: Open, { address, port, source, timeoutMs }: Target, { name, type, expected }: DnsQuestion): Promise<Verdict> {
  return attempt(open, timeoutMs, ({ done, onEnd }) => {
    // longer than the attempt, which has its own limit
    const resolver = new Resolver({ timeout: timeoutMs * 2, tries: 1 });
    resolver.setServers([address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`]);
    if (source !== undefined) resolver.setLocalAddress(...(source.includes(':') ? (['0.0.0.0', source] as const) : ([source] as const)));
    onEnd(() => resolver.cancel());
    resolver.resolve(name, type, (error: Error | null, answer: unknown) => {
      if (error) return done(describe(error));
      const texts = (Array.isArray(answer) ? answer : [answer]).flatMap(asTexts).map(plain);
      const good = expected.length === 0 || expected.some((one) => texts.includes(plain(one)));
      done(good ? undefined : `answered ${texts.join(', ')}`);
    });
  });
}

/** A record as people write it, with and without its numbers: `10 mail.example` and `mail.example`. */
function asTexts(record: unknown): string[] {
  if (typeof record === 'string') return [record];
  if (Array.isArray(record)) return [record.join('')]; // TXT comes in pieces
  const { exchange, priority, name, weight, port, nsname, hostmaster, serial } = record as Record<string, string | number | undefined>;
  if (exchange !== undefined) return [String(exchange), `${priority} ${exchange}`];
  if (nsname !== undefined) return [String(nsname), `${nsname} ${hostmaster} ${serial}`];
  return [`${name}:${port}`, `${priority} ${weight} ${port} ${name}`];
}

function plain(text: string): string {
  return text.toLowerCase().replace(/\.$/, '');
}
