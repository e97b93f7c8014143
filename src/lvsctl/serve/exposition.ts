// Metrics as text: Prometheus' format 0.0.4, and OpenMetrics 1.0.0.
// https://prometheus.io/docs/instrumenting/exposition_formats, https://openmetrics.io

export type LabelValue = string | number;
export type Labels = Readonly<Record<string, LabelValue>>;
export type MetricValue = number | bigint;

/** One family of metrics with the values of a moment. */
export interface MetricFamily {
  /** of a counter with `_total` */
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly values: readonly (readonly [Labels, MetricValue])[];
}

export type MetricFormat = keyof typeof METRIC_FORMATS;
export const METRIC_FORMATS = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;

/** What a client's `Accept` asks for; Prometheus' own format where it has no preference. */
export function formatFor(accept: string | undefined): MetricFormat {
  const rated = (accept ?? '').split(',').map((part) => {
    const [type = '', ...parameters] = part.split(';').map((one) => one.trim().toLowerCase());
    const version = parameters.find((one) => one.startsWith('version='))?.slice(8);
    const q = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
    return { type, version, q: Number.isNaN(q) ? 0 : q };
  });
  const best = (fits: (type: string, version: string | undefined) => boolean) =>
    Math.max(0, ...rated.filter(({ type, version }) => fits(type, version)).map(({ q }) => q));
  const open = best(
    (type, version) =>
      type === 'application/openmetrics-text' &&
      (version === undefined || /^["']?(0\.0\.1|1\.0\.0)["']?$/.test(version)),
  );
  const plain = best((type) => ['text/plain', 'text/*', '*/*'].includes(type));
  return open > 0 && open >= plain ? 'openmetrics' : 'prometheus';
}

/**
 * The text of all families that have a value.
 * @param common labels of every value, ahead of its own
 */
export function metricsText(
  families: readonly MetricFamily[],
  format: MetricFormat,
  common: Labels = {},
): string {
  const first = labelsText('', common);
  const pieces = families
    .filter(({ values }) => values.length > 0)
    .map((family) => familyText(family, format, first));
  return `${pieces.join('')}${format === 'openmetrics' ? '# EOF\n' : ''}`;
}

/** @param first the text of labels that every value has */
function familyText(
  { name, type, help, values }: MetricFamily,
  format: MetricFormat,
  first: string,
): string {
  // in OpenMetrics the family of a counter has the name without the ending
  const family = format === 'openmetrics' ? name.replace(/_total$/, '') : name;
  let text = `# HELP ${family} ${escapeHelp(help)}\n# TYPE ${family} ${type}\n`;
  for (const [labels, value] of values) {
    const all = labelsText(first, labels);
    text += `${name}${all === '' ? '' : `{${all}}`} ${value}\n`;
  }
  return text;
}

function labelsText(first: string, labels: Labels): string {
  let text = first;
  for (const key in labels) text += `${text === '' ? '' : ','}${key}="${escapeLabel(labels[key])}"`;
  return text;
}

function escapeLabel(value: LabelValue | undefined): string {
  const text = String(value);
  return /[\\"\n]/.test(text)
    ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : text;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
