// The key `ha` of an lvsctl file: several directors that share the VIPs.
import { vipAddress } from './address.js';
import { list } from './collections.js';
import { device } from './device.js';
import { object, optional, required, type Value } from './field.js';
import { boolean, integer, number, oneOf, text } from './scalar.js';

/** seconds, the longest that a VRRPv3 packet can name */
const ADVERTISE_MAX = 40.95;
/** numbers of an autonomous system have 32 bits */
const AS_MAX = 2 ** 32 - 1;

// biome-ignore-start format: a table
const neighbor = object({
  address: required(vipAddress, 'the router'),
  as: required(integer(1, AS_MAX), 'its autonomous system'),
});
export const HA = object({
  engine: optional(
    oneOf(['keepalived', 'bird']),
    'keepalived',
    'keepalived: one director has the VIPs (VRRP); bird: each announces them (BGP)',
  ),
  peers: required(
    list(vipAddress, 2),
    'the directors, this one too; with keepalived the first ones have priority',
  ),
  interface: optional(
    device,
    undefined,
    'keepalived: the interface between the directors, for VRRP and connection sync',
  ),
  id: optional(integer(1, 255), 51, 'keepalived: the virtual router id, which is the sync id too'),
  advertise: optional(
    number(0.01, ADVERTISE_MAX),
    0.2,
    'keepalived: seconds between two advertisements of the master',
  ),
  sync: optional(
    boolean,
    true,
    'keepalived: run both sync daemons, so that connections survive a failover',
  ),
  gateway_interface: optional(
    device,
    undefined,
    'keepalived: the interface for the gateways of nat services, which move with the VIPs',
  ),
  as: optional(integer(1, AS_MAX), undefined, 'bird: the autonomous system of the directors'),
  neighbors: optional(list(neighbor, 1), [], 'bird: the routers that the VIPs are announced to'),
  bfd: optional(boolean, true, 'bird: detect a dead director with BFD'),
  control: optional(text, undefined, "bird: its control socket; birdc's default when absent"),
});
// biome-ignore-end format: a table

/** how the names of dummy devices of VIPs begin: no other device may be made and removed */
export const DUMMY_PREFIX = 'lvs-';

export type Ha = Value<typeof HA>;
