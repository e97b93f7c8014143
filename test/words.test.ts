// Words that stop a reader whose first language is not English, or that mean nothing outside this
// project, each with the field's term. Searched in src, docs, share, the README and all help texts.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MANUAL } from '../src/lvsctl/manual.js';
import { lvsctl } from './support/lvsctl.js';

/** The pattern of a word, without regard to case; identifiers are read as their words. */
// biome-ignore format: a table
const RETIRED: readonly (readonly [word: string, instead: string])[] = [
  ['wish(?:es|ed)?', 'desired state'],
  ['wanted(?! By)', 'desired, expected'],
  ['meant', 'expected, intended; did you mean'],
  ['unseen', 'skipped, unknown'],
  ['unproven', 'unknown'],
  ['strangers?|foreign', 'unmanaged, drift, another program'],
  ['(?<!tables-)legacy', 'orphans'],
  ['succession|predecessors?|former(?:ly)?', 'reload, previous'],
  ['owner of the (?:table|entries)|table.s owner', 'reconciler'],
  ['gains?|losses', 'additions, removals'],
  ['slips?', 'error, mistake'],
  ['troubles?', 'error'],
  ['manners?', 'settings, flags'],
  ['surroundings', 'context'],
  ['verdicts?', 'result, outcome'],
  ['hears?|heard', 'receive'],
  ['tell(?:s|ing)?|told|untold', 'print, report, set, distinguish'],
  ['says?|said|saying|spoke', 'print, report, state, set'],
  ['words?', 'argument, field, name, text'],
  ['administrator.s word', 'administrative state, override'],
  ['(?:no|some|any|every)body|(?:some|any|every)one', 'no server, another program, each client'],
  ['(?<!(?:administrators?|users?|people|contributors?) )who|whom|whoever', 'which server, the process that'],
  ['ways?', 'route, direction, method'],
  ['home of the rules', 'backend'],
  ['at work', 'running'],
  ['look(?:s|ed|ing)? (?:at|on|again|through)', 'read, check, inspect'],
  ['mend(?:s|ed|ing)?', 'fix, repair'],
  ['stands? (?:in|at|on|there|alone|behind|beside)', 'is in, is at'],
  ['as (?:ever|always)', 'as before'],
  ['graves?|nursery|bur(?:y|ied)|born', 'stale, staging directory, created'],
  ['(?<!all )settle[sd]?', 'commit, converge, become stable'],
  ['(?<!as )usual', 'default, typical'],
  ['gone', 'removed, closed, missing'],
  ['obey(?:s|ed)?', 'follow, carry out'],
  ['put(?:s|ting)? back', 'restore'],
  ['keep the table true', 'keep the table in sync'],
  ['meanwhile', 'at the same time, until then'],
  ['what(?:so)?ever|whichever', 'any, every, also when'],
  ['thereof|hence|naught', 'of it, so, nothing'],
  ['doer', 'executor'],
  ['why no [a-z]+(?= ?\\()', 'a noun: certificateError'],
];

interface Exception {
  /** a file, or a directory with `/` at its end */
  readonly path: string;
  /** the text around the word */
  readonly text: RegExp;
  readonly reason: string;
}

// biome-ignore format: a table
const EXCEPTIONS: readonly Exception[] = [
  { path: 'docs/changelog.md', text: /./, reason: 'a record of what was, with a map of old names' },
  { path: 'docs/guide/checks.md', text: /user: nobody/, reason: 'the name of a user' },
  { path: 'docs/guide/zh/checks.md', text: /user: nobody/, reason: 'the name of a user' },
  { path: 'src/lvsctl/config/synonyms.ts', text: /foreign: \['drift'\]/, reason: 'the earlier name of a key, which leads to that of today' },
  { path: 'docs/changelog.md', text: /^\|/, reason: 'the table of renamed keys, events and types has the names of before' },
  { path: 'docs/guide/checks.md', text: /user: nobody/, reason: 'a user of the system' },
  ...['src/lvsctl/doctor/planfacts.ts', 'src/lvsctl/facts/', 'src/lvsctl/filter/iptables.ts', 'share/schema/facts-1.json'].map(
    (path) => ({ path, text: /\blegacy\b/, reason: 'the variant of iptables that has this name' }),
  ),
  { path: 'src/completion/', text: /word/i, reason: 'the term of the shells: COMP_WORDS, words' },
  { path: 'src/simulator/', text: /\bverdict\b/i, reason: 'what becomes of a packet, as in netfilter' },
  ...['src/fast/', 'src/model/', 'src/wire/codec.ts', 'src/backend/', 'src/render/sort.ts', 'src/schedulers/', 'src/ipvsadm/options.ts', 'src/lvsctl/json.ts', 'src/lvsctl/filter/values.ts', 'src/lvsctl/doctor/representatives.ts', 'src/lvsctl/plan/recordformat.ts', 'src/lvsctl/transaction/check.ts', 'src/lvsctl/config/range.ts', 'src/lvsctl/monitor/state/lasting.ts'].map(
    (path) => ({ path, text: /word/i, reason: 'an IPv6 address is four words of 32 bits' }),
  ),
];

