// The cases of test/kernel/trace.test.ts: every forwarding method and tunnel, both families, and every
// way in which IPVS comes to a service and a server.

export interface Dialled {
  readonly protocol: 'tcp' | 'udp';
  readonly from: string;
  readonly fromPort: number;
  readonly to: string;
  readonly port: number;
  /** of a datagram */
  readonly text?: string;
}

export interface TraceCase {
  readonly name: string;
  readonly family: 'ipv4' | 'ipv6';
  /** the client is behind a router */
  readonly far: boolean;
  /** lines of `ipvsadm -R` */
  readonly rules: readonly string[];
  /** rules of the table mangle */
  readonly marks: readonly string[];
  /** what was asked before, so that connections and templates are there */
  readonly before: readonly Dialled[];
  /** commands on the director after that */
  readonly later: readonly string[];
  readonly packet: Dialled;
}

export const GUE_PORT = 6080;
export const VIPS = ['192.0.2.20', '2001:db8:a::20'] as const;

const NETS = {
  ipv4: ['192.0.2.', '198.51.100.', '203.0.113.'],
  ipv6: ['2001:db8:a::', '2001:db8:b::', '2001:db8:c::'],
} as const;

/** `at`: the network that the servers' addresses are of */
const METHODS = [
  { name: 'nat', words: '-m', at: 1, inner: 8080 },
  { name: 'dr', words: '-g', at: 0 },
  { name: 'ipip', words: '-i', at: 0 },
  { name: 'ipip-routed', words: '-i', at: 2 },
  { name: 'gre', words: '-i --tun-type gre', at: 1 },
  { name: 'gre-csum', words: '-i --tun-type gre --tun-csum', at: 0 },
  { name: 'gue', words: `-i --tun-type gue --tun-port ${GUE_PORT}`, at: 0 },
  { name: 'gue-csum', words: `-i --tun-type gue --tun-port ${GUE_PORT} --tun-csum`, at: 1 },
  { name: 'gue-remcsum', words: `-i --tun-type gue --tun-port ${GUE_PORT} --tun-remcsum`, at: 0 },
] as const;
type Method =
  | (typeof METHODS)[number]
  | { name: string; words: string; at: 0 | 1 | 2; other: true };

interface Kind {
  readonly name: string;
  readonly protocol?: 'tcp' | 'udp';
  readonly port?: number;
  /** words of the service */
  readonly words?: string;
  readonly weights?: readonly [number, number];
  readonly mark?: number;
  readonly anyPort?: boolean;
  /** what is asked before: the offset of the client's port */
  readonly before?: readonly { readonly offset: number; readonly text?: string }[];
  /** the second server gets weight 0 after that */
  readonly quiesced?: boolean;
  readonly sysctl?: string;
  readonly text?: string;
}

const sip = (id: string) =>
  `INVITE sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.100\r\nCall-ID: ${id}@example.net\r\nCSeq: 1 INVITE\r\n\r\n`;

const KINDS: readonly Kind[] = [
  { name: 'plain' },
  { name: 'plain', protocol: 'udp' },
  { name: 'sh', words: '-s sh -b sh-port' },
  { name: 'mh', words: '-s mh' },
  { name: 'dh', words: '-s dh' },
  { name: 'weights', words: '-s fo', weights: [1, 9] },
  {
    name: 'connection',
    protocol: 'udp',
    words: '-s rr',
    before: [{ offset: 1 }, { offset: 2 }, { offset: 0 }],
  },
  { name: 'persistent', words: '-s rr -p 60', before: [{ offset: 1 }] },
  { name: 'persistent', protocol: 'udp', words: '-s rr -p 60', before: [{ offset: 1 }] },
  { name: 'network', words: '-s rr -p 60 -M', before: [{ offset: 1 }] },
  { name: 'any port', words: '-s rr -p 60', anyPort: true, before: [{ offset: 1 }] },
  { name: 'mark', mark: 5, words: '-s sh' },
  { name: 'mark persistent', mark: 0x107, words: '-s rr -p 60', before: [{ offset: 1 }] },
  { name: 'quiesced', words: '-s rr -p 60', before: [{ offset: 1 }], quiesced: true },
  {
    name: 'expired',
    words: '-s rr -p 60',
    before: [{ offset: 1 }],
    quiesced: true,
    sysctl: 'expire_quiescent_template',
  },
  { name: 'one packet', protocol: 'udp', words: '-s sh -o' },
  {
    name: 'sip',
    protocol: 'udp',
    port: 5060,
    words: '-s rr -p 60 --pe sip',
    before: [{ offset: 1, text: sip('a') }],
    text: sip('b'),
  },
];

