// checktype and service of ldirectord.cf -> checks. Defaults are those of ldirectord(8); what it
// asks was seen in the lab (Debian's 4.12).
import type { CheckEntry } from '../draft.js';
import type { Remarks } from '../remark.js';
import type { Directive } from './lines.js';
import { SERVICES, serviceByPort } from './services.js';
import { count, type DirectiveSettings, setting } from './settings.js';

export interface CheckedBy {
  readonly own: DirectiveSettings;
  readonly global: DirectiveSettings;
  /** the first line of the service */
  readonly virtual: Directive;
  readonly protocol: string;
  /** of the VIP, or the mark */
  readonly vip: string;
  readonly vport: number;
  readonly remarks: Remarks;
}

/** The server that is asked. */
export interface Asked {
  readonly address: string;
  readonly port: number;
  /** of its own, in place of those of the service */
  readonly request: string | undefined;
  readonly receive: string | undefined;
}

/** Whether servers are in the table at all: never with `checktype = off`. */
export function isOff({ own }: CheckedBy): boolean {
  return own.checktype?.text === 'off';
}

/** The checks of one server. */
export function checksFor(asked: Asked, by: CheckedBy): readonly CheckEntry[] {
  const { own, remarks } = by;
  const type = own.checktype?.text ?? 'negotiate';
  const port = own.checkport ? count(own.checkport, 0, remarks) || undefined : undefined;
  const at = port ?? (asked.port || undefined);
  const timed = (checks: readonly CheckEntry[], kind: 'connect' | 'negotiate', every = 1) =>
    checks.map((check) => ({
      ...check,
      ...times(by, kind, every),
      port: hasPort(check) ? at : undefined,
    }));
  switch (type) {
    case 'on':
    case 'off':
      return [];
    case 'connect':
      return timed([connect(by)], 'connect');
    case 'ping':
      return pings(by);
    case 'external':
    case 'external-perl':
      return timed(external(asked, by), 'connect');
    case 'negotiate':
      return timed(negotiate(asked, by), 'negotiate');
    default: {
      const times = /^\d+$/.test(type) ? Number(type) : 0;
      if (times > 0)
        return [
          ...timed([connect(by)], 'connect'),
          ...timed(negotiate(asked, by), 'negotiate', times + 1),
        ];
      remarks.warn(
        own.checktype ?? by.virtual,
        'checktype',
        `\`${type}' is not known: ldirectord refuses the file; no check is made`,
      );
      return [];
    }
  }
}

function hasPort({ kind }: CheckEntry): boolean {
  return kind !== 'ping' && kind !== 'exec';
}

/** For UDP ldirectord pings. */
function connect({ protocol }: CheckedBy): CheckEntry {
  return { kind: protocol === 'udp' ? 'ping' : 'tcp' };
}

function times(
  { own, global, remarks }: CheckedBy,
  kind: 'connect' | 'negotiate',
  every: number,
): Readonly<Record<string, number>> {
  const [first, second] = (
    kind === 'negotiate'
      ? ['negotiatetimeout', 'checktimeout']
      : ['checktimeout', 'negotiatetimeout']
  ) as readonly ('checktimeout' | 'negotiatetimeout')[];
  const given =
    setting(first ?? 'checktimeout', own, global) ?? setting(second ?? 'checktimeout', own, global);
  return {
    interval: count(setting('checkinterval', own, global), 10, remarks) * every,
    timeout: Math.min(3600, count(given, kind === 'negotiate' ? 30 : 5, remarks)),
    rise: 1,
    fall: Math.min(1000, count(setting('failurecount', own, global), 1, remarks)),
  };
}

/** A check fails after checkcount tries, each of them with the whole time limit. */
function pings(by: CheckedBy): readonly CheckEntry[] {
  const { fall = 1, ...rest } = times(by, 'connect', 1);
  const tries = count(setting('checkcount', by.own, by.global), 1, by.remarks);
  return [{ kind: 'ping', ...rest, fall: Math.min(1000, fall * tries) }];
}

/** The script gets VIP, port, server and port. */
function external({ address, port }: Asked, by: CheckedBy): readonly CheckEntry[] {
  const { own, remarks, vip, vport, virtual } = by;
  const [program = '/bin/true', ...args] = own.checkcommand?.text.split(/\s+/) ?? [];
  if (!program.startsWith('/')) {
    remarks.warn(
      own.checkcommand ?? virtual,
      'checkcommand',
      `${program} needs an absolute path; no check is made`,
    );
    return [];
  }
  const perl = own.checktype?.text === 'external-perl';
  if (perl)
    remarks.note(
      own.checktype ?? virtual,
      'checktype',
      `${program} is run as a program, by /usr/bin/perl`,
    );
  const command = [...(perl ? ['/usr/bin/perl', program] : [program]), ...args];
  return [{ kind: 'exec', command: [...command, vip, String(vport), address, String(port)] }];
}

function negotiate(asked: Asked, by: CheckedBy): readonly CheckEntry[] {
  const { own, remarks, virtual, vport } = by;
  const name = own.service?.text ?? serviceByPort(vport);
  const place = own.service ?? virtual;
  const row = SERVICES[name];
  if (row === undefined) {
    remarks.warn(
      place,
      'service',
      `\`${name}' is not known: ldirectord refuses the file; no check is made`,
    );
    return [];
  }
  const question = {
    request: asked.request ?? own.request?.text,
    receive: asked.receive ?? own.receive?.text,
    login: own.login?.text,
    passwd: own.passwd?.text,
    virtualhost: own.virtualhost?.text,
    method: own.httpmethod?.text.toUpperCase(),
    protocol: by.protocol,
    vip: by.vip,
  };
  return row(question, (text, key) => {
    const from = key === undefined ? place : (own[key] ?? place);
    remarks.warn(from, key ?? 'service', text);
  });
}
