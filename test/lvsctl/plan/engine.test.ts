import { describe, expect, test } from 'vitest';
import { down as downSettings, up as upSettings } from '../../../src/lvsctl/plan/engine.js';
import { executor } from '../../../src/lvsctl/plan/executor.js';
import { Journal } from '../../../src/lvsctl/plan/journal.js';
import { readOthers } from '../../../src/lvsctl/plan/others.js';
import { type Setting, setting } from '../../../src/lvsctl/plan/resources.js';
import { fakeMachine, memoryRecords } from '../../support/machine.js';
import { rulesOf } from '../../support/rulechanges.js';

const FORWARD = '/proc/sys/net/ipv4/ip_forward';
const IGNORE = '/proc/sys/net/ipv4/conf/eth0/arp_ignore';
const sysctl = (key: string, value: string): Setting =>
  setting('sysctl', { key }, { [key]: value });
const SETTINGS = [sysctl('net/ipv4/ip_forward', '1'), sysctl('net/ipv4/conf/eth0/arp_ignore', '1')];
const MISSING = sysctl('net/ipv4/conf/gone0/arp_ignore', '1');
const ABOUT = {
  role: 'director',
  file: '/etc/lvs.yaml',
  content: '0'.repeat(64),
  links: {},
};

function scene(files: Readonly<Record<string, string>> = { [FORWARD]: '0', [IGNORE]: '0' }) {
  const machine = fakeMachine(files);
  const records = memoryRecords();
  const warnings: string[] = [];
  const report = { ran: () => {}, warn: (text: string) => void warnings.push(text) };
  const work = (verb: 'up' | 'down', name: string, file = ABOUT.file) =>
    executor(
      machine,
      new Journal(records, name, { ...ABOUT, file }),
      readOthers(records, name),
      report,
      rulesOf(machine, report, verb),
    );
  return {
    machine,
    records,
    warnings,
    values: () => [...machine.files.values()],
    record: (name = 'a.journal') => records.read(name),
    up: (settings = SETTINGS, name = 'a.journal') =>
      upSettings(settings, work('up', name, `/etc/${name}`)),
    down: (name = 'a.journal') => downSettings(work('down', name)),
  };
}

describe('up and down', () => {
  test('down restores what up changed, and the record is gone', async () => {
    const { records, values, record, up, down } = scene();
    await up();
    expect(values()).toEqual(['1', '1']);
    expect(record().trim().split('\n').length).toBe(3);
    await down();
    expect(values()).toEqual(['0', '0']);
    expect(records.list()).toEqual([]);
  });

  test('what was so before is neither changed nor restored', async () => {
    const { values, record, up, down } = scene({ [FORWARD]: '1', [IGNORE]: '0' });
    await up();
    expect(record()).not.toContain('ip_forward');
    await down();
    expect(values()).toEqual(['1', '0']);
  });

  test('up that changes nothing leaves no record', async () => {
    const { records, up } = scene({ [FORWARD]: '1', [IGNORE]: '1' });
    await up();
    expect(records.list()).toEqual([]);
  });

  test('a failure takes back what this run did, and nothing of earlier ones', async () => {
    const { records, values, record, warnings, up, down } = scene();
    await up([SETTINGS[0] as Setting]);
    const before = record();
    await expect(up([...SETTINGS, MISSING])).rejects.toMatchObject({ name: 'CommandError' });
    expect(values()).toEqual(['1', '0']);
    expect(warnings).toEqual(['what this run had changed is as it was before']);
    expect(record().startsWith(before)).toBe(true);
    await down();
    expect(values()).toEqual(['0', '0']);
    expect(records.list()).toEqual([]);
  });

  test('a failure brings back what this run had reverted, and its record', async () => {
    const { records, values, up, down } = scene();
    await up();
    await expect(up([sysctl('net/ipv4/ip_forward', '1'), MISSING])).rejects.toThrow();
    expect(values()).toEqual(['1', '1']);
    await down();
    expect(values()).toEqual(['0', '0']);
    expect(records.list()).toEqual([]);
  });

  test('a failure keeps a value that was changed before, with its first state', async () => {
    const { values, up, down } = scene({ [FORWARD]: '0', [IGNORE]: '8' });
    const other = sysctl('net/ipv4/conf/eth0/arp_ignore', '2');
    await up();
    await expect(up([SETTINGS[0] as Setting, other, MISSING])).rejects.toThrow();
    expect(values()).toEqual(['1', '1']);
    await down();
    expect(values()).toEqual(['0', '8']);
  });

  test('what is no longer desired goes with the next up', async () => {
    const { machine, values, up, down } = scene();
    await up();
    await up([SETTINGS[1] as Setting]);
    expect(machine.files.get(FORWARD)).toBe('0');
    await down();
    expect(values()).toEqual(['0', '0']);
  });

  test('what was changed since is left alone, and reported', async () => {
    const { machine, records, values, warnings, up, down } = scene();
    await up();
    machine.files.set(IGNORE, '2');
    await down();
    expect(values()).toEqual(['0', '2']);
    expect(warnings).toEqual([
      'sysctl net.ipv4.conf.eth0.arp_ignore: left at 2: changed by others after up set 1',
    ]);
    expect(records.list()).toEqual([]);
  });

  test('what is gone with its interface needs no restoring', async () => {
    const { machine, records, warnings, up, down } = scene();
    await up();
    machine.files.delete(IGNORE);
    await down();
    expect([...machine.files.entries()]).toEqual([[FORWARD, '0']]);
    expect(warnings).toEqual([]);
    expect(records.list()).toEqual([]);
  });

  test('what two files need stays until the second is taken down', async () => {
    const { records, values, warnings, up, down } = scene();
    await up();
    await up([SETTINGS[1] as Setting], 'b.journal');
    await down();
    expect(values()).toEqual(['0', '1']);
    expect(warnings).toEqual([
      'sysctl net.ipv4.conf.eth0.arp_ignore: left at 1, which /etc/b.journal needs',
    ]);
    await down('b.journal');
    expect(values()).toEqual(['0', '0']);
    expect(records.list()).toEqual([]);
  });

  test('two ups with different files remember the first state', async () => {
    const { machine, up, down } = scene({ [FORWARD]: '0', [IGNORE]: '8' });
    await up();
    await up([sysctl('net/ipv4/conf/eth0/arp_ignore', '2')]);
    expect(machine.files.get(IGNORE)).toBe('2');
    await down();
    expect(machine.files.get(IGNORE)).toBe('8');
  });

  test('drift that is corrected again and again does not make the record longer', async () => {
    const { machine, record, up } = scene();
    await up();
    const before = record();
    machine.files.set(IGNORE, '0');
    await up();
    expect(machine.files.get(IGNORE)).toBe('1');
    expect(record()).toBe(before);
  });

  test('one that cannot be restored does not keep the others from it', async () => {
    const { machine, records, values, up, down } = scene();
    await up();
    const write = machine.write;
    machine.write = (path, text) => {
      if (path === IGNORE) throw Object.assign(new Error('EACCES'), { syscall: 'write' });
      write(path, text);
    };
    await expect(down()).rejects.toThrow('sysctl -w net.ipv4.conf.eth0.arp_ignore=0: EACCES');
    expect(values()).toEqual(['0', '1']);
    machine.write = write;
    await down();
    expect(values()).toEqual(['0', '0']);
    expect(records.list()).toEqual([]);
  });
});

