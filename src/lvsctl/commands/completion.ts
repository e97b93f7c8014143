// lvsctl completion SHELL: prints the script that the build has made.
import { Argument } from 'commander';
import type { Subcommand } from '../subcommand.js';

/** below the directory of the package, which has docs/ too */
const SCRIPTS = {
  bash: 'dist/completion/lvsctl.bash',
  zsh: 'dist/completion/_lvsctl',
  fish: 'dist/completion/lvsctl.fish',
} as const;

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) =>
      finish(async (world) => {
        // docs may be a link, as in Debian's package: `..` behind it would lead elsewhere
        world.out(world.readText(world.docs.replace(/docs$/, SCRIPTS[shell])));
        return 0;
      }),
    );
};
