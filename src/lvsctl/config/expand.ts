// Entries that stand for several: VIPs, services and servers with a range or a list become one
// entry each before the file is read. Every node keeps the place where it was written.
import { isMap, isScalar, isSeq, type Node, Pair, Scalar, type YAMLMap, YAMLSeq } from 'yaml';
import { copyOf, entryOf, keyOf, withEntry } from './defaults.js';
import { fail, follow, type Place } from './place.js';
import { isRange, rangeOf } from './range.js';
import { written } from './scalar.js';

/** servers of all services that ranges may make */
const SERVERS_LIMIT = 65_536;

/** The root with a VIP, a service and a server for each address and port; `paths` as in defaults. */
export function expand(root: Place, paths: Map<Node, string>): Place {
  const top = follow(root);
  if (!isMap(top)) return root;
  const expanding: Expanding = { root, paths, servers: 0, reported: false };
  let next = top;
  for (const [key, one] of [
    ['vips', expandVip],
    ['services', expandService],
  ] as const) {
    const list = entryOf(next, key, root);
    if (!isSeq(list)) continue;
    const whole = expandedList(list, key, expanding, one);
    if (whole !== list) next = withEntry(next, key, whole, paths, '');
  }
  // what has been made until then would take seconds to read, for nothing
  if (expanding.reported) next = withEntry(next, 'services', new YAMLSeq(), paths, '');
  return next === top ? root : { ...root, node: next };
}

interface Expanding {
  readonly root: Place;
  readonly paths: Map<Node, string>;
  servers: number;
  reported: boolean;
}

type ExpandOne = (map: YAMLMap, path: string, expanding: Expanding) => readonly YAMLMap[];

/** The list with each map's own entries in its place; the same list when nothing changed. */
function expandedList(list: YAMLSeq, path: string, expanding: Expanding, one: ExpandOne): YAMLSeq {
  const { root, paths } = expanding;
  let changed = false;
  const items = list.items.flatMap((item, i) => {
    const at = paths.get(item as Node) ?? `${path}[${i}]`;
    const node = follow({ ...root, node: item as Node | null });
    const made = isMap(node) ? one(node, at, expanding) : undefined;
    if (made === undefined || (made.length === 1 && made[0] === node)) {
      return [{ item, at }];
    }
    changed = true;
    return made.map((each) => ({ item: each as unknown, at }));
  });
  if (!changed) return list;
  // an entry behind one that became several has another index now
  for (const { item, at } of items) {
    if (item !== null && !paths.has(item as Node)) paths.set(item as Node, at);
  }
  const copy = new YAMLSeq();
  copy.items = items.map(({ item }) => item);
  if (list.range) copy.range = list.range;
  return copy;
}

function expandVip(vip: YAMLMap, path: string, expanding: Expanding): readonly YAMLMap[] {
  const addresses = rangeIn(vip, path, expanding);
  return addresses?.map((address) => withAddress(vip, address, path, expanding)) ?? [vip];
}

function expandService(service: YAMLMap, path: string, expanding: Expanding): readonly YAMLMap[] {
  const { paths } = expanding;
  const whole = withServers(service, path, expanding);
  const addresses = addressesOf(whole, path, expanding);
  const ports = portsOf(whole, path, expanding);
  if (addresses === undefined && ports === undefined) return [whole];
  if (entryOf(whole, 'mark', expanding.root) !== undefined)
    return ports ? [whole] : [withGroup(whole, addresses ?? [], path, expanding)];
  const count = serverCount(whole, expanding.root);
  return (addresses ?? [undefined]).flatMap((address) =>
    (ports ?? [undefined]).flatMap((port) => {
      if (!countServers(count, whole, path, expanding)) return [];
      const placed = address ? withAddress(whole, address, path, expanding) : whole;
      const suffix = [address, port].flatMap((one) => (one ? [nameOf(one)] : []));
      const named = withName(placed, suffix, path, expanding);
      return [port ? withEntry(named, 'port', port, paths, path) : named];
    }),
  );
}

/** A mark's service is one for all its VIPs: `address` is the first of them. */
function withGroup(
  service: YAMLMap,
  addresses: readonly Scalar[],
  path: string,
  expanding: Expanding,
): YAMLMap {
  const [first] = addresses;
  if (first === undefined) return service;
  const all = new YAMLSeq();
  all.items = [...addresses];
  expanding.paths.set(all, `${path}.addresses`);
  const named = withAddress(service, first, path, expanding);
  const items = [...named.items, new Pair(new Scalar('addresses'), all)];
  return copyOf(named, items, path, expanding.paths);
}

