// What came along when a line was copied from a page, a script or another shell: prompts, quotes,
// names in place of values, and what only a shell reads.
import { SCHEDULER_NAMES } from '../../model/scheduler.js';
import { findLong, findShort } from '../options.js';
import {
  type Advice,
  firstOf,
  givenFor,
  type MistakeRow,
  quoted,
  type RefusedLine,
} from './line.js';

export const COPIED_MISTAKES: readonly MistakeRow[] = [
  { name: 'prompt or program name', find: ({ args }) => prompt(args) },
  { name: 'quote', find: ({ args }) => firstOf(args, quotes) },
  { name: 'placeholder', find: ({ args }) => firstOf(args, placeholder) },
  { name: 'punctuation at the end', find: ({ args }) => firstOf(args, punctuation) },
  { name: 'blank around a value', find: ({ args }) => firstOf(args, blanks) },
  { name: 'for the shell', find: forShell },
  { name: 'file without redirection', find: fileName },
  { name: 'swapped values', find: swapped },
  { name: 'blank within a value', find: split },
  { name: 'several servers', find: severalServers },
];

const typeIt = (en: string, zh: string, text: string): Advice => ({
  en: `${en}: type '${text}'`,
  zh: `${zh}：请输入 '${text}'`,
});

/** `# ipvsadm -Ln`, `[root@lvs ~]$ sudo ipvsadm -Ln`, `sudo -Ln` */
function prompt(args: readonly string[]): Advice | undefined {
  const name = args.findIndex((arg) => /^(?:.*\/)?ipvsadm(?:-save|-restore)?$/.test(arg));
  const options = args.findIndex((arg) => arg.startsWith('-'));
  const isPrompt = /^(?:\[?\w+@.*|.*[#$%>]|sudo|doas)$/.test(args[0] ?? '');
  const ends = name >= 0 && (options < 0 || name < options) ? name + 1 : isPrompt ? options : 0;
  if (ends <= 0) return undefined;
  const extra = args.slice(0, ends).join(' ');
  const rest = args.slice(ends).join(' ');
  return {
    en: `${quoted(extra)} is no part of the command's options; leave it out: ipvsadm ${rest}`,
    zh: `${quoted(extra)} 不是选项，是多余的；请去掉：ipvsadm ${rest}`,
  };
}

function quotes(arg: string): Advice | undefined {
  const plain = arg.replace(/^["'`]+|["'`]+$/g, '');
  if (plain === arg || plain === '') return undefined;
  return typeIt(
    `${quoted(arg)} has quotes that no shell has taken away`,
    `${quoted(arg)} 里的引号没有被 shell 去掉`,
    plain,
  );
}

const NAMES = 'VIP|RIP|DIP|CIP|IP|ADDRESS|ADDR|SERVER|HOST|PORT|REALSERVER|DIRECTOR';
const PLACEHOLDERS = new RegExp(
  `^(?:<.*>.*|\\{.*\\}.*|.*:(?:<.*>|\\{.*\\}|PORT)|(?:${NAMES})\\d?(?::.*)?|(?:\\d+\\.){1,3}[xX*]+(?:\\.[xX*]+)*(?::.*)?)$`,
);

/** `VIP:80`, `<rip>`, `192.0.2.x`; `$VIP` in quotes that keep a shell from reading it. */
function placeholder(arg: string): Advice | undefined {
  const [, variable] = /(\$\{?\w+\}?)/.exec(arg) ?? [];
  if (variable !== undefined)
    return {
      en: `${variable} in ${quoted(arg)} is a variable that no shell has replaced; type its value`,
      zh: `${quoted(arg)} 里的 ${variable} 是变量，没有被 shell 替换；请输入它的值`,
    };
  if (!PLACEHOLDERS.test(arg)) return undefined;
  return {
    en: `${quoted(arg)} stands for a value of your own; type that in its place`,
    zh: `${quoted(arg)} 只是代表，请换成自己的值`,
  };
}

/** `rr;`, `192.0.2.1:80,` */
function punctuation(arg: string): Advice | undefined {
  const [, plain = ''] = /^(.*[\w\]])[;,.!]+$/.exec(arg) ?? [];
  const isName = (SCHEDULER_NAMES as readonly string[]).includes(plain);
  if (plain === '' || !(isName || /[:\]]\w*$|^\d+$|^-/.test(plain))) return undefined;
  const mark = arg.slice(plain.length);
  return typeIt(
    `${quoted(arg)} ends in '${mark}', which is no part of it`,
    `${quoted(arg)} 末尾多了 '${mark}'`,
    plain,
  );
}

function blanks(arg: string): Advice | undefined {
  const plain = arg.trim();
  if (plain === arg) return undefined;
  if (plain === '')
    return {
      en: `${quoted(arg)} is a blank in quotes, or behind a backslash; leave it out`,
      zh: `${quoted(arg)} 是引号里或反斜杠后面的空格；请去掉`,
    };
  return typeIt(
    `${quoted(arg)} has a blank at its beginning or end`,
    `${quoted(arg)} 开头或末尾有空格`,
    plain,
  );
}

const SHELL = /^(?:#.*|\|\|?|&&?|;|[<>]{1,2}|2>.*)$/;

/** `|`, `#`, `\` as arguments: in saved rules and in quotes no shell reads them. */
function forShell({ args, message }: RefusedLine): Advice | undefined {
  if (args.some((arg) => /^\\+$/.test(arg)))
    return {
      en: "'\\' continues a line only as its very last character, and not in saved rules",
      zh: "'\\' 只有在行末最后一个字符才能续行，在保存的规则里不能续行",
    };
  const at = args.findIndex((arg) => SHELL.test(arg));
  if (at < 0 || !/^(?:unexpected argument|invalid option)/.test(message)) return undefined;
  const sign = quoted(args[at] ?? '');
  const before = args.slice(0, at).join(' ');
  return {
    en: `${sign} is for a shell, and no shell has read it: type '${before}' alone`,
    zh: `${sign} 是给 shell 的，这里没有 shell 读取它：只输入 '${before}'`,
  };
}

/** `-R rules`, `-S rules`, `-R -f rules` */
function fileName({ args }: RefusedLine): Advice | undefined {
  const [command = '', ...others] = args;
  const name = others.filter((arg) => !/^-[nf]$/.test(arg));
  if (name.length !== 1 || name[0]?.startsWith('-')) return undefined;
  if (/^(?:-R|--restore)$/.test(command))
    return {
      en: `-R reads the rules from stdin: ipvsadm -R < ${name[0]}`,
      zh: `-R 从标准输入读取规则：ipvsadm -R < ${name[0]}`,
    };
  if (!/^(?:-S|-Sn|--save)$/.test(command)) return undefined;
  return {
    en: `-S writes the rules to stdout: ipvsadm -Sn > ${name[0]}`,
    zh: `-S 把规则写到标准输出：ipvsadm -Sn > ${name[0]}`,
  };
}

const isScheduler = (text: string | undefined) =>
  (SCHEDULER_NAMES as readonly string[]).includes(text ?? '');
const isEndpoint = (text: string | undefined) =>
  /^(?:\[[0-9a-f:.]+\]|\d+(?:\.\d+){3}):\w+$/i.test(text ?? '');

/** `-s ADDRESS -t rr` */
function swapped(line: RefusedLine): Advice | undefined {
  const service = givenFor(line, 'service-address');
  const at = line.args.findIndex((arg, i) => /^-s$/.test(arg) && isEndpoint(line.args[i + 1]));
  if (!service || !isScheduler(service.value) || at < 0) return undefined;
  const address = line.args[at + 1] ?? '';
  return {
    en: `the values of -t and -s are exchanged: type '-t ${address} -s ${service.value}'`,
    zh: `-t 和 -s 的值写反了：请输入 '-t ${address} -s ${service.value}'`,
  };
}

/** `-s wr r`, `-t 192.0.2.1 80`, `-t 192 .0.2.1:80` */
function split({ args }: RefusedLine): Advice | undefined {
  for (let i = 1; i < args.length - 1; i++) {
    const [option = '', one = '', two = ''] = args.slice(i - 1, i + 2);
    if (!/^-[A-Za-z]$|^--/.test(option) || one.startsWith('-') || two.startsWith('-')) continue;
    const joined = joinedValue(option, one, two);
    if (joined !== undefined)
      return typeIt(`there is a blank in '${one} ${two}'`, `'${one} ${two}' 中间有空格`, joined);
  }
  return undefined;
}

function joinedValue(option: string, one: string, two: string): string | undefined {
  const row = option.startsWith('--') ? findLong(option.slice(2)) : findShort(option[1] ?? '');
  if (row?.slot === 'scheduler') return isScheduler(one + two) ? one + two : undefined;
  if (row?.slot !== 'service-address' && row?.slot !== 'real-server') return undefined;
  if (/^\d+(?:\.\d+){3}$|^\[.*\]$/.test(one) && /^\d+$/.test(two)) return `${one}:${two}`;
  return !isEndpoint(one) && isEndpoint(one + two) ? one + two : undefined;
}

/** `-r A,B`, `-r A-B`, `-r A -r B` */
function severalServers(line: RefusedLine): Advice | undefined {
  const given = givenFor(line, 'real-server')?.value ?? '';
  const list = /[,;/]/.test(given) ? given.split(/[,;/]/).filter((one) => one !== '') : [];
  const isList = list.length > 1 && list.every((one) => /^\d+(?:\.\d+){3}(?::\w+)?$/.test(one));
  const isRange = /^\d+(?:\.\d+){3}-\d+(?:(?:\.\d+){3})?(?::\w+)?$/.test(given);
  if (!isList && !isRange && line.message !== "multiple 'real-server' options specified")
    return undefined;
  return {
    en: 'one real server in a line: type a line with -a … -r SERVER for each',
    zh: '一行只能有一台真实服务器：每台各写一行 -a … -r SERVER',
  };
}
