// Every kind of setting up, down and taken back after a failure, on a machine that had nothing of
// it and on one that had something else.
import { describe, expect, test } from 'vitest';
import { type PlanCommand, printCommand } from '../../../src/lvsctl/plan/command.js';
import { compare, down, up } from '../../../src/lvsctl/plan/engine.js';
import { executor } from '../../../src/lvsctl/plan/executor.js';
import { Journal } from '../../../src/lvsctl/plan/journal.js';
import { readOthers } from '../../../src/lvsctl/plan/others.js';
import { type Setting, setting } from '../../../src/lvsctl/plan/resources.js';
import { type WholeMachine, wholeMachine } from '../../support/fakeip.js';
import { type MemoryRecords, memoryRecords } from '../../support/machine.js';
import { rulesOf } from '../../support/rulechanges.js';
import { FORWARD, LINK, ROWS, type Row, route, sysctl } from '../../support/settings.js';

/** fails: there is no such interface */
const FAILING = sysctl('net/ipv4/conf/gone0/arp_ignore', '1');
const ABOUT = { role: 'director', file: '/etc/lvs.yaml', content: '0'.repeat(64), links: {} };

async function scene({ prepare }: Row) {
  const machine = wholeMachine();
  await prepare?.(machine);
  const records = memoryRecords();
  const warnings: string[] = [];
  const ran: string[] = [];
  const report = {
    ran: (command: PlanCommand) => void ran.push(printCommand(command)),
    warn: (text: string) => void warnings.push(text),
  };
  const work = (verb: 'up' | 'down') =>
    executor(
      machine,
      new Journal(records, 'r', ABOUT),
      readOthers(records, 'r'),
      report,
      rulesOf(machine, report, verb),
    );
  return {
    machine,
    records,
    warnings,
    ran,
    before: await machine.dump(),
    up: (...settings: readonly Setting[]) => up(settings, work('up')),
    down: () => down(work('down')),
    differing: async (...settings: readonly Setting[]) =>
      (await compare(settings, machine)).filter(({ same }) => !same),
  };
}

describe.each(ROWS)('$what', (row) => {
  const states = row.second ? [row.first, row.second] : [row.first];

  test('up brings it about, a second up does nothing, down restores', async () => {
    const { machine, records, before, up, down, differing } = await scene(row);
    for (const state of states) {
      expect(await differing(state)).not.toEqual([]);
      await up(state);
      expect(await differing(state)).toEqual([]);
      const after = await machine.dump();
      const record = records.read('r');
      await up(state);
      expect(await machine.dump()).toBe(after);
      expect(records.read('r')).toBe(record);
    }
    await down();
    expect(await machine.dump()).toBe(before);
    expect(records.list()).toEqual([]);
  });

  test('up that fails afterwards takes it back', async () => {
    const { machine, records, before, up } = await scene(row);
    await expect(up(row.first, FAILING)).rejects.toThrow('gone0');
    expect(await machine.dump()).toBe(before);
    expect(records.list()).toEqual([]);
  });

  test('a second up that fails changes nothing, and the first is still known', async () => {
    const { machine, records, before, up, down } = await scene(row);
    await up(row.first);
    const after = await machine.dump();
    for (const settings of [[FAILING], [...states, FAILING], [row.first, FAILING]]) {
      await expect(up(...settings)).rejects.toThrow('gone0');
      expect(await machine.dump()).toBe(after);
    }
    await down();
    expect(await machine.dump()).toBe(before);
    expect(records.list()).toEqual([]);
  });

  test('a full disk at any moment changes nothing', async () => {
    const whole = await scene(row);
    await whole.up(row.first);
    const size = whole.records.read('r').length;
    for (const space of [0, 1, size / 2, size - 1].map(Math.floor)) {
      const { machine, records, before, up, down } = await scene(row);
      records.space = space;
      await expect(up(row.first)).rejects.toThrow('o space left');
      expect(await machine.dump()).toBe(before);
      await down();
      expect(await machine.dump()).toBe(before);
    }
  });

  test('what the record says of it is read back as it was', async () => {
    const { records, up, down, machine, before } = await scene(row);
    await up(...states.slice(0, 1));
    const record = records.read('r');
    expect(new Journal(records, 'r').entries).toEqual([
      {
        resource: row.first.resource,
        previous: expect.toSatisfy(() => true),
        set: JSON.parse(JSON.stringify(row.first.desired)),
        committed: true,
      },
    ]);
    expect(record).toMatch(/^[\x20-\x7e\n]+$/);
    await down();
    expect(await machine.dump()).toBe(before);
  });

  test('killed at any operation of up, down restores', async () => {
    for (let operations = 0; ; operations++) {
      const { machine, records, before, up, down } = await scene(row);
      const whole = await killedAfter(operations, machine, records, () => up(...states));
      await down();
      expect({ operations, dump: await machine.dump() }).toEqual({ operations, dump: before });
      expect(records.list()).toEqual([]);
      if (whole) break;
      expect(operations).toBeLessThan(100);
    }
  });

  test('killed at any operation of a second up, or of down, the next one restores', async () => {
    for (const again of ['up', 'down'] as const)
      for (let operations = 0; ; operations++) {
        const { machine, records, before, up, down } = await scene(row);
        await up(row.first);
        const whole = await killedAfter(operations, machine, records, () =>
          again === 'up' ? up(row.second ?? row.first) : down(),
        );
        await down();
        expect({ again, operations, dump: await machine.dump() }).toEqual({
          again,
          operations,
          dump: before,
        });
        expect(records.list()).toEqual([]);
        if (whole) break;
      }
  });

  test('killed while a failed second up is taken back, down restores', async () => {
    for (let operations = 0; ; operations++) {
      const { machine, records, before, up, down } = await scene(row);
      await up(row.first);
      const whole = await killedAfter(operations, machine, records, () =>
        up(row.second ?? row.first, FAILING).catch((error: Error) => {
          if (!error.message.includes('gone0')) throw error;
        }),
      );
      await down();
      expect({ operations, dump: await machine.dump() }).toEqual({ operations, dump: before });
      expect(records.list()).toEqual([]);
      if (whole) break;
    }
  });
});

