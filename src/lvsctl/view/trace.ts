// A packet's path as text: a paragraph a machine, the packet between them as it is on the link.
import { Chalk } from 'chalk';
import { parseAddress } from '../../model/address.js';
import { serverKey } from '../../model/table.js';
import type { Trace, TracedHop, TracedPacket } from '../path/trace.js';
import type { Terminal } from '../terminal.js';

const INDENT = 8;
const NARROWEST = 40;

/** @param terminal lines are broken at its width */
export function traceText(
  trace: Trace,
  { colour, width }: Pick<Terminal, 'colour' | 'width'>,
): string {
  const { red, green, yellow, bold, dim } = new Chalk({ level: colour ? 1 : 0 });
  const marks = { pass: green('  ok    '), lost: red('  LOST  '), unknown: yellow('  ?     ') };
  const lines: string[] = [];
  let machine: string | undefined;
  let before: TracedPacket | undefined;
  for (const hop of trace.hops) {
    if (hop.machine !== machine) {
      const first = before ?? hop.packet;
      if (machine === undefined) lines.push(`client ${end(first.source, first.source_port)}`);
      lines.push(
        ...broken(packetText(before ?? hop.packet), '  | ', width).map((line) => dim(line)),
      );
      lines.push(bold(hop.machine));
      machine = hop.machine;
    }
    const [head = '', ...rest] = broken(hop.what, '', width - INDENT);
    lines.push(
      `${marks[hop.outcome]}${head}`,
      ...rest.map((line) => `${' '.repeat(INDENT)}${line}`),
    );
    before = hop.packet;
  }
  const style = { pass: green, lost: red, unknown: yellow }[trace.outcome];
  lines.push('', ...broken(summary(trace), '', width).map((line) => style(line)));
  return `${lines.join('\n')}\n`;
}

function summary({ outcome, at, source }: Trace): string {
  const of = source === 'file' ? ' as the file has it' : '';
  if (outcome === 'pass') return `the client gets an answer${of}`;
  const verb = outcome === 'lost' ? 'the packet is lost' : 'not known';
  return `${verb} on ${at?.machine} (${at?.stage}): ${at?.what}`;
}

/** `203.0.113.9:40000 > 192.0.2.10:80 tcp, TTL 64, MAC … > …` */
export function packetText(packet: TracedPacket): string {
  const { tunnel, source_mac: from, destination_mac: to } = packet;
  const parts = [
    `${end(packet.source, packet.source_port)} > ` +
      `${end(packet.destination, packet.destination_port || null)} ${packet.protocol}`,
    `TTL ${packet.ttl}`,
    ...(tunnel
      ? [
          `in ${tunnel.type} ${tunnel.source ?? '?'} > ${tunnel.destination}${tunnel.port === null ? '' : ` port ${tunnel.port}`}`,
        ]
      : []),
    ...(from === null && to === null ? [] : [`MAC ${from ?? '?'} > ${to ?? '?'}`]),
  ];
  return parts.join(', ');
}

function end(address: string, port: number | null): string {
  const parsed = parseAddress(address);
  return parsed && port !== null ? serverKey({ address: parsed, port }) : address;
}

/** Lines of at most `width`, broken at blanks. */
function broken(text: string, margin: string, width: number): string[] {
  const room = Math.max(NARROWEST, width - margin.length);
  const lines: string[] = [''];
  for (const part of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + part.length > room) lines.push(part);
    else lines[lines.length - 1] = last === '' ? part : `${last} ${part}`;
  }
  return lines.map((line) => `${margin}${line}`);
}

/** The machines of a trace in the order of the path, each with its steps. */
export function machinesOf(hops: readonly TracedHop[]): { machine: string; hops: TracedHop[] }[] {
  const found: { machine: string; hops: TracedHop[] }[] = [];
  for (const hop of hops) {
    const last = found.at(-1);
    if (last?.machine === hop.machine) last.hops.push(hop);
    else found.push({ machine: hop.machine, hops: [hop] });
  }
  return found;
}
