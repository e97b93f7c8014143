// The completion scripts in the real shells. Each answers a list of lines in one start: what TAB
// offers at the end of the line. lvsctl is ours, with a table file and an lvsctl file.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillTable, lvsctlOn } from '../support/ontablefile.js';

const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'lvs-completion-'));
const table = join(directory, 'table.json');
/** where the shells are: names of files are offered too */
const empty = join(directory, 'empty');
mkdirSync(empty);
const file = resolve('share/examples/lvs.yaml');
const env = {
  PATH: `${directory}:${resolve('bin')}:${process.env.PATH}`,
  HOME: directory,
  TERM: 'dumb',
  LC_ALL: 'C.UTF-8',
  LVS_BACKEND: `file:${table}`,
};

/** lvsctl that asks this process what it offers, through two FIFOs: Node starts slowly. */
const ASKING = `#!/bin/sh
[ "$1" = __complete ] || exec ${resolve('bin/lvsctl')} "$@"
printf '%s\\0' "$@" >"$HOME/question"
exec cat "$HOME/answer"
`;
const [question, answer] = [join(directory, 'question'), join(directory, 'answer')];

/** Answers until an empty question comes. */
async function answerAll(): Promise<void> {
  for (;;) {
    const args = (await readFile(question, 'utf8')).split('\0').slice(0, -1);
    if (args.length === 0) return;
    await writeFile(answer, (await lvsctlOn(table, args)).stdout);
  }
}
let answered: Promise<void>;

beforeAll(async () => {
  await run('mkfifo', [question, answer]);
  answered = answerAll();
  const rules = [
    '-A -t 192.0.2.1:80 -s wrr',
    '-a -t 192.0.2.1:80 -r 10.0.0.11:8080 -m',
    '-A -t [2001:db8::1]:443 -s mh',
    '-A -u 192.0.2.1:53',
    '-a -u 192.0.2.1:53 -r 10.0.0.12:53 -m',
    '-A -f 7',
  ];
  await fillTable(table, `${rules.join('\n')}\n`);
  writeFileSync(join(directory, 'lvsctl'), ASKING, { mode: 0o755 });
});
afterAll(async () => {
  await writeFile(question, '');
  await answered;
  rmSync(directory, { recursive: true });
});

/** A line, and all that is offered; `has` and `hasNot` where there is more. */
interface Case {
  readonly line: string;
  readonly is?: readonly string[];
  readonly has?: readonly string[];
  readonly hasNot?: readonly string[];
}

