// Forwarding methods of keepalived: NAT, DR, TUN with its type.
import type { MethodDraft, TunnelEntry } from '../draft.js';
import type { Conversion } from './conversion.js';
import type { Statement } from './statements.js';

const MODES = { NAT: 'nat', DR: 'dr', TUN: 'tun' } as const;
const CHECKSUMS = { nocsum: 'none', csum: 'checksum', remcsum: 'remote' } as const;

/**
 * `lvs_method TUN type gue port 6080 csum`; only capital letters, as keepalived has it.
 * @returns undefined with a remark when keepalived ignores it
 */
export function methodOf(statement: Statement, conversion: Conversion): MethodDraft | undefined {
  const [name = '', ...options] = statement.args;
  if (!Object.hasOwn(MODES, name)) {
    conversion.remarks.warn(
      statement,
      statement.keyword,
      `\`${name}' is none of NAT, DR, TUN: keepalived ignores it and uses NAT${
        Object.hasOwn(MODES, name.toUpperCase())
          ? `; probably ${name.toUpperCase()} is intended`
          : ''
      }`,
    );
    return undefined;
  }
  const mode = MODES[name as keyof typeof MODES];
  if (mode !== 'tun') return { mode };
  const tunnel = tunnelOf(options, statement, conversion);
  return tunnel === undefined ? { mode } : { mode, tunnel };
}

function tunnelOf(
  options: readonly string[],
  statement: Statement,
  conversion: Conversion,
): TunnelEntry | undefined {
  let type: TunnelEntry['type'] = 'ipip';
  let port: number | undefined;
  let checksum: TunnelEntry['checksum'];
  for (let i = 0; i < options.length; i++) {
    const option = options[i] ?? '';
    const next = options[i + 1] ?? '';
    if (option === 'type' && (next === 'ipip' || next === 'gue' || next === 'gre')) {
      type = next;
      i++;
    } else if (option === 'port' && /^\d{1,5}$/.test(next)) {
      port = Number(next);
      i++;
    } else if (Object.hasOwn(CHECKSUMS, option)) {
      checksum = CHECKSUMS[option as keyof typeof CHECKSUMS];
    } else {
      conversion.remarks.warn(
        statement,
        statement.keyword,
        `\`${option}' is no tunnel option; ignored`,
      );
    }
  }
  if (type === 'ipip') return undefined;
  return {
    type,
    ...(type === 'gue' && port !== undefined ? { port } : {}),
    ...(checksum === undefined ? {} : { checksum }),
  };
}
