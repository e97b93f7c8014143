// Directives of ldirectord.cf that have one value, global or of a service: the table of them.
import { didYouMean, nearest } from '../../../render/nearest.js';
import type { Remarks } from '../remark.js';
import { type Directive, unquoted } from './lines.js';

/** Values as written, without quotes; undefined = not given. */
export type DirectiveSettings = {
  readonly [K in SettingName]?: Directive & { readonly text: string };
};

/** Where a directive may be, and what is lost when it has no equivalent. */
interface Row {
  readonly where: 'global' | 'service' | 'both';
  readonly warning?: string;
  readonly note?: string;
}

const MAIL = 'no mail is sent; monitor.hook can run a program that sends it';
const PROCESS = 'a setting of the process of ldirectord';

// biome-ignore format: a table
const ROWS = {
  checktimeout: { where: 'both' },
  negotiatetimeout: { where: 'both' },
  checkinterval: { where: 'both' },
  checkcount: { where: 'both' },
  failurecount: { where: 'both' },
  quiescent: { where: 'both' },
  fallback: { where: 'both' },
  fallback6: { where: 'both' },
  fallbackcommand: { where: 'both', warning: 'not run; monitor.hook is one program for all services, and gets the events `service-down\' and `service-up\'' },
  readdquiescent: { where: 'both', warning: 'a server that was removed by hand is added again; with `drift: ignore` it is not' },
  cleanstop: { where: 'both', note: 'the table stays at the end; lvsctl monitor --on-exit remove clears it' },
  emailalert: { where: 'both', warning: MAIL },
  emailalertfrom: { where: 'both', warning: MAIL },
  emailalertfreq: { where: 'both', warning: MAIL },
  emailalertstatus: { where: 'both', warning: MAIL },
  smtp: { where: 'both', warning: MAIL },
  monitorfile: { where: 'both', warning: 'there is one log for all services: monitor.log.file' },
  maintenancedir: { where: 'global', warning: 'no file takes a server out; lvsctl disable and drain do' },
  callback: { where: 'global', warning: 'no program is run when the file changes' },
  execute: { where: 'global', warning: 'another file needs an import and a monitor of its own, or is added to this one' },
  autoreload: { where: 'global' },
  logfile: { where: 'global', note: 'the log is on stderr, and in monitor.log.file' },
  supervised: { where: 'global', note: PROCESS },
  fork: { where: 'global', note: PROCESS },
  checktype: { where: 'service' },
  service: { where: 'service' },
  checkcommand: { where: 'service' },
  checkport: { where: 'service' },
  request: { where: 'service' },
  receive: { where: 'service' },
  httpmethod: { where: 'service' },
  virtualhost: { where: 'service' },
  login: { where: 'service' },
  passwd: { where: 'service' },
  database: { where: 'service' },
  secret: { where: 'service' },
  scheduler: { where: 'service' },
  persistent: { where: 'service' },
  netmask: { where: 'service' },
  protocol: { where: 'service' },
  ops: { where: 'service' },
  servicename: { where: 'service' },
  comment: { where: 'service', note: 'a comment of ldirectord\'s mails' },
} as const satisfies Record<string, Row>;
export type SettingName = keyof typeof ROWS;

/** Directives of several values, which are read elsewhere. */
const LISTS = ['real', 'real6'];

/**
 * The settings of the file, or of one service.
 * @param where which directives may be here; ldirectord refuses others
 */
export function settingsOf(
  directives: readonly Directive[],
  where: 'global' | 'service',
  remarks: Remarks,
): DirectiveSettings {
  const settings: Record<string, Directive & { readonly text: string }> = {};
  for (const directive of directives) {
    const { key, value } = directive;
    if (where === 'service' && LISTS.includes(key)) continue;
    const row: Row | undefined = Object.hasOwn(ROWS, key) ? ROWS[key as SettingName] : undefined;
    if (row === undefined || (row.where !== 'both' && row.where !== where)) {
      const known = Object.entries<Row>(ROWS)
        .filter(([, one]) => one.where === 'both' || one.where === where)
        .map(([name]) => name);
      const place = where === 'global' ? 'outside a virtual' : 'below a virtual';
      const hint = didYouMean(nearest(key, [...known, ...(where === 'service' ? LISTS : [])]));
      remarks.warn(directive, key, `not a directive ${place}: ldirectord refuses the file${hint}`);
      continue;
    }
    if (row.warning !== undefined) remarks.warn(directive, key, row.warning);
    else if (row.note !== undefined) remarks.note(directive, key, row.note);
    else settings[key] = { ...directive, text: unquoted(value) };
  }
  return settings;
}

/** The nearest one: of the service, else of the file. */
export function setting(
  name: SettingName,
  own: DirectiveSettings,
  global: DirectiveSettings,
): DirectiveSettings[SettingName] {
  return own[name] ?? global[name];
}

/** A whole number from 1; the default, with a remark, for what is none. */
export function count(
  given: DirectiveSettings[SettingName],
  preset: number,
  remarks: Remarks,
): number {
  if (given === undefined) return preset;
  const value = Number(given.text);
  if (/^\d+$/.test(given.text) && value >= 1 && value <= 31_536_000) return value;
  remarks.warn(
    given,
    given.key,
    `\`${given.text}' is no number from 1: ldirectord refuses the file`,
  );
  return preset;
}
