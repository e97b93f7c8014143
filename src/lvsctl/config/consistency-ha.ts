// What the key `ha` and the rest of the file mean together.
import { formatAddress } from '../../model/address.js';
import { serverMode } from './desired.js';
import { below } from './field.js';
import type { Config } from './file.js';
import { DUMMY_PREFIX, type Ha } from './ha.js';
import { once } from './once.js';
import { fail, type Place } from './place.js';

/** Reports what does not fit together, at its place. */
export function checkHa(config: Config, root: Place): void {
  const { ha, vips } = config;
  if (ha === undefined) return;
  const at = below(root, 'ha');
  once(ha.peers, formatAddress, 'peer', (i) => below(at, 'peers', i));
  const family = ha.peers[0]?.family;
  for (const [i, peer] of ha.peers.entries()) {
    const address = formatAddress(peer);
    if (peer.family !== family) fail(below(at, 'peers', i), 'peers are of one address family');
    if (vips.some((vip) => formatAddress(vip.address) === address))
      fail(below(at, 'peers', i), `${address} is a VIP; a peer is an address of one director`);
  }
  if (ha.engine === 'keepalived') checkPair(ha, config, root, at);
  else checkAnycast(ha, config, root, at);
}

function checkPair(ha: Ha, { services, sync }: Config, root: Place, at: Place): void {
  if (ha.interface === undefined) fail(at, "engine keepalived needs `interface'");
  if (ha.sync && sync.length > 0)
    fail(
      below(root, 'sync'),
      "`ha.sync' sets both sync daemons; remove `sync', or set it to false",
    );
  const gateways = services.some(({ gateway }) => gateway !== undefined);
  if (gateways && ha.gateway_interface === undefined)
    fail(
      at,
      "nat services have a gateway, which must move with the VIPs: `gateway_interface' is missing",
    );
}

function checkAnycast(ha: Ha, { vips, services }: Config, root: Place, at: Place): void {
  if (ha.as === undefined) fail(at, "engine bird needs `as', the autonomous system");
  if (ha.neighbors.length === 0) fail(at, "engine bird needs `neighbors', the routers");
  for (const [i, { interface: device }] of vips.entries())
    if (!device.startsWith(DUMMY_PREFIX))
      fail(
        below(root, 'vips', i, 'interface'),
        `with engine bird this is a dummy device that director up makes; its name must begin with ${DUMMY_PREFIX}`,
      );
  for (const [i, { address }] of vips.entries())
    if (
      ha.neighbors.length > 0 &&
      !ha.neighbors.some((one) => one.address.family === address.family)
    )
      fail(below(root, 'vips', i), `no neighbor of family ${address.family} takes this VIP`);
  for (const [i, service] of services.entries())
    if (service.servers.some((server) => serverMode(service, server) === 'nat'))
      fail(
        below(root, 'services', i, 'mode'),
        'mode nat cannot be announced by several directors: answers must pass the director that had the request; use dr or tun, or engine keepalived',
      );
}
