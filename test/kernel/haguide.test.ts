// Every command of the guides on several directors, on machines as the pages draw them; half a
// minute to two minutes a page, so that they are played on demand (LVS_TEST_FULL=1).
// LVS_GUIDE_RECORD=1 writes the answers into the pages instead.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FULL } from '../support/full.js';
import { GuideMachines } from './guidemachine.js';
import { fences, play } from './guidepage.js';
import { prepareHost } from './host.js';
import { addMachine, addSwitch, attach, inside, removeAll } from './network.js';

const RECORD = process.env.LVS_GUIDE_RECORD === '1';
const GUIDES = resolve('docs/guide');
const SWITCHES = ['outside', 'inside'];

/** Interfaces of each machine: the switch of eth0 with its address, then that of eth1. */
type Network = Readonly<Record<string, readonly (readonly [string, string])[]>>;

const flat = (numbers: Readonly<Record<string, number>>): Network =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, n]) => [name, [['outside', `10.0.0.${n}/24`]]]),
  );

const NETWORKS: Readonly<Record<string, Network>> = {
  ha: flat({ lb1: 1, lb2: 2, web1: 11, web2: 12, client: 50 }),
  'ha-nat': {
    lb1: [
      ['outside', '10.0.0.1/24'],
      ['inside', '192.168.1.1/24'],
    ],
    lb2: [
      ['outside', '10.0.0.2/24'],
      ['inside', '192.168.1.2/24'],
    ],
    web1: [['inside', '192.168.1.11/24']],
    web2: [['inside', '192.168.1.12/24']],
    client: [['outside', '10.0.0.50/24']],
  },
  anycast: {
    ...flat({ lb1: 1, lb2: 2, lb3: 3, web1: 11, web2: 12 }),
    router: [
      ['outside', '10.0.0.254/24'],
      ['inside', '198.51.100.254/24'],
    ],
    client: [['inside', '198.51.100.50/24']],
  },
  fleet: flat({ lb1: 1, lb2: 2, lb3: 3, web1: 11, web2: 12, etcd: 5 }),
};

let machines: GuideMachines;
let names: string[] = [];

beforeEach(() => {
  prepareHost();
  machines = new GuideMachines();
});
afterEach(() => {
  removeAll([...names, ...SWITCHES]);
  machines.remove();
});

function bareMachines(network: Network): void {
  names = Object.keys(network);
  for (const name of SWITCHES) addSwitch(name);
  for (const [name, interfaces] of Object.entries(network)) {
    addMachine(name);
    for (const [i, [to, address]] of interfaces.entries()) attach(name, `eth${i}`, to, [address]);
    machines.prepare(name);
  }
  // an anycast network has a router, to which all but it send what is elsewhere
  if (!names.includes('router')) return;
  inside('router', '/sbin/sysctl', '-qw', 'net.ipv4.ip_forward=1');
  for (const name of names.filter((one) => one !== 'router'))
    inside(
      name,
      '/sbin/ip',
      'route',
      'add',
      'default',
      'via',
      name === 'client' ? '198.51.100.254' : '10.0.0.254',
    );
}

test.skipIf(!FULL && !RECORD).each(Object.keys(NETWORKS))('%s', { timeout: 600_000 }, (page) => {
  const path = `${GUIDES}/${page}.md`;
  const text = readFileSync(path, 'utf8');
  bareMachines(NETWORKS[page] ?? {});
  let recorded = text;
  for (const { language, body } of fences(text)) {
    if (language === 'yaml')
      for (const name of names.includes('etcd') ? ['etcd'] : names)
        machines.write(name, 'lvs.yaml', body);
    if (language === 'bird') machines.write('router', 'bird/bird.conf', body);
    if (language !== 'console') continue;
    const played = play(body, (machine, command) => machines.run(machine, command));
    if (RECORD) recorded = recorded.replace(body, () => played.text);
    else for (const [shown, answered] of played.lines) expect(answered).toMatch(shown);
    if (RECORD) writeFileSync(path, recorded);
  }
});
