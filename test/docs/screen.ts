// A terminal's screen as a picture: text with its colours, as SVG.

const CHARACTER = { width: 8.4, height: 18 };
const MARGIN = 12;
const SGR = new RegExp(`${'\\u001b'}\\[(\\d*(?:;\\d+)*)m`);
/** what chalk's codes mean; those that end a style give its empty value */
const STYLES: Readonly<Record<string, readonly [name: string, value: string]>> = {
  1: ['font-weight', 'bold'],
  2: ['opacity', '0.6'],
  7: ['text-decoration', 'underline'],
  22: ['font-weight', ''],
  27: ['text-decoration', ''],
  31: ['fill', '#ff7b72'],
  32: ['fill', '#7ee787'],
  33: ['fill', '#e3b341'],
  34: ['fill', '#79c0ff'],
  35: ['fill', '#d2a8ff'],
  36: ['fill', '#56d4dd'],
  90: ['fill', '#8b949e'],
  39: ['fill', ''],
};

/** @throws Error for a code that has no style here */
export function screenSvg(lines: readonly string[], columns: number): string {
  const width = Math.ceil(columns * CHARACTER.width + 2 * MARGIN);
  const height = lines.length * CHARACTER.height + 2 * MARGIN;
  const rows = lines.map((line, i) => {
    const y = MARGIN + (i + 0.8) * CHARACTER.height;
    return `<text xml:space="preserve" x="${MARGIN}" y="${y.toFixed(1)}">${spans(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="monospace" font-size="14" fill="#e6edf3">
<rect width="100%" height="100%" rx="6" fill="#0d1117"/>
${rows.join('\n')}
</svg>
`;
}

function spans(line: string): string {
  const now = new Map<string, string>();
  return line
    .split(SGR)
    .map((part, i) => {
      if (i % 2 === 0) return part === '' ? '' : span(part, now);
      for (const code of part.split(';')) setStyle(now, code);
      return '';
    })
    .join('');
}

function setStyle(styles: Map<string, string>, code: string): void {
  if (code === '' || code === '0') {
    styles.clear();
    return;
  }
  const style = STYLES[code];
  if (style === undefined) throw new Error(`no style for the code ${code}`);
  styles.set(...style);
  if (code === '22') styles.set('opacity', '');
}

function span(text: string, styles: ReadonlyMap<string, string>): string {
  const plain = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const set = [...styles].flatMap(([name, value]) => (value === '' ? [] : `${name}="${value}"`));
  return set.length === 0 ? plain : `<tspan ${set.join(' ')}>${plain}</tspan>`;
}
