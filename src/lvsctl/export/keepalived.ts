// An lvsctl file as keepalived.conf: virtual servers with their checkers.
import { formatAddress, formatIpv4 } from '../../model/address.js';
import { serverChecks, serverMode } from '../config/desired.js';
import type { Config, Mode, RealServer, TunnelOptions, VirtualService } from '../config/file.js';
import { type KeywordBlock, type KeywordEntry, renderBlocks } from './blocks.js';
import { checkerOf } from './checkers.js';
import type { Exported, Omission } from './exported.js';

const METHODS: Readonly<Record<Mode, string>> = { nat: 'NAT', dr: 'DR', tun: 'TUN' };
const CHECKSUMS = { none: [], checksum: ['csum'], remote: ['remcsum'] } as const;

export function toKeepalived(config: Config): Exported {
  const omissions: Omission[] = [];
  const omit = (subject: string) => (text: string) => void omissions.push({ subject, text });
  const blocks = [
    ...globalOf(config),
    ...config.services.map((one) => serverBlock(one, config, omit)),
  ];
  wholeFile(config, omit);
  return { text: blocks.map((one) => renderBlocks([one])).join('\n'), omissions };
}

type Omitting = (subject: string) => (text: string) => void;

function globalOf({ timeouts }: Config): KeywordEntry[] {
  if (timeouts === undefined) return [];
  const { tcp, tcp_fin, udp } = timeouts;
  return [['global_defs', [['lvs_timeouts', 'tcp', tcp, 'tcpfin', tcp_fin, 'udp', udp]]]];
}

/** What keepalived has elsewhere, or not at all. */
function wholeFile({ vips, sync, ha, monitor, services }: Config, omit: Omitting): void {
  if (ha) omit('ha')('lvsctl ha render writes the VRRP part');
  if (vips.length > 0)
    omit('vips')('keepalived adds addresses by a vrrp_instance, which is not made here');
  if (sync.length > 0)
    omit('sync')('lvs_sync_daemon needs a vrrp_instance, which is not made here');
  if (monitor.hook)
    omit('monitor.hook')('keepalived has notify_up, notify_down, quorum_up and quorum_down');
  if (monitor.reload_on_change)
    omit('monitor.reload_on_change')('keepalived reads its file again at SIGHUP alone');
  if (monitor.drift === 'ignore')
    omit('monitor.drift')('keepalived does not see what others change');
  for (const { name, mark } of services)
    if (mark !== undefined) omit(name)(`the packets that get mark ${mark}: lvsctl export nft`);
}

function serverBlock(
  service: VirtualService,
  { monitor }: Config,
  omitting: Omitting,
): KeywordEntry {
  const { name, address, port, mark, protocol, health, persistence, sorry } = service;
  const omit = omitting(name);
  if (health.combine === 'any') omit('health.combine any: with keepalived all checks must pass');
  if (health.slow_start > 0)
    omit('health.slow_start: a returned server has its whole weight at once');
  if (health.damping) omit('health.damping: a server that flaps comes back at once');
  if (health.min_up > 0) omit('health.min_up: all servers can be taken out');
  if (service.gateway) omit("gateway: routes of the real servers are not keepalived's");
  const entries: KeywordEntry[] = [
    ['lvs_sched', service.scheduler],
    ...service.flags.map((flag): KeywordEntry => [flag]),
    ...(service.one_packet ? [['ops'] as const] : []),
    methodOf('lvs_method', service.mode, service.tunnel),
    ...(mark === undefined ? [['protocol', protocol.toUpperCase()] as const] : []),
    ...(persistence ? persistenceOf(persistence) : []),
    ...(health.quorum === 1 ? [] : [['quorum', health.quorum] as const]),
    ...(health.hysteresis === 0 ? [] : [['hysteresis', health.hysteresis] as const]),
    ...(health.failed === 'quiesce' ? [['inhibit_on_failure'] as const] : []),
    ['alpha'],
    ...(monitor.pause_on_standby && mark === undefined ? [['ha_suspend'] as const] : []),
    ...(sorry ? sorryOf(sorry, service) : []),
    ...service.servers.map((server) => realServer(server, service, omitting)),
  ];
  if (mark !== undefined) return ['virtual_server', 'fwmark', mark, entries];
  return ['virtual_server', formatAddress(address), port ?? 0, entries];
}

function methodOf(keyword: string, mode: Mode, tunnel: TunnelOptions | undefined): KeywordEntry {
  if (mode !== 'tun' || tunnel === undefined || tunnel.type === 'ipip')
    return [keyword, METHODS[mode]];
  const port = tunnel.port === undefined ? [] : ['port', tunnel.port];
  return [keyword, 'TUN', 'type', tunnel.type, ...port, ...CHECKSUMS[tunnel.checksum]];
}

function persistenceOf({
  timeout,
  netmask,
  engine,
}: NonNullable<VirtualService['persistence']>): KeywordBlock {
  const mask =
    netmask === undefined
      ? undefined
      : 'bits' in netmask
        ? formatIpv4(netmask.bits)
        : netmask.length;
  return [
    ['persistence_timeout', timeout],
    ...(mask === undefined ? [] : [['persistence_granularity', mask] as const]),
    ...(engine === undefined ? [] : [['persistence_engine', engine] as const]),
  ];
}

function sorryOf(
  sorry: NonNullable<VirtualService['sorry']>,
  { mode, port }: VirtualService,
): KeywordBlock {
  return [
    ['sorry_server', formatAddress(sorry.address), sorry.port ?? port ?? 0],
    ...(sorry.mode === undefined || sorry.mode === mode
      ? []
      : [['sorry_server_lvs_method', METHODS[sorry.mode]] as const]),
  ];
}

function realServer(server: RealServer, service: VirtualService, omitting: Omitting): KeywordEntry {
  const { address, port, weight, upper, lower, tunnel } = server;
  const mode = serverMode(service, server);
  const own = mode !== service.mode || tunnel !== undefined;
  const asked = port ?? service.port ?? service.ports?.[0]?.port ?? 0;
  // a mark has no port of its own: the server's is that of its checks too
  const named = service.mark === undefined ? (port ?? service.port ?? 0) : (port ?? 0);
  const checkers = serverChecks(service, server).flatMap((check) => {
    const subject = `${service.name} ${formatAddress(address)} ${check.kind}`;
    const given = check.port === undefined && asked !== named ? { ...check, port: asked } : check;
    const checker = checkerOf(given, server, omitting(subject));
    return checker === undefined ? [] : [checker];
  });
  return [
    'real_server',
    formatAddress(address),
    named,
    [
      ['weight', weight],
      ...(own ? [methodOf('lvs_method', mode, tunnel ?? service.tunnel)] : []),
      ...(upper === 0 ? [] : [['uthreshold', upper] as const]),
      ...(lower === 0 ? [] : [['lthreshold', lower] as const]),
      ...checkers,
    ],
  ];
}
