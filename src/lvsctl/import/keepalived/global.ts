// global_defs: timeouts and sync daemons; what stays with keepalived, and what has no equivalent.
import { parseAddress } from '../../../model/address.js';
import {
  type Conversion,
  type Handler,
  note,
  numberOf,
  type Vocabulary,
  warning,
} from './conversion.js';
import type { Statement } from './statements.js';

export interface GlobalDraft {
  timeouts?: Record<string, number>;
  sync?: Record<string, unknown>;
  scriptUser?: string;
}

const MAIL: Handler<GlobalDraft> = warning(
  'no mail is sent; monitor.hook can run a program that sends it',
);
const PROCESS: Handler<GlobalDraft> = note(
  'a setting of the process: the unit of lvsctl monitor has Nice=, CPUAffinity= and the like',
);
const SNMP: Handler<GlobalDraft> = note(
  'there is no SNMP; lvsctl monitor status --json has the states',
);
const VRRP: Handler<GlobalDraft> = note('a setting of VRRP, which stays with keepalived');
const NAMESPACE: Handler<GlobalDraft> = (_, { args, ...place }, { remarks }) =>
  remarks.warn(place, place.keyword, `run lvsctl with --netns ${args[0] ?? 'NAME'}`);

const KEYWORDS: Vocabulary<GlobalDraft> = {
  lvs_timeouts(draft, statement, conversion) {
    const timeouts: Record<string, number> = {};
    for (let i = 0; i < statement.args.length; i += 2) {
      const key = { tcp: 'tcp', tcpfin: 'tcp_fin', udp: 'udp' }[statement.args[i] ?? ''];
      const value = numberOf(statement.args[i + 1] ?? '', { min: 1, max: 31_536_000 });
      if (key !== undefined && value !== undefined) timeouts[key] = value;
      else
        conversion.remarks.warn(
          statement,
          'lvs_timeouts',
          `\`${statement.args.slice(i, i + 2).join(' ')}' is no timeout; ignored`,
        );
    }
    draft.timeouts = { ...draft.timeouts, ...timeouts };
  },
  lvs_sync_daemon: syncDaemon,
  script_user(draft, { args: [user, group], ...place }, { remarks }) {
    if (user !== undefined) draft.scriptUser = user;
    if (group !== undefined)
      remarks.warn(
        place,
        'script_user',
        `the group ${group} cannot be chosen; those of the user count`,
      );
  },
  lvs_flush: warning('the table is not emptied at the start; ipvsadm -C does it'),
  lvs_flush_on_stop: warning(
    'the table stays at the end; lvsctl monitor --on-exit remove clears it',
  ),
  nftables_ipvs: note('marks for groups are not needed: each address is a service of its own'),
  nftables_ipvs_priority: note('marks for groups are not needed'),
  nftables_ipvs_start_fwmark: note('marks for groups are not needed'),
  lvs_notify_fifo: warning(
    'events are in the log of the monitor (--json), and in lvsctl monitor events',
  ),
  lvs_notify_fifo_script: warning('monitor.hook runs a program at each event'),
  startup_script: warning('a unit of systemd can have ExecStartPre='),
  shutdown_script: warning('a unit of systemd can have ExecStopPost='),
  net_namespace: NAMESPACE,
  net_namespace_ipvs: NAMESPACE,
  enable_script_security: note(
    'programs run without a shell; checks have `user`, the hook hook_user',
  ),
  ...each(
    MAIL,
    'notification_email notification_email_from smtp_server smtp_helo_name ' +
      'smtp_connect_timeout smtp_alert smtp_alert_checker no_email_faults no_checker_emails',
  ),
  ...each(
    SNMP,
    'snmp_socket enable_snmp_keepalived enable_snmp_checker enable_snmp_rfc enable_snmp_rfcv2 ' +
      'enable_snmp_rfcv3 enable_traps enable_dbus dbus_service_name',
  ),
  ...each(
    PROCESS,
    'checker_priority checker_no_swap checker_cpu_affinity checker_rt_priority ' +
      'checker_rlimit_rttime process_names process_name checker_process_name ' +
      'tmp_config_directory config_save_dir use_pid_dir child_wait_time ' +
      'lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force lvs_netlink_monitor_rcv_bufs ' +
      'lvs_netlink_monitor_rcv_bufs_force process_monitor_rcv_bufs ' +
      'process_monitor_rcv_bufs_force rs_init_notifies umask startup_script_timeout ' +
      'shutdown_script_timeout checker_log_all_failures max_auto_priority ' +
      'min_auto_priority_delay instance data_use_instance reload_time_file reload_repeat ' +
      'json_version',
  ),
  ...each(
    VRRP,
    'router_id bfd_process_name bfd_priority bfd_no_swap bfd_cpu_affinity bfd_rt_priority ' +
      'bfd_rlimit_rttime smtp_alert_vrrp default_interface linkbeat_use_polling ' +
      'linkbeat_interfaces dynamic_interfaces fifo_write_vrrp_states_on_reload nftables ' +
      'nftables_priority nftables_counters nftables_ifindex disable_local_igmp include_check ' +
      'reload_check_config namespace_with_ipsets random_seed',
  ),
};

function each(handler: Handler<GlobalDraft>, names: string): Vocabulary<GlobalDraft> {
  return Object.fromEntries(names.split(' ').map((name) => [name, handler]));
}

/** The block global_defs. */
export function readGlobal(statement: Statement, draft: GlobalDraft, conversion: Conversion): void {
  const [vrrp, others] = [true, false].map((is) =>
    (statement.block ?? []).filter(({ keyword }) => /^vrrp_/.test(keyword) === is),
  );
  for (const one of vrrp ?? []) VRRP(draft, one, conversion);
  conversion.walk(others, KEYWORDS, draft, 'global_defs');
}

/** `lvs_sync_daemon eth0 [inst] NAME id 5 maxlen 1400 port 8848 ttl 2 group 224.0.0.81` */
function syncDaemon(draft: GlobalDraft, statement: Statement, { remarks }: Conversion): void {
  const [device, ...args] = statement.args;
  if (device === undefined) {
    remarks.warn(statement, 'lvs_sync_daemon', 'it names no interface; left out');
    return;
  }
  const sync: Record<string, unknown> = { interface: device };
  for (let i = 0; i < args.length; i++) {
    const next = args[i + 1] ?? '';
    const row = SYNC_KEYS[args[i] ?? ''];
    if (row === undefined) continue; // the name of the instance, perhaps behind `inst`
    const value = row.most === undefined ? next : numberOf(next, { min: 0, max: row.most });
    if (value === undefined || (row.most === undefined && !parseAddress(next)))
      remarks.warn(statement, 'lvs_sync_daemon', `\`${args[i]} ${next}' cannot be read; ignored`);
    else sync[row.key] = value;
    i++;
  }
  draft.sync = sync;
  remarks.note(
    statement,
    'lvs_sync_daemon',
    'both sync daemons run on both directors at all times, also without the VIP',
  );
}

const SYNC_KEYS: Readonly<Record<string, { readonly key: string; readonly most?: number }>> = {
  id: { key: 'syncid', most: 255 },
  maxlen: { key: 'max_length', most: 65535 },
  port: { key: 'port', most: 65535 },
  ttl: { key: 'ttl', most: 255 },
  group: { key: 'group' },
};
