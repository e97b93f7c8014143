// One line of ensure, absent or set against a table: the change that it makes, or why it is refused.
import { expect, test } from 'vitest';
import {
  type EnsureLine,
  ensured,
  ensureLines,
  type Verb,
} from '../../../src/lvsctl/config/ensure.js';
import { readNumericRules } from '../../../src/lvsctl/config/rulefile.js';
import { LvsctlError } from '../../../src/lvsctl/errors.js';
import { ipv4 } from '../../../src/model/address.js';
import { serverKey, type Table, tableOf } from '../../../src/model/table.js';
import { changeArguments } from '../../../src/render/rules.js';

const RULES = `-A -t 192.0.2.1:80 -s sh -p 50 -M 255.255.255.0 -b sh-port
-a -t 192.0.2.1:80 -r 10.0.0.11:8080 -m -w 1 -x 10 -y 5
-a -t 192.0.2.1:80 -r 10.0.0.12 -i -w 2 --tun-type gue --tun-port 6080 --tun-csum
-a -t 192.0.2.1:80 -r 10.0.0.13 -i -w 3 --tun-type gre --tun-csum
-a -t 192.0.2.1:80 -r 10.0.0.14 -g -w 7
-A -u 192.0.2.1:53 -s wlc -o
-A -f 7 -6 -s rr
-A -f 8 -s mh -b mh-fallback,mh-port
-a -f 8 -r 10.0.0.11 -m
`;
const tableFrom = (rules: string): Table => tableOf(readNumericRules(rules, 'r').services);

const UNKNOWN = { resolve: async () => ({ host: () => undefined, port: () => undefined }) };

const linesWith = (line: string): [Verb, EnsureLine] => {
  const [verb = '', ...args] = line.split(' ');
  return [verb as Verb, { args, where: '-:3: ' }];
};

const run = (line: string, table = tableFrom(RULES), names = UNKNOWN) =>
  ensured(...linesWith(line), table, names);

const WEB = '-t 192.0.2.1:80';
const [A, B, C, D] = [11, 12, 13, 14].map((n) => `${WEB} -r 10.0.0.${n}`);
const MASK = '-M 255.255.255.0';
const unchanged = undefined;

