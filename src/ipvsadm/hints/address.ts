// Addresses and ports that cannot be read: which part of them, and what was probably intended.
import { parseDottedQuad, parseIpv6 } from '../../model/address.js';
import { type Advice, givenFor, type MistakeRow, quoted, type RefusedLine } from './line.js';

export const ADDRESS_MISTAKES: readonly MistakeRow[] = [
  { name: 'address', find: unreadable },
  { name: 'missing port', find: zeroPort },
];

function unreadable(line: RefusedLine): Advice | undefined {
  const slot = /^illegal (virtual server|real server) address/.exec(line.message)?.[1];
  if (slot === undefined) return undefined;
  const given = givenFor(line, slot === 'real server' ? 'real-server' : 'service-address');
  return given && aboutEndpoint(given.value, line.args);
}

/** What is wrong with `host:port`. */
export function aboutEndpoint(text: string, args: readonly string[] = []): Advice {
  const reason = TESTS.map((test) => test(text, args)).find((one) => one !== undefined);
  if (reason) return prefixed(text, reason);
  return prefixed(text, {
    en: 'is no address, and no host of this name is known',
    zh: '不是地址，也找不到叫这个名字的主机',
  });
}

function prefixed(text: string, { en, zh }: Advice): Advice {
  return { en: `${quoted(text)} ${en}`, zh: `${quoted(text)} ${zh}` };
}

type Test = (text: string, args: readonly string[]) => Advice | undefined;

const TESTS: readonly Test[] = [
  empty,
  url,
  prefixLength,
  colons,
  severalPorts,
  brackets,
  portAlone,
  portPart,
  ipv6Part,
  separators,
  lookAlikeLetters,
  dots,
  octets,
];

function empty(text: string): Advice | undefined {
  return text === ''
    ? { en: 'is empty: an unset variable?', zh: '是空的：变量没有赋值？' }
    : undefined;
}

function url(text: string): Advice | undefined {
  const [, host] = /^[a-z]+:\/\/([^/]+)/.exec(text) ?? [];
  return host === undefined
    ? undefined
    : { en: `is a URL; type the address alone: '${host}'`, zh: `是 URL；只输入地址：'${host}'` };
}

function prefixLength(text: string): Advice | undefined {
  const [, host = '', length = '', rest = ''] = /^([^/]+)\/(\d+)(.*)$/.exec(text) ?? [];
  if (rest === '' && Number(length) > 32 && !host.includes(':'))
    return {
      en: `has '/' where a colon belongs: type '${host}:${length}'`,
      zh: `冒号写成了 '/'：请输入 '${host}:${length}'`,
    };
  return host === ''
    ? undefined
    : {
        en: `has a prefix length, which is for networks; type '${host}${rest}'`,
        zh: `带有前缀长度，那是网络用的；请输入 '${host}${rest}'`,
      };
}

/** `192.0.2.1::80`, `192:0.2.1:80` */
function colons(text: string): Advice | undefined {
  const [, a = '', b = '', c = '', d = '', port = ''] =
    /^(\d+)[.:](\d+)[.:](\d+)[.:](\d+)(?:::?(\w+))?$/.exec(text) ?? [];
  const plain = `${[a, b, c, d].join('.')}${port === '' ? '' : `:${port}`}`;
  if (a === '' || plain === text) return undefined;
  return {
    en: `has a colon too many, or in place of a dot: type '${plain}'`,
    zh: `多了冒号，或者点写成了冒号：请输入 '${plain}'`,
  };
}

/** `192.0.2.1:80,443`, `:8000-8100`, `:*` */
function severalPorts(text: string): Advice | undefined {
  if (!/:(?:\w+(?:[,-]\w+)+|\*)$/.test(text)) return undefined;
  return {
    en: 'has several ports: a service has one; all ports are :0 with -p, a group is a firewall mark (-f)',
    zh: '有多个端口：一个服务只有一个端口；所有端口用 :0 加 -p，一组端口用防火墙标记（-f）',
  };
}

