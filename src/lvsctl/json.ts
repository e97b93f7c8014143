// Values of the program as JSON for other programs.
import { type Address, formatAddress } from '../model/address.js';

/**
 * The same value for `JSON.stringify`: keys in snake_case, addresses as text (`192.0.2.10`). Keys
 * that are names of the system (`net/ipv4/ip_forward`) stay as they are.
 */
export function toJson(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isAddress(value)) return formatAddress(value);
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [snakeCase(key), toJson(one)]),
  );
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
