// lvsctl trace: text in 80 columns, JSON that fits its schema, a picture, and its exit statuses.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/lvsctl/config/read.js';
import { factsText } from '../../../src/lvsctl/facts/json.js';
import { intendedFacts } from '../../../src/lvsctl/path/intended.js';
import { lvsctl } from '../../support/lvsctl.js';

const FILE = `
vips: [{address: 192.0.2.10, interface: eth0}]
services:
  - {name: tun, address: 192.0.2.10, port: 82, mode: tun, scheduler: rr, servers: [{address: 192.0.2.13, name: rs3}]}
`;
const [DIRECTOR, SERVER] = intendedFacts(readConfig(FILE, 'f')).map(factsText);
const FILES = {
  f: FILE,
  d: DIRECTOR ?? '',
  s: SERVER ?? '',
  broken: (SERVER ?? '').replace(/("name": "lvs-ipip"[\s\S]*?"up": )true/, '$1false'),
};
const run = (...args: string[]) =>
  lvsctl(['trace', '203.0.113.9:40000', '192.0.2.10:82', ...args], FILES);
const schema = JSON.parse(
  readFileSync(new URL('../../../share/schema/trace-1.json', import.meta.url), 'utf8'),
) as object;
const fits = new Ajv2020({ allowUnionTypes: true }).compile(schema);

test('from a file: the intended path', async () => {
  expect(await run('f')).toEqual({
    status: 0,
    stderr: '',
    stdout: `client 203.0.113.9:40000
  | 203.0.113.9:40000 > 192.0.2.10:82 tcp, TTL 64
director
  ok    comes in by eth0
  ok    192.0.2.10 is an address of this machine
  ok    service tcp 192.0.2.10:82, found by address and port
  ok    server 192.0.2.13:82: scheduler rr chooses it
  ok    tun: ipip to 192.0.2.13, 20 bytes around the packet
  ok    to 192.0.2.13 by eth0
  ok    segments of 1440 bytes make packets of 1500: they fit eth0 (MTU 1500)
  | 203.0.113.9:40000 > 192.0.2.10:82 tcp, TTL 63, in ipip ? > 192.0.2.13
rs3
  ok    ipip from eth0 is taken out by lvs-ipip
  ok    192.0.2.10 is an address of this machine
  ok    to 203.0.113.9 by eth0
  ok    postrouting: segments of 1440 bytes set by iptables -t mangle -A
        POSTROUTING -s 192.0.2.10 -p tcp -m tcp --tcp-flags SYN,RST SYN -j
        TCPMSS --set-mss 1440
  ok    the answer goes to 203.0.113.9, from 192.0.2.10:82

the client gets an answer as the file has it
`,
  });
});

describe('from facts', () => {
  test.each([
    [['d', 's'], 0, 'the client gets an answer'],
    [['d', 'broken'], 1, 'the packet is lost on rs3'],
    [['d'], 3, 'not known on 192.0.2.13:82'],
    [['s'], 1, 'the packet is lost on rs3 (service)'],
  ])('%j: status %d', async (names, status, text) => {
    const answered = await run('--facts', ...names);
    expect(answered.status).toBe(status);
    expect(answered.stdout).toContain(text);
    for (const line of answered.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

test.each([[['f']], [['--facts', 'd', 'broken']]])('the JSON fits its schema: %j', async (args) => {
  const { stdout } = await run('--json', ...args);
  fits(JSON.parse(stdout));
  expect(fits.errors).toBe(null);
});

test('a picture has a box for each machine, and no script', async () => {
  let written = '';
  await lvsctl(['trace', '203.0.113.9', '192.0.2.10:82', 'f', '--svg', 'x.svg'], FILES, {
    writeText: (_, text) => {
      written = text;
    },
  });
  expect(written.match(/<rect /g)?.length).toBe(3);
  expect(written).toContain('>rs3</text>');
  expect(written).not.toContain('<script');
});

test.each([
  [['203.0.113.9', '192.0.2.10'], 'lvsctl: the virtual address needs a port\n'],
  [
    ['2001:db8::9', '192.0.2.10:80'],
    'lvsctl: client and virtual address are of different families\n',
  ],
])('%j is refused', async (args, stderr) => {
  expect(await lvsctl(['trace', ...args, 'f'], FILES)).toEqual({ status: 2, stdout: '', stderr });
});
