// Saved rules line by line: what each kind of line does to the table, and which argument of a line
// that is refused is to blame.
import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/lvsctl/config/problem.js';
import { readNumericRules, readRuleFile } from '../../../src/lvsctl/config/rulefile.js';
import { ipv4 } from '../../../src/model/address.js';
import { serverKey, serviceKey } from '../../../src/model/table.js';
import { placed } from '../../support/marked.js';

/** `LINE SERVICE SCHEDULER SERVER=WEIGHT …` of each service. */
const services = (text: string) =>
  readNumericRules(text, 'r').services.map(({ line, service, destinations }) =>
    [
      `${line} ${serviceKey(service.id)} ${service.scheduler}`,
      ...destinations.map((one) => `${serverKey(one)}=${one.weight}`),
    ].join(' '),
  );

const problems = (text: string) => {
  try {
    readNumericRules(text, 'r');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(placed);
  }
  return [];
};

const S = '-A -t 192.0.2.1:80 -s rr\n';
const A = '-a -t 192.0.2.1:80 -r 10.0.0.1 -m\n';
const WEB = '1 tcp 192.0.2.1:80 rr';

// biome-ignore format: a table
test.each<readonly [string, readonly string[]]>([
  ['', []],
  ['\n\n', []],
  ['# -A -t 192.0.2.1:80\n#\n', []],
  ['ipvsadm\n', []],
  ['ipvsadm -A -t 192.0.2.1:80\n', ['1 tcp 192.0.2.1:80 wlc']],
  [`\n# one\n${S}`, ['3 tcp 192.0.2.1:80 rr']],
  [S.trimEnd(), [WEB]],
  ['-A -t 192.0.2.1:80 -s rr\r\n-a -t 192.0.2.1:80 -r 10.0.0.1 -m\r\n', [`${WEB} 10.0.0.1:80=1`]],
  [`${S}-C\n`, []],
  [`${S}--clear\n${S}`, ['3 tcp 192.0.2.1:80 rr']],
  [`${S}${A}-C\n${S}`, ['4 tcp 192.0.2.1:80 rr']],
  [`${S}${A}-E -t 192.0.2.1:80 -s sed\n`, ['1 tcp 192.0.2.1:80 sed 10.0.0.1:80=1']],
  [`${S}-D -t 192.0.2.1:80\n`, []],
  [`${S}-A -u 192.0.2.1:53\n-D -t 192.0.2.1:80\n`, ['2 udp 192.0.2.1:53 wlc']],
  [`${S}-D -t 192.0.2.1:80\n${S}`, ['3 tcp 192.0.2.1:80 rr']],
  [`${S}-Z\n`, [WEB]],
  ['-Z -t 192.0.2.9:80\n', []],
  [`${S}${A}-a -t 192.0.2.1:80 -r 10.0.0.2:8080 -m -w 9\n`, [`${WEB} 10.0.0.1:80=1 10.0.0.2:8080=9`]],
  [`${S}${A}-e -t 192.0.2.1:80 -r 10.0.0.1 -m -w 5\n`, [`${WEB} 10.0.0.1:80=5`]],
  [`${S}${A}-d -t 192.0.2.1:80 -r 10.0.0.1\n`, [WEB]],
  [`${S}${A}-d -t 192.0.2.1:80 -r 10.0.0.1\n${A}`, [`${WEB} 10.0.0.1:80=1`]],
  ['-A -f 7\n-A -f 7 -6\n', ['1 fwmark 7 ipv4 wlc', '2 fwmark 7 ipv6 wlc']],
])('the services of %j', (text, expected) => expect(services(text)).toEqual(expected));

// biome-ignore format: a table
test.each([
  ['', undefined],
  ['--set 1 2 3\n', [1, 2, 3]],
  ['--set 0 0 0\n', [0, 0, 0]],
  ['--set 1 2 3\n--set 0 0 0\n', [1, 2, 3]],
  ['--set 1 0 0\n--set 0 2 0\n--set 0 0 3\n', [1, 2, 3]],
  ['--set 1 2 3\n--set 4 5 6\n', [4, 5, 6]],
])('the timeouts of %j', (text, expected) => {
  const { timeouts } = readNumericRules(text, 'r');
  expect(timeouts && [timeouts.tcp, timeouts.tcpFin, timeouts.udp]).toEqual(expected);
});

