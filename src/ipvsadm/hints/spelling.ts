// Options that are written wrong: without a blank between them, letter by letter, a letter off.

import { SCHEDULER_NAMES } from '../../model/scheduler.js';
import { nearest } from '../../render/nearest.js';
import { findLong, findShort, OPTIONS, type OptionRow } from '../options.js';
import {
  type Advice,
  firstOf,
  has,
  type MistakeRow,
  quoted,
  type RefusedLine,
  writtenInFull,
} from './line.js';

export const SPELLING_MISTAKES: readonly MistakeRow[] = [
  { name: 'letter by letter', find: ({ args }) => firstOf(args, letterByLetter) },
  { name: 'options without a blank', find: ({ args }) => firstOf(args, gluedOptions) },
  { name: 'value without a blank', find: ({ args }) => firstOf(args, gluedValue) },
  { name: 'unknown option', find: unknownOption },
  { name: 'missing value', find: missingValue },
  { name: 'value of a switch', find: valueOfSwitch },
  { name: 'argument without option', find: positional },
];

/** `-stats`, `-List`: a long name behind one dash. */
function letterByLetter(arg: string): Advice | undefined {
  const [, name = ''] = /^-([A-Za-z][A-Za-z-]{2,})$/.exec(arg) ?? [];
  const row = findLong(name) ?? findLong(name.toLowerCase());
  if (name === '' || row === undefined) return undefined;
  const letter = row.short === '' || name === row.long ? '' : `, or -${row.short[0]}`;
  const letters = row.short === '' || name === row.long ? '' : `，或 -${row.short[0]}`;
  return {
    en: `'-${name}' is read letter by letter; the long option is '--${row.long}'${letter}`,
    zh: `'-${name}' 会被逐个字母读取；长选项是 '--${row.long}'${letters}`,
  };
}

/** `-A-t`, `-L-n`: letters with a dash between. */
function gluedOptions(arg: string): Advice | undefined {
  const [, one = '', other = ''] = /^(-[A-Za-z0-9]+)(--?[A-Za-z].*)$/.exec(arg) ?? [];
  if (one === '' || ![...one.slice(1)].every((letter) => findShort(letter))) return undefined;
  if (!startsOption(other)) return undefined;
  return blankMissing(arg, `${one} ${other}`);
}

