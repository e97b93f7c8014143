// A reader of OpenMetrics 1.0.0 that is stricter than Prometheus': what the specification calls MUST
// for counters, gauges and info. https://prometheus.io/docs/specs/om/open_metrics_spec

export interface OpenFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: { readonly name: string; readonly labels: Record<string, string> }[];
}

/** @throws Error with the line that breaks a rule */
export function parseOpenMetrics(text: string): ReadonlyMap<string, OpenFamily> {
  if (!text.endsWith('\n# EOF\n')) throw new Error('the text does not end with # EOF');
  const families = new Map<string, OpenFamily>();
  const seen = new Set<string>();
  let current: { name: string; type?: string; help?: string } | undefined;
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE|UNIT) (\S+) (.*)$/.exec(line) ?? [];
    if (word !== undefined) {
      if (current?.name !== name) {
        if (families.has(name)) fail('a family in two places');
        current = { name };
      } else if (families.has(name)) fail('metadata after a sample');
      if (word === 'TYPE') {
        if (!/^(counter|gauge|info|stateset)$/.test(rest)) fail('a type that is not known here');
        if (rest === 'counter' && name.endsWith('_total')) fail('a counter family with its ending');
        current.type = rest;
      }
      if (word === 'HELP') {
        if (/\\(?![\\n"])/.test(rest)) fail('a wrong escape');
        current.help = rest;
      }
      if (word === 'UNIT' && !name.endsWith(`_${rest}`)) fail('the unit is not in the name');
      continue;
    }
    if (current?.type === undefined || current.help === undefined)
      return fail('a sample without TYPE and HELP');
    const sample = sampleOf(line) ?? fail('no sample');
    const ending = current.type === 'counter' ? '_total' : '';
    if (sample.name !== current.name + ending) fail('a sample of another family');
    if (current.type === 'counter' && !(Number(sample.value) >= 0)) fail('a counter below zero');
    const key = `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (seen.has(key)) fail('the same labels twice');
    seen.add(key);
    const family = families.get(current.name) ?? {
      type: current.type,
      help: current.help,
      samples: [],
    };
    families.set(current.name, family);
    family.samples.push(sample);
  }
  return families;
}

function sampleOf(line: string) {
  const [, name = '', inner, value = ''] =
    /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?|NaN|[-+]Inf)$/.exec(line) ??
    [];
  if (name === '') return undefined;
  const labels: Record<string, string> = {};
  let rest = inner ?? '';
  while (rest !== '') {
    const [whole, label = '', text = ''] =
      /^([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(?:,(?=.)|$)/.exec(rest) ?? [];
    if (whole === undefined || Object.hasOwn(labels, label)) return undefined;
    const unescaped = text.replace(/\\(.)/g, (_, letter) => (letter === 'n' ? '\n' : letter));
    labels[label] = unescaped;
    rest = rest.slice(whole.length);
  }
  return { name, labels, value };
}
