// Values of the program as JSON for other programs.
import { type Address, formatAddress } from '../model/address.js';

/**
 * The text of a value: keys in snake_case, addresses as text (`192.0.2.10`), 64-bit counters as
 * their exact digits, which `JSON.stringify` of a number would round. Keys that are names of the
 * system (`net/ipv4/ip_forward`) stay as they are; what is undefined is left out.
 * @param indent blanks a level; absent = all in one line
 */
export function jsonText(value: unknown, indent?: number): string {
  return write(value, indent === undefined ? undefined : ' '.repeat(indent), '\n');
}

function write(value: unknown, indent: string | undefined, margin: string): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (isAddress(value)) return JSON.stringify(formatAddress(value));
  const inner = indent === undefined ? margin : margin + indent;
  const parts = Array.isArray(value)
    ? value.map((one) => write(one, indent, inner))
    : Object.entries(value)
        .filter(([, one]) => one !== undefined)
        .map(([key, one]) => `${nameText(key, indent)}${write(one, indent, inner)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return `${open}${close}`;
  return indent === undefined
    ? `${open}${parts.join(',')}${close}`
    : `${open}${inner}${parts.join(`,${inner}`)}${margin}${close}`;
}

function nameText(key: string, indent: string | undefined): string {
  return `${JSON.stringify(snakeCase(key))}:${indent === undefined ? '' : ' '}`;
}

function snakeCase(key: string): string {
  return /^[a-z][A-Za-z0-9]*$/.test(key)
    ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    : key;
}

function isAddress(value: object): value is Address {
  const { family, value: number, words } = value as Partial<Record<string, unknown>>;
  return (
    (family === 'ipv4' && typeof number === 'number') || (family === 'ipv6' && Array.isArray(words))
  );
}
