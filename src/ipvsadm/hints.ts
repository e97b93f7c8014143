// A second line for a puzzled person at a terminal; scripts never see it.
import { findLong } from './options.js';

/**
 * Why the command could not start: the errno's name of the kernel's refusal, undefined when it did
 * start.
 */
export type StartFailure = string | undefined;

/**
 * What may be the cause, as lines for stderr; '' when there is no hint.
 * @param loaded whether the kernel has IPVS
 */
export function hints(args: readonly string[], failure: StartFailure, loaded: boolean): string {
  const start = failure === undefined ? undefined : startHint(failure, loaded);
  const lines = [start, ...args.map(dashHint), ...args.map(gluedHint)].filter(
    (line) => line !== undefined,
  );
  return lines
    .slice(0, 1)
    .map((line) => `hint: ${line}\n`)
    .join('');
}

const WITHOUT_IPVS = 'without IPVS, LVS_BACKEND=file:PATH keeps the rules in a file';

function startHint(failure: string, loaded: boolean): string | undefined {
  if (failure === 'ENOPROTOOPT') return `this kernel has no IPVS (module ip_vs); ${WITHOUT_IPVS}`;
  if (failure !== 'EPERM') return undefined;
  return loaded
    ? 'IPVS needs root; try sudo'
    : `IPVS needs root (try sudo), and the kernel module ip_vs, which is not loaded; ${WITHOUT_IPVS}`;
}

/**
 * Typographic dashes, as bytes of UTF-8: hyphen to horizontal bar, minus sign, small and full-width
 * forms.
 */
const DASH = /^(?:\xe2\x80[\x90-\x95]|\xe2\x88\x92|\xef\xbc\x8d|\xef\xb9[\x98\xa3])+/;

function dashHint(arg: string): string | undefined {
  const dashes = DASH.exec(arg)?.[0];
  if (dashes === undefined) return undefined;
  const name = arg.slice(dashes.length);
  return `'${arg}' begins with a typographic dash; type '${findLong(name) ? '--' : '-'}${name}'`;
}

/** `-stats` is read letter by letter. */
function gluedHint(arg: string): string | undefined {
  const [, name] = /^-([a-z][a-z-]{2,})/.exec(arg) ?? [];
  return name !== undefined && findLong(name)
    ? `'-${name}' is read letter by letter; the long option is '--${name}'`
    : undefined;
}
