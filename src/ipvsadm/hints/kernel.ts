// What IPVS refused: the reason that the line itself shows.
import { SCHEDULER_NAMES, SCHEDULERS } from '../../model/scheduler.js';
import { nearest } from '../../render/nearest.js';
import { type Advice, givenFor, has, type MistakeRow, quoted, type RefusedLine } from './line.js';

export const KERNEL_MISTAKES: readonly MistakeRow[] = [
  { name: 'persistence engine', find: engine },
  { name: 'scheduler', find: scheduler },
  { name: 'port that direct routing ignores', find: sameServer },
  { name: 'there already', find: thereAlready },
  { name: 'not there', find: notThere },
  { name: 'thresholds', find: thresholds },
];

const refusedBy = (line: RefusedLine, code: string, ...operations: readonly string[]) =>
  line.code === code && operations.includes(line.operation ?? '');

function engine(line: RefusedLine): Advice | undefined {
  if (!refusedBy(line, 'ENOENT', 'add-service', 'edit-service')) return undefined;
  const given = givenFor(line, 'pe');
  if (given === undefined || given.value === 'sip') return undefined;
  return {
    en: `${quoted(given.value)}: the only persistence engine is sip`,
    zh: `${quoted(given.value)}：持久引擎只有 sip`,
  };
}

/** What tutorials and other programs call the schedulers. */
const CALLED: Readonly<Record<string, readonly string[]>> = {
  roundrobin: ['rr'],
  weightedroundrobin: ['wrr'],
  weighted: ['wrr'],
  leastconn: ['lc'],
  leastconnection: ['lc'],
  leastconnections: ['lc'],
  weightedleastconnection: ['wlc'],
  weightedleastconn: ['wlc'],
  leastconnwlc: ['wlc'],
  sourcehash: ['sh'],
  sourcehashing: ['sh'],
  source: ['sh'],
  iphash: ['sh'],
  destinationhash: ['dh'],
  destinationhashing: ['dh'],
  maglev: ['mh'],
  shortestexpecteddelay: ['sed'],
  neverqueue: ['nq'],
  overflow: ['ovf'],
  failover: ['fo'],
  poweroftwo: ['twos'],
  轮询: ['rr'],
  轮叫: ['rr'],
  加权轮询: ['wrr'],
  加权轮叫: ['wrr'],
  最少连接: ['lc'],
  最少链接: ['lc'],
  加权最少连接: ['wlc'],
  加权最少链接: ['wlc'],
  源地址哈希: ['sh'],
  源地址散列: ['sh'],
  目标地址哈希: ['dh'],
  目标地址散列: ['dh'],
};

function scheduler(line: RefusedLine): Advice | undefined {
  if (!refusedBy(line, 'ENOENT', 'add-service', 'edit-service')) return undefined;
  const { value = 'wlc' } = givenFor(line, 'scheduler') ?? {};
  const all = SCHEDULER_NAMES.filter((name) => !SCHEDULERS[name].absent).join(', ');
  if ((SCHEDULER_NAMES as readonly string[]).includes(value))
    return {
      en: `the kernel has no module ip_vs_${value}: modprobe ip_vs_${value} shows why`,
      zh: `内核没有模块 ip_vs_${value}：用 modprobe ip_vs_${value} 查看原因`,
    };
  const close = nearest(value, SCHEDULER_NAMES, CALLED) ?? oneLetter(value);
  return {
    en: `${quoted(value)}: ${close === undefined ? '' : `did you mean ${close}? `}The schedulers are ${all}`,
    zh: `${quoted(value)}：${close === undefined ? '' : `是不是 ${close}？`}调度器有 ${all}`,
  };
}

/** Names of two and three letters are close when one letter or the order differs. */
function oneLetter(value: string): string | undefined {
  const letters = [...value.toLowerCase()].sort().join('');
  return SCHEDULER_NAMES.find((name) => [...name].sort().join('') === letters);
}

const METHOD: readonly string[] = ['masquerading', 'gatewaying', 'ipip'];

