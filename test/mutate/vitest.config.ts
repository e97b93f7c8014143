import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { generatedForTests } from '../../src/fast/build/plugin.mjs';
import { define } from '../../src/version.mjs';

/** Most faults are found by a test of their own file: what takes long comes last. */
class ShortestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).reverse();
  }
}

/** The tests of one folder, in one process; what starts processes runs dist, without faults. */
export default defineConfig({
  define,
  plugins: [generatedForTests],
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: process.env.MUTATE_TESTS?.split(' ') ?? [],
    exclude: ['test/lvsctl/monitor/histories.test.ts'],
    sequence: { sequencer: ShortestFirst },
    testTimeout: 60_000,
  },
});
