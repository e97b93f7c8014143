// The order of the test files. vitest has the longest first, as it measured them before; of a fresh
// checkout it knows their sizes alone, and a short file with long tests came last.
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take three seconds or more, the longest first. */
const LONGEST = [
  'lvsctl/commands/records',
  'lvsctl/commands/monitor',
  'ipvsadm/process',
  'fast/listing',
  'man/manual',
  'lvsctl/transaction/kills',
  'docs/hour',
  'completion/shells',
  'system/probe/probes',
  'lvsctl/commands/manyservices',
  'lvsctl/commands/netns',
  'lvsctl/transaction/prompt',
  'package/package',
  'lvsctl/streams',
  'lvsctl/commands/simulateshow',
  'backend/file',
  'system/socket',
  'package/deb',
  'system/probe/sockets',
  'library/page',
  'lvsctl/checks/recipes',
  'lvsctl/top/tmux',
];

/** These before the others, which stay in vitest's order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rest = await super.sort(files);
    const first = LONGEST.flatMap((name) =>
      rest.filter(({ moduleId }) => moduleId.endsWith(`/test/${name}.test.ts`)),
    );
    return [...first, ...rest.filter((file) => !first.includes(file))];
  }
}
