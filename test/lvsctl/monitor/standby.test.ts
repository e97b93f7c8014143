// `pause_on_standby`: no checks while the VIP is on another machine, and what happens when it comes.
import { describe, expect, test } from 'vitest';
import { lvsctl } from '../../support/lvsctl.js';
import { FILE, stage } from '../../support/stage.js';

const PAUSING = `${FILE}  pause_on_standby: true\n`;
const HERE = new Set(['lo 127.0.0.1', 'eth0 192.0.2.1']);
const ELSEWHERE = new Set(['lo 127.0.0.1', 'eth0 192.0.2.200']);

/** A monitor with the addresses of its machine in `vips`, and the times of its probes. */
function standbyStage(file: string, first: ReadonlySet<string> | undefined) {
  const vips = { now: first };
  const probes: number[] = [];
  const one = stage({}, { localAddresses: () => vips.now });
  const { probe, clock } = one.runtime;
  (one.runtime as { probe: typeof probe }).probe = (spec, target) => {
    probes.push(clock.now());
    return probe(spec, target);
  };
  one.texts.file = file;
  return { one, vips, probes };
}

test('nothing is checked while the VIP is elsewhere, and the states stay', async () => {
  const { one, vips, probes } = standbyStage(PAUSING, HERE);
  void one.run();
  await one.pass(10_000);
  expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
  one.down.add('10.0.0.2:80');
  await one.pass(20_000);
  expect(await one.weights()).toEqual({ '10.0.0.1': 3 });

  vips.now = ELSEWHERE;
  await one.pass(1000);
  const before = probes.length;
  one.down.add('10.0.0.1:80');
  one.down.delete('10.0.0.2:80');
  await one.pass(600_000);
  expect(probes.length).toBe(before);
  expect(await one.weights()).toEqual({ '10.0.0.1': 3 });

  // the VIP comes: what is up now is in with its first pass, what failed goes after its failures
  one.down.delete('10.0.0.1:80');
  vips.now = HERE;
  await one.pass(1150);
  expect(probes.length).toBe(before + 2);
  expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
  expect(one.log().slice(-4)).toEqual([
    'web 10.0.0.2:80 down: tcp: refused',
    'web standby: 192.0.2.1 is not on this machine',
    'web standby-end: 192.0.2.1 is on this machine',
    'web 10.0.0.2:80 up',
  ]);
  expect(one.hooks.map(({ LVS_EVENT, LVS_VIP }) => `${LVS_EVENT} ${LVS_VIP}`)).toContain(
    'standby 192.0.2.1',
  );
});

test('a server that failed in the pause is removed after its failures only', async () => {
  const { one, vips } = standbyStage(PAUSING.replace('fall: 1', 'fall: 3'), HERE);
  void one.run();
  await one.pass(10_000);
  vips.now = ELSEWHERE;
  await one.pass(5000);
  one.down.add('10.0.0.1:80');
  vips.now = HERE;
  await one.pass(1200); // the first failure is there
  expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
  await one.pass(20_000);
  expect(await one.weights()).toEqual({ '10.0.0.2': 1 });
});

test('a monitor that starts without the VIP has all servers in until they are checked', async () => {
  const { one, vips, probes } = standbyStage(PAUSING, ELSEWHERE);
  one.down.add('10.0.0.2:80');
  void one.run();
  await one.pass(30_000);
  expect(probes).toEqual([]);
  expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
  expect(one.notified[0]).toBe('--ready');
  // nothing is known, and nothing is claimed
  expect(one.log()).toEqual(['started: web.yaml', 'web standby: 192.0.2.1 is not on this machine']);
  const answer = await one.call({ method: 'GET', url: '/v1/status' });
  const [service] = JSON.parse(answer.body).services;
  expect([service.up, service.servers[0].state, service.servers[1].state]).toEqual([
    null,
    'checking',
    'checking',
  ]);
  // a server that a reload adds is in as well
  one.texts.file = PAUSING.replace(
    '{address: 10.0.0.2}',
    '{address: 10.0.0.2}, {address: 10.0.0.3}',
  );
  one.signal('SIGHUP');
  await one.pass(1000);
  expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1, '10.0.0.3': 1 });
  vips.now = HERE;
  await one.pass(1200);
  expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.3': 1 });
  expect(one.log().slice(3)).toEqual(
    expect.arrayContaining([
      'web standby-end: 192.0.2.1 is on this machine',
      'web 10.0.0.1:80 up',
      'web service-up: weight 3 of 5 is up, quorum 1',
      'web 10.0.0.2:80 down: tcp: refused',
    ]),
  );
});

