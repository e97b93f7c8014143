// Ends of a tunnel that do not suit what the director sends. Rows as in pathplants.ts; most of them wrong.
import { address, at, type Place } from './pathcases.js';
import { type More, type Plant, row } from './pathplants.js';

/** Kind of the tunnel device of a server, by mode and family. */
export function tunnelKind({ mode, family }: Pick<Place, 'mode' | 'family'>): string {
  if (mode === 'gre') return family === 'ipv6' ? 'ip6gre' : 'gre';
  return family === 'ipv6' ? 'ip6tnl' : 'ipip';
}

/** Another device in the place of the server's. */
function device(p: Place, name: string, ...args: string[]): More {
  const isOn = p.serverVip?.endsWith('vt0') === true;
  return {
    ip: [
      'link del vt0',
      `link add ${name} ${args.join(' ')}`,
      `link set ${name} up`,
      ...(isOn ? [address(p, `${p.vip}/${p.full} dev ${name}`)] : []),
    ],
  };
}

/** Another tunnel on the side of the director. */
function sends(p: Place, method: string): More {
  const service = `-t ${at(p, p.vip, 80)}`;
  return { table: [`-A ${service} -s rr`, `-a ${service} -r ${at(p, p.rip, 80)} ${method}`] };
}

/** UDP ports in the place of the server's. */
function ports(p: Place, ...more: string[]): More {
  const six = p.family === 'ipv6' ? ' -6' : '';
  return { ip: [`fou del port 6080${six}`, ...more.map((one) => `fou add port ${one}${six}`)] };
}

/** Those of the mode; none for nat and dr. */
export function tunnelFaults(p: Place): Plant[] {
  const kind = `type ${tunnelKind(p)}`;
  const mode = p.family === 'ipv6' && p.mode !== 'gre' ? ' mode any' : '';
  const net = p.router.slice(0, -'254'.length);
  const [other, nobody] = [`${net}12`, `${net}77`];
  // IPv6 has none
  const up = p.family === 'ipv6' ? [] : ['link set gre0 up'];
  // biome-ignore format: a table
  const gre: Plant[] = [
    row(p, 'the director sends checksums', 'dir', sends(p, '-i --tun-type gre --tun-csum')),
    { name: 'the same, and a device for everything', plant: (machines) => {
      row(p, '', 'dir', sends(p, '-i --tun-type gre --tun-csum')).plant(machines);
      row(p, '', 'rs', { ip: ['link del vt0', ...up] }).plant(machines);
    } },
    row(p, 'the server wants checksums', 'rs', { ip: [`link set vt0 ${kind} csum`] }),
    row(p, 'checksums beside a device for everything', 'rs', { ip: [`link set vt0 ${kind} csum`, ...up] }),
    row(p, 'a key on the tunnel device', 'rs', device(p, 'vt0', kind, `local ${p.rip} key 5`)),
    row(p, 'numbers on the tunnel device', 'rs', device(p, 'vt0', kind, `local ${p.rip} iseq`)),
    row(p, 'the director sends ipip', 'dir', sends(p, '-i')),
  ];
  // biome-ignore format: a table
  const gue: Plant[] = [
    row(p, 'the port of gue is closed', 'rs', ports(p)),
    row(p, 'another port of gue', 'rs', ports(p, '6081 gue')),
    row(p, 'the port takes fou', 'rs', ports(p, '6080 ipproto 4')),
    row(p, 'the port is for another address', 'rs', { ip: [address(p, `${other}/${p.wide} dev ${p.dev}`), ...(ports(p, `6080 gue local ${other}`).ip ?? [])] }),
    row(p, 'the director sends gre', 'dir', sends(p, '-i --tun-type gre')),
  ];
  // biome-ignore format: a table
  const all: Plant[] = [
    row(p, 'the tunnel device is for another sender', 'rs', device(p, 'vt0', kind + mode, `local ${p.rip} remote ${nobody}`)),
    row(p, 'a device of that name for another address', 'rs', device(p, LVS_NAMES[tunnelKind(p)] ?? 'vt0', kind + mode, `local ${nobody}`)),
    row(p, 'the tunnel device is down, and for another sender', 'rs', { ip: [...(device(p, 'vt0', kind + mode, `local ${p.rip} remote ${nobody}`).ip ?? []), 'link set vt0 down'] }),
  ];
  const isSender = p.family === 'ipv6' && p.mode !== 'gre';
  const sender = row(p, 'the VIP is the sender of the tunnel', 'dir', {
    ip: [`addr change ${p.directorVip} preferred_lft forever`],
  });
  if (!p.tunnel) return [];
  const own = p.mode === 'gre' ? gre : p.mode === 'gue' ? gue : [];
  return [...own, ...all, ...(isSender ? [sender] : [])];
}

/** What lvsctl calls its devices. */
const LVS_NAMES: Readonly<Record<string, string>> = {
  ipip: 'lvs-ipip',
  ip6tnl: 'lvs-ip6tnl',
  gre: 'lvs-gre',
  ip6gre: 'lvs-ip6gre',
};
