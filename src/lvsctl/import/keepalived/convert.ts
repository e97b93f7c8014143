// keepalived.conf -> what it states as the entries of an lvsctl file. The table of its blocks.
import type { ImportDraft, ServiceDraft, VipDraft } from '../draft.js';
import { Remarks } from '../remark.js';
import type { SourceFiles } from '../sourcefiles.js';
import type { TrackFile } from './checkerdraft.js';
import { Conversion, type Handler, note, type Vocabulary, warning } from './conversion.js';
import { type GlobalDraft, readGlobal } from './global.js';
import { type GroupPlaces, groupOf } from './group.js';
import { type ConfigId, linesOf } from './lines.js';
import { type Statement, statementsOf } from './statements.js';
import { servicesOf } from './virtualserver.js';
import { vipsOf } from './vrrp.js';

export interface KeepalivedContext {
  readonly files: SourceFiles;
  readonly configId: ConfigId;
  /** of VIPs whose interface the file does not name */
  readonly interface: string;
}

interface ConfDraft {
  readonly global: GlobalDraft;
  readonly groups: Map<string, GroupPlaces>;
  readonly trackFiles: Map<string, TrackFile>;
  readonly ssl: Record<string, string>;
  readonly services: Statement[];
  readonly vips: VipDraft[];
  readonly interface: string;
}

const STAYS: Handler<ConfDraft> = note('stays with keepalived, started with --vrrp');
const trackFile: Handler<ConfDraft> = ({ trackFiles }, statement) => {
  const keyword = (name: string) =>
    statement.block?.findLast(({ keyword }) => keyword === name)?.args[0];
  const file = keyword('file');
  if (file === undefined || statement.args[0] === undefined) return;
  trackFiles.set(statement.args[0], { file, weight: Number(keyword('weight') ?? 1) });
};

const BLOCKS: Vocabulary<ConfDraft> = {
  global_defs: ({ global }, statement, conversion) => readGlobal(statement, global, conversion),
  virtual_server_group({ groups }, statement, conversion) {
    groups.set(statement.args[0] ?? '', groupOf(statement, conversion));
  },
  virtual_server({ services }, statement) {
    services.push(statement);
  },
  vrrp_instance(draft, statement, conversion) {
    draft.vips.push(...vipsOf(statement, draft.interface, conversion));
  },
  SSL({ ssl }, { block = [] }, { remarks }) {
    for (const { keyword, args, ...place } of block) {
      if (keyword === 'certificate' || keyword === 'key') ssl[keyword] = args[0] ?? '';
      else if (keyword === 'ca')
        remarks.note(
          place,
          'ca',
          'keepalived does not verify certificates with it; nor does verify: false',
        );
      else
        remarks.warn(place, keyword, 'a key with a password cannot be read; store it without one');
    }
  },
  track_file: trackFile,
  vrrp_track_file: trackFile,
  static_ipaddress: STAYS,
  static_routes: STAYS,
  static_rules: STAYS,
  track_group: STAYS,
  vrrp_script: STAYS,
  vrrp_sync_group: STAYS,
  vrrp_track_process: STAYS,
  track_process: STAYS,
  garp_group: STAYS,
  interface_up_down_delays: STAYS,
  linkbeat_interfaces: STAYS,
  linkbeat_use_polling: STAYS,
  bfd_instance: warning(
    'there is no BFD; a check of kind tcp or ping with a short interval is nearest',
  ),
  net_namespace: warning('run lvsctl with --netns NAME'),
  net_namespace_ipvs: warning('run lvsctl with --netns NAME'),
  instance: note('a name of the process; the monitor of a network namespace needs none'),
  use_pid_dir: note('a setting of the process'),
  child_wait_time: note('a setting of the process'),
};

/**
 * @param file its name, `-` for stdin
 * @throws ConfigError when it cannot be read at all; a system error of an included file
 */
export function fromKeepalived(
  text: string,
  file: string,
  context: KeepalivedContext,
): ImportDraft {
  const remarks = new Remarks();
  const { files, configId } = context;
  const conversion = new Conversion(remarks);
  const statements = statementsOf(linesOf(text, file, { files, remarks, configId }), remarks);
  const draft: ConfDraft = {
    global: {},
    groups: new Map(),
    trackFiles: new Map(),
    ssl: {},
    services: [],
    vips: [],
    interface: context.interface,
  };
  conversion.walk(statements, BLOCKS, draft, 'keepalived.conf');
  const { global, groups, trackFiles, ssl, vips } = draft;
  const keywords = { groups, trackFiles, ssl, scriptUser: global.scriptUser };
  const services: ServiceDraft[] = draft.services.flatMap((one) =>
    servicesOf(one, keywords, conversion),
  );
  const { sync, timeouts } = global;
  return {
    services,
    vips,
    timeouts,
    sync: sync === undefined ? [] : ['master', 'backup'].map((role) => ({ role, ...sync })),
    monitor: {},
    remarks,
  };
}
