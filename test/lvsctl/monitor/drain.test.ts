// Waiting until a drained server is empty.
import { describe, expect, test } from 'vitest';
import { waitEmpty } from '../../../src/lvsctl/monitor/client/drain.js';
import type { ServerStatus, Status } from '../../../src/lvsctl/monitor/status.js';
import { PASSES, simulatedRuntime } from '../../support/simulated.js';
import { KEY } from '../../support/stage.js';

describe('waiting until a drained server is empty', () => {
  type Seen = Partial<
    Pick<ServerStatus, 'state' | 'active' | 'inactive' | 'persistent' | 'weight_actual'>
  >;
  /** @param seen what the monitor answers, one after the other; undefined = nobody is there */
  const holds = (seen: readonly (Seen | undefined)[], more: Partial<Status> = {}) => {
    const runtime = simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 1 }) });
    let at = 0;
    const ask = async () => {
      const now = seen[Math.min(at++, seen.length - 1)];
      if (now === undefined) throw Object.assign(new Error('nobody'), { code: 'ECONNREFUSED' });
      const server = {
        server: '10.0.0.1:80',
        name: null,
        state: 'drained',
        since: '2026-01-01T00:00:00.000Z',
        reason: null,
        by: null,
        until: null,
        held_until: null,
        last_error: null,
        latency_ms: null,
        weight: 1,
        weight_desired: 0,
        weight_actual: 0,
        checks: [],
        active: 0,
        inactive: 0,
        persistent: 0,
        ...now,
      };
      const service = {
        name: 'web',
        service: KEY,
        up: true,
        standby: false,
        weight_up: 0,
        quorum: 1,
        hysteresis: 0,
        servers: [server],
        sorry: null,
        unmanaged: [],
      };
      const body = JSON.stringify({
        version: 1,
        file: 'f',
        pid: 1,
        started: '2026-01-01T00:00:00.000Z',
        templates_expire: false,
        error: null,
        services: [service],
        ...more,
      });
      return { status: 200, body };
    };
    let reported = '';
    let result: unknown;
    const web = [{ service: KEY, name: 'web', server: '10.0.0.1:80' }];
    const wait = async (passMs: number, timeout?: number, servers = web) => {
      void waitEmpty(servers, timeout, '/s', { clock: runtime.clock, ask }, (text) => {
        reported += text;
      }).then(
        (status) => {
          result = status;
        },
        (error: Error) => {
          result = error.message;
        },
      );
      await runtime.pass(passMs);
      return { result, reported };
    };
    return wait;
  };

  test('tells what holds it, and returns when nothing does', async () => {
    const wait = holds([
      { active: 2, inactive: 1, persistent: 1 },
      { active: 2, inactive: 1, persistent: 1 },
      { inactive: 1, persistent: 2 },
      { persistent: 1 },
      {},
    ]);
    expect(await wait(2500)).toEqual({
      result: 0,
      reported: [
        'web 10.0.0.1:80: 2 active, 1 inactive, 1 persistence template (net.ipv4.vs.expire_quiescent_template is 0: clients come back)\n',
        'web 10.0.0.1:80: 1 inactive, 2 persistence templates (net.ipv4.vs.expire_quiescent_template is 0: clients come back)\n',
        'web 10.0.0.1:80: 1 persistence template (net.ipv4.vs.expire_quiescent_template is 0: clients come back)\n',
      ].join(''),
    });
  });

  test('templates that expire bring nobody back, and are not waited for', async () => {
    const wait = holds([{ active: 1, persistent: 3 }, { persistent: 3 }], {
      templates_expire: true,
    });
    expect(await wait(1000)).toEqual({ result: 0, reported: 'web 10.0.0.1:80: 1 active\n' });
  });

  test.each([
    ['the server is not in the file any more', {}, 'is not in the file any more'],
    ['nor its service', { services: [] }, 'is not in the file any more'],
    ['it takes connections still', undefined, 'still has weight 3'],
  ])('%s', async (_, more, text) => {
    const wait = holds([more ? {} : { weight_actual: 3, active: 5 }], more);
    const servers = [{ service: KEY, name: 'web', server: more ? '10.0.0.9:80' : '10.0.0.1:80' }];
    expect(await wait(1000, undefined, servers)).toEqual({
      result: more ? 1 : undefined,
      reported: `web ${more ? '10.0.0.9:80' : '10.0.0.1:80'}: ${text}\n`,
    });
  });

  test('of several servers each is waited for', async () => {
    const wait = holds([{ active: 1 }, { active: 1 }, {}]);
    const web = { service: KEY, name: 'web', server: '10.0.0.1:80' };
    expect(await wait(2000, undefined, [web, { ...web, server: '10.0.0.2:80' }])).toEqual({
      result: 1,
      reported: 'web 10.0.0.1:80: 1 active\nweb 10.0.0.2:80: is not in the file any more\n',
    });
  });

  test('another error is not waited for', async () => {
    const wait = holds([{ active: 1 }, { state: 'odd' as 'up' }]);
    expect((await wait(40_000)).result).toMatch(/is not that of a monitor of this version/);
    const { clock, pass } = simulatedRuntime({ probe: () => ({ outcome: PASSES, tookMs: 1 }) });
    let asked = 0;
    const ask = async () => {
      asked++;
      throw Object.assign(new Error('x'), { code: 'EACCES' });
    };
    const failed = expect(waitEmpty([], undefined, '/s', { clock, ask }, () => {})).rejects.toThrow(
      'no permission for the socket /s',
    );
    await pass(60_000);
    await failed;
    expect(asked).toBe(1);
  });

  test('gives up in time', async () => {
    const wait = holds([{ active: 3 }]);
    const { result, reported } = await wait(2300, 2.2);
    expect(result).toBe(1);
    expect(reported).toMatch(
      /3 active\nlvsctl: after 2\.2 s connections are left; the server stays drained\n$/,
    );
  });

  test('ends when somebody enables the server meanwhile', async () => {
    const wait = holds([{ active: 3 }, { active: 3, state: 'up' }]);
    expect(await wait(1000)).toEqual({
      result: 1,
      reported: 'web 10.0.0.1:80: 3 active\nweb 10.0.0.1:80: is not drained any more, but up\n',
    });
  });

  test.each([
    [{ error: 'Operation not permitted' }, {}, 'cannot be seen: Operation not permitted'],
    [{}, { weight_actual: null }, 'is not in the table'],
  ] as const)('what cannot be seen is not empty: %j %j', async (more, seen, why) => {
    expect(await holds([seen], more)(5000)).toEqual({
      result: undefined,
      reported: `web 10.0.0.1:80: ${why}\n`,
    });
  });

  test('a monitor that is started again is waited for, half a minute', async () => {
    expect(await holds([{ active: 1 }, undefined, undefined, {}])(5000)).toEqual({
      result: 0,
      reported: 'web 10.0.0.1:80: 1 active\n',
    });
    expect((await holds([{ active: 1 }, undefined])(29_000)).result).toBeUndefined();
    expect((await holds([{ active: 1 }, undefined])(32_000)).result).toBe(
      'no monitor is running at /s',
    );
  });
});
