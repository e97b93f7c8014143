// simulate --show, --step: what is shown is the run that is reported, and its reasons hold.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFile } from '../../../src/backend/table/file.js';
import { SCHEDULER_NAMES } from '../../../src/model/scheduler.js';
import { answer } from '../../support/inprocess.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

const rulesOf = (service: string) =>
  [
    `-A -t 192.0.2.1:80 ${service}`,
    '-a -t 192.0.2.1:80 -r 198.51.100.11:80 -m -w 3',
    '-a -t 192.0.2.1:80 -r 198.51.100.12:80 -m -w 2',
    '-a -t 192.0.2.1:80 -r 198.51.100.13:80 -m -w 0',
    '',
  ].join('\n');
const EVENTS = '1 fail 198.51.100.12\n2 weight 198.51.100.13 4\n3 return 198.51.100.12\n';
const SMALL = ['--connections', '300', '--rate', '60', '--clients', '40', '--session', '2'];

interface Shown {
  readonly kind: string;
  readonly server: string | null;
  readonly rule: string;
  readonly why: string;
  readonly servers: readonly {
    readonly server: string;
    readonly weight: number;
    readonly active: number;
    readonly inactive: number;
    readonly connections: number;
  }[];
  readonly refused: number;
}

async function shown(service: string, ...more: string[]): Promise<readonly Shown[]> {
  const files = { rules: rulesOf(service), events: EVENTS };
  const run = await lvsctl(['simulate', 'rules', '--show', '--json', ...SMALL, ...more], files);
  expect({ ...run, stdout: '' }).toEqual({ status: 0, stderr: '', stdout: '' });
  return run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Shown);
}

/** Connections of each server in the lines, and those refused. */
function counted(lines: readonly Shown[]) {
  const names = lines.filter(({ kind }) => kind === 'connection').map(({ server }) => server);
  return (name: string | null) => names.filter((one) => one === name).length;
}

describe.each([...SCHEDULER_NAMES.map((name) => `-s ${name}`), '-s wrr -p 1', '-s rr -p 60'])(
  '--show with %s',
  (service) => {
    test('is the run of the report, which is the run without it', async () => {
      const lines = await shown(service, '--events', 'events');
      const report = lines.at(-1) as Shown;
      const count = counted(lines);
      expect(report.kind).toBe('report');
      expect(report.refused).toBe(count(null));
      for (const { server, connections } of report.servers) expect(connections).toBe(count(server));
      expect(lines.filter(({ kind }) => kind === 'event')).toHaveLength(3);
      const plain = await lvsctl(['simulate', 'rules', '--json', ...SMALL, '--events', 'events'], {
        rules: rulesOf(service),
        events: EVENTS,
      });
      const { kind: _, ...same } = report;
      expect(JSON.parse(plain.stdout)).toEqual([same]);
    });
  },
);

test.each([
  [
    'wlc',
    'least_connections',
    (one: { active: number; inactive: number; weight: number }) =>
      (256 * one.active + one.inactive) / one.weight,
  ],
  [
    'sed',
    'shortest_wait',
    (one: { active: number; weight: number }) => (one.active + 1) / one.weight,
  ],
  [
    'lc',
    'least_connections',
    (one: { active: number; inactive: number }) => 256 * one.active + one.inactive,
  ],
] as const)('the reason of %s follows from the counts that are shown', async (name, rule, load) => {
  const lines = (await shown(`-s ${name}`)).filter(({ kind }) => kind === 'connection');
  expect(lines).toHaveLength(300);
  const wrong = lines.filter((line) => {
    const open = line.servers.filter(({ weight }) => weight > 0);
    const mine = open.find(({ server }) => server === line.server);
    const isLeast = mine !== undefined && load(mine) === Math.min(...open.map(load));
    const isSaid = line.rule === rule && line.why.includes('not 198.51.100.13:80 (weight 0)');
    return !isLeast || !isSaid;
  });
  expect(wrong).toEqual([]);
});

test.each([
  ['-s rr', 'the next in turn; not 198.51.100.13:80 (weight 0)'],
  ['-s wrr', 'the next in turn with a weight of at least 2; not'],
  ['-s sh', /hash of client: bucket \d+ of 256$/m],
  ['-s sh -b sh-port', /hash of client and port: bucket \d+ of 256$/m],
  ['-s mh -b mh-fallback', /hash of client: bucket \d+ of 4093$/m],
  ['-s ovf', /refused +none is left; more active connections than their weight: 198/],
  ['-s lblc', 'remembered for this virtual address'],
  ['-s wlc -p 60', 'persistence: the client has this server, for 60 s more'],
])('%s is explained', async (service, text) => {
  const { stdout } = await lvsctl(['simulate', 'rules', '--show', ...SMALL], {
    rules: rulesOf(service),
  });
  if (typeof text === 'string') expect(stdout).toContain(text);
  else expect(stdout).toMatch(text);
});

