// Programs that run as another user, by setpriv of util-linux: it sets the groups of the user too,
// which spawn of Node does not.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'];
const ID = ['/usr/bin/id', '/bin/id'];
const LIMIT_MS = 5000;

/** What setpriv prints when it could not start the program. */
export const SETPRIV_ERROR = /^setpriv: /m;

/** Why programs cannot be run as a user; undefined = they can. Asks the system, LDAP as well. */
export function userError(user: string): string | undefined {
  if (process.getuid?.() !== 0) return `only root can run programs as ${user}`;
  if (findFirst(SETPRIV) === undefined)
    return `there is no ${SETPRIV[0]} to run programs as ${user}`;
  try {
    execFileSync(findFirst(ID) ?? ID[0] ?? '', ['-u', '--', user], {
      stdio: 'ignore',
      timeout: LIMIT_MS,
    });
    return undefined;
  } catch {
    return `there is no user ${user}`;
  }
}

/** The command that runs another as a user; undefined = there is no such user. */
export type CommandAs = (
  user: string,
  command: readonly string[],
) => Promise<readonly string[] | undefined>;

/** @returns what makes the command; it asks the system once for each user that exists */
export function createUsers(): CommandAs {
  const groups = new Map<string, string>();
  return async (user, command) => {
    const group = groups.get(user) ?? (await groupOf(user));
    if (group === undefined) return undefined;
    groups.set(user, group);
    const setpriv = findFirst(SETPRIV) ?? SETPRIV[0] ?? '';
    return [setpriv, `--reuid=${user}`, `--regid=${group}`, '--init-groups', '--', ...command];
  };
}

/** The number of the user's own group. */
function groupOf(user: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const id = findFirst(ID) ?? ID[0] ?? '';
    execFile(id, ['-g', '--', user], { timeout: LIMIT_MS }, (error, stdout) =>
      resolve(error ? undefined : stdout.trim()),
    );
  });
}

function findFirst(paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}
