// Golden transcripts: what was typed and what the real ipvsadm answered, as text that people can
// read and edit.
//
//   @ name                        a case; it begins with an empty table
//   # text                        a remark
//   % env NAME=VALUE              an environment variable of the steps below
//   % uid NUMBER                  run as this user, without capabilities
//   % conn absent                 there is no /proc/net/ip_vs_conn
//   % conn TEXT                   a line of /proc/net/ip_vs_conn (repeated)
//   $ ipvsadm -A -t 10.0.0.1:80   a command; words as in a shell, single quotes or JSON in double
// quotes
//   < text                        a line of its stdin
//   > text                        a line of its stdout
//   ! text                        a line of its stderr
//   ? 255                         its exit status, when not 0
//   = -A -t 10.0.0.1:80 -s wlc    a line of `ipvsadm -S -n` after the last command
//   ~ reason                      from here on: what this project does instead, and why; then lines
// of `>`, `!`, `?`, `=` that replace
//                                 all of their kind
//
// A line of stdin, stdout, stderr or conn that is a JSON text stands for exactly that text,
// otherwise for the text and a newline.

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

export interface Step {
  readonly program: string;
  readonly args: readonly string[];
  readonly stdin: string;
  readonly answer: Answer;
}

export interface Case {
  readonly name: string;
  readonly remarks: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number | undefined;
  /** undefined = as it is, null = absent */
  readonly conn: string | null | undefined;
  readonly steps: readonly Step[];
  /** `ipvsadm -S -n` afterwards */
  readonly after: string;
  /** what this project does instead for the last step */
  readonly deviation:
    | { readonly reason: string; readonly answer: Answer; readonly after: string }
    | undefined;
}

interface Draft {
  stdin: string;
  stdout: string;
  stderr: string;
  status: number;
}

/** Reads a transcript file. @throws Error naming the line that makes no sense */
export function parseTranscript(text: string): Case[] {
  return text
    .split(/^(?=@ )/m)
    .filter((block) => block.startsWith('@ '))
    .map(parseCase);
}

function parseCase(block: string): Case {
  const [title = '', ...lines] = block.split('\n');
  const remarks: string[] = [];
  const env: Record<string, string> = {};
  let uid: number | undefined;
  let conn: string | null | undefined;
  const steps: (Draft & { args: string[] })[] = [];
  let after = '';
  let deviation: (Partial<Draft> & { reason: string; after?: string }) | undefined;
  const exact = (rest: string) =>
    rest.startsWith('"') ? (JSON.parse(rest) as string) : `${rest}\n`;
  for (const line of lines) {
    if (line === '') continue;
    const mark = line[0];
    const rest = line.slice(2);
    const step = steps.at(-1);
    if (mark === '#') remarks.push(rest);
    else if (mark === '%') {
      const [kind, ...values] = rest.split(' ');
      const value = values.join(' ');
      if (kind === 'env')
        env[value.slice(0, value.indexOf('='))] = value.slice(value.indexOf('=') + 1);
      else if (kind === 'uid') uid = Number(value);
      else if (kind === 'conn') conn = value === 'absent' ? null : (conn ?? '') + exact(value);
      else throw new Error(`${title}: unknown line ${line}`);
    } else if (mark === '$')
      steps.push({ args: shellArgs(rest), stdin: '', stdout: '', stderr: '', status: 0 });
    else if (mark === '~') deviation = { reason: rest };
    else if (mark === '=') {
      if (deviation) deviation.after = (deviation.after ?? '') + exact(rest);
      else after += exact(rest);
    } else if (step === undefined) throw new Error(`${title}: ${line} before any command`);
    else if (mark === '<') step.stdin += exact(rest);
    else if (mark === '>') add(deviation ?? step, 'stdout', exact(rest));
    else if (mark === '!') add(deviation ?? step, 'stderr', exact(rest));
    else if (mark === '?') (deviation ?? step).status = Number(rest);
    else throw new Error(`${title}: unknown line ${line}`);
  }
  const finished = steps.map(
    ({ args: [program = '', ...args], stdin, stdout, stderr, status }) => ({
      program,
      args,
      stdin,
      answer: { stdout, stderr, status },
    }),
  );
  const last = finished.at(-1)?.answer ?? { stdout: '', stderr: '', status: 0 };
  const answer = deviation && {
    stdout: deviation.stdout ?? last.stdout,
    stderr: deviation.stderr ?? last.stderr,
    status: deviation.status ?? last.status,
  };
  return {
    name: title.slice(2),
    remarks,
    env,
    uid,
    conn,
    steps: finished,
    after,
    deviation: deviation &&
      answer && { reason: deviation.reason, answer, after: deviation.after ?? after },
  };
}

function add(to: Partial<Draft>, key: 'stdout' | 'stderr', text: string): void {
  to[key] = (to[key] ?? '') + text;
}

/** Writes a case; `parseTranscript` reads back the same. */
export function printCase(item: Case): string {
  const lines = [`@ ${item.name}`, ...item.remarks.map((remark) => `# ${remark}`)];
  for (const [name, value] of Object.entries(item.env)) lines.push(`% env ${name}=${value}`);
  if (item.uid !== undefined) lines.push(`% uid ${item.uid}`);
  if (item.conn === null) lines.push('% conn absent');
  else if (item.conn === '') lines.push('% conn ""');
  else if (item.conn !== undefined) lines.push(...marked('% conn', item.conn));
  for (const step of item.steps) {
    lines.push(
      `$ ${[step.program, ...step.args].map(shellQuote).join(' ')}`,
      ...marked('<', step.stdin),
      ...printAnswer(step.answer),
    );
  }
  lines.push(...marked('=', item.after));
  if (item.deviation) {
    const last = item.steps.at(-1)?.answer;
    const { answer, after } = item.deviation;
    lines.push(`~ ${item.deviation.reason}`);
    if (answer.stdout !== last?.stdout)
      lines.push(...(answer.stdout === '' ? ['> ""'] : marked('>', answer.stdout)));
    if (answer.stderr !== last?.stderr)
      lines.push(...(answer.stderr === '' ? ['! ""'] : marked('!', answer.stderr)));
    if (answer.status !== last?.status) lines.push(`? ${answer.status}`);
    if (after !== item.after) lines.push(...(after === '' ? ['= ""'] : marked('=', after)));
  }
  return `${lines.join('\n')}\n`;
}

function printAnswer({ stdout, stderr, status }: Answer): string[] {
  return [...marked('>', stdout), ...marked('!', stderr), ...(status === 0 ? [] : [`? ${status}`])];
}

function marked(mark: string, text: string): string[] {
  if (text === '') return [];
  return text.split(/(?<=\n)/).map((line) => {
    const body = line.slice(0, -1);
    const plain = line.endsWith('\n') && !body.startsWith('"') && /^[ -~\t]*$/.test(body);
    return `${mark} ${plain ? body : JSON.stringify(line)}`;
  });
}

const PLAIN_ARG = /^[A-Za-z0-9_./:@%+=,[\]-]+$/;

function shellQuote(arg: string): string {
  if (PLAIN_ARG.test(arg)) return arg;
  return /^[ -&(-~]*$/.test(arg) ? `'${arg}'` : JSON.stringify(arg);
}

/** Words separated by blanks; 'single quotes' as in a shell, "double quotes" as in JSON. */
export function shellArgs(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|("(?:[^"\\]|\\.)*")|([^ ]+)/g)].map(
    ([, single, double, plain]) =>
      single !== undefined
        ? single
        : double !== undefined
          ? (JSON.parse(double) as string)
          : (plain ?? ''),
  );
}
