// Hostile clients of the built `lvsctl serve`, beside a real monitor: nothing but refusals, and the
// monitor goes on. LVS_TEST_FULL=1, since it takes some ten seconds.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Director, startDirector, TOKEN } from '../../support/director.js';
import { FULL } from '../../support/full.js';

const PORT = 18_500;

describe.skipIf(!FULL)('hostile clients', { timeout: 120_000 }, () => {
  let director: Director;
  const sockets: Socket[] = [];
  beforeAll(async () => {
    director = await startDirector(PORT, { admin: true });
  }, 60_000);
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    director?.end();
  });

  const authorization = `Bearer ${TOKEN}`;
  const ask = (path: string, headers: Record<string, string> = { authorization }) =>
    fetch(`${director.url}${path}`, { headers });
  /** Sends bytes. @returns the first line of the answer, '' where there is none */
  function send(text: string): Promise<string> {
    return new Promise((resolve) => {
      let answer = '';
      const socket = connect(PORT + 1, '127.0.0.1', () => socket.write(text));
      sockets.push(socket);
      socket
        .setEncoding('utf8')
        .on('data', (piece) => {
          answer += piece;
        })
        .on('error', () => {})
        .on('close', () => resolve(answer.split('\r\n')[0] ?? ''));
    });
  }
  /** milliseconds until a server that went down is out of the table of the monitor */
  async function reaction(isUp: boolean): Promise<number> {
    director.setUp('127.0.1.2', isUp);
    const began = performance.now();
    for (;;) {
      const { services } = JSON.parse(await (await ask('api/v1/watch')).text());
      const web = services.find(({ name }: { name: string }) => name === 'web');
      const server = web.servers.find(({ name }: { name: string }) => name === 'web2');
      if ((server.state === 'up') === isUp) return performance.now() - began;
      if (performance.now() - began > 20_000) throw new Error('the monitor does not see it');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  test('floods, slow requests, huge headers, wrong names, paths and tokens', async () => {
    const before = readFileSync(`/proc/${director.servePid()}/status`, 'utf8');
    const open = Array.from({ length: 1000 }, () => send(''));
    const slow = Array.from({ length: 200 }, () => send('GET /metrics HTTP/1.1\r\nHost: '));
    const huge = await Promise.all(
      Array.from({ length: 20 }, () =>
        send(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`),
      ),
    );
    // refused, or dropped for the next one
    expect(huge.filter((line) => line !== '' && !line.includes(' 431 '))).toEqual([]);
    for (const [path, headers, status] of [
      ['metrics', {}, 401],
      ['metrics', { authorization: 'Bearer wrong-token-wrong-token' }, 401],
      ['api/v1/watch', { authorization: `Basic ${TOKEN}` }, 401],
      ['..%2f..%2f..%2fetc%2fpasswd', { authorization }, 404],
      ['%00', { authorization }, 404],
    ] as const)
      expect((await ask(path, headers)).status).toBe(status);
    for (const host of ['evil.example', 'localhost.evil.example', ''])
      expect(await send(`GET /metrics HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toMatch(/ (?:421|400) /);
    expect(await send('GET /../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n')).toContain(
      ' 401 ',
    );
    const many = await Promise.all(
      Array.from({ length: 100 }, async () => (await ask('metrics')).status),
    );
    expect(new Set(many)).toEqual(new Set([200]));
    expect(await reaction(false)).toBeLessThan(6000);
    expect(await reaction(true)).toBeLessThan(6000);
    expect(new Set(await Promise.all([...open, ...slow]))).toEqual(new Set(['']));
    const rss = (text: string) => Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024;
    const after = readFileSync(`/proc/${director.servePid()}/status`, 'utf8');
    expect(rss(after) - rss(before)).toBeLessThan(100);
    expect(
      await director.run('lvsctl', 'monitor', 'status', '--socket', `${director.directory}/s`),
    ).toContain('5 of 5 up');
  });
});