// biome-ignore format: a table
const CASES: readonly Case[] = [
  { line: 'lvsctl mon', is: ['monitor'] },
  { line: 'lvsctl ', has: ['check', 'help', 'completion'], hasNot: ['__complete', '--help'] },
  { line: 'lvsctl monitor st', is: ['status'] },
  { line: 'lvsctl help monitor re', is: ['reload'] },
  { line: 'lvsctl monitor status --wa', is: ['--watch'] },
  { line: 'lvsctl monitor status --interval 5 --co', is: ['--count'] },
  { line: 'lvsctl monitor --on-exit ', is: ['leave', 'remove'] },
  { line: 'lvsctl monitor --on-exit=l', is: ['leave'] },
  { line: 'lvsctl apply -', has: ['-n', '--dry-run', '--label'], hasNot: ['--watch'] },
  { line: 'lvsctl apply -n --only a', is: ['add'] },
  { line: 'lvsctl apply --only add,', is: ['add,edit', 'add,remove'] },
  { line: 'lvsctl simulate --compare rr,wl', is: ['rr,wlc'] },
  { line: 'lvsctl completion ', is: ['bash', 'fish', 'zsh'] },
  { line: 'lvsctl show connections --state SYN_', is: ['SYN_RECV', 'SYN_SENT'] },
  { line: 'lvsctl show connections --service 192.', is: ['192.0.2.1:53', '192.0.2.1:80'] },
  { line: 'lvsctl show connections --server ', is: ['10.0.0.11:8080', '10.0.0.12:53'] },
  { line: `lvsctl drain --file ${file} ns`, is: ['ns1', 'ns2'] },
  { line: `lvsctl drain --file ${file} --service we`, is: ['web', 'web6'] },
  { line: `lvsctl drain --file ${file} --service web 198.51.100.11:`, is: ['198.51.100.11:8080'] },
  { line: 'lvsctl ensure -t 192.0.2.1:80 -s wl', is: ['wlc'] },
  { line: 'lvsctl set -t 192.0.2.1:80 -r ', is: ['10.0.0.11:8080'] },
  { line: `lvsctl check ${directory}/table.j`, has: [table] },
  { line: 'lvs-cli moni', is: ['monitor'] },
  { line: 'ipvsadm -', has: ['-A', '--add-service', '-L', '-l'], hasNot: ['-t', '-s'] },
  { line: 'ipvsadm --add-s', is: ['--add-server', '--add-service'] },
  { line: 'ipvsadm -A -', has: ['-t', '--scheduler', '-b'], hasNot: ['-r', '--stats', '-A'] },
  { line: 'ipvsadm -L --st', is: ['--stats'] },
  { line: 'ipvsadm -Ln --ti', is: ['--timeout'] },
  { line: 'ipvsadm -D -t ', is: ['192.0.2.1:80', '[2001:db8::1]:443'] },
  { line: 'ipvsadm -D -t 192.0.2.1:', is: ['192.0.2.1:80'] },
  { line: 'ipvsadm -Dt 1', is: ['192.0.2.1:80'] },
  { line: 'ipvsadm -D -u ', is: ['192.0.2.1:53'] },
  { line: 'ipvsadm -D --udp-service=192', is: ['192.0.2.1:53'] },
  { line: 'ipvsadm -D -f ', is: ['7'] },
  { line: 'ipvsadm -d -t 192.0.2.1:80 -r 10', is: ['10.0.0.11:8080'] },
  { line: 'ipvsadm -a -t 192.0.2.1:80 -r 10', is: ['10.0.0.12:53'] },
  { line: 'ipvsadm -A -t 192.0.2.9:80 -s w', is: ['wlc', 'wrr'] },
  { line: 'ipvsadm -A -t 192.0.2.9:80 -s sh -b sh', is: ['sh-fallback', 'sh-port'] },
  { line: 'ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.13 --tun-type g', is: ['gre', 'gue'] },
  { line: 'ipvsadm --start-daemon m', is: ['master'] },
  { line: 'ipvsadm --start-daemon master --mcast-interface l', has: ['lo'] },
  { line: 'ipvsadm -A -t 192.0.2.1:80 -p 300 -s m', is: ['mh'] },
];

function check(offered: readonly string[], { is, has = [], hasNot = [] }: Case): void {
  if (is) expect([...offered].sort()).toEqual([...is].sort());
  // zsh prints the name of a file without its directory
  const names = [...offered, ...offered.map((one) => join(directory, one))];
  expect(names).toEqual(expect.arrayContaining([...has]));
  expect(offered.filter((one) => hasNot.includes(one))).toEqual([]);
}

/** What a shell printed: `<N>` ends the answer to the line N. */
function answersOf(stdout: string): readonly (readonly string[])[] {
  const parts = stdout.replace(/^ready$/m, '').split(/^<\d+>$/m);
  return parts.map((part) => part.split('\n').filter((line) => line.trim() !== ''));
}

/** Script that answers all lines; what the shell is called with. */
interface Shell {
  readonly name: string;
  readonly script: (lines: readonly string[]) => string;
  readonly args: readonly string[];
  /** an offered text as it is in the table of cases */
  readonly whole: (offered: string, line: string) => string;
}

