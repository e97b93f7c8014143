// A home that fails is opened again.
import { describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { openReopening } from '../../src/backend/reopening.js';
import { BackendError, IpvsError } from '../../src/model/errors.js';

/** Homes that are opened one after the other; each fails when it is told to. */
function homes() {
  let opened = 0;
  const state: { fail: Error | undefined; refuse: Error | undefined } = {
    fail: undefined,
    refuse: undefined,
  };
  const open = async (): Promise<Backend> => {
    if (state.refuse) throw state.refuse;
    opened++;
    const backend = new MemoryBackend();
    backend.services = async () => {
      const { fail } = state;
      state.fail = undefined;
      if (fail) throw fail;
      return [];
    };
    return backend;
  };
  return { open, state, opened: () => opened };
}

describe('a home that fails', () => {
  test.each([new BackendError('netlink: socket closed'), new IpvsError('list-services', 'ENOENT')])(
    '%s',
    async (error) => {
      const { open, state, opened } = homes();
      const backend = await openReopening(open, () => 0);
      expect(await backend.services()).toEqual([]);
      state.fail = error;
      await expect(backend.services()).rejects.toBe(error);
      expect(await Promise.all([backend.services(), backend.services()])).toEqual([[], []]);
      expect(opened()).toBe(2);
    },
  );

  test('a refusal of the kernel is no failure', async () => {
    const { open, opened } = homes();
    const backend = await openReopening(open, () => 0);
    const id = { kind: 'fwmark', mark: 1, family: 'ipv4' } as const;
    await expect(backend.service(id)).rejects.toMatchObject({ code: 'ESRCH' });
    await backend.services();
    expect(opened()).toBe(1);
  });

  test('what cannot be opened is tried every five seconds', async () => {
    const { open, state, opened } = homes();
    let now = 0;
    const backend = await openReopening(open, () => now);
    state.fail = new BackendError('gone');
    await expect(backend.services()).rejects.toThrow('gone');
    const refusal = new IpvsError('info', 'ENOPROTOOPT');
    state.refuse = refusal;
    await expect(backend.services()).rejects.toBe(refusal);
    state.refuse = undefined;
    now = 4999;
    await expect(backend.services()).rejects.toBe(refusal);
    expect(opened()).toBe(1);
    now = 5000;
    expect(await backend.services()).toEqual([]);
    expect(opened()).toBe(2);
  });

  test('which cannot be opened at all', async () => {
    const { open, state } = homes();
    state.refuse = new BackendError('no kernel');
    await expect(openReopening(open, () => 0)).rejects.toThrow('no kernel');
  });
});
