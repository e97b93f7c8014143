// lvsctl explain: arguments, the table afterwards, what follows, what is wrong; in both languages,
// as text and as JSON that fits its schema.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { OPTIONS } from '../../../src/ipvsadm/options.js';
import { MEANINGS } from '../../../src/lvsctl/explain/arguments.js';
import { SCHEDULER_TEXTS } from '../../../src/lvsctl/explain/schedulers.js';
import { scriptLines, splitArguments } from '../../../src/lvsctl/explain/script.js';
import { SCHEDULER_NAMES } from '../../../src/model/scheduler.js';
import { answer } from '../../support/inprocess.js';
import { lvsctl } from '../../support/lvsctl.js';
import { fakeMachine } from '../../support/machine.js';

const schema = JSON.parse(
  readFileSync(new URL('../../../share/schema/explain-1.json', import.meta.url), 'utf8'),
) as object;
const fits = new Ajv2020().compile(schema);

interface ExplainedJson {
  readonly language: string;
  readonly rules: readonly string[];
  readonly lines: readonly {
    readonly line: number;
    readonly skipped: string | null;
    readonly arguments: readonly { readonly text: string; readonly meaning: string }[];
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly assumed: readonly string[];
    readonly consequences: readonly string[];
    readonly refused: { readonly message: string; readonly advice: string | null } | null;
  }[];
}

async function json(args: readonly string[], files = {}, more = {}): Promise<ExplainedJson> {
  const { stdout, stderr } = await lvsctl(['explain', '--json', ...args], files, more);
  expect(stderr).toBe('');
  const value = JSON.parse(stdout) as ExplainedJson;
  fits(value);
  expect(fits.errors).toBe(null);
  return value;
}
const line = async (text: string, ...more: string[]) => (await json([text, ...more])).lines[0];

test('every option and every scheduler has a meaning in both languages', () => {
  for (const { long } of OPTIONS) {
    const { en, zh } = MEANINGS[long]?.('1', false) ?? { en: '', zh: '' };
    expect({ long, en, zh }).toMatchObject({ en: /./, zh: /\p{Script=Han}/u });
  }
  expect(Object.keys(SCHEDULER_TEXTS).sort()).toEqual([...SCHEDULER_NAMES].sort());
});

test('a service: its arguments, the rule, what follows', async () => {
  expect(await line('ipvsadm -A -t 192.0.2.1:80 -s wrr -p 300')).toEqual({
    line: 1,
    text: 'ipvsadm -A -t 192.0.2.1:80 -s wrr -p 300',
    skipped: null,
    arguments: [
      { text: '-A', meaning: 'add a virtual service' },
      { text: '-t 192.0.2.1:80', meaning: 'the TCP service (VIP), port 80' },
      { text: '-s wrr', meaning: expect.stringMatching(/^weighted round robin/) },
      { text: '-p 300', meaning: expect.stringMatching(/300 s/) },
    ],
    added: ['-A -t 192.0.2.1:80 -s wrr -p 300'],
    removed: [],
    assumed: [],
    consequences: [
      expect.stringMatching(/must have the VIP/),
      expect.stringMatching(/refuses every connection/),
      expect.stringMatching(/within 300 s/),
    ],
    refused: null,
  });
});

