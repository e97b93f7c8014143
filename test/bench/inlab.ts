// The rows of the bench that need a kernel; runs inside the lab, writes its rows as JSON to the
// file it is given.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openKernel } from '../../src/backend/kernel.js';
import type { RawSocket } from '../../src/backend/rawsocket.js';
import { answer } from '../support/inprocess.js';
import { medians, once, type Program } from './measure.js';
import { ruleLines } from './tables.js';

const REAL = '/usr/sbin/ipvsadm';
const OURS = resolve('bin/ipvsadm');
const folder = mkdtempSync(join(tmpdir(), 'lvs-inlab-'));
writeFileSync(join(folder, 'empty.cjs'), '');
const floor: Program = {
  name: 'empty',
  path: process.execPath,
  args: [join(folder, 'empty.cjs')],
};
const clear = () => void spawnSync(REAL, ['-C']);
const ms = (value: number) => `${value.toFixed(0)} ms`;
const rows: object[] = [];

/** Both tools with the same words; files as stdin, since that is what a restore reads. */
function pair(args: string[], stdin = '', before?: () => void): [Program, Program] {
  const more = { stdin, ...(before ? { before } : {}) };
  return [
    { name: 'real', path: REAL, args, ...more },
    { name: 'ours', path: process.execPath, args: [OURS, ...args], ...more },
  ];
}

{
  const [real, ours] = pair(['-R'], ruleLines(1000, 10), clear);
  const time = medians([real, ours], 5);
  const [theirs, value] = [time.get('real') ?? 0, time.get('ours') ?? 0];
  rows.push({
    what: '-R of 11,000 rules, kernel',
    ours: ms(value),
    against: `${ms(theirs)} real ipvsadm`,
    value: value / theirs,
    must: 0.35,
    aim: 0.15,
  });
}
for (const [services, servers] of [
  [1000, 10],
  [10, 1000],
] as const) {
  clear();
  once({ name: 'fill', path: REAL, args: ['-R'], stdin: ruleLines(services, servers) });
  for (const arg of ['-Ln', '-Sn']) {
    const [real, ours] = pair([arg]);
    const time = medians([floor, real, ours], 7);
    const [base, theirs, whole] = [
      time.get('empty') ?? 0,
      time.get('real') ?? 0,
      time.get('ours') ?? 0,
    ];
    rows.push({
      what: `${arg} of ${services} x ${servers}, kernel, over empty`,
      ours: ms(whole - base),
      against: `${ms(theirs)} real ipvsadm`,
      value: (whole - base) / theirs,
      must: 1.5,
      aim: 0.8,
    });
  }
}
clear();
{
  let sends = 0;
  const count = (socket: RawSocket): RawSocket => ({
    on: (event, listener) => socket.on(event, listener),
    send: (...all) => {
      sends++;
      socket.send(...all);
    },
    getRecvBufferSize: () => socket.getRecvBufferSize(),
    getSendBufferSize: () => socket.getSendBufferSize(),
    close: () => socket.close(),
  });
  const backend = await openKernel(
    { loadModule: async () => false, mayOpenRawSockets: () => true },
    { wrap: count },
  );
  const rules = ruleLines(100, 99);
  await answer('ipvsadm', ['-R'], { backend, stdin: rules });
  await backend.close();
  rows.push({
    what: 'netlink sends for 10,000 rules',
    ours: `${sends}`,
    against: 'ceil(N/128) + 2',
    value: sends / (Math.ceil(10_000 / 128) + 2),
    must: 1,
    aim: 1,
  });
}
clear();
writeFileSync(process.argv[2] as string, JSON.stringify(rows));
