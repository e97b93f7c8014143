// Debian's Prometheus scrapes `lvsctl serve`, with a token and the rules of share/.
//
//   LVS_PROMETHEUS=/usr/bin/prometheus npx vitest run --config test/vitest.config.ts test/lvsctl/serve/prometheus
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Director, startDirector } from '../../support/director.js';

const { LVS_PROMETHEUS } = process.env;
const PORT = 18_410;
const PROMETHEUS = '127.0.0.1:18415';

describe.skipIf(!LVS_PROMETHEUS)('Prometheus', { timeout: 120_000 }, () => {
  let director: Director;
  let child: ChildProcess;
  const directory = mkdtempSync(join(tmpdir(), 'prometheus-'));
  beforeAll(async () => {
    director = await startDirector(PORT, { admin: true });
    const config = readFileSync('share/prometheus/prometheus.yml', 'utf8')
      .replace(/# (authorization: .*)/, '$1')
      .replace('/etc/prometheus/lvs.token', join(director.directory, 'token'))
      .replace('127.0.0.1:9912', new URL(director.url).host)
      .replace('scrape_interval: 15s', 'scrape_interval: 1s');
    const often = 'global: {evaluation_interval: 1s}\n';
    writeFileSync(join(directory, 'prometheus.yml'), `${often}${config}`);
    copyFileSync('share/prometheus/lvs-rules.yaml', join(directory, 'lvs-rules.yaml'));
    const options = [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${PROMETHEUS}`,
    ];
    child = spawn(LVS_PROMETHEUS ?? '', options, { stdio: 'ignore' });
  }, 60_000);
  afterAll(() => {
    child?.kill('SIGKILL');
    director?.end();
    rmSync(directory, { recursive: true, force: true });
  });

  async function query(text: string): Promise<{ metric: Record<string, string>; value: string }[]> {
    const answer = await fetch(
      `http://${PROMETHEUS}/api/v1/query?query=${encodeURIComponent(text)}`,
    );
    const { data } = (await answer.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result.map(({ metric, value: [, value] }) => ({ metric, value }));
  }
  async function until<T>(ask: () => Promise<T>, is: (value: T) => boolean): Promise<T> {
    for (let attempt = 0; attempt < 200; attempt++) {
      const value = await ask().catch(() => undefined);
      if (value !== undefined && is(value)) return value;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    throw new Error('it does not come');
  }

  test('scrapes all series, without a warning', async () => {
    await until(
      () => query('up{job="lvs"}'),
      (found) => found[0]?.value === '1',
    );
    await director.traffic('192.0.2.1:80', 50);
    const [found] = await until(
      () => query('lvs_service_connections_total{service="tcp 192.0.2.1:80"}'),
      (found) => Number(found[0]?.value) === 50,
    );
    expect(found?.metric).toMatchObject({ job: 'lvs', service: 'tcp 192.0.2.1:80' });
    const types = await fetch(`http://${PROMETHEUS}/api/v1/metadata`);
    const { data } = (await types.json()) as { data: Record<string, { type: string }[]> };
    expect(data.lvs_service_connections?.[0]?.type).toBe('counter');
    expect(data.lvs_server_weight?.[0]?.type).toBe('gauge');
    const [join] = await query(
      'lvs_service_up * on (instance, service) group_left (name) lvs_service_info{name="web"}',
    );
    expect(join?.metric.name).toBe('web');
  });

  test('a server goes down: the state changes, and the alert waits', async () => {
    director.setUp('127.0.1.2', false);
    const down = 'lvs_server_state{server="127.0.1.2:18410",state="down"} == 1';
    await until(
      () => query(down),
      (found) => found.length === 1,
    );
    await until(
      () => query('lvs_server_state_changes_total{server="127.0.1.2:18410"}'),
      (found) => Number(found[0]?.value) >= 1,
    );
    await until(
      () => query('ALERTS{alertname="LvsServerDown"}'),
      (found) => found[0]?.metric.alertstate === 'pending',
    );
    director.setUp('127.0.1.2', true);
  });
});
