// The package's socket, with and without the event loop, on this machine's generic netlink: its
// controller answers everywhere.
import { closeSync, openSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Channel } from '../../src/backend/netlink.js';
import { openDirect, openRaw, type RawSocket } from '../../src/backend/rawsocket.js';
import { CONTROLLER, decodeReply, FAMILY, type Message, Requests } from '../../src/wire/genl.js';

/** Number of the family of that name; an errno below 0. */
async function numberOf(name: string, open: () => RawSocket): Promise<number | undefined> {
  const channel = new Channel({ open });
  const { family, getFamily, version } = CONTROLLER;
  const reply = await channel.query(
    new Requests().add(family, getFamily, version, FAMILY, { name }),
  );
  channel.close();
  return typeof reply === 'number' ? -reply : decodeReply(reply as Message, FAMILY).id;
}

function isAvailable(): boolean {
  try {
    openRaw().close();
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!isAvailable())('where this machine lets us open generic netlink', () => {
  test.each([
    ['by the event loop', openRaw],
    ['at once', openDirect],
  ])('%s', async (_, open) => {
    expect(await numberOf('nlctrl', open)).toBe(CONTROLLER.family);
    expect(await numberOf('NOSUCH', open)).toBe(-2);
  });

  test('the descriptor is known, whichever is free', () => {
    const taken = [openSync('/', 'r'), openSync('/', 'r'), openSync('/', 'r')];
    closeSync(taken[1] as number);
    const socket = openDirect();
    expect(socket.direct).toBeDefined();
    // nothing was asked, so nothing is there
    expect(socket.direct?.receive(new Uint8Array(16))).toBe(0);
    socket.close();
    expect(() => socket.direct?.send(new Uint8Array(16))).toThrow('EBADF');
    for (const descriptor of [taken[0], taken[2]]) closeSync(descriptor as number);
  });
});
