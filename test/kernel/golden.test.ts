// Every recorded case on the real kernel through netlink, names through the machine's resolver.
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.js';
import { systemNames } from '../../src/ipvsadm/hostnames.js';
import { goldenTopics } from '../support/golden.js';
import { expected, play } from '../support/inprocess.js';
import type { Case } from '../support/transcript.js';
import { kernel, prepareHost, reset } from './host.js';

let backend: Backend;

beforeAll(async () => {
  prepareHost();
  backend = await kernel();
});
afterAll(async () => {
  await reset(backend);
  await backend.close();
});
beforeEach(() => reset(backend));

for (const { topic, cases } of goldenTopics()) {
  describe(`golden ${topic} on the kernel`, () => {
    test.each(cases.map((item) => [item.name, item] as const))('%s', async (_, item) => {
      const got =
        item.uid === undefined
          ? await play(item, backend, systemNames)
          : playAsUser(item, item.uid);
      expect(got).toEqual(expected(item));
    });
  });
}

/** The built commands where every user can read them, which the checkout need not be. */
function publicCopy(): string {
  const folder = '/run/lvs-public';
  for (const part of ['bin', 'dist', 'node_modules/netlink/prebuilds'])
    cpSync(part, join(folder, part), { recursive: true });
  return join(folder, 'bin');
}

/** As a user without privileges, so as a process of its own. */
function playAsUser(item: Case, uid: number): Awaited<ReturnType<typeof play>> {
  const folder = publicCopy();
  const answers = item.steps.map(({ program, args, stdin }) => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [join(folder, program), ...args],
      {
        uid,
        gid: uid,
        input: stdin,
        encoding: 'latin1',
        env: {},
      },
    );
    return { stdout, stderr, status: status ?? -1 };
  });
  return { answers, after: '' };
}
