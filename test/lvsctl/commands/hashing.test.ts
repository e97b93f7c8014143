// Draining a server of a scheduler that hashes refuses its clients, and is not done in silence.
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../../src/backend/memory/memory.js';
import { hashingWarnings } from '../../../src/lvsctl/commands/hashing.js';
import { withoutMonitor } from '../../../src/lvsctl/commands/withoutmonitor.js';
import type { AdminRequest } from '../../../src/lvsctl/monitor/process/control.js';
import type { World } from '../../../src/lvsctl/world.js';
import { ipv4 } from '../../../src/model/address.js';
import { IPIP } from '../../../src/model/forwarding.js';
import { fakeMachine } from '../../support/machine.js';

const ID = {
  kind: 'address',
  protocol: 'tcp',
  address: { family: 'ipv4', value: 0xc0000201 },
  port: 80,
} as const;
const DRAINED = [{ service: 'tcp 192.0.2.1:80', server: '192.0.2.11:80' }];

async function tableOf(scheduler: string, schedulerFlags: number) {
  const backend = new MemoryBackend();
  await backend.apply([
    {
      kind: 'add-service',
      service: {
        id: ID,
        scheduler,
        schedulerFlags,
        persistence: undefined,
        netmask: 0xffffffff,
        engine: undefined,
        onePacket: false,
      },
    },
  ]);
  return backend;
}

async function warnings(scheduler: string, flags: number) {
  const machine = fakeMachine({}, {}, await tableOf(scheduler, flags));
  return hashingWarnings(DRAINED, { machine } as unknown as World);
}

test.each([
  [
    'sh',
    0,
    /^tcp 192\.0\.2\.1:80: scheduler sh refuses the clients of 192\.0\.2\.11:80 .*sh-fallback/,
  ],
  ['sh', 2, /sh-fallback/],
  ['sh', 1, undefined],
  ['mh', 0, /mh-fallback/],
  ['mh', 3, undefined],
  ['dh', 0, /lvsctl disable/],
  ['dh', 1, /lvsctl disable/],
  ['wrr', 0, undefined],
  ['lblc', 0, undefined],
] as const)('%s with flags %i', async (scheduler, flags, expected) => {
  const lines = await warnings(scheduler, flags);
  if (expected === undefined) expect(lines).toEqual([]);
  else expect(lines).toEqual([expect.stringMatching(expected)]);
});

test('asks no kernel that has no module', async () => {
  const machine = { ...fakeMachine({}), hasKernelRules: true };
  const world = { machine } as unknown as World;
  expect(await hashingWarnings(DRAINED, world)).toEqual([]);
});

test.each([
  ['sh', 0, /-w 0; but tcp 192\.0\.2\.1:80: scheduler sh refuses the clients .*sh-fallback/],
  ['sh', 1, /-w 0$/],
  ['dh', 0, /-w 0; but .* scheduler dh refuses .*lvsctl disable/],
  ['wrr', 0, /-w 0$/],
])('without a monitor the hint names %s with flags %i', async (scheduler, flags, hint) => {
  const backend = await tableOf(scheduler, flags);
  const destination = {
    ...{ address: ipv4(0xc000020b), port: 80, weight: 1, upperThreshold: 0, lowerThreshold: 0 },
    forwarding: 'masquerade' as const,
    tunnel: IPIP,
  };
  await backend.apply([{ kind: 'add-destination', id: ID, destination }]);
  const machine = fakeMachine({}, {}, backend);
  const request = { state: 'drained', server: '192.0.2.11', service: null } as AdminRequest;
  expect(await withoutMonitor(request, {}, { machine } as unknown as World)).toMatch(hint);
  const disable = await withoutMonitor({ ...request, state: 'disabled' }, {}, {
    machine,
  } as unknown as World);
  expect(disable).toMatch(/ipvsadm -d -t 192\.0\.2\.1:80 -r 192\.0\.2\.11:80$/);
});
