// Options that do not go together, or that are missing: what the command takes instead.
import { findLong, OPTIONS, type Slot } from '../options.js';
import { type Advice, type MistakeRow, type RefusedLine, written } from './line.js';

export const LEGALITY_MISTAKES: readonly MistakeRow[] = [
  { name: 'option of another command', find: illegal },
  { name: 'missing option', find: missing },
  { name: 'option twice', find: twice },
  { name: 'conflict', find: conflict },
];

/** Options that belong to a real server, with the command for it. */
const OF_SERVER: readonly Slot[] = [
  'real-server',
  'forwarding-method',
  'weight',
  'u-threshold',
  'l-threshold',
  'tun-type',
  'tun-port',
];
const OF_SERVICE: readonly Slot[] = [
  'scheduler',
  'persistent',
  'netmask',
  'ops',
  'pe',
  'sched-flags',
];
const OF_LIST: readonly Slot[] = [
  'numeric',
  'connection',
  'stats',
  'rate',
  'thresholds',
  'exact',
  'nosort',
  'persistent-conn',
  'timeout',
  'daemon',
];

function illegal({ message }: RefusedLine): Advice | undefined {
  const [, slot = '', command = ''] =
    /^Illegal '(.*)' option with the '(.*)' command$/.exec(message) ?? [];
  if (slot === '') return undefined;
  const name = optionOf(slot as Slot);
  if (OF_SERVER.includes(slot as Slot) && command.endsWith('-service'))
    return {
      en: `${name} is for a real server, which is a line of its own: -a -t VIP:PORT -r SERVER${slot === 'real-server' ? '' : ' …'}`,
      zh: `${name} 是给真实服务器用的，要另写一行：-a -t VIP:PORT -r SERVER${slot === 'real-server' ? '' : ' …'}`,
    };
  if (OF_SERVICE.includes(slot as Slot) && command.endsWith('-server'))
    return {
      en: `${name} is for the service: -A or -E -t VIP:PORT ${name}`,
      zh: `${name} 是给服务用的：-A 或 -E -t VIP:PORT ${name}`,
    };
  if (OF_LIST.includes(slot as Slot) && command !== 'list')
    return {
      en: `${name} is for the list: ipvsadm -L ${name}`,
      zh: `${name} 用于列表：ipvsadm -L ${name}`,
    };
  return {
    en: `${commandOf(command)} does not take ${name}; leave it out`,
    zh: `${commandOf(command)} 不带 ${name}；请去掉`,
  };
}

function missing({ message }: RefusedLine): Advice | undefined {
  const [, slot = '', command = ''] =
    /^You need to supply the '(.*)' option for (.*)$/.exec(message) ?? [];
  if (slot === '') return undefined;
  const name = /^the '(.*)' command$/.exec(command)?.[1];
  const what = name === undefined ? command : commandOf(name);
  const needed =
    slot === 'service-address'
      ? '-t ADDRESS:PORT (TCP), -u ADDRESS:PORT (UDP), --sctp-service, -f MARK'
      : slot === 'real-server'
        ? '-r ADDRESS[:PORT]'
        : optionOf(slot as Slot);
  return { en: `${what} needs ${needed}`, zh: `${what} 需要 ${needed}` };
}

function twice({ message }: RefusedLine): Advice | undefined {
  const [, slot = ''] = /^multiple '(.*)' options specified$/.exec(message) ?? [];
  if (slot === '') return undefined;
  const names = OPTIONS.filter((row) => row.slot === slot)
    .map(written)
    .join(', ');
  return { en: `only one of ${names} in a line`, zh: `一行里 ${names} 只能出现一次` };
}

// biome-ignore format: a table
const CONFLICTS: readonly (readonly [message: RegExp, en: string, zh: string])[] = [
  [/^One-Packet Scheduling is only for UDP/, 'type -u in place of -t, or leave -o out', '用 -u 代替 -t，或去掉 -o'],
  [/^Different address family/, 'add -i (tunnel), or use servers of the family of the service', '加 -i（隧道），或使用与服务同一地址族的服务器'],
  [/^Tunnel options conflict/, '--tun-… options go with -i', '--tun-… 选项要和 -i 一起用'],
  [/^-6 used before -f/, '-6 comes behind -f MARK', '-6 要放在 -f MARK 后面'],
  [/^options conflicts in the list command/, 'connections, timeouts and daemons have a list each: -Lnc, -L --timeout, -L --daemon', '连接、超时、守护进程各有自己的列表：-Lnc、-L --timeout、-L --daemon'],
  [/^The option '.*' conflicts with the '.*' option/, 'leave one of the two out', '两个选项请去掉一个'],
  [/^Illegal '.*' option with the '.*' tunnel type/, 'leave it out, or choose another --tun-type', '去掉它，或者换一个 --tun-type'],
];

function conflict({ message }: RefusedLine): Advice | undefined {
  const row = CONFLICTS.find(([pattern]) => pattern.test(message));
  return row && { en: row[1], zh: row[2] };
}

function optionOf(slot: Slot): string {
  const rows = OPTIONS.filter((row) => row.slot === slot);
  return rows.map(written).join(', ') || slot;
}

function commandOf(name: string): string {
  const long: Readonly<Record<string, string>> = { flush: 'clear' };
  const row = findLong(Object.hasOwn(long, name) ? (long[name] ?? name) : name);
  return row ? written(row) : name;
}
