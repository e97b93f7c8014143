// What is shipped for Prometheus and Grafana names metrics that there are; promtool agrees, where
// it is installed (Debian's package prometheus).
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { METRICS } from '../../../src/lvsctl/serve/metrics.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

const { LVS_PROMTOOL = 'promtool' } = process.env;
const hasPromtool = spawnSync(LVS_PROMTOOL, ['--version']).status === 0;
const names = METRICS.map(({ name }) => name);

test.each(['prometheus/lvs-rules.yaml', 'grafana/lvs.json'])('%s', (file) => {
  const used = readFileSync(`share/${file}`, 'utf8').match(/\blvs_\w+/g) ?? [];
  expect(used.length).toBeGreaterThan(5);
  expect(used.filter((name) => !names.includes(name))).toEqual([]);
});

test('names of metrics follow the rules of Prometheus, in OpenMetrics too', () => {
  for (const { name, type, help } of METRICS) {
    expect(name).toMatch(/^lvs(?:_[a-z]+)+$/);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    expect(help).toMatch(/^[A-Z].*\.$/);
  }
  // there, the family of a counter has its name without the ending
  const families = names.map((name) => name.replace(/_total$/, ''));
  expect(new Set(families).size).toBe(families.length);
});

test('the configuration of Prometheus names the rules', () => {
  const { rule_files } = parse(readFileSync('share/prometheus/prometheus.yml', 'utf8'));
  expect(rule_files).toEqual(['lvs-rules.yaml']);
});

test.skipIf(!hasPromtool)('promtool', async () => {
  const promtool = (args: readonly string[], input = '') =>
    execFileSync(LVS_PROMTOOL, args, { input, encoding: 'utf8' });
  expect(promtool(['check', 'rules', 'share/prometheus/lvs-rules.yaml'])).toContain('SUCCESS');
  const machine = fakeMachine({ '/proc/net/ip_vs_stats': '' });
  const { stdout } = await lvsctl(['serve', '--once', '--node-exporter-names'], {}, { machine });
  expect(promtool(['check', 'metrics'], stdout)).toBe('');
});
