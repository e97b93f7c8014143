// What lvsctl's exit statuses mean, for the help texts and docs/reference/exit-statuses.md.
import { ERRORS, FAILED, INTERNAL_ERROR, NOT_AS_BEFORE } from './errors.js';

export interface StatusRow {
  readonly status: number;
  readonly meaning: string;
}

/** In every command. */
const ALWAYS: readonly StatusRow[] = [
  { status: FAILED, meaning: 'an error: the message is on stderr' },
  { status: INTERNAL_ERROR, meaning: 'a fault in lvsctl: please report it' },
];

const SERVERS: readonly StatusRow[] = [
  { status: 0, meaning: 'all servers are up, or out because of disable or drain' },
  { status: 1, meaning: 'a server is down, forced up or not yet checked, or the table differs' },
  {
    status: 3,
    meaning: 'a service has no server that gets new connections, except perhaps its sorry server',
  },
];
const COMPARED: readonly StatusRow[] = [
  { status: 0, meaning: 'desired and actual state are the same' },
  { status: 1, meaning: 'they differ' },
];
const DONE: readonly StatusRow[] = [{ status: 0, meaning: 'done' }];
const SAVED: readonly StatusRow[] = [
  { status: 0, meaning: 'done' },
  { status: 1, meaning: 'done, but rules that ipvsadm has no option for are not in the file' },
];
const NOT_RESTORED: StatusRow = {
  status: NOT_AS_BEFORE,
  meaning:
    'a change failed and the table could not be made as it was; the message names what differs',
};
const CHANGED: readonly StatusRow[] = [
  { status: 0, meaning: 'done, or there was nothing to do' },
  { status: FAILED, meaning: 'an error: nothing was changed, or the changes were reverted' },
  {
    status: NOT_AS_BEFORE,
    meaning: 'a change failed and not all was made as it was; the message names what differs',
  },
];
const REVERTED: readonly StatusRow[] = [
  {
    status: 0,
    meaning: 'done, or nothing is recorded for the file and nothing of it is on this machine',
  },
  {
    status: FAILED,
    meaning:
      'an error: nothing was changed; or nothing is recorded for the file although its VIPs or ' +
      'services are on this machine, or the file cannot be read',
  },
  {
    status: NOT_AS_BEFORE,
    meaning: 'not everything could be restored: the message names what was not, `down` tries again',
  },
];

const TRANSACTED: readonly StatusRow[] = [
  { status: 0, meaning: 'done, or there was nothing to do' },
  { status: FAILED, meaning: 'an error: the table is as before' },
  NOT_RESTORED,
];

const ENSURED: readonly StatusRow[] = [
  { status: 0, meaning: 'nothing was to be changed' },
  { status: 1, meaning: 'changed' },
];

