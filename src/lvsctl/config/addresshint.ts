// What is wrong with a text that should be an address or the name of an interface.
import { parseAddress } from '../../model/address.js';

/** The most likely mistake; undefined when there is nothing to add. */
export function addressHint(value: string): string | undefined {
  return portOf(value) === undefined ? commonHint(value) : 'write it without the port';
}

/** The same where a port has a key of its own. */
export function endpointHint(value: string): string | undefined {
  const port = portOf(value);
  return port === undefined ? commonHint(value) : `the port has a key of its own, \`port: ${port}'`;
}

/** The same for a VIP, which an interface gets as a host address. */
export function vipHint(value: string): string | undefined {
  const prefix = prefixOf(value);
  if (prefix === undefined) return addressHint(value);
  const host = value.includes(':') ? '/128' : '/32';
  return `write it without /${prefix}; the interface gets it as ${host}`;
}

function portOf(value: string): string | undefined {
  const [, six, four, port] = /^(?:\[([\da-fA-F:.]+)\]|([\d.]+)):(\d{1,5})$/.exec(value) ?? [];
  return parseAddress(six ?? four ?? '') ? port : undefined;
}

function prefixOf(value: string): string | undefined {
  const [, address = '', prefix] = /^([^/]+)\/([\d.]+)$/.exec(value) ?? [];
  return parseAddress(address) ? prefix : undefined;
}

function commonHint(value: string): string | undefined {
  const prefix = prefixOf(value);
  if (prefix !== undefined) return `write it without /${prefix}`;
  if (/^[^/]+\/$/.test(value) && parseAddress(value.slice(0, -1))) return 'nothing follows /';
  const bracketed = /^\[(.*)\]$/.exec(value)?.[1];
  if (bracketed !== undefined && parseAddress(bracketed)) return 'write it without brackets';
  const [zoned = '', zone] = value.split('%');
  if (zone !== undefined && parseAddress(zoned)) return `write it without %${zone}`;
  if (/^\s|\s$/.test(value) && parseAddress(value.trim())) return 'remove the blanks around it';
  if (/^\d[\d.,]*$/.test(value)) return quadHint(value);
  const letter = /^[\d.]*([lIoO])[\d.lIoO]*$/.exec(value)?.[1];
  if (letter !== undefined && value.includes('.')) return `\`${letter}' is a letter`;
  return /^[a-zA-Z][\w.-]*$/.test(value)
    ? 'it looks like a host name, and names are not looked up; write the address'
    : undefined;
}

function quadHint(value: string): string {
  if (value.includes(',')) return 'its parts are separated by dots, not commas';
  if (value.includes('..')) return 'two dots follow each other';
  const parts = value.split('.').filter((part) => part !== '');
  const large = parts.find((part) => Number(part) > 255);
  if (large !== undefined) return `${large} is more than 255`;
  return parts.length === 4
    ? 'each of its parts is a number from 0 to 255 without leading zeros'
    : `it has ${parts.length} part${parts.length === 1 ? '' : 's'} in place of 4`;
}

/** Why a text is no name of an interface (model/interface.ts). */
export function interfaceHint(value: string): string {
  const [, base, alias] = /^([^:]+):(\w+)$/.exec(value) ?? [];
  if (alias !== undefined) return `it is an alias; use ${base}`;
  const odd = /[^!-~]|[/:]/u.exec(value)?.[0];
  if (odd === undefined) return 'it has 1 to 15 characters and is neither . nor ..';
  const code = (odd.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const name = /[!-~]/.test(odd) ? `\`${odd}'` : `U+${code}`;
  return `the character ${name} is not allowed; printable ASCII without blanks, / and : is`;
}
