import { describe, expect, test } from 'vitest';
import {
  down as downSettings,
  realDoer,
  up as upSettings,
} from '../../../src/lvsctl/plan/engine.js';
import { Journal } from '../../../src/lvsctl/plan/journal.js';
import { type Setting, setting } from '../../../src/lvsctl/plan/setting.js';
import { fakeMachine, memoryStore } from '../../support/machine.js';

const FORWARD = '/proc/sys/net/ipv4/ip_forward';
const IGNORE = '/proc/sys/net/ipv4/conf/eth0/arp_ignore';
const sysctl = (key: string, value: string): Setting =>
  setting('sysctl', { key }, { [key]: value });
const SETTINGS = [sysctl('net/ipv4/ip_forward', '1'), sysctl('net/ipv4/conf/eth0/arp_ignore', '1')];

function scene(files: Readonly<Record<string, string>> = { [FORWARD]: '0', [IGNORE]: '0' }) {
  const machine = fakeMachine(files);
  const store = memoryStore();
  const left: string[] = [];
  const doer = () =>
    realDoer(machine, new Journal(store), {
      did: () => {},
      left: (_, actual) => left.push(JSON.stringify(actual)),
    });
  return {
    machine,
    store,
    left,
    up: (settings = SETTINGS) => upSettings(settings, machine, doer()),
    down: () => downSettings(machine, doer()),
  };
}

describe('up and down', () => {
  test('down restores what up changed, and the record is gone', async () => {
    const { machine, store, up, down } = scene();
    await up();
    expect([...machine.files.values()]).toEqual(['1', '1']);
    expect(store.text.trim().split('\n').length).toBe(4);
    await down();
    expect([...machine.files.values()]).toEqual(['0', '0']);
    expect(store.text).toBe('');
  });

  test('what was so before is neither changed nor restored', async () => {
    const { machine, store, up, down } = scene({ [FORWARD]: '1', [IGNORE]: '0' });
    await up();
    expect(store.text).not.toContain('ip_forward');
    await down();
    expect([...machine.files.values()]).toEqual(['1', '0']);
  });

  test('a failure takes back what this run did, and nothing of earlier ones', async () => {
    const { machine, store, up, down } = scene({ [FORWARD]: '0', [IGNORE]: '0' });
    await up([SETTINGS[0] as Setting]);
    await expect(up([...SETTINGS, sysctl('net/ipv4/no/such', '1')])).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
    });
    expect([...machine.files.values()]).toEqual(['1', '0']);
    expect(store.text).toContain('ip_forward');
    await down();
    expect([...machine.files.values()]).toEqual(['0', '0']);
    expect(store.text).toBe('');
  });

  test('what is no longer wanted goes with the next up', async () => {
    const { machine, up, down } = scene();
    await up();
    await up([SETTINGS[1] as Setting]);
    expect(machine.files.get(FORWARD)).toBe('0');
    await down();
    expect([...machine.files.values()]).toEqual(['0', '0']);
  });

  test('what somebody else set since is left alone, and said', async () => {
    const { machine, store, left, up, down } = scene();
    await up();
    machine.files.set(IGNORE, '2');
    await down();
    expect([...machine.files.values()]).toEqual(['0', '2']);
    expect(left).toEqual([JSON.stringify({ 'net/ipv4/conf/eth0/arp_ignore': '2' })]);
    expect(store.text).toBe('');
  });

  test('what is gone with its interface needs no restoring', async () => {
    const { machine, store, left, up, down } = scene();
    await up();
    machine.files.delete(IGNORE);
    await down();
    expect([...machine.files.entries()]).toEqual([[FORWARD, '0']]);
    expect(left).toEqual([]);
    expect(store.text).toBe('');
  });

  test('what two files need stays until the second is taken down', async () => {
    const { machine, store, up, down } = scene();
    await up();
    const others = memoryStore('', () => [store.text]);
    const said = { did: () => {}, left: () => {} };
    const doer = () => realDoer(machine, new Journal(others), said);
    await upSettings([SETTINGS[1] as Setting], machine, doer());
    const second = realDoer(
      machine,
      new Journal(memoryStore(store.text, () => [others.text])),
      said,
    );
    await downSettings(machine, second);
    expect([...machine.files.values()]).toEqual(['0', '1']);
    store.text = '';
    await downSettings(machine, realDoer(machine, new Journal(memoryStore(others.text)), said));
    expect([...machine.files.values()]).toEqual(['0', '0']);
    await down();
  });

  test('two ups with different files remember the first state', async () => {
    const { machine, up, down } = scene({ [FORWARD]: '0', [IGNORE]: '8' });
    await up();
    await up([sysctl('net/ipv4/conf/eth0/arp_ignore', '2')]);
    expect(machine.files.get(IGNORE)).toBe('2');
    await down();
    expect(machine.files.get(IGNORE)).toBe('8');
  });
});

describe('the record', () => {
  test('a torn last line is of a change that was never begun', async () => {
    const { machine, store, up, down } = scene();
    await up();
    store.text += '{"subject":{"kind":"sysc';
    await down();
    expect([...machine.files.values()]).toEqual(['0', '0']);
  });

  test.each(['{}\n', 'x\n', '{"subject":{"kind":"shell"},"former":"","set":"","settled":true}\n'])(
    '%j is refused',
    (text) => {
      expect(() => new Journal(memoryStore(text))).toThrow('record:1: not an entry of the record');
    },
  );
});