test.each([
  ['-A -t 192.0.2.1:80 -s rr\n', 'refused  the service has no servers'],
  [
    '-A -t 192.0.2.1:80 -s sh\n-a -t 192.0.2.1:80 -r 198.51.100.1 -w 0\n',
    'no server takes connections: 198.51.100.1:80 (weight 0)',
  ],
  [
    '-A -u 192.0.2.1:53 -s rr\n-a -u 192.0.2.1:53 -r 198.51.100.1 -x 2\n',
    'no server takes connections: 198.51.100.1:53 (over its threshold)',
  ],
  [
    '-A -t 192.0.2.1:80 -s dh\n-a -t 192.0.2.1:80 -r 198.51.100.1 -w 0\n-a -t 192.0.2.1:80 -r 198.51.100.2 -w 0\n-a -t 192.0.2.1:80 -r 198.51.100.3 -w 1\n-a -t 192.0.2.1:80 -r 198.51.100.4 -w 0\n',
    /refused +hash of virtual address: bucket \d+ of 256, of 198.51.100.2:80 \(weight 0\)/,
  ],
])('a refusal has its reason: %#', async (rules, text) => {
  const run = await lvsctl(['simulate', 'rules', '--show', '--connections', '5'], { rules });
  if (typeof text === 'string') expect(run.stdout).toContain(text);
  else expect(run.stdout).toMatch(text);
});

test('--keep shows the run that the table then has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lvs-show-'));
  try {
    const path = join(folder, 'table');
    await answer('ipvsadm', ['-R'], { backend: openFile(path), stdin: rulesOf('-s wlc') });
    const run = await lvsctl(
      ['simulate', '--keep', '--show', '--json', ...SMALL],
      {},
      {
        machine: fakeMachine({}, {}, openFile(path)),
      },
    );
    const lines = run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Shown);
    const count = counted(lines);
    const listed = await answer('ipvsadm', ['-Ln', '--stats', '--exact'], {
      backend: openFile(path),
    });
    for (const host of ['198.51.100.11', '198.51.100.12', '198.51.100.13'])
      expect(listed.stdout).toMatch(new RegExp(`-> ${host}:80 +${count(`${host}:80`)} `));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('--step', () => {
  const step = (typed: readonly string[], more: readonly string[] = []) =>
    lvsctl(
      ['simulate', 'rules', '--step', ...SMALL, ...more],
      { rules: rulesOf('-s rr') },
      { lines: () => typed },
    );

  test.each([
    [['q'], 1],
    [['', 'q'], 2],
    [['', '3', ' q '], 5],
    [[''], 2],
    [[], 1],
    [['1000'], 300],
  ])('%j ends after %i connections, with their report', async (typed, connections) => {
    const { stdout, status } = await step(typed);
    expect(status).toBe(0);
    expect(stdout.match(/^\d+\. /gm)).toHaveLength(connections);
    expect(stdout).toContain(`rr: ${connections} connections, none refused`);
  });

  test('a block has the servers as the scheduler saw them', async () => {
    const { stdout } = await step(['', 'q']);
    expect(stdout.split('\n').slice(0, 12)).toEqual([
      expect.stringMatching(/^1\. 0\.\d+ s, client 10\.0\.0\.\d+:\d+: 198\.51\.100\.12:80$/),
      '   the next in turn; not 198.51.100.13:80 (weight 0)',
      '    server            weight  active  inactive',
      '    198.51.100.11:80       3       0         0',
      '->  198.51.100.12:80       2       0         0',
      '    198.51.100.13:80       0       0         0',
      expect.stringMatching(/^2\. .*: 198\.51\.100\.11:80$/),
      '   the next in turn; not 198.51.100.13:80 (weight 0)',
      '    server            weight  active  inactive',
      '->  198.51.100.11:80       3       0         0',
      '    198.51.100.12:80       2       1         0',
      '    198.51.100.13:80       0       0         0',
    ]);
  });

  test.each([
    [['simulate', 'rules', '--step', '--keep'], /--step and --keep exclude each other/],
    [['simulate', '-', '--step'], /--step reads ENTER from stdin/],
    [['simulate', 'rules', '--step', '--log', '-'], /--step reads ENTER from stdin/],
    [['simulate', 'rules', '--show', '--compare', 'rr'], /--show and --compare exclude/],
  ])('%j is refused', async (args, message) => {
    const run = await lvsctl(args, { rules: rulesOf('-s rr') });
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toMatch(message);
  });
});
