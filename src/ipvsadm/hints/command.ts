// A command line whose first option is no command, or that has two.
import { nearest } from '../../render/nearest.js';
import { COMMANDS, findLong, findShort, OPTIONS, type OptionRow } from '../options.js';
import { type Advice, type MistakeRow, quoted, type RefusedLine, written } from './line.js';

export const COMMAND_MISTAKES: readonly MistakeRow[] = [
  { name: 'no command', find: noCommand },
  { name: 'two commands', find: twoCommands },
];

function noCommand(line: RefusedLine): Advice | undefined {
  if (!/^Try `/.test(line.message)) return undefined;
  const [first = ''] = line.args;
  return (
    plainName(first) ?? similarCommand(first) ?? lateCommand(line.args) ?? needed(first, line.args)
  );
}

/** What people call the commands. */
const CALLED: Readonly<Record<string, string>> = {
  add: '-A (service) / -a (server)',
  new: '-A',
  create: '-A',
  append: '-A',
  edit: '-E (service) / -e (server)',
  modify: '-E (service) / -e (server)',
  change: '-E (service) / -e (server)',
  delete: '-D (service) / -d (server)',
  del: '-D (service) / -d (server)',
  remove: '-D (service) / -d (server)',
  flush: '-C',
  ls: '-L',
  show: '-L',
  status: '-L',
  stats: '-L --stats',
  rate: '-L --rate',
  dump: '-S',
  load: '-R',
  start: '--start-daemon master|backup',
  stop: '--stop-daemon master|backup',
};

/** `--add_service`, `--Version`, `-V`, `-?`: a letter off. */
function similarCommand(first: string): Advice | undefined {
  if (/^(?:-+|\/)\?$/.test(first)) return { en: 'did you mean -h?', zh: '是不是 -h？' };
  const name = /^--([^=]+)/.exec(first)?.[1] ?? '';
  const row =
    name === ''
      ? otherCase(first)
      : findLong(longer(name) ?? nearest(name, NAMES, CALLED_LONG) ?? beginning(name));
  if (!row) return undefined;
  const option = name === '' ? written(row) : `--${row.long}`;
  return { en: `did you mean ${option}?`, zh: `是不是 ${option}？` };
}

const NAMES = COMMANDS.map(({ long }) => long);
const CALLED_LONG: Readonly<Record<string, readonly string[]>> = {
  add: ['add-service'],
  edit: ['edit-service'],
  delete: ['delete-service'],
  del: ['delete-service'],
  flush: ['clear'],
  show: ['list'],
};

/** `--list-services`: the command that the name begins with. */
function longer(name: string): string | undefined {
  return NAMES.find((one) => name.toLowerCase().startsWith(`${one}-`));
}

/** The only command whose long name begins so; '' when there is none. */
function beginning(name: string): string {
  const found = name.length < 3 ? [] : NAMES.filter((one) => one.startsWith(name.toLowerCase()));
  return found.length === 1 ? (found[0] ?? '') : '';
}

/** `-V` is `-v`; `-F` flushes with iptables. */
function otherCase(first: string): OptionRow | undefined {
  if (first === '-F') return findShort('C');
  const letter = /^-([A-Za-z])$/.exec(first)?.[1] ?? '';
  if (letter === '' || findShort(letter)) return undefined;
  const other = letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
  return findShort(other)?.command ? findShort(other) : undefined;
}

/** `list`, `add`: a command without its dashes. */
function plainName(first: string): Advice | undefined {
  if (first.startsWith('-')) return undefined;
  const name = first.toLowerCase();
  const row = COMMANDS.find(({ long }) => long === name);
  const called = row ? written(row) : Object.hasOwn(CALLED, name) ? CALLED[name] : undefined;
  if (called !== undefined)
    return {
      en: `${quoted(first)} is written as an option here: ${called}`,
      zh: `${quoted(first)} 在这里要写成选项：${called}`,
    };
  if (first.length !== 1 || !findShort(first)?.command) return undefined;
  return {
    en: `a dash is missing: -${first}`,
    zh: `缺少短横：-${first}`,
  };
}

/** `-t … -A`, `-nL`: the command is there, but not first. */
function lateCommand(args: readonly string[]): Advice | undefined {
  const [first = ''] = args;
  const letters = /^-([A-Za-z0-9]{2,})$/.exec(first)?.[1] ?? '';
  const within = [...letters].find((letter) => findShort(letter)?.command);
  if (within !== undefined && [...letters].every((letter) => findShort(letter))) {
    const intended = `-${within}${letters.replace(within, '')}`;
    return {
      en: `the command comes first: ${intended}`,
      zh: `命令要放在最前面：${intended}`,
    };
  }
  const at = args.findIndex((arg) => commandOf(arg) !== undefined);
  if (at <= 0) return undefined;
  const intended = [args[at], ...args.slice(0, at), ...args.slice(at + 1)].join(' ');
  return {
    en: `the command comes first: ipvsadm ${intended}`,
    zh: `命令要放在最前面：ipvsadm ${intended}`,
  };
}

function commandOf(arg: string): OptionRow | undefined {
  const row = arg.startsWith('--')
    ? findLong(arg.slice(2))
    : /^-./.test(arg)
      ? findShort(arg[1] ?? '')
      : undefined;
  return row?.command ? row : undefined;
}

function needed(first: string, args: readonly string[]): Advice {
  const row = OPTIONS.find(
    (one) =>
      first === `--${one.long}` ||
      (first.length > 1 && first[0] === '-' && one.short.includes(first[1] ?? '-')),
  );
  const slots = new Set(args.filter((arg) => arg.startsWith('-')).map((arg) => arg[1]));
  const likely =
    row?.slot === 'numeric' || ['stats', 'rate', 'connection'].includes(row?.slot ?? '')
      ? '-L'
      : slots.has('r')
        ? '-a'
        : row?.slot === 'service-address' || row?.slot === 'scheduler'
          ? '-A'
          : undefined;
  const all = '-A, -E, -D, -a, -e, -d, -L, -C, -S, -R, -Z';
  const perhaps = likely === undefined ? '' : `ipvsadm ${likely} ${args.join(' ')}`;
  return {
    en: `the line begins with a command (${all})${perhaps === '' ? '' : `: perhaps ${perhaps}`}`,
    zh: `命令行以命令开头（${all}）${perhaps === '' ? '' : `：也许是 ${perhaps}`}`,
  };
}

/** `-dr`, `-nat`, `-tun`: what tutorials call the forwarding methods. */
function methodOf(arg: string): string | undefined {
  const [all, direct, nat] = /^-(?:(dr|gw|direct)|(nat|masq)|(?:tun|tunnel))$/i.exec(arg) ?? [];
  if (all === undefined) return undefined;
  return direct !== undefined ? '-g' : nat !== undefined ? '-m' : '-i';
}

/** `-S rr`, `-R SERVER`: the option of the same letter, which takes the value. */
function lowerCase(arg: string, value: string | undefined): string | undefined {
  const letter = /^-([A-Z])$/.exec(arg)?.[1]?.toLowerCase();
  if (letter === undefined || value === undefined || value.startsWith('-')) return undefined;
  const row = findShort(letter);
  return row && !row.command && row.metavar !== undefined ? `-${letter} ${value}` : undefined;
}

/** `-A … -L`: a line carries out one command. */
function twoCommands({ message, args }: RefusedLine): Advice | undefined {
  if (!/^(?:invalid option `|multiple ')/.test(message)) return undefined;
  const method = args.map(methodOf).find((one) => one !== undefined);
  if (method !== undefined) return { en: `did you mean ${method}?`, zh: `是不是 ${method}？` };
  const at = args.findIndex((arg, i) => i > 0 && commandOf(arg) !== undefined);
  if (at < 0 || message.startsWith('multiple')) return undefined;
  const lower = lowerCase(args[at] ?? '', args[at + 1]);
  if (lower !== undefined) return { en: `did you mean ${lower}?`, zh: `是不是 ${lower}？` };
  const [one, other] = [args.slice(0, at).join(' '), args.slice(at).join(' ')];
  return {
    en: `a line carries out one command; type two: ipvsadm ${one}; ipvsadm ${other}`,
    zh: `一行只能有一个命令；请分成两行：ipvsadm ${one}; ipvsadm ${other}`,
  };
}