/** The servers of a service with ranges of addresses as one server each. */
function withServers(service: YAMLMap, path: string, expanding: Expanding): YAMLMap {
  const servers = entryOf(service, 'servers', expanding.root);
  if (!isSeq(servers)) return service;
  const whole = expandedList(servers, `${path}.servers`, expanding, (server, at) => {
    const addresses = rangeIn(server, at, expanding);
    if (addresses === undefined) return [server];
    return addresses.map((address) =>
      withName(withAddress(server, address, at, expanding), [nameOf(address)], at, expanding),
    );
  });
  if (whole === servers) return service;
  return withEntry(service, 'servers', whole, expanding.paths, path);
}

/** The addresses of a range in `address`; undefined where it is one address. */
function rangeIn(map: YAMLMap, path: string, expanding: Expanding): readonly Scalar[] | undefined {
  const node = entryOf(map, 'address', expanding.root);
  return isScalar(node) && isRange(written(node))
    ? scalarsOf(node, `${path}.address`, expanding)
    : undefined;
}

/** The same, or the addresses of the list in `addresses`. */
function addressesOf(
  map: YAMLMap,
  path: string,
  expanding: Expanding,
): readonly Scalar[] | undefined {
  const { root } = expanding;
  const list = entryOf(map, 'addresses', root);
  if (list === undefined) return rangeIn(map, path, expanding);
  if (entryOf(map, 'address', root) !== undefined) {
    fail(
      { ...root, node: list, path: `${path}.addresses` },
      "give either `address' or `addresses'",
    );
    return undefined;
  }
  // what is wrong with the list itself its field reports
  const items = isSeq(list)
    ? list.items.map((item) => follow({ ...root, node: item as Node }))
    : [];
  if (items.length === 0 || !items.every(isValue)) return undefined;
  return items.flatMap((item, i) => scalarsOf(item, `${path}.addresses[${i}]`, expanding));
}

/** A node of its own for each address, all of them in the place of the range. */
function scalarsOf(node: Scalar, path: string, { root, paths }: Expanding): readonly Scalar[] {
  const text = written(node);
  const found = isRange(text) ? rangeOf(text) : [text];
  if ('reason' in found) {
    fail({ ...root, node, path }, found.reason);
    return [];
  }
  return found.map((address) => scalarAt(address, node, path, paths));
}

function scalarAt(
  value: unknown,
  { range }: Scalar,
  path: string,
  paths: Map<Node, string>,
): Scalar {
  const copy = new Scalar(value);
  if (range) copy.range = range;
  paths.set(copy, path);
  return copy;
}

/** The ports of a list in `port`; undefined where it is no list. */
function portsOf(map: YAMLMap, path: string, { paths, root }: Expanding): Scalar[] | undefined {
  const ports = entryOf(map, 'port', root);
  if (!isSeq(ports) || ports.items.length === 0) return undefined;
  if (!ports.items.every(isValue)) return undefined;
  return ports.items.map((item, i) => {
    paths.set(item as Scalar, `${path}.port[${i}]`);
    return item as Scalar;
  });
}

function isValue(item: unknown): item is Scalar {
  return isScalar(item) && item.value !== null;
}

function withAddress(map: YAMLMap, address: Scalar, path: string, { paths }: Expanding): YAMLMap {
  const rest = map.items.filter((pair) => !['address', 'addresses'].includes(keyOf(pair)));
  return copyOf(map, [...rest, new Pair(new Scalar('address'), address)], path, paths);
}

/** `web` and `192.0.2.1`: `web-192.0.2.1`. */
function withName(
  map: YAMLMap,
  suffix: readonly string[],
  path: string,
  { root, paths }: Expanding,
): YAMLMap {
  const name = entryOf(map, 'name', root);
  if (!isScalar(name) || name.value === null) return map;
  const text = [written(name), ...suffix].join('-');
  return withEntry(map, 'name', scalarAt(text, name, `${path}.name`, paths), paths, path);
}

/** What a name can hold of an address or a port: dashes for the colons of IPv6. */
function nameOf(node: Scalar): string {
  return written(node).replace(/:/g, '-');
}

function serverCount(service: YAMLMap, root: Place): number {
  const servers = entryOf(service, 'servers', root);
  return isSeq(servers) ? Math.max(1, servers.items.length) : 1;
}

/** Reports, once, that ranges make too much. */
function countServers(count: number, node: Node, path: string, expanding: Expanding): boolean {
  expanding.servers += count;
  if (expanding.servers <= SERVERS_LIMIT) return true;
  if (!expanding.reported)
    fail({ ...expanding.root, node, path }, `more than ${SERVERS_LIMIT} servers in all services`);
  expanding.reported = true;
  return false;
}
