// What each argument of a command line is, in both languages. Every option of ipvsadm has a row.
import type { Advice } from '../../ipvsadm/hints/line.js';
import type { OptionRow } from '../../ipvsadm/options.js';
import type { Token } from '../../ipvsadm/scan.js';
import { SCHEDULER_TEXTS } from './schedulers.js';

/** One argument with what it is. */
export interface ExplainedArgument extends Advice {
  /** as it can be typed: `-t 192.0.2.1:80` */
  readonly text: string;
}

/** The name of an option as it is written, with its value. */
export function typedText(row: OptionRow, value: string | undefined): string {
  const name = row.short === '' ? `--${row.long}` : `-${row.short[0]}`;
  return value === undefined ? name : `${name} ${value}`;
}

/** What the arguments that were read are; a bad one is the last and has no meaning. */
export function explainArguments(tokens: readonly Token[]): ExplainedArgument[] {
  const isEdit = tokens.some(
    (token) => token.kind === 'option' && /^(?:edit|delete)-server$/.test(token.row.long),
  );
  return tokens.map((token): ExplainedArgument => {
    if (token.kind === 'positional') return { text: token.text, ...(ofSet(tokens) ?? UNEXPECTED) };
    if (token.kind === 'bad') return { text: token.element, en: token.reason, zh: '无法读取' };
    const row = MEANINGS[token.row.long];
    const value = token.value;
    const meaning = row ? row(value ?? '', isEdit) : { en: token.row.help, zh: token.row.help };
    return { text: typedText(token.row, value), ...meaning };
  });
}

const UNEXPECTED: Advice = { en: 'belongs to no option', zh: '不属于任何选项' };

function ofSet(tokens: readonly Token[]): Advice | undefined {
  const first = tokens[0];
  return first?.kind === 'option' && first.row.long === 'set'
    ? { en: 'a timeout in seconds; 0 keeps it', zh: '超时秒数；0 表示不变' }
    : undefined;
}

type Meaning = (value: string, isEdit: boolean) => Advice;
const plain =
  (en: string, zh: string): Meaning =>
  () => ({ en, zh });

function endpoint(kind: string, zhKind: string): Meaning {
  return (value) => {
    const port = /^(?:\[.*\]|[^:]*):(\w+)$/.exec(value)?.[1];
    const all = port === undefined || port === '0';
    return {
      en: all ? `${kind}, all ports` : `${kind}, port ${port}`,
      zh: all ? `${zhKind}，所有端口` : `${zhKind}，端口 ${port}`,
    };
  };
}

function scheduler(value: string): Advice {
  const text = Object.hasOwn(SCHEDULER_TEXTS, value) ? SCHEDULER_TEXTS[value] : undefined;
  return text ?? { en: 'an unknown scheduler', zh: '未知的调度器' };
}

function weight(value: string): Advice {
  return value === '0'
    ? { en: 'weight 0: no new connections', zh: '权重 0：不再接收新连接' }
    : {
        en: `weight ${value}: its share beside the weights of the others`,
        zh: `权重 ${value}：相对于其他服务器权重的份额`,
      };
}

function persistence(value: string): Advice {
  const seconds = value === '' ? '360' : value;
  return {
    en: `persistent: a client stays with its server for ${seconds} s${value === '' ? ' (the default)' : ''}`,
    zh: `持久：客户端在 ${seconds} 秒内保持同一台服务器${value === '' ? '（默认值）' : ''}`,
  };
}

function server(value: string, isEdit: boolean): Advice {
  const has = /^(?:\[.*\]|[^:]*):(\w+)$/.test(value);
  return {
    en: `the real server${has ? '' : ', port of the service'}${isEdit ? ', as it is in the table' : ''}`,
    zh: `真实服务器${has ? '' : '，端口同服务'}${isEdit ? '，与表中一致' : ''}`,
  };
}

