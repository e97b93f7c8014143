// The manual: made from the tables, complete, and read by man without a warning.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { helpText } from '../../src/ipvsadm/program.js';
import { wholeProgram } from '../../src/lvsctl/program.js';
import { allCommands, type CommandNode, commandTree } from '../../src/lvsctl/tree.js';
import { type ManualFile, manualFiles } from '../../src/man/manual.js';
import { readMarkdown } from '../../src/man/markdown.js';
import { PAGES, pageOf } from '../../src/man/pages.js';
import { renderIpvsadmPage } from '../../src/man/parts.js';
import { renderPage } from '../../src/man/roff.js';
import { CHINESE } from '../../src/man/zh.js';
import { SCHEDULER_NAMES, SCHEDULERS } from '../../src/model/scheduler.js';
import { VERSION } from '../../src/render/version.js';

const read = (path: string) => readFileSync(path, 'utf8');
const MAN = ['/usr/bin/man', '/bin/man'].find(existsSync);
const GROFF = '/usr/bin/groff';
const run = promisify(execFile);

let tree: CommandNode;
let files: readonly ManualFile[];
const directory = mkdtempSync(join(tmpdir(), 'lvs-man-'));
beforeAll(async () => {
  tree = commandTree(await wholeProgram());
  files = manualFiles({ tree, read, version: VERSION });
  for (const { path, text } of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

const sourceOf = (path: string) => files.find((one) => one.path === path)?.text ?? '';

/** A page without fonts and escapes: what a reader sees, but for the width. */
function plain(source: string): string {
  return source
    .replace(/\\f[BIR]|\\%|\\:|\\&/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\(aq', "'");
}

/** The options of a help text; those within its examples do not count. */
function optionsIn(help: string): readonly string[] {
  const lines = help.split('\n').filter((line) => /^ +-/.test(line));
  return lines.flatMap((line) =>
    [...(line.trim().split(/ {2,}/)[0] ?? '').matchAll(/(?<![\w-])--?[\w-]+/g)].map(([one]) => one),
  );
}

describe('complete', () => {
  test('every option of `ipvsadm --help` is in ipvsadm(8), with its value', () => {
    const options = optionsIn(helpText('ipvsadm'));
    expect(options.length).toBeGreaterThan(70);
    const page = plain(sourceOf('man8/ipvsadm.8'));
    expect(
      options.filter((option) => !new RegExp(`(?<![\\w-])${option}(?![\\w-])`).test(page)),
    ).toEqual([]);
    expect(page).toMatch(/^--mcast-group address$/m);
  });

  test('every scheduler of the kernel is explained', () => {
    const page = plain(sourceOf('man8/ipvsadm.8'));
    const missing = SCHEDULER_NAMES.filter(
      (name) => !SCHEDULERS[name].absent && !new RegExp(`^\\.TP\\n${name}$`, 'm').test(page),
    );
    expect(missing).toEqual([]);
  });

  test('every option of every command of lvsctl is in a page', () => {
    const missing = allCommands(tree).flatMap(({ name, options }) => {
      const page = pageOf(name.split(' ')[0] ?? '');
      const source = plain(sourceOf(`man8/${page?.name ?? 'lvsctl'}.8`));
      const section = name === '' ? source : (source.split(`.SS "lvsctl ${name}"\n`)[1] ?? '');
      return options
        .filter(({ flags }) => !section.includes(flags.replace(/[<>]/g, '')))
        .map(({ flags }) => `${name}: ${flags}`);
    });
    expect(missing).toEqual([]);
    expect(allCommands(tree).length).toBeGreaterThan(35);
  });

  test.each(PAGES.map(({ name }) => name))('%s has examples', (name) => {
    const { section } = PAGES.find((page) => page.name === name) ?? {};
    const source = sourceOf(`man${section}/${name}.${section}`);
    expect(source).toMatch(/^\.SH "EXAMPLES?"\n(?:.*\n){0,4}\.(?:TP|EX)/m);
  });

  test('a row of the table names commands and pages that are there', () => {
    const names = tree.commands.map(({ name }) => name);
    expect(PAGES.flatMap(({ commands }) => commands).filter((one) => !names.includes(one))).toEqual(
      [],
    );
    expect(PAGES.flatMap(({ docs }) => docs).filter((one) => !existsSync(`docs/${one}`))).toEqual(
      [],
    );
    const titles = files.map(({ path }) => path.replace(/^man\d\/(.*)\.(\d)$/, '$1($2)'));
    expect(PAGES.flatMap(({ related }) => related).filter((one) => !titles.includes(one))).toEqual(
      [],
    );
  });

  test('the Chinese page has a line for each command', () => {
    const missing = tree.commands.map(({ name }) => name).filter((name) => !CHINESE[name]);
    expect(missing).toEqual([]);
  });
});

describe('shipped', () => {
  test('package.json names every page that npm can place', () => {
    const { man } = JSON.parse(read('package.json')) as { readonly man: readonly string[] };
    const english = files.filter(({ path }) => path.startsWith('man'));
    expect([...man].sort()).toEqual(english.map(({ path }) => `dist/man/${path}`).sort());
  });

  test('the build has made them', () => {
    const differ = files.filter(({ path, text }) => read(`dist/man/${path}`) !== text);
    expect(differ.map(({ path }) => path)).toEqual([]);
  });
});

test('the page of ipvsadm has the options of the table', async () => {
  const page = renderIpvsadmPage(read('docs/reference/ipvsadm.md'));
  expect(page).toContain('| `-L`, `-l`, `--list` |');
  await expect(page).toMatchFileSnapshot('../../docs/reference/ipvsadm.md');
});

// Debian's man-db, with groff: test/lab/packages installs it for CI
describe.skipIf(MAN === undefined)('man', () => {
  const man = (args: readonly string[], locale: string) =>
    run(MAN ?? '', [...args], {
      env: { PATH: process.env.PATH, LC_ALL: locale, MANWIDTH: '80', MANPAGER: 'cat', HOME: '/' },
    });

  // what man runs for each page, here once for all: man would take a second
  test('groff reads the pages without a warning', async () => {
    const paths = files.map(({ path }) => join(directory, path));
    const options = ['-K', 'utf8', '-mandoc', '-Tutf8', '-wmac', '-rLL=80n', '-z'];
    expect(await run(GROFF, [...options, ...paths])).toEqual({ stdout: '', stderr: '' });
  });

  test('has no warning in a locale without most characters', async () => {
    const head = { name: 'x', section: 8, source: 's', manual: 'm', language: 'en' } as const;
    const blocks = readMarkdown('a full-width colon：', () => undefined);
    writeFileSync(join(directory, 'x.8'), renderPage(head, blocks));
    const paths = ['x.8', 'man8/ipvsadm.8', 'man5/lvsctl.yaml.5'].map((one) =>
      join(directory, one),
    );
    const { stderr, stdout } = await man(['-l', '--warnings', ...paths], 'C');
    expect(stderr).toBe('');
    expect(stdout).toContain('full-width colon?');
  });

  test('ipvsadm(8) as shown has each option that `--help` begins a line with', async () => {
    const { stdout } = await man(['-l', join(directory, 'man8/ipvsadm.8')], 'C');
    const shown = execFileSync('col', ['-b'], { input: stdout, encoding: 'utf8' });
    const lines = helpText('ipvsadm')
      .split('\n')
      .filter((line) => /^ *--/.test(line));
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) expect(shown).toContain((/--[^ ]+/.exec(line) ?? [])[0]);
  });

  test('the Chinese page keeps to the width', async () => {
    const path = join(directory, 'zh_CN/man8/lvsctl.8');
    const { stdout, stderr } = await man(['-l', '--warnings', path], 'C.UTF-8');
    expect(stderr).toBe('');
    const columns = (line: string) =>
      line.length + (line.match(/[\u3000-\u9fff\uff00-\uffef]/g)?.length ?? 0);
    expect(stdout).toContain('名称');
    expect(stdout.split('\n').filter((line) => columns(line) > 80)).toEqual([]);
  });
});
