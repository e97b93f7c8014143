// Metrics as text in both formats, and which of them a client gets.
import { expect, test } from 'vitest';
import { formatFor, type MetricFamily, metricsText } from '../../../src/lvsctl/serve/exposition.js';

const FAMILIES: readonly MetricFamily[] = [
  {
    name: 'lvs_connections_total',
    type: 'counter',
    help: 'All\nof \\them.',
    values: [[{ service: 'a "b" \\ c\nd' }, 2n ** 64n - 1n]],
  },
  { name: 'lvs_up', type: 'gauge', help: 'Up.', values: [[{}, 1]] },
  { name: 'lvs_none', type: 'gauge', help: 'Nothing.', values: [] },
];

test('the format of Prometheus', () => {
  expect(metricsText(FAMILIES, 'prometheus')).toBe(`# HELP lvs_connections_total All\\nof \\\\them.
# TYPE lvs_connections_total counter
lvs_connections_total{service="a \\"b\\" \\\\ c\\nd"} 18446744073709551615
# HELP lvs_up Up.
# TYPE lvs_up gauge
lvs_up 1
`);
});

test('OpenMetrics: a family of counters without its ending, and an end', () => {
  expect(metricsText(FAMILIES, 'openmetrics')).toBe(`# HELP lvs_connections All\\nof \\\\them.
# TYPE lvs_connections counter
lvs_connections_total{service="a \\"b\\" \\\\ c\\nd"} 18446744073709551615
# HELP lvs_up Up.
# TYPE lvs_up gauge
lvs_up 1
# EOF
`);
});

test.each([
  [undefined, 'prometheus'],
  ['', 'prometheus'],
  ['*/*', 'prometheus'],
  ['text/html,*/*;q=0.8', 'prometheus'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/openmetrics-text; version=1.0.0', 'openmetrics'],
  ['application/openmetrics-text;version=2.0.0', 'prometheus'],
  ['text/plain;version=0.0.4;q=1, application/openmetrics-text;q=0.5', 'prometheus'],
  ['application/openmetrics-text;q=0', 'prometheus'],
  // Prometheus 2.42, as Debian 12 has it
  [
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'openmetrics',
  ],
] as const)('Accept: %s', (accept, format) => expect(formatFor(accept)).toBe(format));
