// The process inside another network namespace that probes for `remote.ts`, until its stdin ends.
import { readdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { RE2JS } from 're2js';
import type { Verdict } from './attempt.js';
import type { Pattern } from './http.js';
import { createProbes, type SystemProbes } from './probes.js';
import { READY, type RemoteQuestion } from './remote.js';

const CONF = '/proc/sys/net/ipv4/conf';

/** Answers questions on stdin. Resolves when there are no more. */
export async function serveProbes(): Promise<void> {
  acceptFromAnywhere();
  const { probes, end } = createProbes();
  process.stdout.write(`${JSON.stringify({ id: READY, verdict: null })}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, question } = JSON.parse(line) as { readonly id: number; readonly question: RemoteQuestion };
    void ask(question, probes).then((verdict) => process.stdout.write(`${JSON.stringify({ id, verdict: verdict ?? null })}\n`));
  }
  end();
}

function ask(question: RemoteQuestion, probes: SystemProbes): Promise<Verdict> {
  switch (question.kind) {
    case 'tcp':
      return probes.tcp(question.target);
    case 'http':
      return probes.http(question.target, {
        ...question.question,
        body: question.body === null ? undefined : patternOf(question.body),
      });
    case 'udp':
      return probes.udp(question.target, question.question);
    case 'smtp':
      return probes.smtp(question.target, question.helo);
    default:
      return question satisfies never;
  }
}

/** What the file's reader understood. */
function patternOf(source: string): Pattern {
  const compiled = RE2JS.compile(source);
  return { source, test: (text) => compiled.test(text) };
}

/** Answers come from the VIP, to which the routes of this namespace lead by the port alone: rp_filter would drop them. */
function acceptFromAnywhere(): void {
  for (const device of readdirSync(CONF)) writeFileSync(`${CONF}/${device}/rp_filter`, '0');
}
