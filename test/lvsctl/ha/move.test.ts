// `lvsctl ha failover`, `drain` and `resume` on made-up directors, in simulated time.
import { expect, test } from 'vitest';
import { lvsctl } from '../../support/lvsctl.js';
import { type FakeMachine, fakeMachine } from '../../support/machine.js';
import { hastyRuntime } from '../../support/simulated.js';

const file = (vip: string, ha = 'interface: eth0, peers: [10.0.0.1, 10.0.0.2]') => `ha: {${ha}}
vips: [{address: "${vip}", interface: eth0}]
services: [{name: web, address: "${vip}", port: 80, mode: dr, servers: [{address: "${vip.includes(':') ? '2001:db8::11' : '10.0.0.11'}"}]}]
`;
const V4 = file('10.0.0.100');
const V6 = file('2001:db8::100');
const STANDBY = '/var/standby';

interface Made {
  /** the VIP that this director has until it is on standby */
  readonly vip?: string;
  readonly arping?: boolean;
  /** another director takes the VIP */
  readonly taken?: boolean;
}

/** A director with keepalived, and another one that takes what this one gives up. */
function made({ vip, arping = true, taken = true }: Made): FakeMachine {
  const isOut = () => machine.files.get(STANDBY) === '1\n';
  const machine: FakeMachine = fakeMachine(
    {},
    {
      ip: () => ({
        stdout: JSON.stringify([
          {
            ifname: 'eth0',
            flags: ['UP', 'LOWER_UP'],
            addr_info: [
              { local: '10.0.0.1', prefixlen: 24 },
              ...(vip && !isOut() ? [{ local: vip, prefixlen: vip.includes(':') ? 128 : 32 }] : []),
            ],
          },
        ]),
      }),
      arping: () =>
        arping
          ? { stdout: taken && isOut() ? 'reply from 10.0.0.100 [02:00:00:00:00:02]\n' : '' }
          : { status: 127 },
    },
  );
  return machine;
}

async function failover(text: string, how: Made) {
  const machine = made(how);
  const runtime = await hastyRuntime();
  const written: string[] = [];
  const answer = await lvsctl(
    ['ha', 'failover', 'f', '--wait', '1s'],
    { f: text },
    {
      machine,
      runtime: async () => ({
        ...runtime,
        writeText(path, value) {
          written.push(`${path} ${value.trim()}`);
          machine.files.set(path, value);
        },
      }),
    },
  );
  return { ...answer, written };
}

const MARKED = [`${STANDBY} 1`, `${STANDBY} 0`];

test('the other director takes the VIP: the mark is gone again', async () => {
  expect(await failover(V4, { vip: '10.0.0.100' })).toEqual({
    status: 0,
    stdout: 'another director has the VIPs after 0.0 s\n',
    stderr: '',
    written: MARKED,
  });
});

test('none takes it: it comes back', async () => {
  const { status, stdout, stderr, written } = await failover(V4, {
    vip: '10.0.0.100',
    taken: false,
  });
  expect({ status, stdout, written }).toEqual({ status: 2, stdout: '', written: MARKED });
  expect(stderr).toContain('no other director took the VIPs within 1 s');
});

// biome-ignore format: a table
test.each<[string, string, Made, string]>([
  ['no VIP is IPv4: nobody could be asked', V6, { vip: '2001:db8::100' }, 'no VIP is IPv4: whether another director takes them could not be known\nhint: lvsctl ha drain gives them up'],
  ['without arping', V4, { vip: '10.0.0.100', arping: false }, 'arping is not installed'],
  ['on the backup', V4, {}, 'this director has no VIP: it is the backup'],
  ['with engine bird', file('10.0.0.100', 'engine: bird, peers: [10.0.0.1, 10.0.0.2], as: 1, neighbors: [{address: 10.0.0.254, as: 2}]').replace('interface: eth0}', 'interface: lvs-vip}'), {}, 'failover is for engine keepalived'],
])('refused, and nothing is changed: %s', async (_, text, how, reason) => {
  const { status, stdout, stderr, written } = await failover(text, how);
  expect({ status, stdout, written }).toEqual({ status: 2, stdout: '', written: [] });
  expect(stderr).toContain(reason);
});
