// What a line that was carried out changed without being asked: only seen at a terminal.
import type { Backend } from '../../backend/backend.js';
import { parse } from '../parse.js';
import type { Names } from '../values.js';
import { ignoredPort } from './kernel.js';
import { type Advice, givenFor, has, quoted, tokensOf } from './line.js';

const NO_NAMES: Names = { host: () => undefined, port: () => undefined };

/**
 * Reads what an edit replaces, before it is carried out.
 * @returns what to print when it was
 */
export async function watchEffects(
  args: readonly string[],
  backend: Pick<Backend, 'destinations'>,
): Promise<Advice | undefined> {
  const line = { args };
  const short = shortAddress(args);
  if (short !== undefined) return short;
  if (has(line, 'forwarding-method')) return undefined;
  try {
    const command = parse(tokensOf(line), 'ipvsadm', NO_NAMES);
    if (command.kind !== 'change') return undefined;
    const { change } = command;
    if (change.kind === 'edit-destination') {
      const { address, port } = change.destination;
      const entries = await backend.destinations(change.id, 'rules');
      const before = entries.find(
        ({ destination: one }) =>
          one.port === port && JSON.stringify(one.address) === JSON.stringify(address),
      )?.destination.forwarding;
      const method = METHODS.find(({ forwarding }) => forwarding === before);
      return method && toDirect(method);
    }
    return change.kind === 'add-destination' ? portAdvice(args) : undefined;
  } catch {
    return undefined; // names, or a line that is refused: nothing is known of it
  }
}

/** `192.0.2:80`: inet_aton(3) takes it, as another address than it seems. */
function shortAddress(args: readonly string[]): Advice | undefined {
  const given = (['service-address', 'real-server'] as const).flatMap((slot) => {
    const found = givenFor({ args }, slot);
    return found && found.row.short !== 'f' ? [found.value] : [];
  });
  const text = given.find((one) => /^\d+\.\d+(?:\.\d+)?(?::\w+)?$/.test(one));
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
  const ignored = ignoredPort({ args });
  return (
    ignored && {
      en: `the port of ${quoted(ignored.server)} is ignored: without -m the server has the port of the service, ${ignored.port}`,
      zh: `${quoted(ignored.server)} 的端口不起作用：不加 -m 时服务器的端口就是服务的 ${ignored.port}`,
    }
  );
}
