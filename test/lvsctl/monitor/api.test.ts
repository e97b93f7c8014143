// The monitor over HTTP: statuses, errors, events, reload; and the schema of its status.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { createFeed } from '../../../src/lvsctl/monitor/process/feed.js';
import { FILE, say, stage } from '../../support/stage.js';

const RESOURCES =
  'there are /v1/status, /v1/events, /v1/servers/drain, /v1/servers/disable, /v1/servers/enable, /v1/reload';

/** A monitor at work. */
async function begun() {
  const one = stage();
  void one.run();
  await one.pass(5000);
  return one;
}
const get = (url: string) => ({ method: 'GET', url }) as const;
const post = (url: string, body = '') => ({ method: 'POST', url, body }) as const;

describe('refused requests', () => {
  // biome-ignore format: a table
  test.each([
    [get('/'), 404, 'NOT_FOUND', '/: no such resource'],
    [get('/v2/status'), 404, 'NOT_FOUND', '/v2/status: no such resource'],
    [get('/v1/reload'), 405, 'BAD_USAGE', 'GET /v1/reload: use POST'],
    [post('/v1/status'), 405, 'BAD_USAGE', 'POST /v1/status: use GET'],
    [post('/v1/servers/drain'), 400, 'BAD_USAGE', 'the body is not JSON'],
    [post('/v1/servers/drain', '[]'), 400, 'BAD_USAGE', 'the body: expected an object, found a list'],
    [post('/v1/servers/drain', 'null'), 400, 'BAD_USAGE', 'the body: expected an object, found null'],
    [post('/v1/servers/drain', '{}'), 400, 'BAD_USAGE', 'the body: server is missing'],
    [post('/v1/servers/drain', '{"server":""}'), 400, 'BAD_USAGE', 'the body: server: expected an address, perhaps with its port, found ""'],
    [post('/v1/servers/drain', '{"server":"10.0.0.1","for":5}'), 400, 'BAD_USAGE', 'the body: for is not known'],
    [post('/v1/servers/drain', '{"server":"10.0.0.1","for_seconds":-1}'), 400, 'BAD_USAGE', 'the body: for_seconds: expected a number of seconds above 0'],
    [post('/v1/servers/drain', '{"server":"10.0.0.1","for_seconds":1e300}'), 400, 'BAD_USAGE', 'the body: for_seconds: expected a number of seconds above 0'],
    [post('/v1/servers/drain', '{"server":"10.0.0.9"}'), 404, 'NOT_FOUND', 'no server 10.0.0.9; there are 10.0.0.1:80, 10.0.0.2:80'],
    [post('/v1/servers/drain', '{"server":"web1"}'), 400, 'BAD_USAGE', 'web1: not the address of a server, with or without its port'],
    [get('/v1/events?since=x'), 400, 'BAD_USAGE', 'since=x: not the number of an event'],
    [get('/v1/events?since=1x'), 400, 'BAD_USAGE', 'since=1x: not the number of an event'],
    [get('/v1/events?since=x1'), 400, 'BAD_USAGE', 'since=x1: not the number of an event'],
    [get('/v1/events?follow=2'), 400, 'BAD_USAGE', 'follow=2: neither 0 nor 1'],
  ] as const)('%j', async (call, status, code, message) => {
    const one = await begun();
    const answer = await one.call(call);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({
      error: { code, message, hint: message.endsWith('resource') ? RESOURCES : null },
    });
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
    one.signal('SIGTERM');
  });
});

test('a server alone in the body is enough', async () => {
  const one = await begun();
  const { status, body } = await one.call(post('/v1/servers/drain', '{"server":"10.0.0.1"}'));
  expect([status, JSON.parse(body).servers]).toMatchObject([200, [{ changed: true }]]);
  expect(await one.weights()).toEqual({ '10.0.0.1': 0, '10.0.0.2': 1 });
  await one.call(post('/v1/servers/enable', '{"server":"10.0.0.1"}'));
  expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
  one.signal('SIGTERM');
});

