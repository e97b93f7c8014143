// lvsctl confirm: keeps what `apply --confirm-timeout` did.
import { LvsctlError } from '../errors.js';
import type { Subcommand } from '../subcommand.js';
import { confirmTransaction } from '../transaction/confirm.js';

export const configure: Subcommand['configure'] = (program, finish) => {
  program.action(() =>
    finish(async (world) => {
      const store = world.transactions();
      if (store === undefined)
        throw new LvsctlError('NOT_FOUND', 'no transaction waits for its confirmation');
      const { entry, command } = confirmTransaction(store, world);
      world.out(`transaction ${entry} (lvsctl ${command}) is confirmed\n`);
      return 0;
    }),
  );
};
