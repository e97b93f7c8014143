// Values of other options that cannot be read.

import type { Slot } from '../options.js';
import { type Advice, givenFor, type MistakeRow, quoted, type RefusedLine } from './line.js';

interface Range {
  readonly message: RegExp;
  readonly slot: Slot | undefined;
  readonly least: number;
  readonly most: number;
  readonly en: string;
  readonly zh: string;
}

const INT32 = 2147483647;

// biome-ignore format: a table
const RANGES: readonly Range[] = [
  { message: /^illegal weight/, slot: 'weight', least: 0, most: INT32, en: 'a weight', zh: '权重' },
  { message: /^illegal u_threshold/, slot: 'u-threshold', least: 0, most: INT32, en: 'an upper threshold', zh: '上限' },
  { message: /^illegal l_threshold/, slot: 'l-threshold', least: 0, most: INT32, en: 'a lower threshold', zh: '下限' },
  { message: /^illegal syncid/, slot: 'syncid', least: 0, most: 255, en: 'a syncid', zh: 'syncid' },
  { message: /^illegal tunnel port/, slot: 'tun-port', least: 1, most: 65535, en: 'a port', zh: '端口' },
  { message: /^illegal mcast-port/, slot: 'mcast-port', least: 1, most: 65535, en: 'a port', zh: '端口' },
  { message: /^illegal mcast-ttl/, slot: 'mcast-ttl', least: 1, most: 255, en: 'a time to live', zh: '生存时间' },
  { message: /^illegal sync-maxlen/, slot: 'sync-maxlen', least: 1, most: 65507, en: 'a length', zh: '长度' },
  { message: /^invalid fwmark/, slot: 'service-address', least: 1, most: 4294967295, en: 'a firewall mark', zh: '防火墙标记' },
];

export const VALUE_MISTAKES: readonly MistakeRow[] = [
  { name: 'number', find: number },
  { name: 'time', find: time },
  { name: 'tunnel type', find: tunnelType },
  { name: 'netmask', find: netmask },
  { name: 'scheduler flag', find: flag },
  { name: 'sync daemon', find: daemon },
  { name: 'set', find: set },
];

function number(line: RefusedLine): Advice | undefined {
  const range = RANGES.find(({ message }) => message.test(line.message));
  const given = range?.slot && givenFor(line, range.slot);
  if (!range || !given) return undefined;
  const { least, most, en, zh } = range;
  return {
    en: `${quoted(given.value)}: ${en} is a whole number from ${least} to ${most}`,
    zh: `${quoted(given.value)}：${zh}是 ${least} 到 ${most} 的整数`,
  };
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1,
  sec: 1,
  m: 60,
  min: 60,
  h: 3600,
  d: 86400,
  秒: 1,
  分: 60,
  分钟: 60,
  小时: 3600,
  天: 86400,
};
const LONGEST = 2678400;

function time({ message }: RefusedLine): Advice | undefined {
  const [, text = ''] = /^invalid timeout value `(.*)' specified$/s.exec(message) ?? [];
  if (text === '' && !/^invalid timeout/.test(message)) return undefined;
  const [, amount, unit = ''] = /^(\d+)\s*([a-z]+|\p{Script=Han}+)$/iu.exec(text) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  const intended = factor === undefined ? undefined : Number(amount) * factor;
  return {
    en: `${quoted(text)}: a time is in whole seconds, at most ${LONGEST} (31 days)${intended === undefined ? '' : `: type ${intended}`}`,
    zh: `${quoted(text)}：时间是整秒数，最大 ${LONGEST}（31 天）${intended === undefined ? '' : `：请输入 ${intended}`}`,
  };
}

function tunnelType(line: RefusedLine): Advice | undefined {
  if (!/^illegal tunnel type/.test(line.message)) return undefined;
  const { value = '' } = givenFor(line, 'tun-type') ?? {};
  return {
    en: `${quoted(value)}: the tunnel types are ipip, gue and gre`,
    zh: `${quoted(value)}：隧道类型有 ipip、gue 和 gre`,
  };
}

function netmask(line: RefusedLine): Advice | undefined {
  if (!/^illegal (?:ipv6 netmask|virtual server persistent mask)/.test(line.message))
    return undefined;
  const { value = '' } = givenFor(line, 'netmask') ?? {};
  const six = line.message.includes('ipv6');
  const length = Number(/^\/(\d+)$/.exec(value)?.[1]);
  const bits = length <= 32 && length >= 0 ? dotted(length) : undefined;
  const instead = !six && bits !== undefined ? `: type ${bits}` : '';
  return six
    ? {
        en: `${quoted(value)}: for IPv6 the mask is a prefix length from 1 to 128`,
        zh: `${quoted(value)}：IPv6 的掩码是 1 到 128 的前缀长度`,
      }
    : {
        en: `${quoted(value)}: for IPv4 the mask is like 255.255.255.0${instead}`,
        zh: `${quoted(value)}：IPv4 的掩码形如 255.255.255.0${instead.replace(': type ', '：请输入 ')}`,
      };
}

function dotted(length: number): string {
  const bits = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

function flag({ message }: RefusedLine): Advice | undefined {
  const [, which, name = ''] =
    /^(invalid|incompatible) scheduler flag `(.*)'$/s.exec(message) ?? [];
  if (which === undefined) return undefined;
  const all = 'sh-fallback, sh-port (-s sh); mh-fallback, mh-port (-s mh); flag-1, flag-2, flag-3';
  return which === 'invalid'
    ? { en: `${quoted(name)}: the flags are ${all}`, zh: `${quoted(name)}：标志有 ${all}` }
    : {
        en: `${quoted(name)} belongs to the scheduler ${name.slice(0, 2)}: -s ${name.slice(0, 2)} -b ${name}`,
        zh: `${quoted(name)} 属于调度器 ${name.slice(0, 2)}：-s ${name.slice(0, 2)} -b ${name}`,
      };
}

function daemon({ message }: RefusedLine): Advice | undefined {
  if (!/^illegal start[-_]daemon/.test(message)) return undefined;
  return { en: "the role is 'master' or 'backup'", zh: "角色是 'master' 或 'backup'" };
}

function set({ message }: RefusedLine): Advice | undefined {
  if (!/^--set option requires/.test(message)) return undefined;
  return {
    en: '--set TCP TCPFIN UDP, in seconds; 0 keeps one: --set 900 120 300',
    zh: '--set TCP TCPFIN UDP，单位秒；0 表示不变：--set 900 120 300',
  };
}
