// The whole manual as texts: pages of lvsctl and ipvsadm in English, lvsctl(8) in Chinese, and
// a page of its own for each command that is in the page of several.
import type { CommandNode } from '../lvsctl/tree.js';
import { code, type ManualBlock, paragraph, section, strong, type Tagged, text } from './blocks.js';
import { commandBlocks, exampleBlocks, statusBlocks, synopsis, usageBlocks } from './commands.js';
import { readMarkdown } from './markdown.js';
import { type ManualPage, PAGES, pageOf } from './pages.js';
import { renderIpvsadmPage } from './parts.js';
import { renderPage } from './roff.js';
import { chineseBlocks } from './zh.js';

export interface ManualFile {
  /** below the directory of the manual, as in `man8/lvsctl.8` */
  readonly path: string;
  readonly text: string;
}

export interface ManualSources {
  /** lvsctl with all its commands */
  readonly tree: CommandNode;
  /** a page below docs/, an example below share/ */
  readonly read: (path: string) => string;
  readonly version: string;
}

/** Every file of the manual. */
export function manualFiles(sources: ManualSources): readonly ManualFile[] {
  const { tree, version } = sources;
  const head = { source: `lvs-cli ${version}`, manual: 'Linux Virtual Server' };
  const file = (page: ManualPage) => ({
    path: pathOf(page),
    text: renderPage({ ...head, ...page, language: 'en' }, pageBlocks(page, sources)),
  });
  const chinese = {
    path: 'zh_CN/man8/lvsctl.8',
    text: renderPage({ ...head, name: 'lvsctl', section: 8, language: 'zh' }, chineseBlocks(tree)),
  };
  return [...PAGES, ...singlePages(tree)].map(file).concat(chinese);
}

/** For a command in the page of several, a page of its own as well: `man lvsctl-drain`. */
function singlePages(tree: CommandNode): readonly ManualPage[] {
  return tree.commands.flatMap(({ name, help }) => {
    const page = pageOf(name);
    if (page === undefined || page.name === `lvsctl-${name}`) return [];
    const related = [`${page.name}(${page.section})`, 'lvsctl(8)'];
    const own = { name: `lvsctl-${name}`, summary: help, commands: [name], docs: [], related };
    return [{ ...own, section: 8 as const }];
  });
}

/** `man8/lvsctl.8` */
export function pathOf({ name, section: number }: ManualPage): string {
  return `man${number}/${name}.${number}`;
}

function pageBlocks(page: ManualPage, sources: ManualSources): readonly ManualBlock[] {
  const head: readonly ManualBlock[] = [
    section('Name'),
    { kind: 'paragraph', text: [text(`${page.name} - ${page.summary}`)] },
  ];
  return [...head, ...bodyOf(page, sources), ...seeAlso(page)];
}

function bodyOf(page: ManualPage, sources: ManualSources): readonly ManualBlock[] {
  const { intro, rest } = docsBlocks(page, sources);
  if (page.name === 'lvsctl')
    return [...lvsctlBlocks(sources.tree), section('Files and sockets'), ...intro, ...rest];
  if (page.name === 'lvsctl.yaml')
    return [section('Description'), ...intro, ...rest, ...fileExample(sources)];
  if (page.commands.length === 0) return described(intro, rest);
  const nodes = sources.tree.commands.filter(({ name }) => page.commands.includes(name));
  return [
    section('Synopsis'),
    { kind: 'synopsis', lines: synopsis(nodes) },
    ...(intro.length > 0 ? [section('Description'), ...intro] : []),
    section('Commands'),
    ...commandBlocks(nodes),
    ...rest,
    ...statusBlocks(nodes),
    ...exampleBlocks(nodes),
  ];
}

/** A page of ipvsadm: what is before its first heading begins its section Description. */
function described(
  intro: readonly ManualBlock[],
  rest: readonly ManualBlock[],
): readonly ManualBlock[] {
  return rest.flatMap((block, i) => {
    if (block.kind === 'code' && isSection(rest[i - 1], 'Synopsis'))
      return [{ kind: 'synopsis', lines: block.lines }];
    return isSection(block, 'Description') ? [block, ...intro] : [block];
  });
}

function lvsctlBlocks(tree: CommandNode): readonly ManualBlock[] {
  const own = tree.commands.filter(({ name }) => pageOf(name) === undefined);
  return [
    section('Synopsis'),
    { kind: 'synopsis', lines: [tree.usage] },
    section('Description'),
    ...usageBlocks({ ...tree, arguments: [] }),
    section('Commands'),
    { kind: 'tagged', rows: tree.commands.map(commandRow) },
    section('Commands without a page of their own'),
    ...commandBlocks(own),
    ...ENVIRONMENT,
    ...statusBlocks([{ ...tree, commands: own }]),
    ...exampleBlocks([{ ...tree, commands: own }]),
  ];
}

function commandRow({ name, help }: CommandNode): Tagged {
  const page = pageOf(name);
  return {
    tag: [code(`lvsctl ${name}`)],
    body: [[text(help)], ...(page ? [[strong(page.name), text(`(${page.section})`)]] : [])],
  };
}

// biome-ignore format: a table
const ENVIRONMENT: readonly ManualBlock[] = [
  section('Environment'),
  { kind: 'tagged', rows: [
    { tag: [code('LVS_BACKEND')], body: [[text('where the rules are: '), code('kernel'), text(' (default), '), code('memory'), text(' or '), code('file:<path>'), text(', as in ipvsadm(8)')]] },
    { tag: [code('NO_COLOR')], body: [[text('when set, no colours')]] },
  ] },
];

interface Docs {
  /** what the first page has before its first heading */
  readonly intro: readonly ManualBlock[];
  readonly rest: readonly ManualBlock[];
}

/** What the pages of docs/ have that are part of a manual page. */
function docsBlocks({ docs }: ManualPage, { read }: ManualSources): Docs {
  const blocks = docs.flatMap((path, i) => {
    const page = renderIpvsadmPage(read(`docs/${path}`));
    const [, title = ''] = /^# (.*)$/m.exec(page) ?? [];
    return [...(i > 0 ? [section(title)] : []), ...readMarkdown(page, manualOf)];
  });
  const begin = blocks.findIndex(({ kind }) => kind === 'heading');
  const length = begin < 0 ? blocks.length : begin;
  return { intro: blocks.slice(0, length), rest: blocks.slice(length) };
}

function isSection(block: ManualBlock | undefined, title: string): boolean {
  return block?.kind === 'heading' && block.level === 1 && block.text[0]?.text === title;
}

/** The manual page that has the page of docs/ to which a link leads. */
function manualOf(target: string): string | undefined {
  const [path = ''] = target.replace(/^(?:\.\.\/)+/, '').split('#');
  const page = PAGES.find(({ docs }) => docs.some((one) => path !== '' && one.endsWith(path)));
  return page && `${page.name}(${page.section})`;
}

function fileExample({ read }: ManualSources): readonly ManualBlock[] {
  const lines = read('share/examples/lvs.yaml').trimEnd().split('\n');
  return [section('Example'), { kind: 'code', lines }];
}

function seeAlso({ name, related }: ManualPage): readonly ManualBlock[] {
  const all =
    name === 'lvsctl'
      ? PAGES.filter((one) => one.commands.length > 0).map((one) => `${one.name}(${one.section})`)
      : [];
  const pieces = [...all, ...related].flatMap((one, i) => {
    const [, title = '', number = ''] = /^(.*)\((\d)\)$/.exec(one) ?? [];
    return [...(i > 0 ? [', '] : []), strong(title), `(${number})`];
  });
  return [section('See also'), paragraph(...pieces)];
}
