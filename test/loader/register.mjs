// For `node --import`: this process imports the TypeScript of src and test.
import module from 'node:module';

// Node 20 has hooks in a thread of their own alone, which costs more
if (module.registerHooks) module.registerHooks(await import('./hooks.mjs'));
else module.register('./hooks.mjs', import.meta.url);