describe('a full disk', () => {
  test('at every size of the record up changes all or nothing, and down needs no space', async () => {
    const whole = scene();
    await whole.up();
    const size = whole.record().length;
    for (let space = 0; space <= size; space++) {
      const { records, values, warnings, up, down } = scene();
      records.space = space;
      if (space < size) {
        await expect(up()).rejects.toThrow('No space left on device');
        expect({ space, values: values() }).toEqual({ space, values: ['0', '0'] });
        expect(warnings.length).toBe(1);
      } else await up();
      records.space = 0;
      await down();
      expect({ space, values: values() }).toEqual({ space, values: ['0', '0'] });
      expect(records.list()).toEqual([]);
    }
  });

  test('a second up that fails leaves what the first one did', async () => {
    const { records, values, up, down } = scene({ [FORWARD]: '0', [IGNORE]: '8' });
    await up();
    records.space = 0;
    await expect(up([sysctl('net/ipv4/conf/eth0/arp_ignore', '2')])).rejects.toThrow(
      'o space left',
    );
    expect(values()).toEqual(['1', '1']);
    await down();
    expect(values()).toEqual(['0', '8']);
    expect(records.list()).toEqual([]);
  });

  test('a record that cannot be written at all does not keep down from restoring', async () => {
    const { records, values, up, down } = scene();
    await up();
    const error = () => {
      throw Object.assign(new Error('/run/a.journal: i/o error'), { syscall: 'write' });
    };
    Object.assign(records, { mark: error, remove: error });
    await expect(down()).rejects.toThrow(/^\/run\/a\.journal: i\/o error; the machine is as rep/);
    expect(values()).toEqual(['0', '0']);
  });
});

describe('the record', () => {
  test('a torn last line is of a change that was never begun', async () => {
    const { records, values, record, up, down } = scene();
    await up();
    records.files.set('a.journal', `${record()}{"state":"o","subj`);
    await down();
    expect(values()).toEqual(['0', '0']);
  });

  test('a torn last line makes place for the next one', async () => {
    const { records, values, record, up, down } = scene();
    await up([SETTINGS[0] as Setting]);
    records.files.set('a.journal', `${record()}{"state":"o","subj`);
    await up();
    await down();
    expect(values()).toEqual(['0', '0']);
  });

  test('a killed run at any instant is restored', async () => {
    const whole = scene();
    await whole.up();
    const lines = whole.record().trimEnd().split('\n');
    for (let n = 1; n < lines.length; n++) {
      const { machine, records, values, down } = scene();
      const kept = lines.slice(0, n + 1).map((line, i) => (i === n ? open(line) : line));
      records.files.set('a.journal', `${kept.join('\n')}\n`);
      machine.files.set(FORWARD, '1');
      if (n === 2) machine.files.set(IGNORE, '1');
      await down();
      expect(values()).toEqual(['0', '0']);
    }
  });

  test('a damaged record of another file is reported, and does not stop this one', async () => {
    const { records, up } = scene();
    records.files.set('b.journal', 'null\n');
    await up();
    expect(readOthers(records, 'a.journal').problems).toEqual([
      '/run/b.journal:1: not the beginning of a record',
    ]);
  });
});

const open = (line: string) => line.replace('"state":"s"', '"state":"o"');
