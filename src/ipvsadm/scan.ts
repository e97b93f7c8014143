// Arguments -> tokens by popt's rules, for the command line and for every line of a restore. Never
// throws: a bad argument is a `bad` token in its place, since the parser refuses in the order of
// the arguments.
import { findLong, findShort, type OptionRow } from './options.js';

export type Token =
  /**
   * `element` is the argument that was consumed last: the value when that was an argument of its
   * own
   */
  | {
      readonly kind: 'option';
      readonly row: OptionRow;
      readonly value: string | undefined;
      readonly element: string;
    }
  | { readonly kind: 'positional'; readonly text: string }
  | { readonly kind: 'bad'; readonly element: string; readonly reason: BadReason };

export type BadReason = 'unknown option' | 'missing argument' | 'option does not take an argument';

export interface ScanRules {
  /** the first argument that is no option ends the options (POSIXLY_CORRECT) */
  readonly posix: boolean;
}

/** In a value, stands for the next argument that does not begin with a dash. */
const NEXT_ARG = '!#:+';

/**
 * Splits a command line into tokens. Stops behind the first bad token, as the parser would.
 *
 * `--name`, `--name=value`, `-abc`, `-avalue`, `-a=value`, `-a value`, `--`; no abbreviations. A
 * required value is the next argument, even with a dash; an optional one never begins with a
 * dash unless it is glued on.
 */
export function scan(args: readonly string[], { posix }: ScanRules): Token[] {
  const state: State = { args, next: 0, taken: undefined, tokens: [] };
  for (let element = nextArg(state); element !== undefined; element = nextArg(state)) {
    if (!element.startsWith('-') || element === '-') {
      state.tokens.push({ kind: 'positional', text: element });
      if (posix) return restIsPositional(state);
    } else if (element === '--') {
      return restIsPositional(state);
    } else if (
      !(element.startsWith('--') ? takeLong(state, element) : takeLetters(state, element))
    ) {
      break;
    }
  }
  return state.tokens;
}

interface State {
  readonly args: readonly string[];
  next: number;
  /** arguments that took the place of NEXT_ARG */
  taken: Set<number> | undefined;
  readonly tokens: Token[];
}

function nextArg(state: State): string | undefined {
  while (state.taken?.has(state.next)) state.next++;
  return state.args[state.next++];
}

function restIsPositional(state: State): Token[] {
  for (let text = nextArg(state); text !== undefined; text = nextArg(state))
    state.tokens.push({ kind: 'positional', text });
  return state.tokens;
}

/** @returns false when that ended the scan */
function takeLong(state: State, element: string): boolean {
  const equals = element.indexOf('=');
  const row = findLong(element.slice(2, equals < 0 ? undefined : equals));
  if (row === undefined) return bad(state, element, 'unknown option');
  return take(state, row, equals < 0 ? undefined : element.slice(equals + 1), element);
}

/** @returns false when that ended the scan */
function takeLetters(state: State, element: string): boolean {
  for (let i = 1; i < element.length; i++) {
    const row = findShort(element[i] as string);
    if (row === undefined) return bad(state, element, 'unknown option');
    const glued =
      i + 1 < element.length ? element.slice(element[i + 1] === '=' ? i + 2 : i + 1) : undefined;
    if (row.value !== 'none' && glued !== undefined) return take(state, row, glued, element);
    if (!take(state, row, element[i + 1] === '=' ? glued : undefined, element)) return false;
  }
  return true;
}

/**
 * Reads one option; `glued` is what the element holds behind its name.
 * @returns false when that ended the scan
 */
function take(state: State, row: OptionRow, glued: string | undefined, element: string): boolean {
  if (row.value === 'none') {
    if (glued !== undefined) return bad(state, element, 'option does not take an argument');
    state.tokens.push({ kind: 'option', row, value: undefined, element });
    return true;
  }
  if (glued !== undefined) {
    state.tokens.push({ kind: 'option', row, value: expand(state, glued), element });
    return true;
  }
  const arg = nextArg(state);
  if (row.value === 'optional' && (arg === undefined || arg.startsWith('-'))) {
    state.next--;
    state.tokens.push({ kind: 'option', row, value: undefined, element });
    return true;
  }
  if (arg === undefined) return bad(state, element, 'missing argument');
  state.tokens.push({ kind: 'option', row, value: expand(state, arg), element: arg });
  return true;
}

function bad(state: State, element: string, reason: BadReason): false {
  state.tokens.push({ kind: 'bad', element, reason });
  return false;
}

/**
 * Puts the next argument that is no option in the place of NEXT_ARG; without one, it stands for
 * itself.
 */
function expand(state: State, value: string): string {
  if (!value.includes(NEXT_ARG)) return value;
  const { args, next, taken } = state;
  const at = args.findIndex((arg, i) => i >= next && !taken?.has(i) && !arg.startsWith('-'));
  if (at < 0) return value;
  state.taken = new Set(taken).add(at);
  return value.replace(NEXT_ARG, () => args[at] as string);
}
