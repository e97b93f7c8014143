// What each scheduler does, in a line.
import type { Advice } from '../../ipvsadm/hints/line.js';
import type { SchedulerName } from '../../model/scheduler.js';

// biome-ignore format: a table
const TEXTS: Readonly<Record<SchedulerName, Advice>> = {
  rr: { en: 'round robin: the servers in turn, without weights', zh: '轮询：依次分给各服务器，不看权重' },
  wrr: { en: 'weighted round robin: in turn, as often as the weight', zh: '加权轮询：按权重轮流' },
  lc: { en: 'least connections: the server with the fewest', zh: '最少连接：选连接最少的服务器' },
  wlc: { en: 'weighted least connections: the fewest for the weight', zh: '加权最少连接：按权重选连接最少的' },
  lblc: { en: 'locality: one server for a destination, unless it is overloaded', zh: '基于局部性：同一目标地址用同一服务器，过载时除外' },
  lblcr: { en: 'locality with replication: a set of servers for a destination', zh: '带复制的局部性：同一目标地址用一组服务器' },
  dh: { en: 'destination hashing: the server by the address asked for', zh: '目标散列：按目标地址选服务器' },
  sh: { en: 'source hashing: the server by the address of the client', zh: '源散列：按客户端地址选服务器' },
  sed: { en: 'shortest expected delay: (active + 1) / weight', zh: '最短期望延迟：(活动连接 + 1) / 权重' },
  nq: { en: 'never queue: an idle server first, else as sed', zh: '不排队：先选空闲的服务器，否则同 sed' },
  fo: { en: 'failover: the server with the highest weight takes all', zh: '故障转移：全部给权重最高的服务器' },
  ovf: { en: 'overflow: the highest weight first, the next when it is full', zh: '溢出：先给权重最高的，满了再给下一个' },
  mh: { en: 'Maglev hashing: the server by the address of the client, few move when servers change', zh: 'Maglev 散列：按客户端地址选服务器，服务器变化时很少改动' },
  twos: { en: 'power of two choices: the less loaded of two at random', zh: '二选一：随机取两台，选负载较低的' },
};

export const SCHEDULER_TEXTS: Readonly<Record<string, Advice>> = TEXTS;

/** schedulers whose choice does not depend on weights, beside 0 */
export const WITHOUT_WEIGHTS: readonly string[] = ['rr', 'lc'];