let nextPort = 20_000;

/** All of them; a client's port is used once. */
export function traceCases(): TraceCase[] {
  nextPort = 20_000;
  return (['ipv4', 'ipv6'] as const).flatMap((family) =>
    METHODS.flatMap((method, m) =>
      KINDS.flatMap((kind, k) => {
        if (method.name === 'nat' && kind.anyPort) return [];
        // both places of the client for some; elsewhere they take turns
        const places = k === 0 ? [false, true] : [(m + k) % 2 === 1];
        return places.flatMap((far) => traceCase(family, method, kind, far));
      }),
    ),
  );
}

function traceCase(family: 'ipv4' | 'ipv6', method: Method, kind: Kind, far: boolean): TraceCase {
  const six = family === 'ipv6';
  const nets = NETS[family];
  const vip = six ? VIPS[1] : VIPS[0];
  const port = kind.port ?? 80;
  const protocol = kind.protocol ?? 'tcp';
  const at = (host: string, number: number) => (six ? `[${host}]:${number}` : `${host}:${number}`);
  const own = kind.anyPort ? 0 : port;
  const service =
    kind.mark === undefined
      ? `-${protocol === 'tcp' ? 't' : 'u'} ${at(vip, own)}`
      : `-f ${kind.mark}${six ? ' -6' : ''}`;
  const inner = 'inner' in method && kind.port === undefined ? method.inner : own;
  const [first, second] = [11, 12].map((host) => at(`${nets[method.at]}${host}`, inner)) as [
    string,
    string,
  ];
  const words = kind.words?.replace(/ -M$/, six ? ' -M 64' : ' -M 255.255.255.0') ?? '-s wlc';
  const weights = kind.weights ?? [1, 1];
  const client = `${nets[far ? 2 : 0]}100`;
  const base = nextPort;
  nextPort += 10;
  const dial = (offset: number, text?: string): Dialled => ({
    ...{ protocol, from: client, fromPort: base + offset, to: vip, port },
    ...(text === undefined ? {} : { text }),
  });
  const rule = `-A PREROUTING -d ${vip} -p ${protocol} --dport ${port} -j MARK --set-mark ${kind.mark}`;
  const quiesced = [first, second].map(
    (one) => `ipvsadm -e ${service} -r ${one} ${method.words} -w 0`,
  );
  return {
    name: `${family} ${method.name} ${protocol} ${kind.name} ${far ? 'far' : 'near'}`,
    ...{ family, far },
    rules: [
      `-A ${service} ${words}`,
      `-a ${service} -r ${first} ${method.words} -w ${weights[0]}`,
      `-a ${service} -r ${second} ${method.words} -w ${weights[1]}`,
    ],
    marks: kind.mark === undefined ? [] : [rule],
    before: (kind.before ?? []).map(({ offset, text }) => dial(offset, text)),
    later: [
      `echo ${kind.sysctl === undefined ? 0 : 1} >/proc/sys/net/ipv4/vs/expire_quiescent_template`,
      ...(kind.quiesced ? [quiesced[1] ?? ''] : []),
    ],
    packet: dial(0, kind.text),
  };
}
