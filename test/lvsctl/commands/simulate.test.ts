import { describe, expect, test } from 'vitest';
import { lvsctl } from '../../support/lvsctl.js';

const RULES = [
  '-A -t 192.0.2.1:80 -s wrr',
  '-a -t 192.0.2.1:80 -r 198.51.100.11:80 -m -w 3',
  '-a -t 192.0.2.1:80 -r 198.51.100.12:80 -m -w 2',
  '-a -t 192.0.2.1:80 -r 198.51.100.13:80 -m -w 1',
  '',
].join('\n');
const files = {
  rules: RULES,
  events: '10 fail 198.51.100.12 # gone\n\n30 return 198.51.100.12:80\n',
  log: '::1 x\n203.0.113.9 - - [now] "GET /"\nno address\n203.0.113.9 again\n',
};
const simulate = (...args: string[]) => lvsctl(['simulate', ...args], files);

interface Run {
  readonly scheduler: string;
  readonly arrivals: number;
  readonly refused: number;
  readonly clients?: { readonly seen: number; readonly moved: number };
  readonly fairness: { readonly jain: number };
  readonly servers: readonly {
    readonly server: string;
    readonly connections: number;
    readonly timeline: readonly number[];
  }[];
}
async function runs(...args: string[]): Promise<readonly Run[]> {
  const { status, stdout, stderr } = await simulate('--json', ...args);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Run[];
}

