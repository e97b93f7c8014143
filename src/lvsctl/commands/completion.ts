// lvsctl completion SHELL: prints the script that the build has made.
import { Argument } from 'commander';
import type { Subcommand } from '../subcommand.js';

/** beside docs/ in the package */
const SCRIPTS = {
  bash: '../dist/completion/lvsctl.bash',
  zsh: '../dist/completion/_lvsctl',
  fish: '../dist/completion/lvsctl.fish',
} as const;

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) =>
      finish(async (world) => {
        world.out(world.readText(`${world.docs}/${SCRIPTS[shell]}`));
        return 0;
      }),
    );
};
