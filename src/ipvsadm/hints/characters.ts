// Characters that look like those of a command line and are others, or that no terminal shows.
import { findLookAlike, withoutLookAlikes } from '../../render/lookalike.js';
import { findLong, findShort } from '../options.js';
import { type Advice, firstOf, type MistakeRow, quoted } from './line.js';

/** hyphen to horizontal bar, minus sign, small and full-width forms */
const DASH = '[\\u2010-\\u2015\\u2212\\ufe58\\ufe63\\uff0d]';
const LEADING = new RegExp(`^(?:${DASH}|-(?=${DASH}))(?:${DASH}|-)*`);
const INNER = new RegExp(`${DASH}+`);

export const CHARACTER_MISTAKES: readonly MistakeRow[] = [
  { name: 'carriage return', find: ({ args }) => firstOf(args, carriageReturn) },
  { name: 'character', find: ({ args }) => firstOf(args, character) },
  { name: 'letter of another script', find: ({ args }) => firstOf(args, otherScript) },
];

/** Cyrillic and Greek letters, and below each the Latin one that looks the same. */
const ALIKE = 'аеорсхуѕіјһԁԛԝАВЕКМНОРСТХЅІЈΑΒΕΖΗΙΚΜΝΟΡΤΥΧο';
const LATIN = 'aeopcxysijhdqwABEKMHOPCTXSIJABEZHIKMNOPTYXo';

/** `-Р`, `ѕh`: all of it would be plain with the letters that look the same. */
function otherScript(arg: string): Advice | undefined {
  const letters = [...arg];
  const at = letters.findIndex((one) => ALIKE.includes(one));
  const plain = letters.map((one) => LATIN[ALIKE.indexOf(one)] ?? one).join('');
  if (at < 0 || !/^[\x20-\x7e]+$/.test(plain)) return undefined;
  const script = (letters[at] ?? '') < '\u0400' ? ['a Greek', '希腊'] : ['a Cyrillic', '西里尔'];
  const where = `${at + 1}`;
  return {
    en: `${quoted(arg)} has ${script[0]} letter (${pointOf(arg, at)}) at position ${where}; type ${typedAs(plain)}`,
    zh: `${quoted(arg)} 第 ${where} 个字符是${script[1]}字母 ${pointOf(arg, at)}；请输入 ${typedAs(plain)}`,
  };
}

function carriageReturn(arg: string): Advice | undefined {
  const plain = arg.replace(/\r+$/, '');
  if (plain === arg) return undefined;
  return {
    en: `'${plain}' ends in a carriage return: the lines end as on Windows; tr -d '\\r' < FILE removes them`,
    zh: `'${plain}' 末尾有回车符：文件是 Windows 换行格式；用 tr -d '\\r' < FILE 去掉`,
  };
}

function character(arg: string): Advice | undefined {
  const odd = findLookAlike(arg);
  if (odd === undefined) return control(arg);
  if (odd.intended === '-') return dash(arg, odd.at);
  const plain = intendedBy(arg);
  const where = `${odd.at + 1}`;
  const instead = plain === '' ? undefined : plain;
  return {
    en: `${quoted(arg)} has ${/^[aeiou]/.test(odd.name) ? 'an' : 'a'} ${odd.name} at position ${where}; ${instead === undefined ? 'leave it out' : `type ${typedAs(instead)}`}`,
    zh: `${quoted(arg)} 第 ${where} 个字符是 ${pointOf(arg, odd.at)}，${kindOf(odd.intended)}；${instead === undefined ? '请去掉' : `请输入 ${typedAs(instead)}`}`,
  };
}

/**
 * The text without look-alikes; marks and quotes of a sentence around it are removed, one before an
 * option is a blank.
 */
function intendedBy(arg: string): string {
  const marks =
    /^[\u3001\u3002\uff0c\uff1a\uff1b\uff08]+|[\u3001\u3002\uff0c\uff1a\uff1b\uff09]+$/g;
  const apart = arg.replace(/[\u3001\uff0c\uff1a\uff1b](?=-)/g, ' ');
  const option = apart.replace(/^(-[A-Za-z])[\u3001\uff0c\uff1a\uff1b]/, '$1 ');
  const plain = withoutLookAlikes(option.replace(marks, '').replace(/[\uff08\uff09]/g, ''));
  return plain.trim().replace(/^["']+|["']+$/g, '');
}

function control(arg: string): Advice | undefined {
  const at = [...arg].findIndex((one) => /\p{Cc}|\p{Cf}/u.test(one));
  if (at < 0) return undefined;
  const plain = arg.replace(/\p{Cc}|\p{Cf}/gu, '');
  return {
    en: `${quoted(arg)} has an invisible character (${pointOf(arg, at)}) at position ${at + 1}; type ${typedAs(plain)}`,
    zh: `${quoted(arg)} 第 ${at + 1} 个字符是看不见的 ${pointOf(arg, at)}；请输入 ${typedAs(plain)}`,
  };
}

/** What is to be typed, in quotes, with blanks as they separate arguments. */
function typedAs(text: string): string {
  return `'${text}'`;
}

function kindOf(intended: string): string {
  if (intended === '') return '看不见的字符';
  return intended === ' ' ? '不是普通空格' : `不是 ${intended}`;
}

function pointOf(text: string, at: number): string {
  return `U+${(text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** A typographic dash: at the beginning, alone, or where a blank and an option are missing. */
function dash(arg: string, at: number): Advice {
  const leading = LEADING.exec(arg)?.[0];
  if (leading !== undefined) {
    const name = withoutLookAlikes(arg.slice(leading.length));
    if (name === '')
      return {
        en: `${quoted(arg)} is a dash alone, and no option; leave it out`,
        zh: `${quoted(arg)} 只是一个短横，不是选项；请去掉`,
      };
    const intended = `${findLong(name.split('=')[0] ?? '') ? '--' : '-'}${name}`;
    return {
      en: `${quoted(arg)} begins with a typographic dash; type '${intended}'`,
      zh: `${quoted(arg)} 开头是排版用的短横（${pointOf(arg, 0)}）；请输入 '${intended}'`,
    };
  }
  const plain = separated(arg);
  return {
    en: `${quoted(arg)} has a typographic dash (${pointOf(arg, at)}) at position ${at + 1}; type '${plain}'`,
    zh: `${quoted(arg)} 第 ${at + 1} 个字符是排版用的短横（${pointOf(arg, at)}）；请输入 '${plain}'`,
  };
}

/** `192.0.2.1–g` is `192.0.2.1 -g`; `web–1` is `web-1`. */
function separated(arg: string): string {
  const found = INNER.exec(arg);
  if (!found) return withoutLookAlikes(arg);
  const before = withoutLookAlikes(arg.slice(0, found.index)).trim();
  const after = withoutLookAlikes(arg.slice(found.index + found[0].length)).trim();
  if (findLong(after)) return `${before} --${after}`;
  const isOption = /^[A-Za-z](?:[ =\d]|$)/.test(after) && findShort(after[0] ?? '') !== undefined;
  return isOption ? `${before} -${after}` : `${before}-${after}`;
}
