// lvsctl __complete KIND PROGRAM -- ARGUMENT...: for the completion scripts, one candidate a line with
// its meaning behind a TAB.
import { candidates } from '../candidates/candidates.js';
import type { Subcommand } from '../subcommand.js';

export const configure: Subcommand['configure'] = (program, finish) => {
  program
    .argument('<kind>', 'what is completed')
    .argument('<program>', 'ipvsadm or lvsctl')
    .argument('[args...]', 'the arguments before it')
    .action((kind: string, name: string, args: readonly string[]) =>
      finish(async (world) => {
        const all = await candidates(kind, { program: name, args }, world);
        world.out(all.map((one) => `${one.name}\t${oneLine(one.help)}\n`).join(''));
        return 0;
      }),
    );
};

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}
