// Keys of a terminal as names: what comes is one character at a time, and some keys are several.

/** A printable character, or one of these names. */
export type TopKey = string;

/** What has come of a sequence that has not ended. */
export interface KeyState {
  readonly pending: string;
}
export const NO_KEYS: KeyState = { pending: '' };

// biome-ignore format: a table
const SEQUENCES: Readonly<Record<string, TopKey>> = {
  '[A': 'up', '[B': 'down', '[C': 'right', '[D': 'left', '[H': 'home', '[F': 'end',
  OA: 'up', OB: 'down', OC: 'right', OD: 'left', OH: 'home', OF: 'end',
  '[5~': 'page-up', '[6~': 'page-down', '[1~': 'home', '[4~': 'end', '[7~': 'home', '[8~': 'end',
};
const CONTROLS: Readonly<Record<string, TopKey>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x03': 'ctrl-c',
  '\x0c': 'ctrl-l',
  '\t': 'tab',
};
const ESCAPE = '\x1b';

/**
 * Takes one more character.
 * @returns a key where one is complete; a lone Escape is known with the next character only
 */
export function decodeKey(
  { pending }: KeyState,
  character: string,
): { readonly state: KeyState; readonly keys: readonly TopKey[] } {
  if (character === ESCAPE) {
    const before = pending === ESCAPE ? ['escape'] : [];
    return { state: { pending: ESCAPE }, keys: before };
  }
  if (pending === '') return { state: NO_KEYS, keys: keysOf(character) };
  const sequence = `${pending}${character}`.slice(1);
  if (/^(?:\[[\d;]*|O)$/.test(sequence))
    return { state: { pending: pending + character }, keys: [] };
  if (/^[[O]/.test(sequence)) {
    const key = SEQUENCES[sequence];
    return { state: NO_KEYS, keys: key === undefined ? [] : [key] };
  }
  return { state: NO_KEYS, keys: ['escape', ...keysOf(character)] };
}

function keysOf(character: string): readonly TopKey[] {
  const control = CONTROLS[character];
  if (control !== undefined) return [control];
  return character < ' ' ? [] : [character];
}
