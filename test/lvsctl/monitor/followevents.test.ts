// Events as a client follows them: pieces of lines, what is no event, how it ends.
import { describe, expect, test } from 'vitest';
import { followEvents } from '../../../src/lvsctl/monitor/client/events.js';
import { createApi } from '../../../src/lvsctl/monitor/process/api.js';
import { createFeed } from '../../../src/lvsctl/monitor/process/feed.js';
import { stage } from '../../support/stage.js';

const event = (id: number, more = {}) =>
  `${JSON.stringify({ id, time: '2026-01-01T00:00:00.000Z', event: 'up', ...more })}\n`;
const ERROR = '{"error":{"code":"NOT_FOUND","message":"no such resource","hint":null}}\n';

/** Follows an answer in these pieces. @param status that it then has, or an error */
async function followed(pieces: readonly string[], status: number | Error = 200) {
  const asked: string[] = [];
  const taken: number[] = [];
  let ends = 0;
  // the pieces come when `end` is there, as those of a socket do
  const follow = (_: string, url: string, take: (piece: string) => void) => {
    asked.push(url);
    const answer = Promise.resolve().then(() => {
      for (const piece of pieces) take(piece);
      if (status instanceof Error) throw status;
      return status;
    });
    return { answer, end: () => void ends++ };
  };
  const { done } = followEvents(
    { follow },
    '/s',
    { since: 4, follow: true },
    ({ id }) => void taken.push(id),
  );
  const error = await done.then(
    () => undefined,
    (thrown: Error & { code?: string }) => `${thrown.code}: ${thrown.message}`,
  );
  return { asked, taken, error, ends };
}

const WRONG = 'MONITOR_ERROR: the answer at /s is not that of a monitor of this version:';

// biome-ignore format: a table
test.each<readonly [string, readonly string[], readonly number[], string | undefined]>([
  ['nothing', [], [], undefined],
  ['one', [event(5)], [5], undefined],
  ['two in a piece', [event(5) + event(6)], [5, 6], undefined],
  ['one in three pieces', [event(5).slice(0, 3), event(5).slice(3, 9), event(5).slice(9)], [5], undefined],
  ['the beginning of another one', [event(5) + event(6).slice(0, 9)], [5], undefined],
  ['no JSON', ['<html>\n'], [], `${WRONG} expected an object, found undefined`],
  ['a field is missing', [event(5), '{"id":6,"event":"up"}\n', event(7)], [5], `${WRONG} time is missing`],
  ['a field is wrong', [event(5, { id: -1 })], [], `${WRONG} id: expected a whole number from 0, found -1`],
  ['the first problem counts', ['{"id":6}\n5\n'], [], `${WRONG} time is missing`],
  ['a line without end', ['x'.repeat(1024 * 1024 + 1)], [], `${WRONG} a line has no end`],
  ['a long line', [event(5, { reason: 'x'.repeat(1024 * 1024 - 100) })], [5], undefined],
])('%s', async (_, pieces, taken, error) => {
  const got = await followed(pieces);
  expect([got.taken, got.error]).toEqual([taken, error]);
  // what is no event is not followed any longer
  expect(got.ends > 0).toBe(error !== undefined);
});

test.each<readonly [string, readonly string[], number | Error, string]>([
  ['a refusal', [ERROR], 404, 'MONITOR_REFUSED: no such resource'],
  [
    'a refusal in pieces',
    [ERROR.slice(0, 9), ERROR.slice(9)],
    404,
    'MONITOR_REFUSED: no such resource',
  ],
  ['a refusal that is none', ['{"error":5}\n'], 500, `${WRONG} error: expected an object, found 5`],
  ['a status without a text', [], 500, `${WRONG} expected an object, found undefined`],
  [
    'nobody is there',
    [],
    Object.assign(new Error('x'), { code: 'ENOENT' }),
    'NO_MONITOR: no monitor is running at /s',
  ],
])('%s', async (_, pieces, status, error) => {
  expect((await followed(pieces, status)).error).toBe(error);
});

test('what is asked for', async () => {
  expect((await followed([])).asked).toEqual(['/v1/events?since=4&follow=1']);
  const asked: string[] = [];
  const follow = (_: string, url: string) => {
    asked.push(url);
    return { answer: Promise.resolve(200), end: () => {} };
  };
  await followEvents({ follow }, '/s', { since: 0, follow: false }, () => {}).done;
  expect(asked).toEqual(['/v1/events?since=0&follow=0']);
});

describe('the events of the monitor', () => {
  const answerOf = async (url: string) => {
    const feed = createFeed();
    feed.add({ event: 'up' }, new Date(0));
    const parts = { feed } as unknown as NonNullable<ReturnType<Parameters<typeof createApi>[0]>>;
    return { feed, answer: await createApi(() => parts)({ method: 'GET', url, body: '' }) };
  };
  test.each(['/v1/events', '/v1/events?follow=1', '/v1/events?since=0'])(
    '%s: those that are kept, then live ones until the client leaves',
    async (url) => {
      const { feed, answer } = await answerOf(url);
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'content-type': 'application/x-ndjson' },
        body: '{"id":1,"time":"1970-01-01T00:00:00.000Z","event":"up"}\n',
      });
      let live = '';
      const leave = answer.stream?.(
        (text) => {
          live += text;
        },
        () => {},
      );
      feed.add({ event: 'down', service: 'web' }, new Date(5));
      expect(live).toBe(
        '{"id":2,"time":"1970-01-01T00:00:00.005Z","event":"down","service":"web"}\n',
      );
      leave?.();
      feed.add({ event: 'up' }, new Date(0));
      expect(live.split('\n')).toHaveLength(2);
    },
  );
  test('follow=0: those that are kept alone', async () => {
    const { answer } = await answerOf('/v1/events?follow=0');
    expect(answer).toEqual({
      status: 200,
      headers: { 'content-type': 'application/x-ndjson' },
      body: '{"id":1,"time":"1970-01-01T00:00:00.000Z","event":"up"}\n',
    });
  });
});

test('--once asks for the status of the monitor that may be running', async () => {
  const asked: unknown[] = [];
  const one = stage(
    {},
    {
      ask: async (_, call) => {
        asked.push(call);
        throw Object.assign(new Error('busy'), { code: 'ETIMEDOUT' });
      },
    },
  );
  // one that does not answer in time is there as well
  await expect(one.once()).rejects.toMatchObject({ code: 'MONITOR_RUNNING' });
  expect(asked).toEqual([{ method: 'GET', url: '/v1/status' }]);
});