// biome-ignore format: a table
export const MEANINGS: Readonly<Record<string, Meaning>> = {
  'add-service': plain('add a virtual service', '添加虚拟服务'),
  'edit-service': plain('replace all settings of a virtual service', '替换虚拟服务的全部设置'),
  'delete-service': plain('delete a virtual service and its servers', '删除虚拟服务及其服务器'),
  clear: plain('delete all virtual services', '删除所有虚拟服务'),
  restore: plain('carry out the command lines read from stdin', '执行从标准输入读到的命令行'),
  save: plain('print the rules as command lines for -R', '把规则打印成供 -R 读取的命令行'),
  'add-server': plain('add a real server to a service', '给服务添加真实服务器'),
  'edit-server': plain('replace all settings of a real server', '替换真实服务器的全部设置'),
  'delete-server': plain('remove a real server from a service', '从服务中移除真实服务器'),
  list: plain('print the table, or what an option names instead', '打印表，或选项指定的内容'),
  zero: plain('set counters to zero, of one service or of all', '把一个或全部服务的计数器清零'),
  set: plain('set the timeouts of TCP, TCP after a FIN, and UDP', '设置 TCP、FIN 之后的 TCP、UDP 的超时'),
  'start-daemon': (value) => ({ en: `start connection synchronisation as ${value}`, zh: `以 ${value} 角色启动连接同步` }),
  'stop-daemon': (value) => ({ en: `stop connection synchronisation as ${value}`, zh: `停止 ${value} 角色的连接同步` }),
  help: plain('print the help text', '打印帮助'),
  version: plain('print the version', '打印版本'),
  'tcp-service': endpoint('the TCP service (VIP)', 'TCP 服务（VIP）'),
  'udp-service': endpoint('the UDP service (VIP)', 'UDP 服务（VIP）'),
  'sctp-service': endpoint('the SCTP service (VIP)', 'SCTP 服务（VIP）'),
  'fwmark-service': (value) => ({ en: `the service of all packets with firewall mark ${value}`, zh: `防火墙标记为 ${value} 的所有数据包的服务` }),
  ipv6: plain('the firewall mark is for IPv6', '防火墙标记用于 IPv6'),
  scheduler,
  pe: (value) => ({ en: `persistence engine ${value}: by client and Call-ID`, zh: `持久引擎 ${value}：按客户端和 Call-ID` }),
  persistent: persistence,
  netmask: (value) => ({ en: `clients in one network by the mask ${value} stay together`, zh: `按掩码 ${value} 处于同一网络的客户端视为一个` }),
  'real-server': server,
  gatewaying: plain('direct routing (DR): the packet goes on unchanged to the MAC of the server', '直接路由（DR）：数据包不变，只送到服务器的 MAC'),
  ipip: plain('tunnel (TUN): the packet goes inside another one to the server', '隧道（TUN）：数据包被封装后送到服务器'),
  masquerading: plain('masquerading (NAT): address and port become those of the server', '伪装（NAT）：地址和端口改成服务器的'),
  'tun-type': (value) => ({ en: `tunnel type ${value}`, zh: `隧道类型 ${value}` }),
  'tun-port': (value) => ({ en: `UDP port ${value} of the gue tunnel`, zh: `gue 隧道的 UDP 端口 ${value}` }),
  'tun-nocsum': plain('tunnel without checksums', '隧道不带校验和'),
  'tun-csum': plain('tunnel with checksums', '隧道带校验和'),
  'tun-remcsum': plain('tunnel with remote checksum offload', '隧道使用远端校验和卸载'),
  weight,
  'u-threshold': (value) => ({ en: value === '0' ? 'no limit of connections' : `no new connections from ${value} on`, zh: value === '0' ? '连接数没有上限' : `达到 ${value} 个连接后不再接收新连接` }),
  'l-threshold': (value) => ({ en: `new connections again below ${value}`, zh: `低于 ${value} 个连接时重新接收` }),
  'mcast-interface': (value) => ({ en: `interface ${value} of the sync daemon`, zh: `同步守护进程的接口 ${value}` }),
  syncid: (value) => ({ en: `number ${value} of the sync group`, zh: `同步组编号 ${value}` }),
  connection: plain('the connections', '列出连接'),
  timeout: plain('the timeouts', '列出超时'),
  daemon: plain('the sync daemons', '列出同步守护进程'),
  stats: plain('with counters', '带计数器'),
  rate: plain('with rates per second', '带每秒速率'),
  exact: plain('numbers in full', '显示完整数字'),
  thresholds: plain('with the thresholds of the servers', '带服务器的上下限'),
  'persistent-conn': plain('with persistent connections', '带持久连接'),
  'tun-info': plain('with the tunnels of the servers', '带服务器的隧道信息'),
  nosort: plain('in the order of the kernel', '按内核顺序'),
  sort: plain('sorted, which is the default', '排序（默认）'),
  ops: plain('one-packet scheduling: each UDP packet by itself', '单包调度：每个 UDP 包单独调度'),
  numeric: plain('addresses and ports as numbers', '地址和端口用数字表示'),
  'sched-flags': (value) => ({ en: `flags of the scheduler: ${value}`, zh: `调度器标志：${value}` }),
  'sync-maxlen': (value) => ({ en: `longest sync message, ${value} bytes`, zh: `同步消息最长 ${value} 字节` }),
  'mcast-group': (value) => ({ en: `multicast group ${value}`, zh: `组播组 ${value}` }),
  'mcast-port': (value) => ({ en: `UDP port ${value} of the sync daemon`, zh: `同步守护进程的 UDP 端口 ${value}` }),
  'mcast-ttl': (value) => ({ en: `time to live ${value} of sync messages`, zh: `同步消息的生存时间 ${value}` }),
};
