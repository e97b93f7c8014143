// Names of files that a shell pattern matches.
import { readdirSync, statSync } from 'node:fs';

/**
 * Regular files that the pattern names, sorted: `*`, `?`, `[a-z]`, `{a,b}`. As in a shell, a name
 * that begins with a dot needs the dot in the pattern.
 * @param pattern absolute, or relative to the working directory
 */
export function filesMatching(pattern: string): string[] {
  const found = new Set<string>();
  for (const one of alternatives(pattern)) {
    const absolute = one.startsWith('/');
    const parts = one.split('/').filter((part) => part !== '' && part !== '.');
    for (const path of below(absolute ? '/' : '', parts)) if (isFile(path)) found.add(path);
  }
  return [...found].sort();
}

/** `{a,b{c,d}}` as one pattern each; braces without a comma stay as they are. */
function alternatives(pattern: string): string[] {
  const match = /\{([^{}]*,[^{}]*)\}/.exec(pattern);
  if (match === null) return [pattern];
  const before = pattern.slice(0, match.index);
  const after = pattern.slice(match.index + match[0].length);
  return (match[1] ?? '').split(',').flatMap((one) => alternatives(before + one + after));
}

function below(directory: string, parts: readonly string[]): string[] {
  const [part, ...rest] = parts;
  if (part === undefined) return [directory];
  const join = (name: string) =>
    directory === '' || directory.endsWith('/') ? directory + name : `${directory}/${name}`;
  if (!/[*?[]/.test(part)) return below(join(part), rest);
  const names = namesIn(directory === '' ? '.' : directory);
  const matches = matcher(part);
  return names.filter(matches).flatMap((name) => below(join(name), rest));
}

function matcher(part: string): (name: string) => boolean {
  const source = part.replace(/\[!?[^\]]+\]|[*?]|[^*?[]|\[/g, (piece) => {
    if (piece === '*') return '[^/]*';
    if (piece === '?') return '[^/]';
    if (piece.length > 1) return piece.replace(/^\[!/, '[^').replace(/\\/g, '\\\\');
    return piece.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  });
  const pattern = expressionOf(`^${source}$`);
  return (name) => pattern?.test(name) === true && (!name.startsWith('.') || part.startsWith('.'));
}

/** Undefined where no name can match: `[z-a]`. */
function expressionOf(source: string): RegExp | undefined {
  try {
    return new RegExp(source);
  } catch {
    return undefined;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // a pattern for what is not there matches nothing
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
