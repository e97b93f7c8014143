// What a line that was carried out changed without being asked: only seen at a terminal.
import type { Backend } from '../../backend/backend.js';
import type { Service } from '../../model/service.js';
import { parse } from '../parse.js';
import type { Names } from '../values.js';
import { ignoredPort } from './kernel.js';
import { type Advice, givenFor, has, quoted, tokensOf } from './line.js';
import { SHORT_ADDRESS } from './watched.js';

const NO_NAMES: Names = { host: () => undefined, port: () => undefined };

/**
 * Reads what an edit replaces, before it is carried out.
 * @returns what to print when it was
 */
export async function watchEffects(
  args: readonly string[],
  backend: Pick<Backend, 'service' | 'destinations'>,
): Promise<Advice | undefined> {
  return (
    shortAddress(args) ??
    shortMask(args) ??
    (await replacedBy(args, backend).catch(() => undefined)) ??
    portAdvice(args)
  );
}

/** A value that is taken otherwise than it seems to be, or not at all. */
export function readOtherwise(args: readonly string[]): Advice | undefined {
  return shortAddress(args) ?? shortMask(args) ?? portAdvice(args);
}

/** @throws for a line that is refused, or has names: nothing is known of it */
async function replacedBy(
  args: readonly string[],
  backend: Pick<Backend, 'service' | 'destinations'>,
): Promise<Advice | undefined> {
  const line = { args };
  const command = parse(tokensOf(line), 'ipvsadm', NO_NAMES);
  if (command.kind !== 'change') return undefined;
  const { change } = command;
  if (change.kind === 'edit-service')
    return lostSettings((await backend.service(change.service.id)).service, change.service, args);
  if (change.kind !== 'edit-destination' || has(line, 'forwarding-method')) return undefined;
  const { address, port } = change.destination;
  const entries = await backend.destinations(change.id, 'rules');
  const before = entries.find(
    ({ destination: one }) =>
      one.port === port && JSON.stringify(one.address) === JSON.stringify(address),
  )?.destination.forwarding;
  const method = METHODS.find(({ forwarding }) => forwarding === before);
  return method && toDirect(method);
}

/** What -E takes away, since the line does not name it. */
function lostSettings(old: Service, now: Service, args: readonly string[]): Advice | undefined {
  const lost = [
    ...(old.scheduler !== now.scheduler && !has({ args }, 'scheduler')
      ? [`-s ${old.scheduler}`]
      : []),
    ...(old.persistence && !now.persistence ? [`-p ${old.persistence.timeout}`] : []),
    ...(old.engine && !now.engine ? [`--pe ${old.engine}`] : []),
    ...(old.onePacket && !now.onePacket ? ['-o'] : []),
  ];
  if (lost.length === 0) return undefined;
  return {
    en: `the service had ${lost.join(' ')}, and has it no longer: -E replaces all settings; name it to keep it`,
    zh: `这个服务原来有 ${lost.join(' ')}，现在没有了：-E 会替换全部设置；要保留就写上它`,
  };
}

/** `-M 24`: for IPv4 no prefix length, but the address 0.0.0.24. */
function shortMask(args: readonly string[]): Advice | undefined {
  const text = givenFor({ args }, 'netmask')?.value ?? '';
  const bits = Number(text);
  const service = givenFor({ args }, 'service-address');
  const isFour = service !== undefined && !/:.*:/.test(service.value) && !args.includes('-6');
  if (!isFour || !/^\d{1,2}$/.test(text) || bits < 1 || bits > 32) return undefined;
  const mask = bytesOf(2 ** 32 - 2 ** (32 - bits), 4).join('.');
  return {
    en: `${quoted(text)} is read as the mask 0.0.0.${bits}, not as a prefix length: type ${mask}`,
    zh: `${quoted(text)} 被读作掩码 0.0.0.${bits}，不是前缀长度；请输入 ${mask}`,
  };
}

/** `192.0.2:80`: inet_aton(3) takes it, as another address than it seems. */
function shortAddress(args: readonly string[]): Advice | undefined {
  const given = (['service-address', 'real-server'] as const).flatMap((slot) => {
    const found = givenFor({ args }, slot);
    return found && found.row.short !== 'f' ? [found.value] : [];
  });
  const text = given.find((one) => SHORT_ADDRESS.test(one));
  if (text === undefined) return undefined;
  const [host = ''] = text.split(':');
  const numbers = host.split('.').map(Number);
  const last = numbers.pop() ?? 0;
  const filled = [...numbers, ...bytesOf(last, 4 - numbers.length)].join('.');
  return {
    en: `${quoted(text)} has fewer than four numbers, and is read as ${filled}`,
    zh: `${quoted(text)} 不足四个数，被读作 ${filled}`,
  };
}

/** The last number fills the bytes that are left. */
function bytesOf(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(value / 256 ** (count - 1 - i)) % 256);
}

const METHODS = [
  { forwarding: 'masquerade', option: '-m', en: 'masquerading', zh: 'NAT' },
  { forwarding: 'tunnel', option: '-i', en: 'a tunnel', zh: '隧道' },
] as const;

function toDirect({ option, en, zh }: (typeof METHODS)[number]): Advice {
  return {
    en: `the server was ${en}, and is direct routing now: -e replaces all settings; add ${option} to keep it`,
    zh: `这个服务器原来是${zh}，现在变成了直接路由：-e 会替换全部设置；加 ${option} 保持不变`,
  };
}

function portAdvice(args: readonly string[]): Advice | undefined {
  if (!/^(?:-[ae]|--(?:add|edit)-server$)/.test(args[0] ?? '')) return undefined;
  const { server = '', port = '' } = ignoredPort({ args }) ?? {};
  const [, own] = /:(\d+)$/.exec(server) ?? [];
  // of names nothing is known here
  if (own === undefined || !/^\d+$/.test(port) || Number(own) === Number(port)) return undefined;
  return {
    en: `the port of ${quoted(server)} is ignored: without -m the server has the port of the service, ${port}`,
    zh: `${quoted(server)} 的端口不起作用：不加 -m 时服务器的端口就是服务的 ${port}`,
  };
}
