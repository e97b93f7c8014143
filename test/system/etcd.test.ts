// The client of etcd against servers that are none, or broken ones; the real etcd is in
// test/lvsctl/fleet.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { Etcd } from '../../src/system/etcd.js';

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function member(answer: Answer): Promise<{ host: string; port: number }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => {
      body += piece;
    });
    request.on('end', () => answer(request, response, body));
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  return { host: '127.0.0.1', port: typeof address === 'object' && address ? address.port : 0 };
}

async function client(...answers: Answer[]): Promise<Etcd> {
  const endpoints = await Promise.all(answers.map(member));
  return new Etcd({ endpoints, tls: undefined, user: undefined });
}

const says =
  (text: string, status = 200): Answer =>
  (_, response) =>
    void response.writeHead(status).end(text);
const KEPT = JSON.stringify({ kvs: [{ key: 'a2V5', value: 'dg==', mod_revision: '7' }] });
const FOUND = { key: 'key', value: 'v', version: '7' };

// biome-ignore format: a table
test.each<[string, Answer, RegExp]>([
  ['garbage', says('<html>hello</html>'), /^etcd: status 200, and no JSON object$/],
  ['null', says('null'), /no JSON object/],
  ['a list', says('[]'), /no JSON object/],
  ['keys that are none', says('{"kvs": "x"}'), /^etcd: an answer without keys$/],
  ['keys of another shape', says('{"kvs": [null, {"key": 1}]}'), /^etcd: an answer without keys$/],
  ['status 500', says('{"error": "no leader"}', 500), /^etcd at 127\.0\.0\.1:\d+: no leader$/],
  ['status 502 of a proxy', says('Bad Gateway', 502), /: status 502, and no JSON object$/],
  ['status 404', says('404 page not found', 404), /^etcd: status 404, and no JSON object$/],
  ['a reason that is an object', says('{"error": {"a": 1}}', 400), /^etcd: status 400$/],
  ['an endless reason', says(JSON.stringify({ error: 'x'.repeat(9999) }), 400), /^etcd: x{200}$/],
  ['a redirect', (_, response) => void response.writeHead(302, { location: '/' }).end(), /status 302/],
  ['nothing', (request) => void request.socket.destroy(), /socket hang up/],
  ['half an answer', (_, response) => { response.writeHead(200, { 'content-length': 99 }).write('{'); setTimeout(() => response.destroy(), 20); }, /: aborted$/],
  ['a huge answer', (_, response) => void response.end('x'.repeat(17 * 1024 * 1024)), /the answer is too long$/],
])('%s', async (_, answer, reason) => {
  await expect((await client(answer)).get('key')).rejects.toThrow(reason);
});

test('an answer that never ends, a byte at a time', async () => {
  let timer: NodeJS.Timeout | undefined;
  const endpoint = await member((_, response) => {
    timer = setInterval(() => response.write(' '), 20);
  });
  const etcd = new Etcd({ endpoints: [endpoint], tls: undefined, user: undefined }, 200);
  await expect(etcd.get('key')).rejects.toThrow('no answer in time');
  clearInterval(timer);
});

test('a member that failed is passed over, and the one that answered is asked first', async () => {
  let asked = 0;
  const broken: Answer = (_, response) => {
    asked++;
    response.writeHead(503).end('{"error": "no leader"}');
  };
  const etcd = await client(broken, says(KEPT));
  expect(await etcd.get('key')).toEqual(FOUND);
  expect(await etcd.get('key')).toEqual(FOUND);
  expect(asked).toBe(1);
});

const REFUSED = { succeeded: false };
const at = (value: string, lease?: string) => ({
  responses: [
    { response_range: { kvs: [{ key: 'a2V5', value: btoa(value), mod_revision: '9', lease }] } },
  ],
});
const dies: Answer = (request) => void request.socket.destroy();

// biome-ignore format: a table
test.each<[string, Answer[], string | undefined, string | undefined]>([
  ['a member wrote it and died before it answered', [dies, says(JSON.stringify({ ...REFUSED, ...at('mine', '5') }))], '5', '9'],
  ['another director has it', [dies, says(JSON.stringify({ ...REFUSED, ...at('other', '6') }))], '5', undefined],
  ['another director of the same name has it', [dies, says(JSON.stringify({ ...REFUSED, ...at('mine', '6') }))], '5', undefined],
  ['the same text by another, asked once', [says(JSON.stringify({ ...REFUSED, ...at('mine') }))], undefined, undefined],
  ['nobody has it', [dies, says(JSON.stringify({ succeeded: true, header: { revision: '12' } }))], '5', '12'],
])('a write that is repeated: %s', async (_, answers, lease, expected) => {
  expect(await (await client(...answers)).replace('key', '0', 'mine', lease)).toBe(expected);
});

test('a write with an answer that lacks its parts', async () => {
  const etcd = await client(says('{"succeeded": true}'));
  await expect(etcd.replace('key', '0', 'v')).rejects.toThrow('an answer without a revision');
  await expect(etcd.grant(5)).rejects.toThrow('an answer without a lease');
  expect(await etcd.keepAlive('5')).toBe(false);
});

test('a token that has ended is asked for again, once', async () => {
  const asked: string[] = [];
  const endpoint = await member(({ url, headers }, response) => {
    asked.push(`${url?.split('/').at(-1)} ${headers.authorization ?? '-'}`);
    if (url === '/v3/auth/authenticate')
      response.end(JSON.stringify({ token: `t${asked.length}` }));
    else if (headers.authorization === 't1')
      response.writeHead(401).end('{"error": "invalid auth token"}');
    else response.end(KEPT);
  });
  const user = { name: 'lb', password: 'secret' };
  const etcd = new Etcd({ endpoints: [endpoint], tls: undefined, user });
  expect(await etcd.get('key')).toEqual(FOUND);
  expect(asked).toEqual(['authenticate -', 'range t1', 'authenticate -', 'range t3']);
});

test('a watch: changes, a compaction that ends it, a connection that is lost', async () => {
  const watched = async (...pieces: string[]) => {
    const seen: string[] = [];
    let sent = '';
    const etcd = await client((_, response, body) => {
      sent = body;
      for (const piece of pieces) response.write(piece);
      setTimeout(() => response.end(), 20);
    });
    await new Promise<void>((ended) =>
      etcd.watch(
        'lvs',
        'lvs/admin',
        () => seen.push('changed'),
        () => {
          seen.push('ended');
          ended();
        },
      ),
    );
    return { seen, sent: JSON.parse(sent).create_request };
  };
  const event = '{"result":{"header":{},"events":[{"kv":{"key":"bHZz"}}]}}\n';
  const { seen, sent } = await watched(
    '{"result":{"created":true}}\n',
    event.slice(0, 20),
    event.slice(20),
  );
  expect(seen).toEqual(['changed', 'ended']);
  expect(atob(sent.key)).toBe('lvs');
  expect(atob(sent.range_end)).toBe('lvs/admin\0');
  const compacted = await watched('{"result":{"canceled":true,"compact_revision":"9"}}\n', event);
  expect(compacted.seen).toEqual(['ended']);
});
