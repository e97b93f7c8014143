// An lvsctl file as saved rules of ipvsadm.
import { NUMERIC } from '../../render/names.js';
import {
  renderDaemonRule,
  renderDestinationRule,
  renderServiceRule,
  renderTimeoutsRule,
} from '../../render/rules.js';
import { desiredServices } from '../config/desired.js';
import type { Config } from '../config/file.js';
import type { Exported, Omission } from './exported.js';

/** All servers up, the sorry server where there are no others; `ipvsadm -R` reads the text. */
export function toRules(config: Config): Exported {
  const omissions: Omission[] = [];
  const lines: (string | undefined)[] = [];
  for (const { service, destinations, sorry, source, checks } of desiredServices(config)) {
    lines.push(renderServiceRule(service, NUMERIC));
    const servers = destinations.length === 0 && sorry ? [sorry] : destinations;
    for (const server of servers) lines.push(renderDestinationRule(service.id, server, NUMERIC));
    if (sorry && destinations.length > 0)
      omissions.push({ subject: source.name, text: 'the sorry server is no rule; left out' });
    if ([...checks.values()].some((list) => list.length > 0))
      omissions.push({ subject: source.name, text: 'rules have no checks; left out' });
    if (source.mark !== undefined)
      omissions.push({
        subject: source.name,
        text:
          `the packets that get mark ${source.mark} are rules of the packet filter: lvsctl ` +
          'export nft',
      });
  }
  const { timeouts, sync } = config;
  if (timeouts)
    lines.push(
      renderTimeoutsRule({ tcp: timeouts.tcp, tcpFin: timeouts.tcp_fin, udp: timeouts.udp }),
    );
  for (const { syncid, max_length, ...daemon } of sync)
    lines.push(renderDaemonRule({ ...daemon, syncId: syncid, maxLength: max_length }));
  return { text: lines.join(''), omissions };
}
