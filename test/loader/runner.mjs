// vitest names test files in TypeScript; Node imports what they were compiled to.
import { TestRunner } from 'vitest';
import { compiledPath } from './compiled.mjs';

export default class CompiledRunner extends TestRunner {
  importFile(path) {
    return import(compiledPath(path));
  }
}
