// What manual pages have of the commands of lvsctl: usage, options, notes, exit statuses, examples.
import { MANUAL } from '../lvsctl/manual.js';
import { type StatusRow, statusesOf, variantsOf } from '../lvsctl/statuses.js';
import { allCommands, type CommandNode } from '../lvsctl/tree.js';
import {
  code,
  type ManualBlock,
  paragraph,
  section,
  subsection,
  type Tagged,
  text,
} from './blocks.js';
import { readInline } from './markdown.js';

const inline = (value: string) => readInline(value, () => undefined);

/** One line a command that does something itself. */
export function synopsis(nodes: readonly CommandNode[]): readonly string[] {
  return nodes.flatMap(allCommands).flatMap((node) => (isGroup(node) ? [] : [node.usage]));
}

/** Each command below a heading of its own, with its arguments, options and notes. */
export function commandBlocks(nodes: readonly CommandNode[]): readonly ManualBlock[] {
  return nodes
    .flatMap(allCommands)
    .flatMap((node) => [subsection(`lvsctl ${node.name}`), ...usageBlocks(node)]);
}

/** The arguments, options and notes of one command. */
export function usageBlocks(node: CommandNode): readonly ManualBlock[] {
  const rows: Tagged[] = [
    ...node.arguments.map((one) => ({ tag: [code(`<${one.name}>`)], body: [inline(one.help)] })),
    ...node.options.map((one) => ({ tag: [code(one.flags)], body: [inline(one.help)] })),
  ];
  const { notes = [] } = MANUAL[node.name] ?? {};
  return [
    paragraph(sentence(node.help)),
    ...(rows.length > 0 ? [{ kind: 'tagged', rows } as const] : []),
    ...notes.map((note): ManualBlock => ({ kind: 'paragraph', text: inline(note) })),
  ];
}

/** The section EXIT STATUS. */
export function statusBlocks(nodes: readonly CommandNode[]): readonly ManualBlock[] {
  const tables = nodes
    .flatMap(allCommands)
    .filter((node) => !isGroup(node))
    .flatMap(({ name }) => [
      { title: `lvsctl ${name}`.trim(), rows: statusesOf(name) },
      ...variantsOf(name).map(([option, rows]) => ({ title: `lvsctl ${name} ${option}`, rows })),
    ]);
  return [
    section('Exit status'),
    ...tables.flatMap(({ title, rows }) => [
      ...(tables.length > 1 ? [subsection(title)] : []),
      { kind: 'tagged', rows: rows.map(statusRow) } as const,
    ]),
  ];
}

function statusRow({ status, meaning }: StatusRow): Tagged {
  return { tag: [code(String(status))], body: [inline(meaning)] };
}

/** The section EXAMPLES; each command line once. */
export function exampleBlocks(nodes: readonly CommandNode[]): readonly ManualBlock[] {
  const found = new Map(
    nodes.flatMap(allCommands).flatMap(({ name }) => MANUAL[name]?.examples ?? []),
  );
  const rows = [...found].map(
    ([line, what]): Tagged => ({
      tag: [code(`lvsctl ${line}`)],
      body: [[text(sentence(what))]],
    }),
  );
  return rows.length === 0 ? [] : [section('Examples'), { kind: 'tagged', rows }];
}

const GENERAL = ['--help', '--version', '--netns'];

/** It has commands below it and nothing of its own: it does nothing but show its help. */
function isGroup({ commands, arguments: own, options }: CommandNode): boolean {
  const general = options.every(({ long }) => GENERAL.includes(long));
  return commands.length > 0 && own.length === 0 && general;
}

function sentence(value: string): string {
  const first = value.slice(0, 1).toUpperCase() + value.slice(1);
  return /[.:?!]$/.test(first) ? first : `${first}.`;
}