/** Whether the line asks for masquerading, which alone changes ports. */
function masquerades(line: Pick<RefusedLine, 'args'>): boolean {
  const row = givenFor(line, 'forwarding-method')?.row;
  return row !== undefined && METHOD.indexOf(row.long) === 0;
}

/** The port of a server that is not the service's, in a line that does not masquerade. */
export function ignoredPort(
  line: Pick<RefusedLine, 'args'>,
): { readonly server: string; readonly port: string } | undefined {
  const server = givenFor(line, 'real-server')?.value ?? '';
  const service = givenFor(line, 'service-address');
  const [, own] =
    /:(\w+)$/.exec(server.replace(/^\[.*\]/, '[]').replace(/^[^[\]]*:[^:]*:.*$/, '')) ?? [];
  const [, port] = /:(\w+)$/.exec(service?.value ?? '') ?? [];
  if (own === undefined || port === undefined || service?.row.short === 'f') return undefined;
  return own === port || masquerades(line) ? undefined : { server, port };
}

function sameServer(line: RefusedLine): Advice | undefined {
  const isEdit = refusedBy(line, 'ENOENT', 'edit-destination');
  const ignored =
    isEdit || refusedBy(line, 'EEXIST', 'add-destination') ? ignoredPort(line) : undefined;
  if (ignored === undefined) return undefined;
  const { server, port } = ignored;
  if (isEdit)
    return {
      en: `without -m ${quoted(server)} is looked for with the port of the service, ${port}: add -m when the server is masquerading`,
      zh: `不加 -m 时，${quoted(server)} 按服务的端口 ${port} 查找：如果这个服务器用 NAT，请加 -m`,
    };
  return {
    en: `only -m (masquerading) changes the port: without it ${quoted(server)} has the port of the service, ${port}, and such a server is there`,
    zh: `只有 -m（NAT）能改变端口：不加 -m 时 ${quoted(server)} 的端口就是服务的 ${port}，而这个服务器已经存在`,
  };
}

function thereAlready(line: RefusedLine): Advice | undefined {
  if (refusedBy(line, 'EEXIST', 'add-service'))
    return {
      en: '-E changes a service that is there; -D deletes it',
      zh: '-E 修改已有的服务；-D 删除它',
    };
  if (refusedBy(line, 'EEXIST', 'add-destination'))
    return {
      en: '-e changes a server that is there; -d removes it',
      zh: '-e 修改已有的服务器；-d 移除它',
    };
  if (refusedBy(line, 'EEXIST', 'start-daemon'))
    return {
      en: '--stop-daemon ends the one that runs',
      zh: '--stop-daemon 停止正在运行的守护进程',
    };
  return undefined;
}

function notThere(line: RefusedLine): Advice | undefined {
  if (refusedBy(line, 'ESRCH', 'add-destination', 'edit-destination', 'delete-destination'))
    return {
      en: `the service is not in the table${protocolHint(line)}: -A adds it, ipvsadm -Ln shows what there is`,
      zh: '表里没有这个服务：用 -A 添加，用 ipvsadm -Ln 查看',
    };
  if (line.code === 'ESRCH')
    return {
      en: 'no such service: its protocol, address and port must be as ipvsadm -Ln shows them',
      zh: '没有这个服务：协议、地址和端口要与 ipvsadm -Ln 显示的一致',
    };
  if (refusedBy(line, 'ENOENT', 'edit-destination', 'delete-destination'))
    return {
      en: 'no such server in this service: its address and port must be as ipvsadm -Ln shows them; -a adds it',
      zh: '服务里没有这个服务器：地址和端口要与 ipvsadm -Ln 显示的一致；用 -a 添加',
    };
  return undefined;
}

function protocolHint(line: RefusedLine): string {
  return has(line, 'service-address') ? ' with this protocol, address and port' : '';
}

function thresholds(line: RefusedLine): Advice | undefined {
  if (line.code !== 'ERANGE' || !has(line, 'l-threshold')) return undefined;
  return {
    en: 'the lower threshold (-y) is at most the upper one (-x)',
    zh: '下限（-y）不能大于上限（-x）',
  };
}
