// The examples of the guide for Ansible and Salt, with Ansible itself where it is installed (Debian:
// ansible-core) and LVS_TEST_FULL=1 or LVS_TEST_ANSIBLE=1 asks for it; Salt's by hand.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { FULL } from '../../support/full.js';
import { fillTable, rulesIn } from '../../support/ontablefile.js';

const PLAYBOOK = '/usr/bin/ansible-playbook';
const asked = FULL || process.env.LVS_TEST_ANSIBLE === '1';
const GUIDE = readFileSync('docs/guide/ensure.md', 'utf8');
const directory = mkdtempSync('/tmp/lvs-ansible-');
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const table = join(directory, 'table');
beforeEach(() => rmSync(table, { force: true }));
const env = {
  PATH: `${directory}:/usr/bin:/bin`,
  HOME: directory,
  LANG: 'C.UTF-8',
  LVS_BACKEND: `file:${table}`,
};
for (const name of ['lvsctl', 'ipvsadm']) {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\nexec ${process.execPath} ${resolve('bin', name)} "$@"\n`);
  chmodSync(path, 0o755);
}

function run(program: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8' });
  return { status, text: `${stdout}${stderr}` };
}
const saved = () => rulesIn(table);

/** The first block in YAML below a heading of the guide. */
function example(heading: string): string {
  const [, text = ''] =
    new RegExp(`^## ${heading}\\n[\\s\\S]*?^\`\`\`yaml\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(GUIDE) ??
    [];
  expect(text).not.toBe('');
  return text;
}

describe.skipIf(!asked || !existsSync(PLAYBOOK))('Ansible', { timeout: 300_000 }, () => {
  const servers = (weight: number) =>
    `[{address: 10.0.0.11, weight: 1}, {address: 10.0.0.12, weight: ${weight}}]`;
  const play = (weight: number, ...more: string[]) => {
    const tasks = example('Ansible').replaceAll(/^(?=.)/gm, '    ');
    writeFileSync(
      join(directory, 'play.yml'),
      `- hosts: localhost\n  connection: local\n  gather_facts: false\n` +
        `  vars: {web_servers: ${servers(weight)}}\n  tasks:\n${tasks}`,
    );
    const { status, text } = run(
      PLAYBOOK,
      '-i',
      'localhost,',
      join(directory, 'play.yml'),
      ...more,
    );
    expect({ status, text }).toMatchObject({ status: 0 });
    return /localhost +: (ok=\d+ +changed=\d+)/.exec(text)?.[1]?.replace(/ +/, ' ');
  };
  const rules = (weight: number) =>
    '-A -t 192.0.2.1:80 -s wrr\n-a -t 192.0.2.1:80 -r 10.0.0.11:80 -m -w 1\n' +
    `-a -t 192.0.2.1:80 -r 10.0.0.12:80 -m -w ${weight}\n`;

  test('check mode says what would change, and changes nothing; then changed, then not', async () => {
    expect(play(2, '--check')).toBe('ok=1 changed=1');
    expect(await saved()).toBe('');
    expect(play(2)).toBe('ok=1 changed=1');
    expect(await saved()).toBe(rules(2));
    expect(play(2)).toBe('ok=1 changed=0');
    expect(play(2, '--check')).toBe('ok=1 changed=0');
    expect(play(5, '--check')).toBe('ok=1 changed=1');
    expect(await saved()).toBe(rules(2));
    expect(play(5)).toBe('ok=1 changed=1');
    expect(await saved()).toBe(rules(5));
  });
});

test('Salt: the commands of the state, as cmd.run runs them', { timeout: 60_000 }, async () => {
  const text = example('Salt');
  const [, name = ''] = /- name: (.*)$/m.exec(text) ?? [];
  const [, unless = ''] = /- unless: (.*)$/m.exec(text) ?? [];
  await fillTable(table, '-A -t 192.0.2.1:80 -s wrr\n');
  const shell = (line: string) => run('/bin/sh', '-c', line).status;
  expect(shell(unless)).not.toBe(0); // so it is run
  expect(await saved()).toBe('-A -t 192.0.2.1:80 -s wrr\n');
  expect(shell(name)).toBe(0);
  expect(await saved()).toContain('-r 10.0.0.11:80 -m -w 3\n');
  expect(shell(unless)).toBe(0); // so it is not
});
