// node oneshell.cjs SHELL ARGUMENTS…: runs a shell in which the programs of bin/ are functions
// (oneshell.sh). They are carried out one after another in this process, each with its code loaded
// anew: the start of Node is what most of a short command costs. For what is not about a start, an
// end, signals or two at once. They have the environment of this process, whatever the shell sets.
'use strict';
const { spawn } = require('node:child_process');
const { createReadStream, writeSync } = require('node:fs');
const { join } = require('node:path');
const { Writable } = require('node:stream');
const { asCommand, openAnew } = require('./ascommand.cjs');

const START = join(__dirname, '../../dist/start.cjs');
const PROGRAMS = {
  lvsctl: (start) => start('lvsctl').main(),
  ipvsadm: (start) => start('ipvsadm').main(),
  'ipvsadm-save': (start) => start('wrapper').save(),
  'ipvsadm-restore': (start) => start('wrapper').restore(),
};
const NOTHING = filesOf(['/dev/null', '/dev/null', '/dev/null']);

const [shell, ...args] = process.argv.slice(2);
const child = spawn(shell, args, { stdio: ['inherit', 'inherit', 'inherit', 'pipe', 'pipe'] });
const [, , , requests, replies] = child.stdio;
child.on('close', (status) => process.reallyExit(status ?? 1));
openAnew(NOTHING);

// the number of words, then the shell's process, its directory, the program and its arguments
let text = '';
requests.setEncoding('latin1').on('data', (piece) => {
  text += piece;
  const [count, ...words] = text.split('\0');
  if (words.length <= Number(count)) return;
  text = '';
  const [pid, directory, program, ...rest] = words
    .slice(0, -1)
    .map((word) => Buffer.from(word, 'latin1').toString());
  process.chdir(directory);
  const files = filesOf([5, 6, 7].map((descriptor) => `/proc/${pid}/fd/${descriptor}`));
  carryOut({ program, args: rest, files }, (status) => {
    openAnew(NOTHING); // a reader of a pipe waits for its end
    process.removeAllListeners('uncaughtException');
    replies.write(`${status}\n`);
  });
});

/** stdin is read; to the others is added, as to what the shell has opened. */
function filesOf(paths) {
  return paths.map((path, descriptor) => [path, descriptor === 0 ? 'r' : 'a']);
}

function carryOut(command, then) {
  asCommand(command, then);
  // a file: what is read of a pipe and not used would be lost
  const stdin = { get: () => createReadStream('', { fd: 0, autoClose: false }) };
  Object.defineProperty(process, 'stdin', { ...stdin, configurable: true });
  for (const [name, descriptor] of Object.entries({ stdout: 1, stderr: 2 })) {
    const write = (bytes, _, done) => {
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
      done();
    };
    Object.defineProperty(process, name, { value: new Writable({ write }), configurable: true });
  }
  delete require.cache[START];
  PROGRAMS[command.program](require(START)).then(() => process.exit());
}
