// ldirectord.cf -> what it states, as the lvsctl file has it.
import { SCHEDULER_NAMES } from '../../../model/scheduler.js';
import { didYouMean, nearest } from '../../../render/nearest.js';
import type { NameResolver } from '../../config/rulefile.js';
import type { ImportDraft, PlaceDraft, ServerDraft, ServiceDraft } from '../draft.js';
import { Remarks } from '../remark.js';
import { type CheckedBy, checksFor, isOff } from './checks.js';
import { endpointOf, lookUp, type NamesFound } from './endpoint.js';
import { type Directive, directivesOf, type ServiceLines } from './lines.js';
import { fallbackOf, MODES, type Real, realsOf } from './real.js';
import { type DirectiveSettings, setting, settingsOf } from './settings.js';

/** @param names looks up hosts and services, which ldirectord.cf may name */
export async function fromLdirectord(
  text: string,
  file: string,
  names: NameResolver,
): Promise<ImportDraft> {
  const remarks = new Remarks();
  const directives = directivesOf(text, file, remarks);
  const found = await lookUp(directives, names);
  const global = settingsOf(directives.global, 'global', remarks);
  const services = directives.services.flatMap(
    (block) => serviceOf(block, { global, found, remarks }) ?? [],
  );
  const monitor = isOn(global.autoreload, false, remarks) ? { reload_on_change: true } : {};
  return { services, vips: [], timeouts: undefined, sync: [], monitor, remarks };
}

interface InFile {
  readonly global: DirectiveSettings;
  readonly found: NamesFound;
  readonly remarks: Remarks;
}

function serviceOf({ virtual, own }: ServiceLines, inFile: InFile): ServiceDraft | undefined {
  const { global, found, remarks } = inFile;
  const settings = settingsOf(own, 'service', remarks);
  const where = placeOf(virtual, settings, inFile);
  if (where === undefined) return undefined;
  const protocol = where.kind === 'address' ? where.protocol : 'tcp';
  const by: CheckedBy = {
    own: settings,
    global,
    virtual,
    protocol: where.kind === 'mark' ? 'fwm' : protocol,
    vip: where.kind === 'mark' ? String(where.mark) : (where.addresses[0] ?? ''),
    vport: where.kind === 'mark' ? 0 : where.port,
    remarks,
  };
  const reals = own
    .filter(({ key }) => /^real6?$/.test(key))
    .flatMap((directive) => realsOf(directive, protocol, found, remarks));
  const method = mostCommon(reals);
  return {
    file: virtual.file,
    line: virtual.line,
    name: settings.servicename?.text,
    where,
    scheduler: schedulerOf(settings, remarks),
    flags: [],
    onePacket: isOn(settings.ops, false, remarks),
    method,
    persistence: persistenceOf(settings, remarks),
    quorum: 1,
    hysteresis: 0,
    suspend: false,
    quiesce: isOn(setting('quiescent', settings, global), true, remarks),
    servers: isOff(by) ? withoutServers(reals, by) : reals.map((real) => toServer(real, by)),
    sorry: sorryOf(settings, protocol, where, inFile),
  };
}

/** `checktype = off`: no server is ever added, only the fallback. */
function withoutServers(reals: readonly Real[], { own, remarks, virtual }: CheckedBy): [] {
  if (reals.length > 0)
    remarks.warn(
      own.checktype ?? virtual,
      'checktype',
      'off: ldirectord never adds a server of this service, so none is imported',
    );
  return [];
}

function toServer(real: Real, by: CheckedBy): ServerDraft {
  const { directive, address, port, method, weight, upper, lower } = real;
  const { file, line } = directive;
  const asked = { ...real, port: port || by.vport };
  return { file, line, address, port, weight, upper, lower, method, checks: checksFor(asked, by) };
}

function mostCommon(reals: readonly Real[]): Real['method'] {
  const counts = new Map<Real['method'], number>();
  for (const { method } of reals) counts.set(method, (counts.get(method) ?? 0) + 1);
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? MODES.gate ?? { mode: 'dr' };
}

function placeOf(
  virtual: Directive,
  { protocol }: DirectiveSettings,
  { found, remarks }: InFile,
): PlaceDraft | undefined {
  const text = virtual.value.trim().replaceAll('"', '');
  if (/^\d+$/.test(text)) {
    if (protocol !== undefined && protocol.text !== 'fwm')
      remarks.warn(protocol, 'protocol', `a mark needs fwm: ldirectord refuses the file; ignored`);
    return { kind: 'mark', mark: Number(text) };
  }
  const given = protocol?.text.toLowerCase();
  const endpoint = endpointOf(text, virtual, given ?? 'tcp', found, remarks);
  if (endpoint === undefined) return undefined;
  const { address, port } = endpoint;
  if (port === undefined) {
    remarks.warn(virtual, 'virtual', 'it has no port: ldirectord refuses the file; left out');
    return undefined;
  }
  const name = given ?? (port === 53 ? 'udp' : 'tcp');
  if (name !== 'tcp' && name !== 'udp') {
    remarks.warn(protocol ?? virtual, 'protocol', `\`${name}' is neither tcp nor udp; left out`);
    return undefined;
  }
  return { kind: 'address', protocol: name, addresses: [address], port };
}

function schedulerOf({ scheduler }: DirectiveSettings, remarks: Remarks): string {
  if (scheduler === undefined) return 'wrr';
  if ((SCHEDULER_NAMES as readonly string[]).includes(scheduler.text)) return scheduler.text;
  const hint = didYouMean(nearest(scheduler.text, SCHEDULER_NAMES));
  remarks.warn(
    scheduler,
    'scheduler',
    `\`${scheduler.text}' is not a scheduler; wrr is taken${hint}`,
  );
  return 'wrr';
}

function persistenceOf(
  { persistent, netmask }: DirectiveSettings,
  remarks: Remarks,
): ServiceDraft['persistence'] {
  if (persistent === undefined) {
    if (netmask !== undefined)
      remarks.warn(netmask, 'netmask', 'without persistent it has no effect; left out');
    return undefined;
  }
  const timeout = Number(persistent.text);
  if (!/^\d+$/.test(persistent.text) || timeout < 1) {
    remarks.warn(
      persistent,
      'persistent',
      `\`${persistent.text}' is no number of seconds; left out`,
    );
    return undefined;
  }
  const text = netmask?.text;
  return { timeout, netmask: text !== undefined && /^\d+$/.test(text) ? Number(text) : text };
}

function isOn(
  given: DirectiveSettings[keyof DirectiveSettings],
  preset: boolean,
  remarks: Remarks,
): boolean {
  if (given === undefined) return preset;
  if (given.text !== 'yes' && given.text !== 'no')
    remarks.warn(
      given,
      given.key,
      `\`${given.text}' is neither yes nor no: ldirectord refuses the file`,
    );
  return given.text === 'yes' || (given.text !== 'no' && preset);
}

function sorryOf(
  own: DirectiveSettings,
  protocol: string,
  where: PlaceDraft,
  { global, found, remarks }: InFile,
): ServiceDraft['sorry'] {
  const six = where.kind === 'address' && where.addresses[0]?.includes(':');
  const directive = six ? (own.fallback6 ?? global.fallback6) : (own.fallback ?? global.fallback);
  if (directive === undefined) return undefined;
  const sorry = fallbackOf(directive, protocol, found, remarks);
  return sorry && { file: directive.file, line: directive.line, ...sorry };
}
