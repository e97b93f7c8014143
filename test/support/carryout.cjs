// Carries out commands of bin/ one after another in this process, each with its code loaded anew:
// the start of Node is what most of a short command costs. Nothing is loaded here that Node has not
// loaded itself.
'use strict';
const { closeSync, openSync } = require('node:fs');
const { join } = require('node:path');

const BIN = join(__dirname, '../../bin');

/**
 * @param command its program and arguments, its whole environment, and for the descriptors 0, 1 and
 *   2 the path and flags of what they are
 * @param then is given the exit status; the commands call process.exit at their end
 */
function carryOut({ program, args, env, files }, then) {
  for (const [descriptor, [path, flags]] of files.entries()) {
    closeSync(descriptor);
    // the lowest that is free
    if (openSync(path, flags) !== descriptor) throw new Error(`descriptor ${descriptor} is taken`);
  }
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [process.execPath, join(BIN, program), ...args];
  process.exitCode = undefined;
  process.exit = () => then(process.exitCode ?? 0);
  for (const path of Object.keys(require.cache)) delete require.cache[path];
  require(process.argv[1]);
}

module.exports = carryOut;
if (process.send)
  process.on('message', (command) => carryOut(command, (status) => process.send(status)));