// biome-ignore format: a table
test.each([
  ['', []],
  ['--start-daemon master\n', ['master 0']],
  ['--start-daemon master\n--start-daemon backup --syncid 2\n', ['master 0', 'backup 2']],
  ['--start-daemon master\n--start-daemon backup\n--stop-daemon master\n', ['backup 0']],
  ['--start-daemon master\n--stop-daemon master\n--start-daemon master --syncid 3\n', ['master 3']],
  ['--stop-daemon backup\n', []],
])('the sync daemons of %j', (text, expected) => {
  const { daemons } = readNumericRules(text, 'r');
  expect(daemons.map(({ role, syncId }) => `${role} ${syncId}`)).toEqual(expected);
});

const noService = (line: number, command: string) =>
  `${line}:1 [${command}] no service tcp 192.0.2.1:80 in the lines before`;
const noRule = (first: string) =>
  `not an ipvsadm rule: it begins with \`${first}', a rule with -A, -E, -D, -a, -e, -d, -C, --set or --start-daemon`;
const notRule = (command: string) => `not an ipvsadm rule: ${command} changes no rules`;
const serviceNeeded = (command: string) =>
  `You need to supply the 'service-address' option for the '${command}' command`;

// biome-ignore format: a table
test.each<readonly [string, readonly string[]]>([
  ['-E -t 192.0.2.1:80 -s rr\n', [noService(1, '-E')]],
  ['-D -t 192.0.2.1:80\n', [noService(1, '-D')]],
  [A, [noService(1, '-a')]],
  ['-e -t 192.0.2.1:80 -r 10.0.0.1 -m\n', [noService(1, '-e')]],
  ['-d -t 192.0.2.1:80 -r 10.0.0.1\n', [noService(1, '-d')]],
  [`${S}-C\n${A}`, [noService(3, '-a')]],
  [`${S}-D -t 192.0.2.1:80\n${A}`, [noService(3, '-a')]],
  [`${S}-e -t 192.0.2.1:80 -r 10.0.0.1 -m\n`, ['2:1 [-e] no real server 10.0.0.1 port 80 in the lines before']],
  [`${S}-d -t 192.0.2.1:80 -r 10.0.0.1\n`, ['2:1 [-d] no real server 10.0.0.1 port 80 in the lines before']],
  [`${S}${A}-d -t 192.0.2.1:80 -r 10.0.0.1\n-e -t 192.0.2.1:80 -r 10.0.0.1 -m\n`, ['4:1 [-e] no real server 10.0.0.1 port 80 in the lines before']],
  [S + S + A + A, ['2:1 [-A] service tcp 192.0.2.1:80 is there twice, first in line 1', '4:1 [-a] the real server 10.0.0.1 port 80 is there twice']],
  ['# 1\n\n-A -f 7\n-A -f 7\n', ['4:1 [-A] service fwmark 7 ipv4 is there twice, first in line 3']],
  ['--start-daemon master\n--start-daemon master\n', ['2:1 [--start-daemon] sync daemon master is there twice']],
  // after a line that is refused, what refers to it is not
  [`-A -t 192.0.2.1:80 -q\n${A}-e -t 192.0.2.1:80 -r 10.0.0.1 -m\n-E -t 192.0.2.1:80\n`, ['1:20 [-q] -q: unknown option']],
  [`-A -t 192.0.2.1:80 -q\n${S}${S}`, ['1:20 [-q] -q: unknown option', '3:1 [-A] service tcp 192.0.2.1:80 is there twice, first in line 2']],
  ['-L\n', [`1:1 [-L] ${notRule('-L')}`]],
  ['-L -n\n', [`1:1 [-L] ${notRule('-L')}`]],
  ['-S\n', [`1:1 [-S] ${notRule('-S')}`]],
  ['--version\n', [`1:1 [--version] ${notRule('--version')}`]],
  ['  ipvsadm -h\n', [`1:11 [-h] ${notRule('-h')}`]],
  ['foo\n', [`1:1 [foo] ${noRule('foo')}`]],
  [' \tfoo bar\n', [`1:3 [foo] ${noRule('foo')}`]],
  ['ipvsadm a\n', [`1:9 [a] ${noRule('a')}`]],
  ['\uff0dA -t x\n', ["1:1 [\uff0dA] not an ipvsadm rule: `\uff0dA' has a typographic dash (U+FF0D); type `-'"]],
  ['-A\n', [`1:1 [-A] ${serviceNeeded('add-service')}`]],
  ['-a -r 10.0.0.1 -m\n', [`1:1 [-a] ${serviceNeeded('add-server')}`]],
  ['-A -t\n', ['1:4 [-t] -t: missing argument']],
  ['  -A   -t  192.0.2.1:80  -s\n', ['1:26 [-s] -s: missing argument']],
  ['-A -t 192.0.2.1\n', ['1:7 [192.0.2.1] Zero port specified for non-persistent service']],
  ['-A -t 192.0.2.1:http\n', ['1:7 [192.0.2.1:http] illegal virtual server address[:port] specified']],
  ['-A -t web:80\n', ['1:7 [web:80] illegal virtual server address[:port] specified']],
  ['-A -t -t 192.0.2.1:80\n', ['1:7 [-t] illegal virtual server address[:port] specified']],
  ['-A -t 192.0.2.1:80 -t 192.0.2.1:80\n', ["1:23 [192.0.2.1:80] multiple 'service-address' options specified"]],
  ['-A -t 192.0.2.1:80 -s rr -s rr\n', ["1:29 [rr] multiple 'scheduler' options specified"]],
  ['-A -t 192.0.2.1:80 -w 3\n', ["1:23 [3] Illegal 'weight' option with the 'add-service' command"]],
  ['-A -t 192.0.2.1:80 extra\n', ['1:20 [extra] unexpected argument extra']],
  ['-A -t 192.0.2.1:80 extra -q -n -n\n', ['1:26 [-q] -q: unknown option']],
  ['-A -t 192.0.2.1:80 extra more\n', ['1:20 [extra] unexpected argument extra']],
  ['-A -A -t 192.0.2.1:80\n', ["1:4 [-A] invalid option `-A'"]],
  ['ipvsadm -A ipvsadm -D -t 192.0.2.1:80\n', ["1:20 [-D] invalid option `-D'"]],
  [`${S}-a -t 192.0.2.1:80 -r nohost -m\n`, ['2:23 [nohost] illegal real server address[:port] specified']],
  [`${S}-a -t 192.0.2.1:80 -m\n`, ["2:7 [192.0.2.1:80] You need to supply the 'real-server' option for the 'add-server' command"]],
  [`${S}-a -t 192.0.2.1:80 -r 10.0.0.1 -m -m -m\n`, ["2:35 [-m] multiple 'forwarding-method' options specified"]],
  [`${S}-a -t 192.0.2.1:80 -r 10.0.0.1 -m -w x\n`, ['2:38 [x] illegal weight specified']],
  // the one to blame is looked for in the first sixty arguments
  [`-A -t 192.0.2.1:80 ${'x '.repeat(55)}-q\n`, ['1:130 [-q] -q: unknown option']],
  [`-A -t 192.0.2.1:80 ${'x '.repeat(56)}-q\n`, ['1:132 [-q] -q: unknown option']],
  [`-A -t 192.0.2.1:80 ${'x '.repeat(57)}-q\n`, ['1:1 [-A] -q: unknown option']],
  [`-A -q ${'x '.repeat(90)}\n`, ['1:4 [-q] -q: unknown option']],
  // an argument of more than 4096 bytes is two: the place of what follows it is not known
  [`-A -t 192.0.2.1:80 -s ${'x'.repeat(5000)} -q\n`, ['1:1 [-A] -q: unknown option']],
])('what is wrong with %j', (text, expected) => expect(problems(text)).toEqual(expected));

