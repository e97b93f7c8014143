// vitest hooks into each import, to know which tests to run again when a file changes. It would
// learn of compiled files alone, which are not what changes. In Node 20 the hooks run in a thread,
// which each import waits for.
import module from 'node:module';

module.registerHooks = () => {};
