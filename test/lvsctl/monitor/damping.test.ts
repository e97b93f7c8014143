// `health.damping`: a server that flaps stays out for a time, as long as others can do without it.
import { describe, expect, test } from 'vitest';
import { lvsctl } from '../../support/lvsctl.js';
import { FILE, say, stage } from '../../support/stage.js';

const SERVERS = '{address: 10.0.0.1}, {address: 10.0.0.2}, {address: 10.0.0.3}';
const fileOf = (health: string, servers = SERVERS) =>
  FILE.replace(/servers: \[.*\]/, `servers: [${servers}]\n    health: {${health}}`);
const DAMPED = fileOf('damping: {downs: 3, within: 60, hold: 30}');

type Stage = ReturnType<typeof stage>;

/** A server fails for 3 s and answers for 3 s, so often. */
async function flap(one: Stage, times: number, ...servers: readonly string[]): Promise<void> {
  for (let i = 0; i < times; i++) {
    for (const server of servers) one.down.add(`${server}:80`);
    await one.pass(3000);
    for (const server of servers) one.down.delete(`${server}:80`);
    await one.pass(3000);
  }
}

async function begun(file: string): Promise<Stage> {
  const one = stage();
  one.texts.file = file;
  void one.run();
  await one.pass(10_000);
  return one;
}

const inTable = async (one: Stage) =>
  Object.keys(await one.weights())
    .map((name) => name.slice(-1))
    .sort();
const of = (one: Stage, server: string) =>
  one
    .log()
    .filter((line) => line.includes(`${server}:80`))
    .map((line) => line.replace(/^web \S+ /, ''));

test('the third time within a minute it stays out until it was up for the hold', async () => {
  const one = await begun(DAMPED);
  await flap(one, 2, '10.0.0.1');
  expect(await inTable(one)).toEqual(['1', '2', '3']);
  await flap(one, 1, '10.0.0.1');
  expect(await inTable(one)).toEqual(['2', '3']);
  await one.pass(20_000);
  expect(await inTable(one)).toEqual(['2', '3']);
  await one.pass(12_000);
  expect(await inTable(one)).toEqual(['1', '2', '3']);
  expect(of(one, '10.0.0.1').slice(-3)).toEqual([
    'down: tcp: refused',
    'held: down 3 times in 60 s: out until 30 s after the last time',
    'up',
  ]);
  expect(one.hooks.map(({ LVS_EVENT }) => LVS_EVENT)).toContain('held');
});

test('each further failure begins the hold again; single failures far apart do not', async () => {
  const one = await begun(DAMPED);
  await flap(one, 3, '10.0.0.1');
  await one.pass(20_000);
  await flap(one, 1, '10.0.0.1');
  await one.pass(20_000);
  expect(await inTable(one)).toEqual(['2', '3']);
  await one.pass(12_000);
  expect(await inTable(one)).toEqual(['1', '2', '3']);
  for (let i = 0; i < 4; i++) {
    await one.pass(60_000);
    await flap(one, 1, '10.0.0.2');
    expect(await inTable(one)).toEqual(['1', '2', '3']);
  }
});

describe('what others need is not held', () => {
  test('the last server', async () => {
    const one = await begun(fileOf('damping: {}', '{address: 10.0.0.1}'));
    await flap(one, 6, '10.0.0.1');
    expect(await inTable(one)).toEqual(['1']);
    expect(of(one, '10.0.0.1').filter((line) => line.startsWith('held'))).toEqual([]);
  });

  test('one that comes to be the last', async () => {
    const one = await begun(DAMPED);
    await flap(one, 3, '10.0.0.1');
    expect(await inTable(one)).toEqual(['2', '3']);
    one.down.add('10.0.0.2:80').add('10.0.0.3:80');
    await one.pass(3000);
    expect(await inTable(one)).toEqual(['1']);
  });

  test.each([
    ['min_up', 'min_up: 1'],
    ['the quorum', 'quorum: 3'],
  ])('%s', async (_, more) => {
    const one = await begun(fileOf(`${more}, damping: {downs: 3, within: 60, hold: 30}`));
    await flap(one, 4, '10.0.0.1');
    expect(await inTable(one)).toEqual(['1', '2', '3']);
  });

  test('of three that flap together one stays in', async () => {
    const one = await begun(DAMPED);
    await flap(one, 5, '10.0.0.1', '10.0.0.2', '10.0.0.3');
    expect(await inTable(one)).toHaveLength(1);
  });
});

test('it comes back slowly, and an administrator ends a hold', async () => {
  const slow = '{address: 10.0.0.1, weight: 10}, {address: 10.0.0.2, weight: 10}';
  const one = await begun(
    fileOf('slow_start: 10, damping: {downs: 3, within: 60, hold: 30}', slow),
  );
  await flap(one, 3, '10.0.0.1');
  await one.pass(29_500);
  const { '10.0.0.1': weight = 0 } = await one.weights();
  expect(weight).toBeGreaterThan(0);
  expect(weight).toBeLessThan(5);
  await one.pass(60_000);
  await flap(one, 3, '10.0.0.1');
  expect(await inTable(one)).toEqual(['2']);
  await one.ask(say('disabled', '10.0.0.1'));
  await one.ask(say(null, '10.0.0.1'));
  expect(await inTable(one)).toEqual(['1', '2']);
});

test('a reload without damping ends holds; status shows them', async () => {
  const one = await begun(DAMPED);
  await flap(one, 3, '10.0.0.1');
  const { stdout, status } = await lvsctl(
    ['monitor', 'status'],
    {},
    { runtime: async () => one.runtime },
  );
  expect(stdout).toMatch(/10\.0\.0\.1:80 +held /);
  expect(stdout).toContain('2 of 3 up, 1 held');
  expect(status).toBe(1);
  const answer = await one.call({ method: 'GET', url: '/v1/status' });
  const [server] = JSON.parse(answer.body).services[0].servers;
  expect(server.held_until).toMatch(/^2026-01-01T00:00:5\d/);
  one.texts.file = fileOf('');
  one.signal('SIGHUP');
  await one.pass(1000);
  expect(await inTable(one)).toEqual(['1', '2', '3']);
});

test('a server that flaps for ten minutes: seconds in which it is down and in the table', async () => {
  const seconds = async (file: string) => {
    const one = await begun(file);
    let bad = 0;
    for (let second = 0; second < 600; second++) {
      if (second % 6 === 0) one.down.add('10.0.0.1:80');
      if (second % 6 === 3) one.down.delete('10.0.0.1:80');
      await one.pass(1000);
      if (one.down.size > 0 && (await inTable(one)).includes('1')) bad++;
    }
    return bad;
  };
  const plain = await seconds(fileOf(''));
  const damped = await seconds(fileOf('damping: {}'));
  // docs/reference/monitor-health.md has these numbers
  expect({ plain, damped }).toEqual({ plain: 52, damped: 2 });
});