/** `wordsOf` is `words Of`, `USUAL_PORT` is `USUAL PORT`. */
function spaced(line: string): string {
  return line.replace(/([a-z0-9])(?=[A-Z])/g, '$1 ').replaceAll('_', ' ');
}

const PATTERNS = RETIRED.map(([word, instead]) => ({
  pattern: new RegExp(`(?<![\\w-])(?:${word})(?!\\w)`, 'gi'),
  instead,
}));

/** all of them in one: most lines have none, and need no search for each */
const ANY = new RegExp(`(?<![\\w-])(?:${RETIRED.map(([word]) => word).join('|')})(?!\\w)`, 'i');

/** `NUMBER: WORD -> INSTEAD`, one for each retired word of a text. */
function retiredIn(text: string, isExempt: (line: string) => boolean = () => false): string[] {
  return text.split('\n').flatMap((line, i) => {
    if (isExempt(line)) return [];
    const readable = spaced(line);
    if (!ANY.test(readable)) return [];
    return PATTERNS.flatMap(({ pattern, instead }) =>
      [...readable.matchAll(pattern)].map(([word]) => `${i + 1}: ${word} -> ${instead}`),
    );
  });
}

const files = [
  'README.md',
  'package.json',
  ...['src', 'docs', 'share'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.(?:svg|png)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  ),
];

test('no file has one', () => {
  const found = files.flatMap((path) => {
    const exceptions = EXCEPTIONS.filter((one) => path.startsWith(one.path));
    const isExempt = (line: string) => exceptions.some(({ text }) => text.test(line));
    return retiredIn(readFileSync(path, 'utf8'), isExempt).map((each) => `${path}:${each}`);
  });
  expect(found).toEqual([]);
});

test.each(Object.keys(MANUAL))('lvsctl %s --help', async (command) => {
  const args = [...command.split(' ').filter((name) => name !== ''), '--help'];
  const { stdout, status } = await lvsctl(args, {}, { width: 500 });
  expect(status).toBe(0);
  expect(retiredIn(stdout)).toEqual([]);
});

describe('the search itself', () => {
  test.each([
    ['The wishes of a file', '1: wishes -> desired state'],
    ['fine\nconst byWay = 1;', '2: Way -> route, direction, method'],
    ['USUAL_PORT', '1: USUAL -> default, typical'],
    ['whyNoCertificates(error)', '1: why No Certificates -> a noun: certificateError'],
    ["an administrator's word", '1: word -> argument, field, name, text'],
    ['no server is there, who is down', '1: who -> which server, the process that'],
    ['It looks at the table', '1: looks at -> read, check, inspect'],
    ['the rule stands in the file', '1: stands in -> is in, is at'],
  ])('%j', (text, found) => expect(retiredIn(text)).toContain(found));

  test.each([
    'swish, always, iptables-legacy, keyword, password, anyway',
    'users who may read it; as usual; Promise.allSettled(all)',
    'it stands for one; a look-up; look up a name; whole numbers',
  ])('%j', (text) => expect(retiredIn(text)).toEqual([]));

  test('each exception is needed', () => {
    const unused = EXCEPTIONS.filter(
      ({ path, text }) =>
        !files
          .filter((file) => file.startsWith(path))
          .some((file) => retiredIn(readFileSync(file, 'utf8'), (line) => !text.test(line)).length),
    );
    expect(unused).toEqual([]);
  });
});