// biome-ignore format: a table
test.each([
  // what a server needs
  ['-a -t 192.0.2.1:80 -r 10.0.0.11:8080 -m -w 2', [/default gateway/, /port 80 .* becomes 8080/]],
  ['-a -t 192.0.2.1:80 -r 10.0.0.11 -g', [/\/32 on lo/, /on a network of the director/]],
  ['-a -t [2001:db8::1]:80 -r [2001:db8::11]:80 -g', [/\/128 on lo/]],
  ['-a -t 192.0.2.1:80 -r 10.0.0.11 -i --tun-type gue --tun-port 6080', [/a gue device with the VIP/, /MSS/]],
  ['-a -t 192.0.2.1:80 -r 10.0.0.11 -w 0', [/no new connections/]],
  ['-a -t 192.0.2.1:80 -r 10.0.0.11 -x 100', [/From 100 connections/]],
  ['-e -t 192.0.2.1:80 -r 10.0.0.11 -w 3', [/direct routing afterwards/]],
  ['-d -t 192.0.2.1:80 -r 10.0.0.11', [/expire_nodest_conn/, /-w 0/]],
  ['-a -t 192.0.2.1:80 -r 10.0.0.11:8080 -g', [/^The port of '10\.0\.0\.11:8080' is ignored: .*, 80\.$/]],
  // a service
  ['-A -t 192.0.2:80', [/^'192\.0\.2:80' has fewer than four numbers, and is read as 192\.0\.0\.2\.$/]],
  ['-E -t 192.0.2.1:80 -p -M 24', [/mask 0\.0\.0\.24.*: type 255\.255\.255\.0\.$/]],
  ['-A -f 7 -s rr', [/--set-mark 7$/]],
  ['-A -f 7 -6 -s rr', [/^The packet filter .*ip6tables/]],
  ['-A -t 192.0.2.1:0 -p', [/all ports/]],
  ['-A -u 192.0.2.1:53 -o', [/Each packet is scheduled by itself/]],
  ['-A -t 192.0.2.1:80 -s sh', [/clients of a server with weight 0.*sh-fallback/]],
  ['-A -u 192.0.2.1:5060 -p 60 --pe sip', [/Call-ID/]],
  ['-D -t 192.0.2.1:80', [/with a reset/]],
  ['-C', [/with a reset/]],
  // the rest
  ['-Z', [/Counters/]],
  ['--set 900 120 300', [/next packet/]],
  ['--start-daemon master --mcast-interface eth1 --syncid 3', [/eth1, to backups with syncid 3/]],
  ['--start-daemon backup', [/taken over/]],
  ['--stop-daemon master', [/not synchronised/]],
  ['-Ln --stats', [/changes nothing/]],
  ['-R', [/as each would by itself/]],
  ['', [/changes nothing/]],
] as const)('what follows from %s', async (text, expected) => {
  const found = await line(`ipvsadm ${text}`);
  expect(found?.refused ?? null).toBe(text.startsWith('--stop') ? found?.refused : null);
  if (text.startsWith('--stop')) return;
  for (const pattern of expected) expect(found?.consequences.join('\n')).toMatch(new RegExp(pattern.source, 'm'));
  const zh = await line(`ipvsadm ${text}`, '--lang', 'zh');
  expect(zh?.consequences.length).toBe(found?.consequences.length);
  for (const one of [...(zh?.consequences ?? []), ...(zh?.arguments ?? []).map(({ meaning }) => meaning)])
    expect(one).toMatch(/\p{Script=Han}/u);
});

describe('the table that it begins with', () => {
  const RULES = '-A -t 192.0.2.1:80 -s wrr -p 60\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1\n';
  const files = { rules: RULES };

  test('is unknown: what is needed is assumed', async () => {
    expect(await line('ipvsadm -e -t 192.0.2.1:80 -r 10.0.0.1 -w 3')).toMatchObject({
      assumed: ['tcp 192.0.2.1:80', '10.0.0.1:80'],
      removed: ['10.0.0.1:80'],
      added: ['-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 3'],
      refused: null,
    });
    expect(await line('ipvsadm -D -t 192.0.2.1:80')).toMatchObject({
      assumed: ['tcp 192.0.2.1:80'],
      removed: ['tcp 192.0.2.1:80'],
      added: [],
    });
    expect(await line('ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.1')).toMatchObject({
      assumed: ['tcp 192.0.2.1:80'],
      removed: [],
      added: ['-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1'],
    });
  });

  test('a service that a line adds, and an empty table, are known whole', async () => {
    const script =
      '-A -t 192.0.2.1:80\n-e -t 192.0.2.1:80 -r 10.0.0.1\n-e -t 192.0.2.2:80 -r 10.0.0.1\n-C\n-D -t 192.0.2.2:80\n';
    const { lines } = await json(['-'], { '-': script });
    expect(lines.map(({ refused, assumed }) => refused?.message ?? assumed)).toEqual([
      [],
      'No such destination',
      ['tcp 192.0.2.2:80', '10.0.0.1:80'],
      [],
      'No such service',
    ]);
  });

  test('saved rules: what is changed and lost', async () => {
    const { lines } = await json(
      ['-e -t 192.0.2.1:80 -r 10.0.0.1 -w 3', '--rules', 'rules'],
      files,
    );
    expect(lines[0]).toMatchObject({
      assumed: [],
      removed: ['-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1'],
      added: ['-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 3'],
    });
    expect(lines[0]?.consequences.join('\n')).toMatch(
      /masquerade becomes direct; -m would keep it/,
    );
    const edit = await json(['-E -t 192.0.2.1:80 -s rr', '--rules', 'rules'], files);
    expect(edit.lines[0]?.consequences.join('\n')).toMatch(/-p 60 is lost/);
    const more = await json(['-a -t 192.0.2.1:80 -r 10.0.0.2 -m -w 3', '--rules', 'rules'], files);
    expect(more.lines[0]?.consequences.join('\n')).toMatch(/share is 3 of 4, about 75 %/);
  });

  test('saved rules: what is not there is refused', async () => {
    const { lines } = await json(['-D -u 192.0.2.1:80', '--rules', 'rules'], files);
    expect(lines[0]).toMatchObject({
      refused: { message: 'No such service', advice: expect.stringMatching(/no such service/) },
      assumed: [],
    });
  });

  test('the live table', async () => {
    const backend = new MemoryBackend();
    await answer('ipvsadm', ['-R'], { backend, stdin: RULES });
    const more = { machine: fakeMachine({}, {}, backend) };
    const { lines, rules } = await json(['-A -t 192.0.2.1:80', '--live'], {}, more);
    expect(lines[0]?.refused?.message).toBe('Service already exists');
    expect(rules).toContain('-A -t 192.0.2.1:80 -s wrr -p 60');
  });
});