describe('reload', () => {
  test('takes the file anew', async () => {
    const one = await begun();
    one.texts.file = FILE.replace('weight: 3', 'weight: 8');
    expect(await one.call(post('/v1/reload'))).toEqual({
      status: 200,
      body: '{"file":"web.yaml"}\n',
    });
    expect(await one.weights()).toEqual({ '10.0.0.1': 8, '10.0.0.2': 1 });
    expect(one.log().at(-1)).toBe('reloaded: web.yaml');
    one.signal('SIGTERM');
  });

  test('refuses a broken file, and the former one stays', async () => {
    const one = await begun();
    one.texts.file = FILE.replace('weight: 3', 'weight: many');
    const { status, body } = await one.call(post('/v1/reload'));
    expect(status).toBe(422);
    expect(JSON.parse(body).error).toMatchObject({
      code: 'BAD_FILE',
      message: expect.stringMatching(/^web\.yaml:8:\d+: /),
    });
    expect(await one.weights()).toEqual({ '10.0.0.1': 3, '10.0.0.2': 1 });
    expect(one.log().at(-1)).toMatch(/^reload-failed: web\.yaml:8:.*the previous file stays/);
    one.signal('SIGTERM');
  });
});

describe('events', () => {
  const lines = (text: string) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));

  test('those that are kept, those after one of them', async () => {
    const one = await begun();
    await one.ask(say('drained', '10.0.0.1', 'disk'));
    const all = lines((await one.call(get('/v1/events?follow=0'))).body);
    expect(all.map(({ id, event }) => [id, event])).toEqual([
      [1, 'started'],
      [2, 'up'],
      [3, 'service-up'],
      [4, 'up'],
      [5, 'drained'],
    ]);
    expect(lines((await one.call(get('/v1/events?follow=0&since=4'))).body)).toEqual([all[4]]);
    expect((await one.call(get('/v1/events?follow=0&since=5'))).body).toBe('');
    expect((await one.call(get('/v1/events?follow=0&since=05'))).body).toBe('');
    one.signal('SIGTERM');
  });

  test('a hundred are kept; a number of an earlier monitor gives them all', () => {
    const feed = createFeed();
    for (let i = 0; i < 250; i++) feed.add({ event: 'up' }, new Date(0));
    expect(feed.after(0).map(({ id }) => id)).toEqual(
      Array.from({ length: 100 }, (_, i) => i + 151),
    );
    expect(feed.after(248)).toHaveLength(2);
    expect(feed.after(9999)).toHaveLength(100);
    const live: number[] = [];
    const end = feed.follow(({ id }) => live.push(id));
    feed.add({ event: 'down' }, new Date(0));
    end();
    feed.add({ event: 'down' }, new Date(0));
    expect(live).toEqual([251]);
  });
});

describe('the schema of the status', () => {
  const schema = JSON.parse(readFileSync('share/schema/monitor-status-1.json', 'utf8'));
  const validate = new Ajv2020({ strict: true, allErrors: true }).compile(schema);

  test('holds for a monitor with everything in its status', async () => {
    const one = await begun();
    one.down.add('10.0.0.2:80');
    await one.ask(say('drained', '10.0.0.1', 'disk'));
    await one.pass(5000);
    const status = JSON.parse((await one.call(get('/v1/status'))).body);
    expect(validate(status)).toBe(true);
    expect(validate.errors).toBeNull();
    one.signal('SIGTERM');
  });

  test('names every field: none is missing in it, and none may be missing', async () => {
    const one = await begun();
    const status = JSON.parse((await one.call(get('/v1/status'))).body);
    for (const [key, value] of Object.entries(status)) {
      const { [key]: _, ...rest } = status;
      expect([key, validate(rest)]).toEqual([key, false]);
      expect([key, validate({ ...status, [key]: { wrong: value } })]).toEqual([key, false]);
    }
    expect(validate({ ...status, surprise: 1 })).toBe(false);
    const [service] = status.services;
    const [server] = service.servers;
    for (const key of Object.keys(service)) {
      const { [key]: _, ...rest } = service;
      expect([key, validate({ ...status, services: [rest] })]).toEqual([key, false]);
    }
    for (const key of Object.keys(server)) {
      const { [key]: _, ...rest } = server;
      const services = [{ ...service, servers: [rest] }];
      expect([key, validate({ ...status, services })]).toEqual([key, false]);
    }
    one.signal('SIGTERM');
  });
});
