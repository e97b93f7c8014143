// Command lines of ipvsadm in a text: one line, saved rules, or a shell script as tutorials have
// them. What a shell would work out beyond plain variables is not guessed.

/** A command line, or what of the text is none. */
export interface ScriptLine {
  /** counted from 1 */
  readonly line: number;
  /** as it is in the text, without what joins lines */
  readonly text: string;
  /** the arguments behind `ipvsadm`; undefined with `skipped` */
  readonly args: readonly string[] | undefined;
  readonly skipped: 'not a command of ipvsadm' | 'needs a shell' | undefined;
}

/** Splits a text into command lines; empty lines, comments and plain assignments give none. */
export function scriptLines(text: string): ScriptLine[] {
  const lines = linesOf(text);
  if (lines.some(({ args }) => args !== undefined)) return lines;
  // manuals have `#` as the prompt of root; beside other commands it is a comment
  const prompted = linesOf(
    text.replace(/^([ \t]*)#(?=[ \t]+(?:\S*\/)?ipvsadm(?:[ \t]|$))/gm, '$1'),
  );
  return prompted.some(({ args }) => args !== undefined) ? prompted : lines;
}

function linesOf(text: string): ScriptLine[] {
  const variables = new Map<string, string>();
  let block: Block = { depth: 0, assigned: [] };
  return joined(text).flatMap(({ line, text: whole }) =>
    commandsIn(whole).flatMap((command) => {
      const trimmed = command.trim();
      if (trimmed === '' || trimmed.startsWith('#')) return [];
      block = entered(trimmed, block, variables);
      const names = takeAssignments(trimmed, variables);
      if (names !== undefined) {
        block = { ...block, assigned: [...block.assigned, ...names] };
        return [];
      }
      forgetAssigned(trimmed, variables);
      return [readCommand(trimmed, line, variables)];
    }),
  );
}

/** Branches and loops around a command, which a shell may leave out. */
interface Block {
  readonly depth: number;
  /** variables that have a value only when a branch is taken */
  readonly assigned: readonly string[];
}

/** The block that a command is in; at the end of a branch its variables are not known any more. */
function entered(command: string, block: Block, variables: Map<string, string>): Block {
  const [first = ''] = command.split(/\s/);
  const isEnd = /^(?:fi|done|esac)$/.test(first);
  const isBranch = isEnd || /^(?:else|elif)$|^[^\s()$'"]+\)$/.test(first);
  if (isBranch) for (const name of block.assigned) variables.delete(name);
  const opens = /^(?:if|for|while|until|case|select)$/.test(first) ? 1 : 0;
  const depth = Math.max(0, block.depth + opens - (isEnd ? 1 : 0));
  return { depth, assigned: isBranch || block.depth === 0 ? [] : block.assigned };
}

interface TextLine {
  readonly line: number;
  readonly text: string;
}

/** Lines that end in a backslash go on in the next one. */
function joined(text: string): TextLine[] {
  const lines: TextLine[] = [];
  let open: TextLine | undefined;
  for (const [i, raw] of text.split('\n').entries()) {
    const before: TextLine = open ?? { line: i + 1, text: '' };
    const continues = /\\$/.test(raw);
    const whole = { ...before, text: `${before.text}${continues ? `${raw.slice(0, -1)} ` : raw}` };
    open = continues ? whole : undefined;
    if (!continues) lines.push(whole);
  }
  return open ? [...lines, open] : lines;
}

/** The commands of a line: apart by `;`, `&`, `|` and their pairs outside quotes, no comment. */
function commandsIn(line: string): string[] {
  const commands: string[] = [];
  let quote = '';
  let from = 0;
  for (let i = 0; i < line.length; i++) {
    const one = line[i] ?? '';
    if (quote !== '') {
      if (one === quote) quote = '';
    } else if (one === "'" || one === '"') quote = one;
    else if (one === '#' && /^$|\s/.test(line[i - 1] ?? '')) {
      commands.push(line.slice(from, i));
      return commands;
    } else if (one === ';' || one === '|' || isBackground(line, i)) {
      commands.push(line.slice(from, i));
      from = i + 1;
    }
  }
  return [...commands, line.slice(from)];
}

/** `&` and `&&`, but not those of `2>&1` and `&>file`. */
function isBackground(line: string, at: number): boolean {
  return line[at] === '&' && !/[<>]/.test(`${line[at - 1] ?? ''}${line[at + 1] ?? ''}`);
}

/** `VIP=192.0.2.1`, `export A=1 B=2`: kept for the lines that follow; their names. */
function takeAssignments(
  command: string,
  variables: Map<string, string>,
): readonly string[] | undefined {
  const parts = splitArguments(command.replace(/^(?:export|local|readonly)\s+/, ''), variables);
  if (parts === undefined || parts.length === 0) return undefined;
  const found = parts.map((part) => /^([A-Za-z_]\w*)=(.*)$/s.exec(part));
  if (found.some((one) => one === null)) return undefined;
  for (const one of found) variables.set(one?.[1] ?? '', one?.[2] ?? '');
  return found.map((one) => one?.[1] ?? '');
}

/** What a shell gives another value here: nothing is known of these variables from now on. */
function forgetAssigned(command: string, variables: Map<string, string>): void {
  const [, list = ''] = /^(?:\S+\s+)*?(?:for|select|read)\s+(.*)$/.exec(command) ?? [];
  const assigned = [...command.matchAll(/(?:^|\s)([A-Za-z_]\w*)\+?=/g)].map(([, name]) => name);
  for (const name of [...(list.split(/\s+in\s/)[0] ?? '').split(/\s+/), ...assigned])
    variables.delete(name ?? '');
}

/** `> file`, `2>&1`, `<< EOF`; but not `<VIP>`, which stands for a value. */
const REDIRECTIONS = /(?:(?<=\s)[0-9&])?(?:>>?|<{1,3}(?![A-Za-z][\w.-]*>))-?\s*[^\s<>]+/g;

function readCommand(
  text: string,
  line: number,
  variables: ReadonlyMap<string, string>,
): ScriptLine {
  const plain = text.replace(REDIRECTIONS, (found, at: number) =>
    /<[A-Za-z][\w.-]*$/.test(text.slice(0, at)) ? found : '',
  );
  const parts = splitArguments(plain, variables);
  if (parts === undefined) return { line, text, args: undefined, skipped: 'needs a shell' };
  const at = parts.findIndex((part) => /^(?:\S*\/|\$)?ipvsadm$/i.test(part));
  const isProgram = at >= 0 && isPrefix(parts.slice(0, at));
  // saved rules have no program's name
  const args = isProgram ? parts.slice(at + 1) : isRule(parts[0] ?? '') ? parts : undefined;
  return args === undefined
    ? { line, text, args, skipped: 'not a command of ipvsadm' }
    : { line, text, args, skipped: undefined };
}

const KEYWORD =
  /^(?:if|then|elif|else|while|until|do|time|exec|command|env|!|\{|\w+\(\)|[\w*|-]+\))$/;
const PROMPT = /^(?:[$%>]|\[?[\w.-]+@\S*|\S*[\]~/:][$#]|(?:ba)?sh-[\d.]+[$#])$/;

/** Whether parts before a command leave it one: keywords, `A=1`, a prompt, sudo with its options. */
function isPrefix(parts: readonly string[]): boolean {
  const sudo = parts.findIndex((part) => /^(?:\S*\/)?sudo$/.test(part));
  const before = sudo < 0 ? parts : parts.slice(0, sudo);
  const options = sudo < 0 ? '' : parts.slice(sudo + 1).join(' ');
  return (
    before.every((part) => KEYWORD.test(part) || PROMPT.test(part) || /^\w+=/.test(part)) &&
    /^(?:(?:-[ugh] ?\S+|-\S+|\w+=\S*)(?: |$))*$/.test(options)
  );
}

const DASHES = /^[-\u2010-\u2015\u2212\uff0d]/;

function isRule(first: string): boolean {
  return DASHES.test(first);
}

/**
 * The arguments of a command as a shell would split them.
 * @returns undefined where only a shell knows: an unknown variable, `$(…)`, an open quote
 */
export function splitArguments(
  text: string,
  variables: ReadonlyMap<string, string> = new Map(),
): string[] | undefined {
  const found: string[] = [];
  let current: string | undefined;
  let rest = text;
  while (rest !== '') {
    const blank = /^[ \t\r\n]+/.exec(rest)?.[0];
    if (blank !== undefined) {
      if (current !== undefined) found.push(current);
      current = undefined;
      rest = rest.slice(blank.length);
      continue;
    }
    const piece = takePiece(rest, variables);
    if (piece === undefined) return undefined;
    current = (current ?? '') + piece.text;
    rest = rest.slice(piece.length);
  }
  return current === undefined ? found : [...found, current];
}

/** One quoted text, variable or letter at the beginning of a text. */
function takePiece(
  rest: string,
  variables: ReadonlyMap<string, string>,
): { readonly text: string; readonly length: number } | undefined {
  const [single] = /^'[^']*'/.exec(rest) ?? [];
  if (single !== undefined) return { text: single.slice(1, -1), length: single.length };
  const [double] = /^"(?:[^"\\]|\\.)*"/s.exec(rest) ?? [];
  if (double !== undefined) {
    const text = expanded(double.slice(1, -1).replace(/\\(["\\$`])/g, '$1'), variables);
    return text === undefined ? undefined : { text, length: double.length };
  }
  const [variable, braced, name = braced ?? ''] = VARIABLE.exec(rest) ?? [];
  if (variable !== undefined) {
    const text = variables.get(name) ?? (name.toLowerCase() === 'ipvsadm' ? 'ipvsadm' : undefined);
    return text === undefined ? undefined : { text, length: variable.length };
  }
  if (/^(?:\$\S|[`'"])/.test(rest)) return undefined;
  return rest[0] === '\\' ? { text: rest[1] ?? '', length: 2 } : { text: rest[0] ?? '', length: 1 };
}

const VARIABLE = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/;

function expanded(text: string, variables: ReadonlyMap<string, string>): string | undefined {
  let isKnown = !text.includes('`');
  const plain = text.replace(
    /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*)|(?=[^\s"]))/g,
    (_, braced?: string, name?: string) => {
      const value = variables.get(braced ?? name ?? '');
      if (value === undefined) isKnown = false;
      return value ?? '';
    },
  );
  return isKnown ? plain : undefined;
}
