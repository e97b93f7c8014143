// What the scripts for bash and zsh, whose `case` is the same, and for fish have in common.
import type { CompletedProgram, OfferedValues, Spot } from './spot.js';

/** Quotes for bash, zsh and fish: within '…' only ' has a meaning, in fish \ too. */
export function quote(value: string): string {
  return `'${value.replaceAll("'", `'\\''`)}'`;
}

/**
 * Where a value may be: `PROGRAM:PATH:OPTION`, `PROGRAM:PATH:N` for the
 * argument N, `PROGRAM:PATH:rest` for all that follow.
 */
interface ValuePlace {
  readonly key: string;
  readonly values: OfferedValues;
}

/** All places with a value, grouped by what it can be. */
export function valuePlaces(
  programs: readonly CompletedProgram[],
): readonly { readonly keys: readonly string[]; readonly values: OfferedValues }[] {
  const places = programs.flatMap(({ name, spots }) =>
    spots.flatMap((spot) => placesOf(name, spot)),
  );
  const groups = new Map<string, { keys: string[]; values: OfferedValues }>();
  for (const { key, values } of places) {
    const id = JSON.stringify(values);
    const group = groups.get(id) ?? { keys: [], values };
    group.keys.push(key);
    groups.set(id, group);
  }
  return [...groups.values()];
}

function placesOf(program: string, { path, options, arguments: own }: Spot): ValuePlace[] {
  const at = (name: string) => `${program}:${path}:${name}`;
  return [
    ...options.flatMap(({ names, value }) =>
      value === undefined ? [] : names.map((name) => ({ key: at(name), values: value })),
    ),
    ...own.flatMap((values, i) => [
      { key: at(String(i)), values },
      ...(i === own.length - 1 ? [{ key: at('rest'), values }] : []),
    ]),
  ];
}

/** How the scripts write what a value can be. */
export function encodeValues(values: OfferedValues): string {
  switch (values.kind) {
    case 'choices':
    case 'list':
      return `${values.kind} ${values.choices.map(({ name }) => name).join(' ')}`;
    case 'ask':
      return `ask ${values.what}`;
    case 'file':
    case 'any':
      return values.kind;
    default:
      return values satisfies never;
  }
}

/** Spellings of the commands of ipvsadm -> their path. */
export function commandOptions(
  programs: readonly CompletedProgram[],
): readonly (readonly [spelling: string, path: string])[] {
  return programs
    .filter(({ commandsAre }) => commandsAre === 'options')
    .flatMap(({ spots: [beginning] }) =>
      (beginning?.options ?? []).flatMap(({ names }) =>
        names.map((name) => [name, names.at(-1)?.slice(2) ?? ''] as const),
      ),
    );
}