// biome-ignore format: a table
test.each([
  ['services: []\n', 'this is an lvsctl file, not saved rules; lvsctl check reads it'],
  [`${S}services: []\n`, 'this is an lvsctl file, not saved rules; lvsctl check reads it'],
  ['\n*nat\nCOMMIT\n', 'these are rules of the packet filter (iptables-save), not of IPVS'],
])('another kind of file is named at its first line: %j', (text, message) => {
  expect(problems(text)).toEqual([`1:1 [] ${message}`]);
});

test('names are looked up, each line by itself', async () => {
  const asked: unknown[] = [];
  const resolve = async (lookups: unknown) => {
    asked.push(lookups);
    return { host: () => ipv4(0xc0000207), port: () => 8080 };
  };
  const text = `${S}-A -t web:http\n-a -t web:http -r 10.0.0.1:80 -m\n`;
  const { services: found } = await readRuleFile(text, 'r', { resolve });
  expect(
    found.map(({ service, destinations }) => [
      serviceKey(service.id),
      ...destinations.map(serverKey),
    ]),
  ).toEqual([['tcp 192.0.2.1:80'], ['tcp 192.0.2.7:8080', '10.0.0.1:80']]);
  expect(asked).toHaveLength(2);
});

test('an error that is none of the line is not hidden', async () => {
  const resolve = async () => {
    throw new TypeError('a bug');
  };
  await expect(readRuleFile('-A -t web:80\n', 'r', { resolve })).rejects.toThrow(TypeError);
  const host = () => {
    throw new TypeError('a bug');
  };
  const broken = { resolve: async () => ({ host, port: () => undefined }) };
  await expect(readRuleFile('-A -t web:80\n', 'r', broken)).rejects.toThrow(TypeError);
});