/** `[2001:db8::1]`, `[2001:db8::1`, `2001:db8::1]:80` */
function brackets(text: string): Advice | undefined {
  const inner = text.replace(/^\[|\](:.*)?$/g, '');
  if (/^\[[^\]]*\]$/.test(text))
    return {
      en: `needs a port behind the bracket: '${text}:PORT', or '${inner}' without brackets`,
      zh: `方括号后面要有端口：'${text}:PORT'，或者不带方括号的 '${inner}'`,
    };
  if (text.includes('[') === text.includes(']')) return undefined;
  return { en: 'has one bracket of two: [ADDRESS]:PORT', zh: '方括号不成对：应为 [ADDRESS]:PORT' };
}

/** `80`, `:80`: no address. */
function portAlone(text: string): Advice | undefined {
  return /^:?\d+$/.test(text)
    ? {
        en: 'is a port alone; the address comes first: ADDRESS:PORT',
        zh: '只有端口；前面要有地址：ADDRESS:PORT',
      }
    : undefined;
}

const MOST = 65535;

/** The port of an address that is good. */
function portPart(text: string, args: readonly string[]): Advice | undefined {
  const at = text.lastIndexOf(':');
  const [host, port] = [text.slice(0, at).replace(/^\[|\]$/g, ''), text.slice(at + 1)];
  if (at < 0 || (!parseDottedQuad(host) && !(text.startsWith('[') && parseIpv6(host))))
    return undefined;
  if (port === '') {
    const next = args[args.indexOf(text) + 1] ?? '';
    const joined = /^\d+$/.test(next) ? `${text}${next}` : `${text}PORT`;
    return {
      en: `has no port behind the colon: type '${joined}'`,
      zh: `冒号后面没有端口：请输入 '${joined}'`,
    };
  }
  if (/^\d+$/.test(port))
    return Number(port) > MOST
      ? { en: `has port ${port}; ports end at ${MOST}`, zh: `的端口是 ${port}；端口最大是 ${MOST}` }
      : undefined;
  const digits = port.replace(/[oO]/g, '0').replace(/[lI]/g, '1');
  return /^\d+$/.test(digits)
    ? {
        en: `has a letter in its port: type '${text.slice(0, at + 1)}${digits}'`,
        zh: `的端口里有字母：请输入 '${text.slice(0, at + 1)}${digits}'`,
      }
    : {
        en: `has a port that is no number and no service of /etc/services: ${quoted(port)}`,
        zh: `的端口 ${quoted(port)} 不是数字，/etc/services 里也没有`,
      };
}

function ipv6Part(text: string): Advice | undefined {
  if ((text.match(/:/g) ?? []).length < 2) return undefined;
  const inner = text.replace(/^\[|\](:.*)?$/g, '');
  const odd = /[^0-9a-fA-F:.]/.exec(inner)?.[0];
  if (odd !== undefined && odd !== '%')
    return {
      en: `has ${quoted(odd)}; an IPv6 address has the digits 0-9 and a-f`,
      zh: `里有 ${quoted(odd)}；IPv6 地址只有 0-9 和 a-f`,
    };
  if (odd === '%')
    return {
      en: `has a zone; type it without '${inner.slice(inner.indexOf('%'))}'`,
      zh: `带有区域；请去掉 '${inner.slice(inner.indexOf('%'))}'`,
    };
  if (/:::/.test(inner))
    return {
      en: "has three colons in a row; '::' stands once for zeros",
      zh: "有三个连续的冒号；'::' 只能出现一次",
    };
  if ((inner.match(/::/g) ?? []).length > 1)
    return { en: "has '::' twice; it stands once for zeros", zh: "有两个 '::'；只能出现一次" };
  return {
    en: 'is no IPv6 address; with a port it is [ADDRESS]:PORT',
    zh: '不是 IPv6 地址；带端口时写成 [ADDRESS]:PORT',
  };
}

const SEPARATOR = /[,;_\u3001]/;

/** `172.16,1.136`, `192.168.1.1;80` */
function separators(text: string): Advice | undefined {
  const odd = SEPARATOR.exec(text)?.[0];
  if (odd === undefined || !/^[\d.,;_:\u3001]+$/.test(text)) return undefined;
  const dotted = text.replaceAll(SEPARATOR_ALL, '.');
  const plain = parts(dotted).length === 5 ? dotted.replace(/\.(?=\d+$)/, ':') : dotted;
  return {
    en: `has ${quoted(odd)} where a dot or colon belongs: type '${plain}'`,
    zh: `里 ${quoted(odd)} 处应为点或冒号：请输入 '${plain}'`,
  };
}

