// What follows from a change for packets and connections, and what the machines need for it: one
// row a fact. Measured facts are those of docs/explanation/transactions.md.
import type { Advice } from '../../ipvsadm/hints/line.js';
import type { Change } from '../../model/change.js';
import type { Destination } from '../../model/destination.js';
import { refusesAtZero } from '../../model/scheduler.js';
import { familyOf, type Service } from '../../model/service.js';
import { serverKey, serviceKey, type VirtualServer } from '../../model/table.js';
import { WITHOUT_WEIGHTS } from './schedulers.js';
import { type ExplainedState, findServer } from './state.js';

/** A change that takes effect. */
export interface TakenChange {
  readonly change: Change;
  readonly before: ExplainedState;
  readonly after: ExplainedState;
}

interface FactRow {
  readonly kinds: readonly Change['kind'][];
  state(taken: TakenChange): Advice | undefined;
}

/** All that follows, in the order of the table. */
export function consequencesOf(taken: TakenChange): Advice[] {
  return FACTS.flatMap(({ kinds, state }) =>
    kinds.includes(taken.change.kind) ? (state(taken) ?? []) : [],
  );
}

const SERVICE: readonly Change['kind'][] = ['add-service', 'edit-service'];
const SERVER: readonly Change['kind'][] = ['add-destination', 'edit-destination'];

/** A fact about the service of a change, as it is afterwards. */
function ofService(
  kinds: readonly Change['kind'][],
  state: (service: Service, whole: VirtualServer, taken: TakenChange) => Advice | undefined,
): FactRow {
  return {
    kinds,
    state(taken) {
      const key = keyOf(taken.change);
      const whole = key === undefined ? undefined : taken.after.table.get(key);
      return whole && state(whole.service, whole, taken);
    },
  };
}

function ofServer(
  kinds: readonly Change['kind'][],
  state: (server: Destination, taken: TakenChange) => Advice | undefined,
): FactRow {
  return {
    kinds,
    state(taken) {
      const { change } = taken;
      const isServer = change.kind === 'add-destination' || change.kind === 'edit-destination';
      return isServer ? state(change.destination, taken) : undefined;
    },
  };
}

function keyOf(change: Change): string | undefined {
  if ('service' in change) return serviceKey(change.service.id);
  return 'id' in change && change.id ? serviceKey(change.id) : undefined;
}

/** The server of a change, as it was. */
function previous({ change, before }: TakenChange): Destination | undefined {
  const key = keyOf(change);
  return 'destination' in change && key !== undefined
    ? findServer(before.table, key, serverKey(change.destination))
    : undefined;
}

const six = (service: Service) => familyOf(service.id) === 'ipv6';

