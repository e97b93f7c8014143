// Parameters of keepalived.conf: `$NAME=value`, also of several lines, `$NAME` and `${NAME}`.

/** The values of a file's parameters by name; a value of several lines has one entry a line. */
export type Parameters = Map<string, readonly string[]>;

/** `$NAME=value` at the beginning of a line. */
export function definitionIn(
  text: string,
): { readonly name: string; readonly value: string } | undefined {
  const [, name, value] = /^\$([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? [];
  return name === undefined ? undefined : { name, value: value ?? '' };
}

const USE = /\$(?:\{(\w+)\}|(\w+)(?=\s|$))/g;
/** replacements in one line: a value may name other parameters, but not for ever */
const MOST = 1000;

/**
 * The line with the values of all parameters that are defined; several lines where a value has
 * several. Unknown names stay as they are, as keepalived leaves them.
 * @returns `undefined` when values name each other without end
 */
export function substitute(text: string, parameters: Parameters): readonly string[] | undefined {
  let line = text;
  for (let n = 0; n < MOST; n++) {
    const use = firstUse(line, parameters);
    if (use === undefined) return [line];
    const before = line.slice(0, use.start);
    const after = line.slice(use.end);
    const [first = '', ...others] = use.value;
    if (others.length === 0) {
      line = before + first + after;
      continue;
    }
    // the lines of the value are lines of their own, and are read as such
    const lines = [before + first, ...others];
    return [...lines.slice(0, -1), (lines.at(-1) ?? '') + after];
  }
  return undefined;
}

function firstUse(line: string, parameters: Parameters) {
  for (const match of line.matchAll(USE)) {
    const value = parameters.get(match[1] ?? match[2] ?? '');
    if (value !== undefined)
      return { start: match.index, end: match.index + match[0].length, value };
  }
  return undefined;
}
