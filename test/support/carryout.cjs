// Carries out commands of bin/ one after another in this process, each with its code loaded anew:
// the start of Node is what most of a short command costs.
'use strict';
const { asCommand } = require('./ascommand.cjs');

/**
 * @param command as of `asCommand`, with its whole environment
 * @param then is given the exit status; the commands call process.exit at their end
 */
function carryOut({ env, ...command }, then) {
  asCommand(command, then);
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  for (const path of Object.keys(require.cache)) delete require.cache[path];
  require(process.argv[1]);
}

module.exports = carryOut;
if (process.send)
  process.on('message', (command) => carryOut(command, (status) => process.send(status)));