describe('lvsctl simulate', () => {
  test('wrr gives everybody what the weights say, and the same seed the same run', async () => {
    const [run] = await runs('rules', '--connections', '6000');
    expect(run?.servers.map(({ connections }) => connections)).toEqual([3000, 2000, 1000]);
    expect(run?.fairness.jain).toBeCloseTo(1, 3);
    expect(run?.servers.every(({ timeline }) => timeline.length === 120)).toBe(true);
    expect(await simulate('rules')).toEqual(await simulate('rules'));
    expect((await simulate('rules', '--compare', 'sh')).stdout).not.toBe(
      (await simulate('rules', '--compare', 'sh', '--seed', '2')).stdout,
    );
  });

  test('mh moves nearly nobody when a server fails, rr most', async () => {
    const results = await runs('rules', '--compare', 'rr,mh', '--events', 'events');
    const moved = results.map(({ clients }) => (clients?.moved ?? 0) / (clients?.seen ?? 1));
    expect(moved[0]).toBeGreaterThan(0.2);
    expect(moved[1]).toBeLessThan(0.02);
    const failed = results.map(({ servers }) => servers[1]?.connections ?? 0);
    expect(Math.max(...failed)).toBeLessThan(10_000 / 3);
  });

  test('persistence keeps a client with its server', async () => {
    const text = RULES.replace('-s wrr', '-s wrr -p 300');
    const { stdout } = await lvsctl(
      ['simulate', '--json', '--clients', '1', '--connections', '500', 'sticky'],
      { sticky: text },
    );
    const [run] = JSON.parse(stdout) as Run[];
    expect(run?.servers.map(({ connections }) => connections).filter((count) => count > 0)).toEqual(
      [500],
    );
  });

  test('a threshold refuses what is over it', async () => {
    const text = '-A -u 192.0.2.1:53 -s rr\n-a -u 192.0.2.1:53 -r 198.51.100.11:53 -m -w 1 -x 10\n';
    const { stdout } = await lvsctl(['simulate', '--json', '--connections', '1000', 'limited'], {
      limited: text,
    });
    const [run] = JSON.parse(stdout) as Run[];
    expect(run?.servers[0]?.connections).toBe(10);
    expect(run?.refused).toBe(990);
  });

  test('clients from a log, arrivals from a file', async () => {
    const [fromLog] = await runs('rules', '--log', 'log', '--compare', 'sh');
    expect(fromLog?.arrivals).toBe(3);
    const answer = await lvsctl(['simulate', 'rules', '--json', '--arrivals', 'times'], {
      ...files,
      times: '0 203.0.113.1:4000 5\n0.5 203.0.113.2\n',
    });
    expect(JSON.parse(answer.stdout)).toMatchObject([{ arrivals: 2, refused: 0 }]);
  });

  test('a chart is a picture of its own', async () => {
    let written: readonly [string, string, number | undefined] | undefined;
    const writeText = (path: string, text: string, mode?: number) => {
      written = [path, text, mode];
    };
    expect(
      (await lvsctl(['simulate', 'rules', '--svg', 'x.svg'], files, { writeText })).status,
    ).toBe(0);
    expect(written?.[0]).toBe('x.svg');
    expect(written?.[1]).toMatch(
      /^<svg [\s\S]*198\.51\.100\.11:80 · weight 3 · 5000 connections[\s\S]*<\/svg>\n$/,
    );
    expect(written?.[2]).toBe(0o644);
  });

  test('how far it is is shown where there is a terminal, and taken away', async () => {
    const shares: (number | undefined)[] = [];
    await lvsctl(['simulate', 'rules', '--connections', '200000'], files, {
      progress: (share) => shares.push(share),
    });
    expect(shares.length).toBeGreaterThan(2);
    expect(shares.at(-1)).toBeUndefined();
  });

  test.each([
    ['192.0.2.1:80', undefined],
    ['tcp 192.0.2.1:80', 1],
    ['udp 192.0.2.1:80', 2],
    ['192.0.2.1:8080', 3],
    ['8080', 3],
    ['[2001:db8::1]:80', 4],
    ['fwmark 7 ipv4', 5],
  ])('--service %s is the service of that name', async (name, weight) => {
    const text = [
      ['-t 192.0.2.1:80', '198.51.100.1'],
      ['-u 192.0.2.1:80', '198.51.100.1'],
      ['-t 192.0.2.1:8080', '198.51.100.1'],
      ['-t [2001:db8::1]:80', '[2001:db8::2]:80'],
      ['-f 7', '198.51.100.1'],
    ].flatMap(([id, server], i) => [`-A ${id}`, `-a ${id} -r ${server} -w ${i + 1}`]);
    const answer = await lvsctl(
      ['simulate', 'five', '--service', name, '--connections', '5', '--json'],
      { five: `${text.join('\n')}\n` },
    );
    expect(answer.stderr).toBe(
      weight === undefined
        ? 'lvsctl: 2 services: choose one with --service; there are tcp 192.0.2.1:80; udp 192.0.2.1:80\n'
        : '',
    );
    const runs: readonly { readonly servers: readonly { readonly weight: number }[] }[] =
      weight === undefined ? [] : JSON.parse(answer.stdout);
    expect(runs[0]?.servers[0]?.weight).toBe(weight);
  });

  test.each([[[]], [['--compare', 'rr,sh']]])('without servers it says so %j', async (more) => {
    const args = ['simulate', 'empty', '--connections', '7', ...more];
    const { stdout, status } = await lvsctl(args, { empty: '-A -t 192.0.2.1:80 -s rr\n' });
    expect(status).toBe(0);
    expect(stdout).toContain('no servers: all 7 connections refused\n');
    expect(stdout).not.toContain('fairness');
  });

  test.each([
    [['nothing'], /^lvsctl: nothing: No such file/],
    [['broken'], /^lvsctl: broken:2:4: /],
    [['rules', '--compare', 'wrr,best'], /no scheduler best; there are rr, wrr/],
    [
      ['rules', '--events', 'odd'],
      /^lvsctl: odd:2:1: fial: not one of fail, return, drain, weight\n {4}2 \| 2 fial/,
    ],
    [
      ['rules', '--events', 'stranger'],
      /^lvsctl: stranger:1:1: no such server: 198\.51\.100\.99\n {4}1 \| 1 fail/,
    ],
    [
      ['rules', '--arrivals', 'back'],
      /^lvsctl: back:2:1: 1 is before the line above\n {4}2 \| 1 10/,
    ],
    [['rules', '--log', 'empty'], /^lvsctl: empty:1:1: no client address in any line\n$/],
    [['rules', '--rate', '0'], /a number from 0\.000001 to 10000000 is needed/],
    [['rules', '--connections', '1.5'], /a number from 1 to 1000000000 is needed/],
    [
      ['rules', '--service', '10.0.0.1'],
      /^lvsctl: no service 10\.0\.0\.1: choose one with --service; there are tcp 192\.0\.2\.1:80\n$/,
    ],
    [['two'], /^lvsctl: 2 services: choose one with --service/],
  ])('%j is refused', async (args, message) => {
    const more = {
      broken: '-A -t 10.0.0.1:80\n-A -t\n',
      odd: '1 fail 198.51.100.11\n2 fial 198.51.100.11\n',
      stranger: '1 fail 198.51.100.99\n',
      back: '2 10.0.0.1\n1 10.0.0.1\n',
      empty: 'x\n',
      two: `${RULES}-A -t 192.0.2.2:80\n`,
    };
    const answer = await lvsctl(['simulate', ...args], { ...files, ...more });
    expect(answer).toMatchObject({ status: 2, stdout: '' });
    expect(answer.stderr).toMatch(message);
  });
});
