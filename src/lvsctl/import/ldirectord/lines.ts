// Lines of ldirectord.cf: `key = value`, those of a service indented below its `virtual`.
import type { Remarks, SourcePlace } from '../remark.js';

export interface Directive extends SourcePlace {
  readonly key: string;
  /** as written, with its quotes */
  readonly value: string;
}

/** A service with its indented directives. */
export interface ServiceLines {
  readonly virtual: Directive;
  readonly own: readonly Directive[];
}

export interface Directives {
  readonly global: readonly Directive[];
  readonly services: readonly ServiceLines[];
}

/** Reads all lines; `#` begins a comment, outside quotes. */
export function directivesOf(text: string, file: string, remarks: Remarks): Directives {
  const global: Directive[] = [];
  const services: { readonly virtual: Directive; readonly own: Directive[] }[] = [];
  let shallow = false;
  for (const [i, line] of text.split('\n').entries()) {
    const place = { file, line: i + 1 };
    const content = withoutComment(line).trimEnd();
    if (content.trim() === '') continue;
    const [, key = '', value = ''] = /^\s*([\w-]+)\s*=\s*(.*)$/s.exec(content) ?? [];
    if (key === '') {
      remarks.warn(place, content.trim(), 'not `key = value`: ldirectord refuses the file');
      continue;
    }
    const directive = { ...place, key: key.toLowerCase(), value };
    const indented = /^\s/.test(line);
    if (indented && !/^(?: {4}|\t)/.test(line) && !shallow) {
      shallow = true;
      remarks.warn(
        place,
        key,
        'less than four blanks or a tab before it: ldirectord refuses the file',
      );
    }
    if (/^virtual6?$/.test(directive.key)) services.push({ virtual: directive, own: [] });
    else if (!indented) global.push(directive);
    else if (services.length === 0)
      remarks.warn(place, key, 'indented before the first virtual: ldirectord refuses the file');
    else services.at(-1)?.own.push(directive);
  }
  return { global, services };
}

function withoutComment(line: string): string {
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    if (line[i] === '\\') i++;
    else if (line[i] === '"') quoted = !quoted;
    else if (line[i] === '#' && !quoted) return line.slice(0, i);
  }
  return line;
}

/** The text within the quotes, or the whole. */
export function unquoted(value: string): string {
  return /^"(.*)"$/s.exec(value.trim())?.[1] ?? value.trim();
}
