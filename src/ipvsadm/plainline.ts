// Reads the lines that nearly every restore consists of, as `-S -n` prints them, without arguments
// and tokens in between. Every other line is left to the general reader.
import type { Change } from '../model/change.js';
import type { Destination } from '../model/destination.js';
import { IPIP } from '../model/forwarding.js';
import { fullNetmask, type ServiceId } from '../model/service.js';
import { LONGEST_TIMEOUT, MOST } from './options.js';

const [ZERO, NINE, COLON, DOT, BLANK] = [48, 57, 58, 46, 32];
const [LOWEST_LETTER, HIGHEST_LETTER] = [97, 122];
const LONGEST_SCHEDULER = 15;
const FORWARDING = { g: 'direct', i: 'tunnel', m: 'masquerade' } as const;
const PROTOCOLS = { t: 'tcp', u: 'udp' } as const;

/** A reader of one line after the other; what it cannot take leaves `at` below zero. */
export class PlainLines {
  #text = '';
  #at = 0;

  /**
   * The change that a line asks for, the same as the general reader's; undefined when only that one
   * can decide.
   */
  read(line: string): Change | undefined {
    this.#text = line;
    this.#at = 3;
    const change = line.startsWith('-a ')
      ? this.#server()
      : line.startsWith('-A ')
        ? this.#service()
        : undefined;
    return this.#at === line.length ? change : undefined;
  }

  #server(): Change | undefined {
    const id = this.#id();
    if (id === undefined || !this.#takes(' -r ')) return undefined;
    const value = this.#quad();
    const port = this.#port();
    if (!this.#takes(' -')) return undefined;
    const forwarding = FORWARDING[this.#text[this.#at++] as keyof typeof FORWARDING];
    if (forwarding === undefined) return undefined;
    const destination: Destination = {
      address: { family: 'ipv4', value },
      port: forwarding === 'masquerade' ? port : id.port,
      forwarding,
      tunnel: IPIP,
      weight: this.#takes(' -w ') ? this.#number(MOST) : 1,
      upperThreshold: this.#takes(' -x ') ? this.#number(MOST) : 0,
      lowerThreshold: this.#takes(' -y ') ? this.#number(MOST) : 0,
    };
    return { kind: 'add-destination', id, destination };
  }

  #service(): Change | undefined {
    const id = this.#id();
    if (id === undefined || !this.#takes(' -s ')) return undefined;
    const scheduler = this.#letters();
    const timeout = this.#takes(' -p ') ? this.#number(LONGEST_TIMEOUT) : undefined;
    // without persistence, port 0 is refused
    if (scheduler === '' || timeout === 0 || (timeout === undefined && id.port === 0))
      return undefined;
    const service = {
      id,
      scheduler,
      schedulerFlags: 0,
      persistence: timeout === undefined ? undefined : { timeout },
      netmask: fullNetmask('ipv4'),
      engine: undefined,
      onePacket: false,
    };
    return { kind: 'add-service', service };
  }

  #id(): Extract<ServiceId, { kind: 'address' }> | undefined {
    if (!this.#takes('-')) return undefined;
    const protocol = PROTOCOLS[this.#text[this.#at++] as keyof typeof PROTOCOLS];
    if (protocol === undefined || !this.#takes(' ')) return undefined;
    const value = this.#quad();
    return { kind: 'address', protocol, address: { family: 'ipv4', value }, port: this.#port() };
  }

  #takes(expected: string): boolean {
    if (this.#at < 0 || !this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  /** Four numbers without zeros in front, which would make them octal. */
  #quad(): number {
    let value = 0;
    for (let part = 0; part < 4; part++) {
      if (part > 0 && this.#text.charCodeAt(this.#at++) !== DOT) return this.#fail();
      value = value * 256 + this.#number(255);
    }
    return value;
  }

  #port(): number {
    return this.#text.charCodeAt(this.#at++) === COLON ? this.#number(65535) : this.#fail();
  }

  /** A number that ends at a dot, a colon, a blank or the end of the line. */
  #number(most: number): number {
    const from = this.#at;
    if (from < 0) return 0;
    let at = from;
    let value = 0;
    for (let code = this.#text.charCodeAt(at); code >= ZERO && code <= NINE; ) {
      value = value * 10 + code - ZERO;
      code = this.#text.charCodeAt(++at);
    }
    const zeros = at - from > 1 && this.#text.charCodeAt(from) === ZERO;
    if (at === from || at - from > 10 || zeros || value > most) return this.#fail();
    const next = this.#text.charCodeAt(at);
    if (at < this.#text.length && next !== DOT && next !== COLON && next !== BLANK)
      return this.#fail();
    this.#at = at;
    return value;
  }

  #letters(): string {
    const from = this.#at;
    let at = from;
    for (let code = this.#text.charCodeAt(at); code >= LOWEST_LETTER && code <= HIGHEST_LETTER; )
      code = this.#text.charCodeAt(++at);
    this.#at = at;
    return at - from > LONGEST_SCHEDULER ? '' : this.#text.slice(from, at);
  }

  #fail(): number {
    this.#at = Number.NEGATIVE_INFINITY;
    return 0;
  }
}