// biome-ignore format: a table
test.each<readonly [string, string | undefined]>([
  // services: what is not named stays, flags go with another scheduler
  ['ensure -t 192.0.2.9:80', '-A -t 192.0.2.9:80 -s wlc'],
  ['ensure -t 192.0.2.9:80 -s rr -b flag-1 -p', '-A -t 192.0.2.9:80 -s rr -p 360 -b flag-1'],
  [`ensure ${WEB}`, unchanged],
  [`set ${WEB} -p 50`, unchanged],
  [`set ${WEB} -p 60`, `-E ${WEB} -s sh -p 60 ${MASK} -b sh-port`],
  [`set ${WEB} -M 255.255.0.0`, `-E ${WEB} -s sh -p 50 -M 255.255.0.0 -b sh-port`],
  [`set ${WEB} -s sh`, unchanged],
  [`set ${WEB} -s mh`, `-E ${WEB} -s mh -p 50 ${MASK}`],
  [`set ${WEB} -s mh -b mh-port`, `-E ${WEB} -s mh -p 50 ${MASK} -b mh-port`],
  [`set ${WEB} -b sh-fallback`, `-E ${WEB} -s sh -p 50 ${MASK} -b sh-fallback`],
  [`set ${WEB} --pe sip`, `-E ${WEB} -s sh -p 50 ${MASK} --pe sip -b sh-port`],
  ['set -u 192.0.2.1:53 -o', unchanged],
  ['set -u 192.0.2.1:53 -p', '-E -u 192.0.2.1:53 -s wlc -p 360 -o'],
  ['set -f 8 -s mh', unchanged],
  ['set -f 8 -s rr', '-E -f 8 -s rr'],
  ['set -f 7 -6 -s wlc', '-E -f 7 -6 -s wlc'],
  ['ensure -f 7', '-A -f 7 -s wlc'],
  ['ensure -f 8 -6', '-A -f 8 -6 -s wlc'],
  [`absent ${WEB}`, `-D ${WEB}`],
  ['absent -t 192.0.2.9:80', unchanged],
  ['absent -f 7 -6', '-D -f 7 -6'],
  ['absent -f 7', unchanged],
  // servers: of direct routing and tunnels the port is that of the service
  [`absent ${A}:8080`, `-d ${A}:8080`],
  [`absent ${A}`, unchanged],
  ['absent -t 192.0.2.9:80 -r 10.0.0.11:8080', unchanged],
  ['absent -f 8 -r 10.0.0.11', '-d -f 8 -r 10.0.0.11:0'],
  [`ensure ${A}:8080`, unchanged],
  [`ensure ${A}:8080 -m -w 1 -x 10 -y 5`, unchanged],
  [`ensure ${A}:8080 -w 0`, `-e ${A}:8080 -m -w 0 -x 10 -y 5`],
  [`set ${A}:8080 -x 20`, `-e ${A}:8080 -m -w 1 -x 20 -y 5`],
  [`set ${A}:8080 -y 2`, `-e ${A}:8080 -m -w 1 -x 10 -y 2`],
  [`set ${A}:8080 -x 0 -y 0`, `-e ${A}:8080 -m -w 1`],
  [`ensure ${A}:8081 -m`, `-a ${A}:8081 -m -w 1`],
  [`ensure ${WEB} -r 10.0.0.15`, `-a ${WEB} -r 10.0.0.15:80 -g -w 1`],
  [`ensure ${WEB} -r 10.0.0.15:81`, `-a ${WEB} -r 10.0.0.15:80 -g -w 1`],
  [`ensure ${WEB} -r 10.0.0.15:81 -m -w 4 -x 3 -y 2`, `-a ${WEB} -r 10.0.0.15:81 -m -w 4 -x 3 -y 2`],
  [`ensure ${B}`, unchanged],
  [`ensure ${B}:99`, unchanged],
  [`ensure ${B}:99 -i -w 5`, `-e ${B}:80 -i -w 5 --tun-type gue --tun-port 6080 --tun-csum`],
  [`set ${D}:81 -g`, unchanged],
  [`set ${D} -m`, `-e ${D}:80 -m -w 7`],
  ['ensure -f 8 -r 10.0.0.11', unchanged],
  ['ensure -f 8 -r 10.0.0.11:0 -w 3', '-e -f 8 -r 10.0.0.11:0 -m -w 3'],
  ['ensure -f 8 -r 10.0.0.12:8080 -m', '-a -f 8 -r 10.0.0.12:8080 -m -w 1'],
  ['ensure -f 7 -6 -r [2001:db8::5]:0', '-a -f 7 -6 -r [2001:db8::5]:0 -g -w 1'],
  // tunnels: options are those of their type, one checksum replaces another
  [`set ${B} -w 3`, `-e ${B}:80 -i -w 3 --tun-type gue --tun-port 6080 --tun-csum`],
  [`set ${B} -i`, unchanged],
  [`set ${B} --tun-port 1`, `-e ${B}:80 -i -w 2 --tun-type gue --tun-port 1 --tun-csum`],
  [`set ${B} -i --tun-port 1`, `-e ${B}:80 -i -w 2 --tun-type gue --tun-port 1 --tun-csum`],
  [`set ${B} -i --tun-type gue`, unchanged],
  [`set ${B} -i --tun-type gre`, `-e ${B}:80 -i -w 2 --tun-type gre --tun-nocsum`],
  [`set ${B} -i --tun-type gre --tun-csum`, `-e ${B}:80 -i -w 2 --tun-type gre --tun-csum`],
  [`set ${B} -i --tun-type ipip`, `-e ${B}:80 -i -w 2 --tun-type ipip`],
  [`set ${B} --tun-nocsum`, `-e ${B}:80 -i -w 2 --tun-type gue --tun-port 6080 --tun-nocsum`],
  [`set ${B} --tun-remcsum`, `-e ${B}:80 -i -w 2 --tun-type gue --tun-port 6080 --tun-remcsum`],
  [`set ${B} -m`, `-e ${B}:80 -m -w 2`],
  [`set ${B} -g`, `-e ${B}:80 -g -w 2`],
  [`set ${C} --tun-csum`, unchanged],
  [`set ${C} --tun-nocsum`, `-e ${C}:80 -i -w 3 --tun-type gre --tun-nocsum`],
  [`set ${C} -i --tun-type gue --tun-port 5`, `-e ${C}:80 -i -w 3 --tun-type gue --tun-port 5 --tun-nocsum`],
  [`set ${D} -i`, `-e ${D}:80 -i -w 7 --tun-type ipip`],
  [`set ${D} -i --tun-type gue --tun-port 5 --tun-csum`, `-e ${D}:80 -i -w 7 --tun-type gue --tun-port 5 --tun-csum`],
])('%s: %s', async (line, expected) => {
  const { change } = await run(line);
  expect(change && changeArguments(change)?.join(' ')).toBe(expected);
});