/**
 * Does the work until so many operations on machine and record were done; the next one ends it as
 * `kill -9` would.
 * @returns whether it came to its end
 */
async function killedAfter(
  operations: number,
  machine: WholeMachine,
  records: MemoryRecords,
  work: () => Promise<void>,
): Promise<boolean> {
  const backend = await machine.backend();
  const real = {
    machine: { run: machine.run, write: machine.write },
    records: { write: records.write, mark: records.mark, remove: records.remove },
    backend: { apply: backend.apply.bind(backend) },
  };
  let left = operations;
  const counted =
    <A extends readonly unknown[], R>(one: (...args: A) => R) =>
    (...args: A): R => {
      if (left-- <= 0) throw new Error('killed');
      return one(...args);
    };
  Object.assign(machine, { run: counted(real.machine.run), write: counted(real.machine.write) });
  Object.assign(backend, { apply: counted(real.backend.apply) });
  Object.assign(records, {
    write: counted(real.records.write),
    mark: counted(real.records.mark),
    remove: counted(real.records.remove),
  });
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('killed'))) throw error;
    return false;
  } finally {
    Object.assign(machine, real.machine);
    Object.assign(records, real.records);
    Object.assign(backend, real.backend);
  }
}

describe('order', () => {
  const address = setting('address', { device: 'lvs-ipip', address: '192.0.2.10/32' }, true);
  const gateway = route('via 198.51.100.1 dev eth0');
  const settings = [LINK, address, gateway];
  const reverted = [
    'ip route del default via 198.51.100.1 dev eth0',
    'ip addr del 192.0.2.10/32 dev lvs-ipip',
    'ip link del lvs-ipip',
  ];
  const row: Row = { what: '', first: LINK };

  test('down reverts the last change first', async () => {
    const { ran, up, down } = await scene(row);
    await up(...settings);
    ran.length = 0;
    await down();
    expect(ran).toEqual(reverted);
  });

  test('so does up, of what is no longer desired', async () => {
    const { ran, up } = await scene(row);
    await up(...settings);
    ran.length = 0;
    await up();
    expect(ran).toEqual(reverted);
  });

  test('so does the way back after a failure', async () => {
    const { ran, warnings, up } = await scene(row);
    await expect(up(...settings, FAILING)).rejects.toThrow('gone0');
    expect(ran.slice(-3)).toEqual(reverted);
    expect(warnings).toEqual(['what this run had changed is as it was before']);
  });
});

describe('what was changed since', () => {
  const row: Row = { what: '', first: sysctl(FORWARD, '1') };

  test('is left alone where the change had been carried through', async () => {
    const { machine, warnings, up, down } = await scene(row);
    await up(row.first);
    machine.files.set('/proc/sys/net/ipv4/ip_forward', '7');
    await down();
    expect(machine.files.get('/proc/sys/net/ipv4/ip_forward')).toBe('7');
    expect(warnings).toEqual([
      'sysctl net.ipv4.ip_forward: left at 7: changed by others after up set 1',
    ]);
  });

  test('is restored where the change had not been: it may be half of it', async () => {
    const { machine, records, before, warnings, up, down } = await scene(row);
    await up(row.first);
    records.files.set('r', records.read('r').replace('"state":"s"', '"state":"o"'));
    machine.files.set('/proc/sys/net/ipv4/ip_forward', '7');
    await down();
    expect(await machine.dump()).toBe(before);
    expect(warnings).toEqual([]);
  });

  test('needs no words where it is as before', async () => {
    const { machine, before, warnings, up, down } = await scene(row);
    await up(row.first);
    machine.write('/proc/sys/net/ipv4/ip_forward', '0');
    await down();
    expect(await machine.dump()).toBe(before);
    expect(warnings).toEqual([]);
  });
});
