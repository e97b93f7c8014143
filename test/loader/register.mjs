// For `node --import`: this process imports the TypeScript of src and test.
import { register } from 'node:module';

register('./hooks.mjs', import.meta.url);
