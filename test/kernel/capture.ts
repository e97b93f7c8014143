// Frames that tcpdump wrote on a switch, as the fields that a trace states: Ethernet, IP, what is
// around a packet in a tunnel. Formats: pcap-savefile(5), RFC 791, 8200, 2784, draft-ietf-intarea-gue.
import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { formatAddress, parseAddress } from '../../src/model/address.js';

export interface Frame {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly protocol: string;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly ttl: number;
  /** around the packet; `bytes` as the frame has them */
  readonly tunnel:
    | {
        readonly type: string;
        readonly source: string;
        readonly destination: string;
        readonly port: number | null;
        readonly bytes: number;
      }
    | undefined;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const PROTOCOLS: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp' };

/** Writes what passes a switch (`addSwitch`) to a file until its machine is removed. */
export class Capture {
  #at = FILE_HEADER;

  constructor(
    readonly name: string,
    readonly file: string,
    readonly gue: number,
  ) {
    const args = `netns exec ${name} /usr/bin/tcpdump -Z root -i br0 --immediate-mode -U -n -s 200 -w ${file}`;
    spawn('/sbin/ip', args.split(' '), { stdio: 'ignore' });
  }

  /** The frames since the last reading that have TCP or UDP inside. */
  read(): Frame[] {
    const fd = openSync(this.file, 'r');
    const bytes = Buffer.alloc(Math.max(0, fstatSync(fd).size - this.#at));
    readSync(fd, bytes, 0, bytes.length, this.#at);
    closeSync(fd);
    const frames: Frame[] = [];
    let at = 0;
    while (at + RECORD_HEADER <= bytes.length) {
      const end = at + RECORD_HEADER + bytes.readUInt32LE(at + 8);
      if (end > bytes.length) break;
      const frame = frameOf(bytes.subarray(at + RECORD_HEADER, end), this.gue);
      if (frame) frames.push(frame);
      at = end;
    }
    this.#at += at;
    return frames;
  }
}

function frameOf(bytes: Buffer, gue: number): Frame | undefined {
  const ether = bytes.readUInt16BE(12);
  if (ether !== 0x0800 && ether !== 0x86dd) return undefined;
  const outer = ipOf(bytes.subarray(14));
  const inner = innerOf(outer, gue);
  const { header, tunnel } = inner ?? { header: outer, tunnel: undefined };
  const protocol = PROTOCOLS[header.next];
  if (protocol === undefined) return undefined;
  return {
    sourceMac: mac(bytes.subarray(6, 12)),
    destinationMac: mac(bytes.subarray(0, 6)),
    protocol,
    source: header.source,
    sourcePort: header.payload.readUInt16BE(0),
    destination: header.destination,
    destinationPort: header.payload.readUInt16BE(2),
    ttl: header.ttl,
    tunnel,
  };
}

interface Header {
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly next: number;
  readonly payload: Buffer;
  /** header and payload, as the header states it */
  readonly length: number;
}

function ipOf(bytes: Buffer): Header {
  if ((bytes[0] ?? 0) >> 4 === 6)
    return {
      source: address6(bytes.subarray(8, 24)),
      destination: address6(bytes.subarray(24, 40)),
      ttl: bytes.readUInt8(7),
      next: bytes.readUInt8(6),
      payload: bytes.subarray(40),
      length: 40 + bytes.readUInt16BE(4),
    };
  return {
    source: bytes.subarray(12, 16).join('.'),
    destination: bytes.subarray(16, 20).join('.'),
    ttl: bytes.readUInt8(8),
    next: bytes.readUInt8(9),
    payload: bytes.subarray(((bytes[0] ?? 0) & 15) * 4),
    length: bytes.readUInt16BE(2),
  };
}

function innerOf(
  outer: Header,
  gue: number,
): { readonly header: Header; readonly tunnel: NonNullable<Frame['tunnel']> } | undefined {
  const { payload, next } = outer;
  const found = (type: string, skipped: number, port: number | null) => {
    const header = ipOf(payload.subarray(skipped));
    const { source, destination } = outer;
    const bytes = outer.length - header.length;
    return { header, tunnel: { type, source, destination, port, bytes } };
  };
  if (next === 4 || next === 41) return found('ipip', 0, null);
  // checksum, key and sequence number add four bytes each
  if (next === 47) {
    const flags = payload.readUInt8(0);
    const options = [0x80, 0x20, 0x10].filter((bit) => (flags & bit) !== 0).length;
    return found('gre', 4 + 4 * options, null);
  }
  if (next !== 17 || payload.readUInt16BE(2) !== gue) return undefined;
  return found('gue', 8 + 4 + 4 * (payload.readUInt8(8) & 31), gue);
}

const mac = (bytes: Buffer) =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');

/** In the form that a trace prints. */
function address6(bytes: Buffer): string {
  const text = [...Array(8).keys()].map((i) => bytes.readUInt16BE(2 * i).toString(16)).join(':');
  const address = parseAddress(text);
  return address ? formatAddress(address) : text;
}
