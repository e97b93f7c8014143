// Every kind of probe behind one function of plain data.
import { RE2JS } from 're2js';
import type { Target, Verdict } from './attempt.js';
import type { Pattern } from './http.js';
import { createProbes, type SystemProbes } from './probes.js';
import type { Probe, ProbeKind, ProbeOutcome, ProbeSpec, ProbeTarget } from './spec.js';

type Kinds = {
  readonly [K in ProbeKind]: (
    probes: SystemProbes,
    target: Target,
    spec: Extract<ProbeSpec, { kind: K }>,
    patternOf: (source: string) => Pattern,
  ) => Promise<Verdict>;
};

// biome-ignore format: a table
const KINDS: Kinds = {
  tcp: (probes, target) => probes.tcp(target),
  http: (probes, target, { body, tls, ...question }, patternOf) => probes.http(target, {
    ...question,
    tls: tls && { ...tls, ca: tls.ca },
    body: body === undefined ? undefined : patternOf(body),
  }),
  dns: (probes, target, question) => probes.dns(target, question),
  udp: (probes, target, question) => probes.udp(target, question),
  smtp: (probes, target, { helo }) => probes.smtp(target, helo),
  ping: (probes, target) => probes.ping(target),
  exec: (probes, { timeoutMs }, { command, environment }) => probes.exec(command, environment, timeoutMs),
};

/** @returns the probe, and what ends those in progress */
export function createProbe(): { readonly probe: Probe; readonly end: () => void } {
  const { probes, probesIn, end } = createProbes();
  const patternOf = createPatterns();
  return {
    async probe(spec, target) {
      const home = target.netns === undefined ? probes : probesIn(target.netns);
      const kind = KINDS[spec.kind];
      return outcomeOf(
        await kind(home as SystemProbes, targetOf(target), spec as never, patternOf),
      );
    },
    end,
  };
}

function targetOf({ netns: _, source, ...rest }: ProbeTarget): Target {
  return { ...rest, source };
}

function outcomeOf(verdict: Verdict): ProbeOutcome {
  if (verdict === undefined) return { outcome: 'pass' };
  return typeof verdict === 'string'
    ? { outcome: 'fail', reason: verdict }
    : { outcome: 'error', reason: verdict.trouble };
}

/** patterns of one file at the most; more are compiled again */
const KEPT_PATTERNS = 1000;

/** @returns what compiles a pattern that the file's reader has understood, each once */
function createPatterns(): (source: string) => Pattern {
  const known = new Map<string, Pattern>();
  return (source) => {
    const found = known.get(source);
    if (found) return found;
    const compiled = RE2JS.compile(source);
    const pattern = { source, test: (text: string) => compiled.test(text) };
    if (known.size >= KEPT_PATTERNS) known.clear();
    known.set(source, pattern);
    return pattern;
  };
}