// biome-ignore format: a table
test.each<readonly [string, string, string | undefined, string]>([
  [`ensure ${WEB}`, 'tcp 192.0.2.1:80', 'sh', '4 0 0 1'],
  [`set ${WEB} -s rr`, 'tcp 192.0.2.1:80', 'sh', '4 0 0 1'],
  ['ensure -u 192.0.2.9:53', 'udp 192.0.2.9:53', undefined, '4 0 0 1 0'],
  [`absent ${WEB}`, 'tcp 192.0.2.1:80', undefined, '0 0 1'],
  ['absent -f 8', 'fwmark 8 ipv4', undefined, '4 0 0'],
  [`ensure ${A}:8080`, 'tcp 192.0.2.1:80 10.0.0.11:8080', '10.0.0.11:8080', '4 0 0 1'],
  [`ensure ${B}:99 -w 9`, 'tcp 192.0.2.1:80 10.0.0.12:80', '10.0.0.12:80', '4 0 0 1'],
  [`ensure ${WEB} -r 10.0.0.15`, 'tcp 192.0.2.1:80 10.0.0.15:80', undefined, '5 0 0 1'],
  [`absent ${B}`, 'tcp 192.0.2.1:80 10.0.0.12:80', undefined, '3 0 0 1'],
  [`absent ${B}:99`, 'tcp 192.0.2.1:80 10.0.0.12:99', undefined, '4 0 0 1'],
])('%s is about %s, which was %s', async (line, subject, before, servers) => {
  const { subject: named, from, table } = await run(line);
  const was = from && ('scheduler' in from ? from.scheduler : serverKey(from));
  expect([named, was]).toEqual([subject, before]);
  expect([...table.values()].map(({ destinations }) => destinations.length).join(' ')).toBe(servers);
});

test('a line builds on the table of the one before it', async () => {
  const { table } = await run('ensure -t 192.0.2.9:80');
  const next = await run('ensure -t 192.0.2.9:80 -r 10.0.0.1 -m', table);
  expect((await run('set -t 192.0.2.9:80 -r 10.0.0.1 -w 1', next.table)).change).toBeUndefined();
});

const HINT =
  'the arguments are those of ipvsadm without its command: -t VIP:PORT -r SERVER -m -w 3';
const noServer = (subject: string) => ['NOT_FOUND', `${subject} is not in the table`, undefined];
const usage = (message: string) => ['BAD_USAGE', message, HINT];
const noPort = [
  'BAD_USAGE',
  'tcp 192.0.2.1:80 10.0.0.11:8080: -g and -i do not translate ports: the server would be 10.0.0.11:80',
  'remove the one and add the other',
];

// biome-ignore format: a table
test.each<readonly [string, readonly (string | undefined)[]]>([
  ['set -t 192.0.2.3:80', noServer('tcp 192.0.2.3:80')],
  ['set -f 7 -s wlc', noServer('fwmark 7 ipv4')],
  [`set ${WEB} -r 10.0.0.15`, noServer('tcp 192.0.2.1:80 10.0.0.15:80')],
  [`set ${D}:81 -m`, noServer('tcp 192.0.2.1:80 10.0.0.14:81')],
  ['set -t 192.0.2.9:80 -r 10.0.0.15', noServer('tcp 192.0.2.9:80')],
  ['ensure -t 192.0.2.9:80 -r 10.0.0.15', noServer('tcp 192.0.2.9:80')],
  [`ensure ${A}:8080 -g`, noPort],
  [`set ${A}:8080 -i`, noPort],
  [`ensure -A ${WEB}`, usage('-A: the command is ensure already')],
  [`ensure --add-service ${WEB}`, usage('--add-service: the command is ensure already')],
  [`set ${WEB} -e`, usage('-e: the command is set already')],
  [`absent ${WEB} -D -C`, usage('-D: the command is absent already')],
  ['ensure', usage("You need to supply the 'service-address' option for the 'delete-service' command")],
  ['ensure -r 10.0.0.1', usage("You need to supply the 'service-address' option for the 'delete-service' command")],
  ['ensure -t', usage('-t: missing argument')],
  ['ensure -t x', usage('illegal virtual server address[:port] specified')],
  ['ensure -t web:80', usage('illegal virtual server address[:port] specified')],
  [`ensure ${WEB} -r`, usage('-r: missing argument')],
  [`ensure ${WEB} -r 10.0.0.300`, usage('illegal real server address[:port] specified')],
  [`ensure ${WEB} -q`, usage('-q: unknown option')],
  [`ensure ${WEB} -r 10.0.0.1 -q`, usage('-q: unknown option')],
  [`ensure ${WEB} extra`, usage('unexpected argument extra')],
  [`ensure ${WEB} -u 192.0.2.1:80`, usage("multiple 'service-address' options specified")],
  ['ensure -6 -f 8', usage('-6 used before -f')],
  [`set ${C} --tun-remcsum`, usage("Illegal 'tun-remcsum' option with the 'gre' tunnel type")],
  [`ensure ${WEB} -n`, usage("Illegal 'numeric' option with the 'add-service' command")],
  [`ensure ${WEB} -w 3`, usage("Illegal 'weight' option with the 'add-service' command")],
  [`ensure ${WEB} -r 10.0.0.1 -s rr`, usage("Illegal 'scheduler' option with the 'add-server' command")],
  [`ensure ${WEB} -r 10.0.0.1 -w x`, usage('illegal weight specified')],
  [`absent ${WEB} -s rr`, usage("Illegal 'scheduler' option with the 'delete-service' command")],
  [`absent ${WEB} -p 3`, usage("Illegal 'persistent' option with the 'delete-service' command")],
  [`absent ${A}:8080 -w 3`, usage("Illegal 'weight' option with the 'delete-server' command")],
])('%s is refused', async (line, [code, message, hint]) => {
  const error = await run(line).catch((one) => one);
  expect(error).toBeInstanceOf(LvsctlError);
  expect([error.code, error.message, error.hint]).toEqual([code, `-:3: ${message}`, hint]);
});

