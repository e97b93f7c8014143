// Saves: what ipvsadm has no words for is named, not guessed.
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { ipv4 } from '../../src/model/address.js';
import type { Change } from '../../src/model/change.js';
import { IPIP } from '../../src/model/forwarding.js';
import type { Service, ServiceId } from '../../src/model/service.js';
import { answer } from '../support/inprocess.js';

const service = (id: ServiceId): Service => ({
  id,
  scheduler: 'rr',
  schedulerFlags: 0,
  persistence: undefined,
  netmask: 0xffffffff,
  engine: undefined,
  onePacket: false,
});
const server = {
  address: ipv4(0x0a000002),
  port: 80,
  tunnel: IPIP,
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
};

test('rules of other programs that -R could not read are left out and named', async () => {
  const tcp: ServiceId = { kind: 'address', protocol: 'tcp', address: ipv4(0x0a000001), port: 80 };
  const changes: Change[] = [
    { kind: 'add-service', service: service({ ...tcp, protocol: 'ip-47' }) },
    { kind: 'add-service', service: service(tcp) },
    { kind: 'add-destination', id: tcp, destination: { ...server, forwarding: 'local' } },
    {
      kind: 'add-destination',
      id: tcp,
      destination: { ...server, port: 81, forwarding: 'method-4' },
    },
    {
      kind: 'add-destination',
      id: tcp,
      destination: {
        ...server,
        port: 82,
        forwarding: 'tunnel',
        tunnel: { type: 'type-9', port: 0, flags: 0 },
      },
    },
  ];
  const backend = new MemoryBackend();
  expect(await backend.apply(changes)).toEqual(changes.map(() => undefined));
  expect(await answer('ipvsadm', ['-S', '-n'], { backend })).toEqual({
    stdout: '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -g -w 1\n',
    stderr: [
      'not saved: -> 10.0.0.2:81                  (null)  1      0          0\n',
      'not saved: -> 10.0.0.2:82                  Tunnel  1      0          0\n',
      'not saved: ?    10.0.0.1:80 rr\n',
    ].join(''),
    status: 0,
  });
  expect((await answer('ipvsadm', ['-Ln'], { backend })).stdout).toContain('?    10.0.0.1:80 rr\n');
});