const quoted = (line: string) => `'${line.replaceAll("'", `'\\''`)}'`;
const lastWord = (line: string) => /\S*$/.exec(line)?.[0] ?? '';

/** bash leaves out what is before the last colon or equals sign. */
function withPrefix(offered: string, line: string): string {
  const word = lastWord(line).replace(/^--[\w-]+=/, '');
  return `${word.slice(0, word.lastIndexOf(':') + 1)}${offered}`;
}

const SHELLS: readonly Shell[] = [
  {
    name: 'bash',
    // as readline calls the function: the words are broken at colons and equals signs as well
    script: (lines) => `source <(lvsctl completion bash)
ask() {
  COMP_LINE=$1 COMP_POINT=\${#1}
  [[ $(complete -p "\${1%% *}") =~ -F\\ ([^ ]*) ]]
  "\${BASH_REMATCH[1]}" "\${1%% *}"
  printf '%s\\n' "\${COMPREPLY[@]}"
}
${lines.map((line, i) => `ask ${quoted(line)}; echo '<${i}>'`).join('\n')}`,
    args: ['--norc', '--noprofile'],
    whole: withPrefix,
  },
  {
    name: 'zsh',
    // a zsh at a pseudo terminal, whose compadd writes down what fits; Ctrl-X ends an answer
    script: (lines) => `cat >$HOME/.zshrc <<'END'
PROMPT= RPROMPT= LISTMAX=9999
unsetopt beep
# Ctrl-X begins longer keys: zsh would wait 0.4 s for the rest of each
KEYTIMEOUT=1
autoload -Uz compinit
compinit -u -D
source <(lvsctl completion zsh)
compadd() {
  local -a found
  if [[ " $* " != *" -O "* && " $* " != *" -D "* && " $* " != *" -A "* ]]; then
    builtin compadd -O found "$@"
    print -rl -- "\${IPREFIX#*=}"\${^found} >>$OUT
  fi
  builtin compadd "$@"
}
n=0
answered() { print -r -- "<$((n++))>" >>$OUT; BUFFER= }
zle -N answered
bindkey '^X' answered
print ready >>$OUT
END
zmodload zsh/zpty zsh/zselect
wait_for() {
  for i in {1..6000}; do
    [[ -e $OUT && "$(<$OUT)" == *$1 ]] && return
    while zpty -r -t z >/dev/null; do :; done
    zselect -t 1
  done
  print "no $1" >&2
}
zpty z zsh -i
wait_for ready
for line in ${lines.map(quoted).join(' ')}; do
  zpty -w -n z "$line"$'\\t\\x18'
  wait_for "<$((n++))>"
done
cat $OUT`,
    args: ['-f'],
    whole: (offered) => offered,
  },
  {
    name: 'fish',
    script: (lines) => `lvsctl completion fish | source
${lines.map((line, i) => `complete -C ${quoted(line)} | string replace -r '\\t.*' ''; echo '<${i}>'`).join('\n')}`,
    args: ['--no-config'],
    whole: (offered) => offered.replace(/^--[\w-]+=/, ''),
  },
];

const place = (name: string) => [`/usr/bin/${name}`, `/bin/${name}`].find(existsSync);

describe.each(SHELLS)('$name', ({ name, script, args, whole }) => {
  // Debian's packages zsh and fish; test/lab/packages installs them
  const program = place(name);
  let answers: readonly (readonly string[])[] = [];
  beforeAll(async () => {
    if (program === undefined) return;
    const path = join(directory, `script.${name}`);
    writeFileSync(path, script(CASES.map(({ line }) => line)));
    const { stdout, stderr } = await run(program, [...args, path], {
      cwd: empty,
      env: { ...env, OUT: join(directory, `out.${name}`) },
    });
    expect(stderr).toBe('');
    answers = answersOf(stdout);
  });

  test.skipIf(program === undefined).each(CASES.map((one, i) => ({ ...one, i })))(
    '$line',
    (one) => {
      const offered = (answers[one.i] ?? []).map((each) => whole(each.trim(), one.line));
      check([...new Set(offered)], one);
    },
  );
});
