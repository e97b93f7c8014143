// Rule files and connection lists of a given size, always the same.
import { random } from '../support/random.js';

/** Services with so many servers each, all addresses different. */
export function ruleLines(services: number, serversEach: number): string {
  const lines: string[] = [];
  for (let s = 0; s < services; s++) {
    const service = `-t 10.${(s >> 8) & 127}.${s & 255}.${1 + (s >> 15)}:80`;
    lines.push(`-A ${service} -s rr`);
    for (let d = 0; d < serversEach; d++)
      lines.push(`-a ${service} -r 100.${64 + (d >> 8)}.${d & 255}.7:80 -m -w 1`);
  }
  return `${lines.join('\n')}\n`;
}

/** The text of /proc/net/ip_vs_conn with so many IPv4 connections. */
export function connectionLines(count: number): string {
  const next = random(1);
  const hex = (bits: number) =>
    Math.floor(next() * 2 ** bits)
      .toString(16)
      .toUpperCase()
      .padStart(bits / 4, '0');
  const states = ['ESTABLISHED', 'TIME_WAIT  ', 'SYN_RECV   ', 'FIN_WAIT   '];
  const lines = ['Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData'];
  for (let i = 0; i < count; i++) {
    lines.push(
      `TCP ${hex(32)} ${hex(16)} 0A000064 0050 C0A8${hex(16)} 1F90 ${states[i & 3]} ${String(Math.floor(next() * 900)).padStart(7)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