/** Commands by their full name, each with the statuses that are its own. */
// biome-ignore format: a table
const COMMANDS: Readonly<Record<string, readonly StatusRow[]>> = {
  check: [{ status: 0, meaning: 'the file is valid' }, { status: FAILED, meaning: 'the file has an error, or cannot be read' }],
  import: DONE,
  export: DONE,
  diff: COMPARED,
  plan: [{ status: 0, meaning: 'the plan is shown, also when nothing is to be done' }],
  apply: [
    { status: 0, meaning: 'done, or there was nothing to do' },
    { status: 1, meaning: 'not confirmed in time and taken back; or done, but --only left steps out' },
    { status: FAILED, meaning: 'an error: the table is as before' },
    NOT_RESTORED,
  ],
  ensure: TRANSACTED,
  'ensure --exit-code': ENSURED,
  absent: TRANSACTED,
  'absent --exit-code': ENSURED,
  set: TRANSACTED,
  'set --exit-code': ENSURED,
  confirm: DONE,
  undo: TRANSACTED,
  history: DONE,
  'history show': DONE,
  'history finish': TRANSACTED,
  'rules load': TRANSACTED,
  'rules save': SAVED,
  'rules unload': SAVED,
  'director up': CHANGED,
  'director down': REVERTED,
  'director status': COMPARED,
  'realserver up': CHANGED,
  'realserver down': REVERTED,
  'realserver status': COMPARED,
  doctor: [{ status: 0, meaning: 'nothing found' }, { status: 1, meaning: 'findings' }],
  trace: [{ status: 0, meaning: 'the client gets an answer' }, { status: 1, meaning: 'the packet or its answer is lost' }, { status: 3, meaning: 'it cannot be known from these machines' }],
  monitor: [{ status: 0, meaning: 'stopped by a signal' }, { status: FAILED, meaning: 'could not start, or could not remove the services at the end' }],
  'monitor --once': SERVERS,
  'monitor status': SERVERS,
  'ha render': DONE,
  'ha status': [{ status: 0, meaning: 'nothing is wrong that can be seen from here' }, { status: 1, meaning: 'something is wrong: the lines with !' }],
  'ha failover': [{ status: 0, meaning: 'another director has the VIPs' }, { status: FAILED, meaning: 'an error, or no other director took them: they stay here' }],
  'ha drain': [{ status: 0, meaning: 'this director is out, and has no connections' }, { status: 1, meaning: 'this director is out, and connections are left after --wait' }],
  'ha resume': DONE,
  follow: [{ status: 0, meaning: 'stopped by a signal' }],
  'fleet apply': [{ status: 0, meaning: 'every director has the file in force' }, { status: 1, meaning: 'published, and a director has refused it, failed, or not ended in time' }],
  'fleet status': [{ status: 0, meaning: 'every director has the file in force' }, { status: 1, meaning: 'a director has not, or none is there' }],
  disable: DONE,
  enable: DONE,
  drain: DONE,
  'drain --wait': [
    { status: 0, meaning: 'the servers have no connections left' },
    { status: 1, meaning: 'connections are left after --timeout, or the server was enabled or removed during the wait' },
  ],
  top: [{ status: 0, meaning: 'done' }, { status: FAILED, meaning: 'the table could not be read' }],
  serve: [{ status: 0, meaning: 'stopped by a signal' }, { status: FAILED, meaning: 'could not start' }],
  'serve --once': [{ status: 0, meaning: 'done' }, { status: 1, meaning: 'the table could not be read: lvs_up is 0' }],
  explain: [{ status: 0, meaning: 'no line is refused; those that are skipped are not examined' }, { status: 1, meaning: 'a line is refused' }],
  simulate: DONE,
  lab: [{ status: 0, meaning: 'the shell or the commands ended with 0; any other status is theirs, too' }, { status: FAILED, meaning: 'something is not installed, or the kernel did not start' }],
};

/**
 * The statuses of a command, in order; its own row of a status replaces that of all commands.
 * @param name as in `director up`
 */
export function statusesOf(name: string): readonly StatusRow[] {
  const own = COMMANDS[name] ?? DONE;
  const general = ALWAYS.filter(({ status }) => !own.some((row) => row.status === status));
  return [...own, ...general].sort((a, b) => a.status - b.status);
}

/** Those of `NAME --once` and the like, by the option. */
export function variantsOf(name: string): readonly (readonly [string, readonly StatusRow[]])[] {
  return Object.entries(COMMANDS).flatMap(([variant, own]) =>
    variant.startsWith(`${name} --`) ? [[variant.slice(name.length + 1), own] as const] : [],
  );
}

/** The page docs/reference/exit-statuses.md. */
export function statusPage(): string {
  const commands = Object.keys(COMMANDS).map(
    (name) =>
      `| \`${name}\` | ${statusesOf(name)
        .filter(({ status }) => status !== INTERNAL_ERROR)
        .map(({ status, meaning }) => `${status} ${meaning}`)
        .join('; ')} |`,
  );
  const errors = Object.entries(ERRORS).map(
    ([code, { exitStatus, meaning }]) => `| \`${code}\` | ${exitStatus} | ${meaning} |`,
  );
  return `${HEAD}
| command | exit statuses |
|---|---|
${commands.join('\n')}

Every command ends with ${INTERNAL_ERROR} when it meets a fault of its own. Then a stack trace is on
stderr.

## Errors

An error is a line on stderr: \`lvsctl: MESSAGE\`. A second line, \`hint: …\`, suggests what to do about
it.

With \`--json\` the error is also one JSON value on stdout, where a program reads the answer. Go by
\`code\`: messages may change.

\`\`\`json
{"error":{"code":"NO_MONITOR","message":"no monitor is running at /run/x.sock","hint":"start one with \`lvsctl monitor FILE\`"}}
\`\`\`

\`hint\` is \`null\` when there is none. The line on stderr stays, for people and logs.

| code | exit status | when |
|---|---|---|
${errors.join('\n')}
`;
}

const HEAD = `# Exit statuses and errors of lvsctl

This page is made from the tables in \`src/lvsctl/errors.ts\` and \`src/lvsctl/statuses.ts\`; a test
compares them.
`;
