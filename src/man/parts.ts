// Parts of docs/reference/ipvsadm.md that are made from the grammar, for the page and the manual.
import {
  COMMANDS,
  DAEMON_OPTIONS,
  type OptionRow,
  OTHER_OPTIONS,
  SERVICE_OPTIONS,
} from '../ipvsadm/options.js';
import { INVOCATIONS } from '../ipvsadm/program.js';

/** The page with its parts made anew; `<!-- NAME -->` begins one, `<!-- end -->` ends it. */
export function renderIpvsadmPage(page: string): string {
  return page.replace(
    /^<!-- (.*) -->\n[\s\S]*?^<!-- end -->$/gm,
    (old: string, name: string): string => {
      const text = PARTS[name]?.();
      return text === undefined ? old : `<!-- ${name} -->\n\n${text}\n\n<!-- end -->`;
    },
  );
}

const PARTS: Readonly<Record<string, () => string>> = {
  invocations: () => `\`\`\`\n${INVOCATIONS.map((line) => `ipvsadm ${line}`).join('\n')}\n\`\`\``,
  'options commands': () => optionTable('command', COMMANDS),
  'options services': () => optionTable('option', SERVICE_OPTIONS),
  'options others': () => optionTable('option', OTHER_OPTIONS),
  'options daemon': () => optionTable('option', DAEMON_OPTIONS),
};

function optionTable(title: string, rows: readonly OptionRow[]): string {
  const lines = rows.map((row) => `| ${spelled(row)} | ${row.help.replaceAll('|', '\\|')} |`);
  return [`| ${title} | meaning |`, '|---|---|', ...lines].join('\n');
}

/** Every spelling of an option, the last with its value. */
function spelled({ short, long, value, metavar = '' }: OptionRow): string {
  const shown = { none: '', required: ` <${metavar}>`, optional: ` [<${metavar}>]` }[value];
  const names = [...[...short].map((letter) => `-${letter}`), `--${long}${shown}`];
  return names.map((name) => `\`${name.replaceAll('|', '\\|')}\``).join(', ');
}
