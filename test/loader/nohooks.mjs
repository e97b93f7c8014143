// vitest hooks into each import, to know which tests to run again when a file changes. It would
// learn of compiled files alone, which are not what changes; and in Node 20 each import asks a
// thread.
import module from 'node:module';

module.registerHooks = () => {};
