// Which lines are examined before they are carried out: decided without the rest of the hints, so
// that start-up reads those only where there may be one.

/** An IPv4 address of two or three numbers, as inet_aton(3) takes it; a port may follow. */
export const SHORT_ADDRESS = /^\d+\.\d+(?:\.\d+)?(?::\w+)?$/;

/**
 * Whether a line may change more than it seems to, or less.
 * @param args of the command line
 */
export function mayChangeMore(args: readonly string[]): boolean {
  const [, letter = '', verb = '', kind = ''] =
    /^(?:-([AEae])|--(add|edit)-(service|server)$)/.exec(args[0] ?? '') ?? [];
  if (letter === '' && verb === '') return false;
  if (letter !== 'A' && `${verb}-${kind}` !== 'add-service') return true;
  return args.some((arg) => SHORT_ADDRESS.test(bare(arg)) || MASK_OPTION.test(arg));
}

const MASK_OPTION = /^(?:-[A-Za-z]*M|--netmask)/;

/** A value without the option in front of it. */
function bare(arg: string): string {
  return arg.replace(/^(?:-[A-Za-z]+|--[a-z-]+=)/, '');
}