const SEPARATOR_ALL = /[,;_\u3001]/g;
const parts = (text: string) => (text.split(':')[0] ?? '').split('.');

/** `192.168.50.l36`: letters that look like digits. */
function lookAlikeLetters(text: string): Advice | undefined {
  if (!/[lIoO]/.test(text) || !/^[\dlIoO.:]+$/.test(text) || !/\d/.test(text)) return undefined;
  const plain = text.replace(/[lI]/g, '1').replace(/[oO]/g, '0');
  const letter = /[lIoO]/.exec(text)?.[0] ?? '';
  return {
    en: `has the letter ${quoted(letter)}, not a digit: type '${plain}'`,
    zh: `里有字母 ${quoted(letter)}，不是数字：请输入 '${plain}'`,
  };
}

/** `172.16.1..136`, `192.168.1.`, `192.168.1.1.80` */
function dots(text: string): Advice | undefined {
  const [host = '', ...port] = text.split(':');
  if (!/^[\d.]+$/.test(host)) return undefined;
  const rest = port.length === 0 ? '' : `:${port.join(':')}`;
  if (/\.\./.test(host)) {
    const plain = host.replace(/\.\.+/g, '.');
    const complete = plain.split('.').length === 4 ? `: type '${plain}${rest}'` : '';
    const full = complete === '' ? '' : `：请输入 '${plain}${rest}'`;
    return {
      en: `has two dots in a row, so it is no address${complete}`,
      zh: `有两个连续的点，不是地址${full}`,
    };
  }
  if (/^\.|\.$/.test(host))
    return {
      en: 'has a dot at its beginning or end: an address has four numbers',
      zh: '开头或末尾多了一个点：地址由四个数组成',
    };
  const numbers = host.split('.');
  if (numbers.length === 5 && rest === '') {
    const intended = host.replace(/\.(\d+)$/, ':$1');
    return {
      en: `has five numbers; the port comes behind a colon: type '${intended}'`,
      zh: `有五个数；端口要写在冒号后面：请输入 '${intended}'`,
    };
  }
  return numbers.length > 4
    ? {
        en: `has ${numbers.length} numbers; an address has four`,
        zh: `有 ${numbers.length} 个数；地址由四个数组成`,
      }
    : undefined;
}

const LARGEST = 255;

function octets(text: string): Advice | undefined {
  const [host = ''] = text.split(':');
  if (!/^\d+(?:\.\d+)*$/.test(host)) return undefined;
  const large = host.split('.').find((number) => Number(number) > LARGEST);
  if (large !== undefined)
    return {
      en: `has ${large}; the numbers of an address end at ${LARGEST}`,
      zh: `里有 ${large}；地址中的数最大是 ${LARGEST}`,
    };
  const octal = host.split('.').find((number) => /^0\d*[89]/.test(number));
  return octal === undefined
    ? undefined
    : {
        en: `has ${octal}, which is octal by its zero; type it without`,
        zh: `里的 ${octal} 以零开头，会当成八进制；请去掉零`,
      };
}

/** `-t 192.168.1.103`, `-t fe80::1:80`: no port, and no persistence that could do without. */
function zeroPort(line: RefusedLine): Advice | undefined {
  if (!/^Zero port specified/.test(line.message)) return undefined;
  const { value = '', row } = givenFor(line, 'service-address') ?? {};
  const option = row?.short === '' ? `--${row.long}` : `-${row?.short ?? 't'}`;
  const [, host, port] = /^(.*:.*):(\d{1,5})$/.exec(value) ?? [];
  if (!value.startsWith('[') && parseIpv6(value) && host !== undefined && parseIpv6(host))
    return {
      en: `the port of an IPv6 address comes behind brackets: ${option} '[${host}]:${port}'`,
      zh: `IPv6 地址的端口要写在方括号后面：${option} '[${host}]:${port}'`,
    };
  const six = parseIpv6(value) !== undefined;
  const intended = six ? `'[${value}]:PORT'` : `'${value.replace(/:0*$/, '')}:PORT'`;
  return {
    en: `the port is missing: ${option} ${intended}; or -p, which makes all ports one persistent service`,
    zh: `缺少端口：${option} ${intended}；或者加 -p，把所有端口作为一个持久服务`,
  };
}