// biome-ignore format: a table
const FACTS: readonly FactRow[] = [
  ofService(['add-service'], ({ id }) => id.kind === 'address' ? { en: 'The director must have the VIP, so that the kernel takes the packets as its own.', zh: '调度器上必须有这个 VIP，内核才会接收发给它的数据包。' } : undefined),
  ofService(['add-service'], (service) => service.id.kind === 'fwmark' ? { en: `The packet filter must set the mark before: ${six(service) ? 'ip6tables' : 'iptables'} -t mangle -A PREROUTING -d VIP -p tcp -m multiport --dports 80,443 -j MARK --set-mark ${service.id.mark}`, zh: `数据包要先由防火墙打上标记：${six(service) ? 'ip6tables' : 'iptables'} -t mangle -A PREROUTING -d VIP -p tcp -m multiport --dports 80,443 -j MARK --set-mark ${service.id.mark}` } : undefined),
  ofService(['add-service'], (_, { destinations }) => destinations.length === 0 ? { en: 'Until it has a server (-a), it refuses every connection.', zh: '在用 -a 添加服务器之前，它会拒绝所有连接。' } : undefined),
  ofService(SERVICE, ({ persistence, engine }) => persistence && engine === undefined ? { en: `A client's new connections within ${persistence.timeout} s of the last one go to the same server: a template in ipvsadm -Lnc.`, zh: `客户端在上一个新连接之后 ${persistence.timeout} 秒内的新连接都到同一台服务器：见 ipvsadm -Lnc 中的模板。` } : undefined),
  ofService(SERVICE, ({ engine }) => engine ? { en: 'Packets of a client with the same Call-ID go to the same server; those without one are dropped.', zh: '同一客户端、相同 Call-ID 的数据包到同一台服务器；没有 Call-ID 的会被丢弃。' } : undefined),
  ofService(SERVICE, ({ persistence, id }) => persistence && id.kind === 'address' && id.port === 0 ? { en: 'Port 0 stands for all ports: a client has one server on all of them.', zh: '端口 0 表示所有端口：一个客户端在所有端口上用同一台服务器。' } : undefined),
  ofService(SERVICE, ({ persistence, id }) => persistence && id.kind === 'fwmark' ? { en: 'A client has one server for all that has the mark, on each of its ports and addresses.', zh: '带这个标记的所有流量，一个客户端都用同一台服务器。' } : undefined),
  ofService(['add-service'], ({ persistence, onePacket }) => !persistence && !onePacket ? { en: 'Each new connection is scheduled; its packets then stay with that server.', zh: '每个新连接单独调度；之后它的数据包都到那台服务器。' } : undefined),
  ofService(SERVICE, ({ onePacket }) => onePacket ? { en: 'Each packet is scheduled by itself, and no connection is kept: answers need direct routing or a tunnel.', zh: '每个数据包单独调度，不保留连接：应答要走直接路由或隧道。' } : undefined),
  ofService(SERVICE, ({ scheduler, schedulerFlags }) => refusesAtZero(scheduler, schedulerFlags) ? { en: `With ${scheduler} the clients of a server with weight 0, or of one that is overloaded, are refused${scheduler === 'dh' ? '' : `; -b ${scheduler}-fallback sends them to another one`}.`, zh: `使用 ${scheduler} 时，权重为 0 或过载的服务器的客户端会被拒绝${scheduler === 'dh' ? '' : `；-b ${scheduler}-fallback 会把它们交给其他服务器`}。` } : undefined),
  { kinds: ['edit-service'], state: lostSettings },
  { kinds: ['edit-service'], state: () => ({ en: 'Connections and counters stay; new connections follow the new settings.', zh: '连接和计数器不变；新连接按新设置处理。' }) },

  ofServer(SERVER, ({ forwarding }) => forwarding === 'masquerade' ? { en: 'The director forwards (net.ipv4.ip_forward or net.ipv6.conf.all.forwarding 1).', zh: '调度器要开启转发（net.ipv4.ip_forward 或 net.ipv6.conf.all.forwarding 为 1）。' } : undefined),
  ofServer(SERVER, ({ forwarding }) => forwarding === 'masquerade' ? { en: 'Answers must return through the director: it is the default gateway of the server.', zh: '应答必须经过调度器返回：服务器的默认网关是调度器。' } : undefined),
  ofServer(SERVER, ({ forwarding, port }, { change }) => forwarding === 'masquerade' && 'id' in change && change.id?.kind === 'address' && change.id.port !== port && change.id.port !== 0 ? { en: `The port ${change.id.port} of the client's packets becomes ${port}.`, zh: `客户端数据包的端口 ${change.id.port} 改成 ${port}。` } : undefined),
  ofServer(SERVER, ({ forwarding }) => forwarding === 'direct' ? { en: 'The server is on a network of the director, and answers the client itself.', zh: '服务器要与调度器在同一网络，并直接应答客户端。' } : undefined),
  ofServer(SERVER, ({ address, forwarding }) => forwarding === 'direct' ? address.family === 'ipv4' ? { en: 'The server needs the VIP as /32 on lo, with arp_ignore 1 and arp_announce 2, so that it does not answer ARP for it.', zh: '服务器要在 lo 上有 /32 的 VIP，并设置 arp_ignore 1、arp_announce 2，使它不应答 VIP 的 ARP。' } : { en: 'The server needs the VIP as /128 on lo.', zh: '服务器要在 lo 上有 /128 的 VIP。' } : undefined),
  ofServer(SERVER, ({ forwarding, tunnel }) => forwarding === 'tunnel' ? { en: `The server needs a ${tunnel.type} device with the VIP, loose rp_filter, and answers the client itself.`, zh: `服务器要有带 VIP 的 ${tunnel.type} 隧道设备，rp_filter 为宽松模式，并直接应答客户端。` } : undefined),
  ofServer(SERVER, ({ forwarding }) => forwarding === 'tunnel' ? { en: 'A packet grows by the tunnel header: TCP segments must be smaller by that (MSS).', zh: '隧道头会使数据包变大：TCP 段要相应减小（MSS）。' } : undefined),
  ofServer(SERVER, ({ forwarding }) => forwarding === 'local' ? { en: 'The server is the director itself.', zh: '服务器就是调度器自己。' } : undefined),
  ofServer(SERVER, ({ weight }) => weight === 0 ? { en: 'With weight 0 it gets no new connections; those that it has go on.', zh: '权重为 0 时不再接收新连接；已有的连接继续。' } : undefined),
  { kinds: SERVER, state: share },
  ofServer(SERVER, ({ upperThreshold }) => upperThreshold > 0 ? { en: `From ${upperThreshold} connections on it counts as overloaded and gets no new ones.`, zh: `达到 ${upperThreshold} 个连接后视为过载，不再接收新连接。` } : undefined),
  { kinds: ['edit-destination'], state: methodChange },
  ofServer(['edit-destination'], ({ forwarding }, taken) => forwarding === 'direct' && !previous(taken) ? { en: '-e replaces all settings: with neither -m nor -i it is direct routing afterwards, also where it was not before.', zh: '-e 会替换全部设置：不写 -m 或 -i，之后就是直接路由，不论之前是什么。' } : undefined),
  { kinds: ['edit-destination'], state: (taken) => taken.before.table.has(keyOf(taken.change) ?? '') ? { en: 'Its connections stay, also with another weight.', zh: '已有的连接不变，权重改变时也一样。' } : undefined },

  { kinds: ['delete-destination'], state: () => ({ en: 'Packets of its connections are dropped while net.ipv4.vs.expire_nodest_conn is 0; with 1 the connections end.', zh: 'net.ipv4.vs.expire_nodest_conn 为 0 时，它的连接的数据包会被丢弃；为 1 时连接结束。' }) },
  { kinds: ['delete-destination'], state: () => ({ en: 'To let them end first: -e … -w 0, wait, then -d.', zh: '想让连接先结束：用 -e … -w 0，等待，再 -d。' }) },
  { kinds: ['delete-service'], state: () => ({ en: 'Its servers go with it, and its connections end: the director itself answers their packets with a reset.', zh: '它的服务器一起删除，连接也结束：调度器自己用 RST 应答它们的数据包。' }) },
  { kinds: ['flush'], state: () => ({ en: 'All servers go with the services, and all connections end: the director itself answers their packets with a reset.', zh: '所有服务器随服务一起删除，所有连接也结束：调度器自己用 RST 应答它们的数据包。' }) },
  { kinds: ['zero'], state: () => ({ en: 'Counters begin at 0; connections and rules stay.', zh: '计数器从 0 开始；连接和规则不变。' }) },
  { kinds: ['set-timeouts'], state: () => ({ en: 'A connection without packets is forgotten after the timeout of its state; those that exist take it with their next packet.', zh: '没有数据包的连接在对应状态的超时后被忘记；已有的连接在下一个数据包时采用新值。' }) },
  { kinds: ['start-daemon'], state: ({ change }) => change.kind !== 'start-daemon' ? undefined : change.daemon.role === 'master' ? { en: `Connections are sent by multicast on ${change.daemon.interface}, to backups with syncid ${change.daemon.syncId}.`, zh: `连接信息经 ${change.daemon.interface} 组播给 syncid 为 ${change.daemon.syncId} 的备份。` } : { en: `Connections of a master with syncid ${change.daemon.syncId} are taken over from ${change.daemon.interface}.`, zh: `从 ${change.daemon.interface} 接收 syncid 为 ${change.daemon.syncId} 的主机的连接。` } },
  { kinds: ['stop-daemon'], state: () => ({ en: 'Connections are not synchronised any more; those that exist stay.', zh: '不再同步连接；已有的连接不变。' }) },
];

