// Makes this process one that has just begun to carry out a command. Nothing is loaded here that
// Node has not loaded itself.
'use strict';
const { closeSync, openSync } = require('node:fs');
const { join } = require('node:path');

const BIN = join(__dirname, '../../bin');

/**
 * @param command its program and arguments, and the path and flags of each of its descriptors 0, 1
 *   and 2
 * @param then is given the exit status, in place of an end of the process
 */
function asCommand({ program, args, files }, then) {
  openAnew(files);
  process.argv = [process.execPath, join(BIN, program), ...args];
  process.exitCode = undefined;
  process.exit = (status) => then(status ?? process.exitCode ?? 0);
}

/** Makes descriptors 0, 1 and 2 those of files. */
function openAnew(files) {
  for (const [descriptor, [path, flags]] of files.entries()) {
    closeSync(descriptor);
    // the lowest that is free
    if (openSync(path, flags) !== descriptor) throw new Error(`descriptor ${descriptor} is taken`);
  }
}

module.exports = { asCommand, openAnew };