test('the mask of a service without persistence is kept, unless it is named', async () => {
  const table = tableFrom('-A -t 192.0.2.1:80 -s rr -p 50 -M 255.255.255.0\n');
  const [[key = '', virtual] = []] = [...table];
  const masked = new Map(table);
  if (virtual)
    masked.set(key, { ...virtual, service: { ...virtual.service, persistence: undefined } });
  expect((await run(`ensure ${WEB}`, masked)).change).toBeUndefined();
  const { change } = await run(`ensure ${WEB} -s wlc`, masked);
  expect(change).toMatchObject({ service: { scheduler: 'wlc', netmask: 0xffffff00 } });
  const named = (await run(`ensure ${WEB} -p 9 -M 255.0.0.0`, masked)).change;
  expect(named).toMatchObject({ service: { netmask: 0xff000000, persistence: { timeout: 9 } } });
});

test('a forwarding method without an option is to be named', async () => {
  const table = tableFrom(`-A ${WEB} -s rr\n-a ${A} -g -w 3\n`);
  const odd = new Map(
    [...table].map(([key, { service, destinations }]) => [
      key,
      {
        service,
        destinations: destinations.map((one) => ({ ...one, forwarding: 'bypass' as never })),
      },
    ]),
  );
  const error = await run(`ensure ${A} -w 4`, odd).catch((one) => one);
  expect([error.code, error.message, error.hint]).toEqual([
    'BAD_USAGE',
    '-:3: 10.0.0.11:80: ipvsadm has no option for its forwarding method',
    'name one: -m, -g or -i',
  ]);
  const { change } = await run(`ensure ${A} -m -w 4`, odd);
  expect(change && changeArguments(change)?.join(' ')).toBe(`-e ${A}:80 -m -w 4`);
});

test('names are looked up; an error that is none of the line is not hidden', async () => {
  const names = { resolve: async () => ({ host: () => ipv4(0xc0000201), port: () => 80 }) };
  expect((await run('ensure -t web:http', undefined, names as never)).subject).toBe(
    'tcp 192.0.2.1:80',
  );
  const broken = {
    resolve: async () => ({
      host: () => {
        throw new TypeError('a bug');
      },
      port: () => undefined,
    }),
  };
  await expect(run('ensure -t web:80', undefined, broken as never)).rejects.toThrow(TypeError);
});

// biome-ignore format: a table
test.each<readonly [string, readonly EnsureLine[]]>([
  ['', []],
  ['\n \n', []],
  ['# a\n-t 1\n', [{ args: ['-t', '1'], where: '-:2: ' }]],
  [' \t# a\n\n-t 1 \n-u  2', [{ args: ['-t', '1'], where: '-:3: ' }, { args: ['-u', '2'], where: '-:4: ' }]],
  ['ipvsadm -t 1\r\n', [{ args: ['-t', '1'], where: '-:1: ' }]],
  ['-t 1 # a\n', [{ args: ['-t', '1', '#', 'a'], where: '-:1: ' }]],
])('the lines of %j', (text, lines) => expect(ensureLines(text)).toEqual(lines));