/** -E replaces all: what was set and is not named returns to its default. */
function lostSettings({ change, before }: TakenChange): Advice | undefined {
  if (change.kind !== 'edit-service') return undefined;
  const old = before.table.get(serviceKey(change.service.id))?.service;
  if (!old) return undefined;
  const now = change.service;
  const lost = [
    ...(old.persistence && !now.persistence ? [`-p ${old.persistence.timeout}`] : []),
    ...(old.engine && !now.engine ? [`--pe ${old.engine}`] : []),
    ...(old.onePacket && !now.onePacket ? ['-o'] : []),
    ...(old.schedulerFlags !== 0 && now.schedulerFlags === 0 ? ['-b'] : []),
  ];
  return lost.length === 0
    ? undefined
    : {
        en: `-E replaces all settings: ${lost.join(', ')} is lost, since the line does not name it.`,
        zh: `-E 会替换全部设置：这一行没有写 ${lost.join('、')}，所以它会丢失。`,
      };
}

function methodChange(taken: TakenChange): Advice | undefined {
  const { change } = taken;
  const old = previous(taken);
  if (
    change.kind !== 'edit-destination' ||
    !old ||
    old.forwarding === change.destination.forwarding
  )
    return undefined;
  const option = old.forwarding === 'masquerade' ? '-m' : old.forwarding === 'tunnel' ? '-i' : '-g';
  return {
    en: `-e replaces all settings: ${old.forwarding} becomes ${change.destination.forwarding}; ${option} would keep it.`,
    zh: `-e 会替换全部设置：${old.forwarding} 变成 ${change.destination.forwarding}；加 ${option} 可保持不变。`,
  };
}

/** The share of new connections, where weights decide it. */
function share({ change, after }: TakenChange): Advice | undefined {
  if (change.kind !== 'add-destination' && change.kind !== 'edit-destination') return undefined;
  const whole = after.table.get(serviceKey(change.id));
  if (!whole || change.destination.weight === 0) return undefined;
  const { scheduler } = whole.service;
  if (WITHOUT_WEIGHTS.includes(scheduler))
    return change.destination.weight === 1
      ? undefined
      : {
          en: `The scheduler ${scheduler} does not use weights, beside 0.`,
          zh: `调度器 ${scheduler} 不使用权重（0 除外）。`,
        };
  const sum = whole.destinations.reduce((total, { weight }) => total + weight, 0);
  if (!['wrr', 'wlc', 'sh', 'mh'].includes(scheduler) || whole.destinations.length < 2)
    return undefined;
  const percent = Math.round((100 * change.destination.weight) / sum);
  return {
    en: `Its share is ${change.destination.weight} of ${sum}, about ${percent} % of new connections.`,
    zh: `它的份额是 ${sum} 分之 ${change.destination.weight}，约占新连接的 ${percent} %。`,
  };
}