test('what is wrong and what was probably intended, status 1', async () => {
  const refused = await lvsctl(['explain', 'ipvsadm -A -t 192.168.50.1:80-s rr']);
  expect(refused.status).toBe(1);
  expect(refused.stdout).toMatch(
    /Refused\n {2}illegal virtual server address\[:port\] specified\n {2}\* a blank is missing/,
  );
  expect((await lvsctl(['explain', '--lang', 'zh', 'ipvsadm –A'])).stdout).toMatch(/排版用的短横/);
});

describe('text', () => {
  const SCRIPT = `#!/bin/sh
# a tutorial
VIP=192.0.2.1   # the VIP
RS1="10.0.0.11"
IPVSADM=/sbin/ipvsadm
echo 1 > /proc/sys/net/ipv4/ip_forward
/sbin/ipvsadm -C; sudo ipvsadm -A -t $VIP:80 \\
   -s rr
$IPVSADM -a -t \${VIP}:80 -r "$RS1" -m && ipvsadm -Ln > /tmp/x
ipvsadm -a -t $VIP:80 -r $RS2 -m
`;
  test('of a script: variables, joined lines, what only a shell can expand', () => {
    expect(
      scriptLines(SCRIPT).map(({ line, args, skipped }) => [line, args?.join(' ') ?? skipped]),
    ).toEqual([
      [6, 'not a command of ipvsadm'],
      [7, '-C'],
      [7, '-A -t 192.0.2.1:80 -s rr'],
      [9, '-a -t 192.0.2.1:80 -r 10.0.0.11 -m'],
      [9, '-Ln'],
      [10, 'needs a shell'],
    ]);
  });

  // biome-ignore format: a table
  test.each([
    // where a command ends, and what is before it
    ['ipvsadm -Ln | grep -c x', ['-Ln', 'not a command of ipvsadm']],
    ['ipvsadm -C >/dev/null 2>&1 || true', ['-C', 'not a command of ipvsadm']],
    ['ipvsadm -C &> /tmp/x &', ['-C']],
    ['ipvsadm -A -t 192.0.2.1:80>x', ['-A -t 192.0.2.1:80']],
    ['ipvsadm -R <<EOF', ['-R']],
    ['ipvsadm -A -t <VIP>:80 -s rr', ['-A -t <VIP>:80 -s rr']],
    ['ipvsadm -A -t <VIP>:<PORT> -s rr 2>/tmp/x', ['-A -t <VIP>:<PORT> -s rr']],
    ['ipvsadm -A -t "a;b|c&d"', ['-A -t a;b|c&d']],
    ['sudo -n ipvsadm -C; sudo -u root /sbin/ipvsadm -Z', ['-C', '-Z']],
    ['/usr/bin/sudo A=1 ipvsadm -C', ['-C']],
    ['LVS_BACKEND=memory ipvsadm -C', ['-C']],
    ['if ipvsadm -Ln >/dev/null; then ipvsadm -C; fi', ['-Ln', '-C', 'not a command of ipvsadm']],
    ['start) ipvsadm -C ;;', ['-C']],
    ['up() { ipvsadm -C; }', ['-C', 'not a command of ipvsadm']],
    ['$ ipvsadm -C\n[root@lvs ~]# ipvsadm -Z\nme@lvs:~$ sudo ipvsadm -Ln\nbash-5.1# ipvsadm -L', ['-C', '-Z', '-Ln', '-L']],
    ['# ipvsadm -C\n# ipvsadm -A -t 192.0.2.1:80', ['-C', '-A -t 192.0.2.1:80']],
    ['# ipvsadm -C\nipvsadm -Z', ['-Z']],
    ['# how to use ipvsadm -C', []],
    ['echo ipvsadm -C', ['not a command of ipvsadm']],
    ['which ipvsadm', ['not a command of ipvsadm']],
    ['apt install -y ipvsadm', ['not a command of ipvsadm']],
    // a variable that a shell gives another value is not known any more
    ['V=1\nV=$(x)\nipvsadm -D -f $V', ['needs a shell', 'needs a shell']],
    ['V=1; read V; ipvsadm -D -f $V', ['not a command of ipvsadm', 'needs a shell']],
    ['V=1; for V in 2 3; do ipvsadm -D -f $V; done', ['not a command of ipvsadm', 'needs a shell', 'not a command of ipvsadm']],
    ['V=1; if x; then V=2; fi; ipvsadm -D -f $V', ['not a command of ipvsadm', 'not a command of ipvsadm', 'not a command of ipvsadm', 'needs a shell']],
    [`V=1; ipvsadm -D -f \${V:-2}`, ['needs a shell']],
    [`V=1; ipvsadm -D -f "\${V:-2}"`, ['needs a shell']],
    [`V=1; ipvsadm -D -f "\${V}2"`, ['-D -f 12']],
    ['V=1\nif x\nthen\nV=2\nipvsadm -D -f $V\nelse\nipvsadm -D -f $V\nfi\nipvsadm -D -f $V', ['not a command of ipvsadm', 'not a command of ipvsadm', '-D -f 2', 'not a command of ipvsadm', 'needs a shell', 'not a command of ipvsadm', 'needs a shell']],
    ['V=1\ncase "$M" in\na)\nW=2\nipvsadm -D -f $V$W;;\nb)\nipvsadm -D -f $W\nesac\nipvsadm -D -f $V', ['needs a shell', 'not a command of ipvsadm', '-D -f 12', 'not a command of ipvsadm', 'needs a shell', 'not a command of ipvsadm', '-D -f 1']],
    ['for i in 1 2; do\nV=3\nipvsadm -D -f $V\ndone\nV=4\nipvsadm -D -f $V', ['not a command of ipvsadm', 'not a command of ipvsadm', '-D -f 3', 'not a command of ipvsadm', '-D -f 4']],
    ['ipvsadm -A -t $1:80', ['needs a shell']],
    ['ipvsadm -A -t "$1:80"', ['needs a shell']],
    ['ipvsadm -A -t "$@"', ['needs a shell']],
  ] as const)('of a script: %s', (text, expected) => {
    expect(scriptLines(text).map(({ args, skipped }) => args?.join(' ') ?? skipped)).toEqual(expected);
  });

  test.each([
    [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
    [`a\\ b ''`, ['a b', '']],
    ['a"b"c', ['abc']],
    ['$(x)', undefined],
    ["'open", undefined],
    ['`x`', undefined],
  ])('is split as a shell does: %s', (text, expected) => {
    expect(splitArguments(text)).toEqual(expected);
  });

  test('comes as an argument, as arguments, from a file, from stdin', async () => {
    const files = { rules: '-A -t 192.0.2.1:80\n', '-': '-A -t 192.0.2.1:80\n' };
    const texts = await Promise.all(
      [['-A -t 192.0.2.1:80'], ['ipvsadm', '-A', '-t', '192.0.2.1:80'], ['rules'], ['-'], []].map(
        async (args) => (await json(args, files)).lines.map(({ added }) => added),
      ),
    );
    for (const one of texts) expect(one).toEqual([['-A -t 192.0.2.1:80 -s wlc']]);
  });

  test('that has no command line, two beginnings', async () => {
    expect(await lvsctl(['explain', '# nothing'])).toMatchObject({ status: 2, stdout: '' });
    expect(await lvsctl(['explain', '-Ln', '--live', '--rules', 'x'])).toMatchObject({ status: 2 });
  });

  test('fits 80 columns, in Chinese as well', async () => {
    const files = { script: SCRIPT };
    for (const lang of ['en', 'zh']) {
      const { stdout } = await lvsctl(['explain', '--lang', lang, 'script'], files);
      const widths = stdout
        .split('\n')
        .filter((one) => !/^\d+: |^ {2}[-+] /.test(one))
        .map((one) =>
          [...one].reduce((sum, c) => sum + (/[\u2e80-\u9fff\uff00-\uffef]/.test(c) ? 2 : 1), 0),
        );
      expect(Math.max(...widths)).toBeLessThanOrEqual(82); // a full stop may hang
    }
    const locale = { env: { LANG: 'zh_CN.UTF-8' } };
    expect((await lvsctl(['explain', '-Ln'], {}, locale)).stdout).toMatch(/打印表/);
  });
});
