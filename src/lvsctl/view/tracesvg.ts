// A packet's path as a picture: a box a machine, from top to bottom, and the packet on each link.
import type { Trace } from '../path/trace.js';
import { machinesOf, packetText } from './trace.js';

const WIDTH = 760;
const LINE = 18;
const PAD = 12;
const GAP = 46;
/** letters that fit a line */
const LETTERS = 100;
/** distinguishable also by people who see fewer colours (Okabe and Ito) */
const COLOURS = { pass: '#009e73', lost: '#d55e00', unknown: '#e69f00' } as const;
const SIGNS = { pass: '✓', lost: '✗', unknown: '?' } as const;

/** @returns the picture, without a script */
export function traceSvg(trace: Trace): string {
  const parts: string[] = [];
  let y = PAD;
  let packet = trace.hops[0]?.packet;
  for (const { machine, hops } of machinesOf(trace.hops)) {
    if (packet) parts.push(text(PAD + 14, y + 20, packetText(packet), '#444444'), arrow(y));
    y += GAP;
    const height = LINE * (hops.length + 1) + PAD;
    const worst = hops.find(({ outcome }) => outcome !== 'pass')?.outcome ?? 'pass';
    parts.push(
      `<rect x="${PAD}" y="${y}" width="${WIDTH - 2 * PAD}" height="${height}" rx="6" ` +
        `fill="#f6f6f6" stroke="${COLOURS[worst]}"/>`,
      text(2 * PAD, y + LINE, machine, '#000000', ' font-weight="bold"'),
      ...hops.flatMap((hop, i) => {
        const at = y + LINE * (i + 2);
        const colour = COLOURS[hop.outcome];
        return [
          text(2 * PAD, at, SIGNS[hop.outcome], colour),
          text(2 * PAD + 18, at, hop.what, '#000000'),
        ];
      }),
    );
    y += height;
    packet = hops.at(-1)?.packet;
  }
  const height = y + PAD;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ` +
      `${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(`path of a packet: ${trace.outcome}`)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function arrow(y: number): string {
  const x = PAD + 6;
  return `<path d="M${x} ${y + 2} V${y + GAP - 4} m-4 -6 l4 6 l4 -6" fill="none" stroke="#444444"/>`;
}

function text(x: number, y: number, content: string, colour: string, more = ''): string {
  const shown = content.length > LETTERS ? `${content.slice(0, LETTERS - 1)}…` : content;
  return `<text x="${x}" y="${y}" fill="${colour}"${more}>${escaped(shown)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