describe('what counts as being here', () => {
  const states = async (file: string, addresses: ReadonlySet<string> | undefined) => {
    const { one } = standbyStage(file, addresses);
    void one.run();
    await one.pass(100);
    const answer = JSON.parse((await one.call({ method: 'GET', url: '/v1/status' })).body);
    return answer.services.map((service: { standby: boolean }) => service.standby);
  };
  const GROUP = FILE.replace('address: 192.0.2.1\n', 'addresses: [192.0.2.1, 192.0.2.2]\n')
    .replace('port: 80', 'ports: [80]\n    mark: 1')
    .replace(/vips:.*\n( .*\n)*/, 'vips: [{address: 192.0.2.1-2, interface: eth0}]\n');

  test.each<[string, string, ReadonlySet<string> | undefined, boolean]>([
    ['on another interface', PAUSING, new Set(['eth7 192.0.2.1']), false],
    ['on lo, as on a real server', PAUSING, new Set(['lo 192.0.2.1']), true],
    [
      'on lo, where the file has it there',
      PAUSING.replace('eth0', 'lo'),
      new Set(['lo 192.0.2.1']),
      false,
    ],
    ['not known', PAUSING, undefined, false],
    ['without the key', FILE, ELSEWHERE, false],
    [
      'one VIP of a group',
      `${GROUP}  pause_on_standby: true\n`,
      new Set(['eth0 192.0.2.2']),
      false,
    ],
    ['no VIP of a group', `${GROUP}  pause_on_standby: true\n`, ELSEWHERE, true],
  ])('%s', async (_, file, addresses, expected) => {
    expect(await states(file, addresses)).toEqual([expected]);
  });
});

test('a reload pauses and goes on', async () => {
  const { one, probes } = standbyStage(FILE, ELSEWHERE);
  void one.run();
  await one.pass(10_000);
  expect(probes.length).toBeGreaterThan(2);
  one.texts.file = PAUSING;
  one.signal('SIGHUP');
  await one.pass(100);
  const before = probes.length;
  await one.pass(60_000);
  expect(probes.length).toBe(before);
  one.texts.file = FILE;
  one.signal('SIGHUP');
  await one.pass(10_000);
  expect(probes.length).toBeGreaterThan(before);
});

test('--once checks also without the VIP', async () => {
  const { one, probes } = standbyStage(PAUSING, ELSEWHERE);
  const done = one.once();
  await one.pass(60_000);
  expect(await done).toBe(0);
  expect(probes.length).toBeGreaterThan(0);
});

test('status shows standby and the quorum of a service, and its exit status passes over standby', async () => {
  const { one, vips } = standbyStage(
    PAUSING.replace('services:', 'defaults: {health: {quorum: 2, hysteresis: 1}}\nservices:'),
    HERE,
  );
  void one.run();
  await one.pass(10_000);
  const status = () => lvsctl(['monitor', 'status'], {}, { runtime: async () => one.runtime });
  expect((await status()).stdout).toContain(
    '\nweb: up, weight 4 of 4 is up, quorum 2, hysteresis 1\n',
  );
  one.down.add('10.0.0.1:80').add('10.0.0.2:80');
  await one.pass(60_000);
  const down = await status();
  expect(down.stdout).toContain('\nweb: down, weight 0 of 4 is up, quorum 2, hysteresis 1\n');
  expect(down.status).toBe(3);
  vips.now = ELSEWHERE;
  await one.pass(2000);
  const standby = await status();
  expect(standby.stdout).toContain('\nweb: standby, its VIP is not on this machine: nothing');
  expect(standby.status).toBe(0);
});
