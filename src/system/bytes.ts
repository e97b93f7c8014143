// Text as strings of bytes: one character a byte (latin1), so that nothing is lost where something
// is not UTF-8.
import { readFileSync } from 'node:fs';

/** What Node decoded as UTF-8, as a string of its bytes. */
export function toBytes(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The UTF-8 text in a string of bytes. */
export function fromBytes(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, 'latin1').toString('utf8');
}

/**
 * The arguments of the command line as strings of bytes. Node replaces what is not UTF-8; /proc
 * still has it.
 */
export function argumentBytes(decoded: readonly string[]): string[] {
  if (!decoded.some((arg) => arg.includes('\ufffd'))) return decoded.map(toBytes);
  const args = readFileSync('/proc/self/cmdline', 'latin1').split('\0').slice(0, -1);
  return args.slice(args.length - decoded.length);
}
