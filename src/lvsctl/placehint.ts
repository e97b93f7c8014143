// What to do where a file may not be read or made: root, or another place by an option.
import type { Command as Program } from 'commander';
import { LvsctlError } from './errors.js';
import { isSystemError } from './systemerror.js';
import type { MonitorPaths, World } from './world.js';

/** Options that name another place for files of lvsctl's own. */
// biome-ignore format: a table
const PLACES: readonly { readonly option: string; readonly fallback: (places: MonitorPaths) => string }[] = [
  { option: '--state-dir', fallback: ({ socket }) => dirname(socket) },
  { option: '--socket', fallback: ({ socket }) => dirname(socket) },
  { option: '--state', fallback: ({ state }) => dirname(state) },
];

/** undefined when there is no hint */
export function placeHint(
  error: unknown,
  command: Program,
  { isRoot, places }: Pick<World, 'isRoot' | 'places'>,
): string | undefined {
  // a command that failed knows the error of the system behind it
  const system = error instanceof LvsctlError ? error.cause : error;
  if (!isSystemError(system)) return undefined;
  const { code = '', path = '' } = system;
  const denied = (code === 'EACCES' || code === 'EPERM') && !isRoot;
  if (!denied && code !== 'EROFS') return undefined;
  const row = PLACES.find(
    ({ option, fallback }) =>
      command.options.some(({ long }) => long === option) && areRelated(fallback(places()), path),
  );
  return (
    [
      ...(denied ? ['run it as root (sudo)'] : []),
      ...(row ? [`name another place with ${row.option}`] : []),
    ].join(', or ') || undefined
  );
}

function dirname(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** One is the other, or below it. */
function areRelated(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`);
}
