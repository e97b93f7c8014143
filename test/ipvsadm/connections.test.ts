// A connection list that becomes unreadable while it is read.
import { expect, test } from 'vitest';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { listConnections } from '../../src/ipvsadm/connections.js';
import type { IpvsadmWorld } from '../../src/ipvsadm/world.js';

const LINE = 'TCP C0A80001 8235 0A000064 0050 C0000214 1F90 ESTABLISHED     899\n';

/** Lists what comes before the error. */
async function listUntil(text: string, error: Error) {
  let rest = Buffer.from(text, 'latin1');
  let stdout = '';
  let stderr = '';
  const world = {
    backend: new MemoryBackend(),
    connectionsChosen: true,
    connectionsPath: '/proc/net/ip_vs_conn',
    openConnections: () => (into: Uint8Array, at: number) => {
      if (rest.length === 0) throw error;
      const got = rest.copy(into, at, 0, Math.min(rest.length, 100));
      rest = rest.subarray(got);
      return got;
    },
    out: (more: string) => {
      stdout += more;
      return true;
    },
    outBytes: (bytes: Uint8Array) => {
      stdout += Buffer.from(bytes).toString('latin1');
      return true;
    },
    err: (more: string) => {
      stderr += more;
    },
  } as Partial<IpvsadmWorld> as IpvsadmWorld;
  const listing = { kind: 'list-connections', numeric: true, engine: false } as const;
  const status = await listConnections(listing, world);
  return { rows: stdout.split('\n').length - 1, stderr, status };
}

const EIO = Object.assign(new Error('i/o'), { code: 'EIO' });

test.each([
  ['after a whole line', `Pro\n${LINE.repeat(5)}`, 7],
  ['within a line, which is not printed', `Pro\n${LINE.repeat(5)}${LINE.slice(0, 30)}`, 7],
])('%s: the rows before, a message, status 1', async (_, text, rows) => {
  expect(await listUntil(text, EIO)).toEqual({
    rows,
    stderr: 'cannot read file /proc/net/ip_vs_conn: Input/output error\n',
    status: 1,
  });
});

test('an error that is none of the system is a bug and stays one', async () => {
  await expect(listUntil(`Pro\n${LINE}`, new TypeError('bug'))).rejects.toThrow('bug');
});
