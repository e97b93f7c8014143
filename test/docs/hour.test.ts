// docs/guide/hour.md is typed in a shell of its own, without root, and what the commands print is
// compared. `LVS_GUIDE_RECORD=1` writes it into the page; copy the blocks into the Chinese one.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FUNCTIONS, oneShell } from '../support/oneshell.js';

const PAGE = 'docs/guide/hour.md';
const CHINESE = 'docs/guide/zh/hour.md';
const BLOCK = /^```console\n([\s\S]*?)^```$/gm;

/** Command lines; one with `<<'END'` goes on to `END`. */
function commandsIn(block: string): string[] {
  const commands: string[] = [];
  let open = false;
  for (const line of block.split('\n')) {
    if (open) commands.push(`${commands.pop()}\n${line}`);
    else if (line.startsWith('$ ')) commands.push(line.slice(2));
    if (line.startsWith('$ ') && line.includes("<<'END'")) open = true;
    else if (line === 'END') open = false;
  }
  return commands;
}

/** The pictures that the commands write, as the page shows them. */
const PICTURES = ['nat', 'dr', 'tun'];
const figure = (name: string) => `docs/figures/path-${name}.svg`;

/** What each command printed, on stdout and stderr, in one shell; and the pictures. */
function play(commands: readonly string[]): { answers: string[]; pictures: string[] } {
  const home = mkdtempSync(join(tmpdir(), 'lvs-hour-'));
  try {
    const script = commands.map((command, i) => `${command}\necho '<${i}>'\n`).join('');
    const output = oneShell(['-c', `. ${FUNCTIONS}\n${script}`], {
      cwd: home,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: home,
        LC_ALL: 'C.UTF-8',
        LVS_BACKEND: `file:${join(home, 'lvs.json')}`,
      },
    });
    const pictures = PICTURES.map((name) => readFileSync(join(home, `${name}.svg`), 'utf8'));
    return { answers: output.split(/^<\d+>\n/m), pictures };
  } finally {
    rmSync(home, { recursive: true });
  }
}

/** The page with the answers of a run, and the pictures. */
function withAnswers(page: string): { played: string; pictures: readonly string[] } {
  const { answers, pictures } = play(
    [...page.matchAll(BLOCK)].flatMap(([, block = '']) => commandsIn(block)),
  );
  let next = 0;
  const played = page.replace(BLOCK, (_, block: string) => {
    const parts = commandsIn(block).map((command) => `$ ${command}\n${answers[next++] ?? ''}`);
    return `\`\`\`console\n${parts.join('')}\`\`\``;
  });
  return { played, pictures };
}

test('the hour on a laptop', () => {
  const page = readFileSync(PAGE, 'utf8');
  const { played, pictures } = withAnswers(page);
  if (process.env.LVS_GUIDE_RECORD) {
    writeFileSync(PAGE, played);
    for (const [i, name] of PICTURES.entries()) writeFileSync(figure(name), pictures[i] ?? '');
  } else {
    expect(page).toBe(played);
    expect(PICTURES.map((name) => readFileSync(figure(name), 'utf8'))).toEqual(pictures);
  }
});

test('the Chinese page has the same commands and answers', () => {
  const blocks = (path: string) =>
    [...readFileSync(path, 'utf8').matchAll(BLOCK)].map(([all]) => all);
  expect(blocks(CHINESE)).toEqual(blocks(PAGE));
});