/** `192.0.2.1:80-s`, `wrr-p300`: a value with the next option. */
function gluedValue(arg: string): Advice | undefined {
  const [, value = '', option = ''] = /^([^-].*?)(--?[A-Za-z].*)$/.exec(arg) ?? [];
  if (value === '' || !isValue(value) || !/^-(?:-|[A-Za-z](?:$|[\d=[]))/.test(option))
    return undefined;
  if (!startsOption(option)) return undefined;
  const apart = option.replace(/^(-[A-Za-z])(?=[^-\s=])/, '$1 ');
  return blankMissing(arg, `${value} ${option.startsWith('--') ? option : apart}`);
}

function blankMissing(arg: string, intended: string): Advice {
  return {
    en: `a blank is missing in ${quoted(arg)}: type '${intended}'`,
    zh: `${quoted(arg)} 里缺少空格：请输入 '${intended}'`,
  };
}

function startsOption(text: string): boolean {
  if (text.startsWith('--')) return findLong(text.slice(2).split('=')[0] ?? '') !== undefined;
  return findShort(text[1] ?? '') !== undefined;
}

const isValue = (text: string) =>
  /^\[?[0-9a-fA-F]*[.:][0-9a-fA-F.:]+\]?(?::\w+)?$|^\d+$/.test(text) ||
  (SCHEDULER_NAMES as readonly string[]).includes(text);

/** What other programs call the options. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  nat: ['masquerading'],
  masq: ['masquerading'],
  masquerade: ['masquerading'],
  dr: ['gatewaying'],
  gateway: ['gatewaying'],
  direct: ['gatewaying'],
  tun: ['ipip'],
  tunnel: ['ipip'],
  tcp: ['tcp-service'],
  udp: ['udp-service'],
  sctp: ['sctp-service'],
  fwmark: ['fwmark-service'],
  mark: ['fwmark-service'],
  sched: ['scheduler'],
  schedule: ['scheduler'],
  persistence: ['persistent'],
  persist: ['persistent'],
  connections: ['connection'],
  conn: ['connection'],
  statistics: ['stats'],
  flush: ['clear'],
  add: ['add-service'],
  edit: ['edit-service'],
  delete: ['delete-service'],
  add_real: ['add-server'],
  real: ['real-server'],
  server: ['real-server'],
  interface: ['mcast-interface'],
  numbers: ['numeric'],
};

const LONG_NAMES = OPTIONS.map(({ long }) => long);

/** The option that a long name probably stands for: a beginning, a misspelling, another name. */
function similar(name: string): OptionRow | undefined {
  const plain = name.toLowerCase();
  const beginnings = plain.length < 3 ? [] : LONG_NAMES.filter((one) => one.startsWith(plain));
  const found = beginnings.length === 1 ? beginnings[0] : nearest(plain, LONG_NAMES, SYNONYMS);
  return found === undefined ? undefined : findLong(found);
}

/** `--stat: unknown option`. */
function unknownOption({ message }: RefusedLine): Advice | undefined {
  const [, element = ''] = /^(.*): unknown option$/s.exec(message) ?? [];
  if (element === '') return undefined;
  if (/^-\d+$/.test(element))
    return {
      en: `'${element}' is below 0: no option here takes it`,
      zh: `'${element}' 小于 0：这里没有选项接受它`,
    };
  if (element.startsWith('--')) {
    const name = element.slice(2).split('=')[0] ?? '';
    const row = similar(name);
    return row ? meaning(`--${row.long}`) : beginnings(name);
  }
  const unknown = [...element.slice(1)].find((letter) => !findShort(letter));
  if (unknown === undefined) return undefined;
  const other = findShort(swapCase(unknown));
  if (element.length > 3) {
    const row = similar(element.slice(1));
    if (row) return meaning(`--${row.long}`);
  }
  return other && meaning(`-${swapCase(unknown)} (--${other.long})`);
}

/** `--c`: long names are not completed. */
function beginnings(name: string): Advice | undefined {
  const names = LONG_NAMES.filter((one) => one.startsWith(name)).map((one) => `--${one}`);
  if (name === '' || names.length === 0) return undefined;
  return {
    en: `long options are written in full: ${names.join(', ')}`,
    zh: `长选项要写完整：${names.join('、')}`,
  };
}

function meaning(option: string): Advice {
  return { en: `did you mean ${option}?`, zh: `是不是 ${option}？` };
}

function swapCase(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
}

function missingValue({ message, args }: RefusedLine): Advice | undefined {
  if (!/: missing argument$/.test(message)) return undefined;
  const last = args.at(-1) ?? '';
  const row = last.startsWith('--') ? findLong(last.slice(2)) : findShort(last.at(-1) ?? '');
  if (!row) return undefined;
  return {
    en: `${writtenInFull(row)} needs a value: ${row.metavar ?? 'value'} (${row.help})`,
    zh: `${writtenInFull(row)} 后面要有值：${row.metavar ?? 'value'}`,
  };
}

function valueOfSwitch({ message }: RefusedLine): Advice | undefined {
  const [, element = ''] = /^(.*): option does not take an argument$/s.exec(message) ?? [];
  if (element === '') return undefined;
  const name = element.split('=')[0] ?? '';
  return {
    en: `${name} takes no value: type '${name}' alone`,
    zh: `${name} 不带值：只输入 '${name}'`,
  };
}

/** `unexpected argument stats`: a value without its option, or an option without its dashes. */
function positional(line: RefusedLine): Advice | undefined {
  const [, text = ''] = /^unexpected argument (.*)$/s.exec(line.message) ?? [];
  if (text === '') return undefined;
  if (/^-+$/.test(text))
    return {
      en: `'${text}' is a dash alone, and no option; leave it out`,
      zh: `'${text}' 只是一个短横，不是选项；请去掉`,
    };
  const option = optionWithoutDash(text) ?? optionOfValue(text, line);
  if (option !== undefined) return meaning(`'${option}'`);
  return {
    en: `${quoted(text)} belongs to no option: every value comes behind its own (-t, -r, -s, -p, -w …)`,
    zh: `${quoted(text)} 不属于任何选项：每个值都要跟在自己的选项后面（-t、-r、-s、-p、-w 等）`,
  };
}

function optionWithoutDash(text: string): string | undefined {
  if (text.length === 1) {
    const row = findShort(text);
    return row && row.command === undefined ? `-${text}` : undefined;
  }
  if (!/^[a-z-]{3,}$/i.test(text) || isValue(text)) return undefined;
  const row = findLong(text.toLowerCase()) ?? similar(text);
  return row && `--${row.long}`;
}

/** An address, a scheduler or a port that lost its option. */
function optionOfValue(text: string, line: RefusedLine): string | undefined {
  const before = line.args[line.args.indexOf(text) - 1] ?? '';
  if (/^:\d+$/.test(text) || (/^\d+$/.test(text) && before.endsWith(':')))
    return `${before.startsWith('-') ? '' : before}${text}`;
  if ((SCHEDULER_NAMES as readonly string[]).includes(text) && !has(line, 'scheduler'))
    return `-s ${text}`;
  if (!/^\[?[0-9a-f]*[.:][0-9a-f.:]+\]?(?::\w+)?$/i.test(text)) return undefined;
  if (!has(line, 'service-address')) return `-t ${text}`;
  return has(line, 'real-server') ? undefined : `-r ${text}`;
}
