// `NAME=value` lines as a shell would read them, without a shell: nothing is expanded or run.
import { ConfigError, lineProblem } from '../config/problem.js';

export interface Assignment {
  /** without its quotes */
  readonly value: string;
  /** a shell would put something in the place of a part of it: `$X`, a command, a `~`, a pattern */
  readonly expansion: boolean;
  /** line of the file, from 1 */
  readonly line: number;
}

/**
 * The assignments of a settings file by name; the last of a name holds. Blank lines and comments
 * are skipped, `export` before a name is dropped.
 * @param file its name, for messages
 * @throws ConfigError any other line: what a shell would make of it cannot be known here
 */
export function assignments(text: string, file: string): Map<string, Assignment> {
  const found = new Map<string, Assignment>();
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = index + 1;
    const fail = (message: string, column = 1): never => {
      throw new ConfigError([{ ...lineProblem(file, line, message, raw), column, length: 1 }]);
    };
    const source = raw.replace(/\r$/, '');
    if (/^\s*(?:#|$)/.test(source)) continue;
    const [head, name] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=/.exec(source) ?? [];
    if (head === undefined || name === undefined)
      return fail('not NAME=VALUE, and no shell is run');
    const { rest, ...value } = readValue(source.slice(head.length), fail);
    if (!/^\s*$|^\s+#/.test(rest))
      fail(
        `more than one assignment: ${JSON.stringify(rest.trim())} follows`,
        source.length - rest.length + 1,
      );
    found.set(name, { ...value, line });
  }
  return found;
}

/** One part of a value: in single quotes, in double quotes, with a backslash, or bare. */
const PART = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\;&|<>()]+)/y;

/** The value at the beginning of a text, and the text behind it. */
function readValue(
  source: string,
  fail: (message: string) => never,
): Pick<Assignment, 'value' | 'expansion'> & { readonly rest: string } {
  let value = '';
  let expansion = false;
  let at = 0;
  for (;;) {
    PART.lastIndex = at;
    const part = PART.exec(source);
    if (part === null) break;
    const [all, single, double, escaped, bare] = part;
    value += single ?? double?.replace(/\\([$`"\\])/g, '$1') ?? escaped ?? bare;
    expansion ||= /[$`]/.test(double?.replace(/\\./g, '') ?? '') || /[$`*?[~]/.test(bare ?? '');
    at += all.length;
  }
  const rest = source.slice(at);
  if (/^['"\\]/.test(rest)) fail(`the quoting does not end on this line: ${rest}`);
  return { value, expansion, rest };
}
