// Which kind of file a text is, when it is not the one that was expected: recognised by its
// content, with what to do about it.

type FileKind = 'lvsctl file' | 'saved rules' | 'keepalived' | 'ldirectord';

interface Row {
  /** what it is, where that is something that is read */
  readonly is?: FileKind;
  readonly signs: readonly RegExp[];
  readonly message: string;
}

const IMPORT_FILE = 'make an lvsctl file of it: lvsctl import FILE > lvs.yaml';

// biome-ignore-start format: a table
const ROWS: readonly Row[] = [
  {
    is: 'keepalived',
    signs: [
      /^[ \t]*(?:(?:@\S+[ \t]+)?(?:virtual_server(?:_group)?[ \t]+\S|vrrp_instance[ \t]+\S|vrrp_script[ \t]+\S|global_defs\b)|include[rmwba]?[ \t]+\S|\$\w+=[ \t]*\\?[ \t]*$)/m,
    ],
    message: `this is a keepalived configuration; ${IMPORT_FILE}`,
  },
  {
    is: 'ldirectord',
    signs: [/^[ \t]*virtual6?[ \t]*=[ \t]*\S+/m],
    message: `this is a configuration of ldirectord; ${IMPORT_FILE}`,
  },
  {
    signs: [/^IP Virtual Server version |^Prot LocalAddress:Port /m],
    message: 'this is a listing (ipvsadm -L); save the rules with ipvsadm -Sn',
  },
  {
    signs: [/^\*(?:filter|nat|mangle|raw)[ \t]*$/m, /^COMMIT[ \t]*$/m],
    message: 'these are rules of the packet filter (iptables-save), not of IPVS',
  },
  {
    signs: [
      /^[ \t]*(?:frontend|backend|listen)[ \t]+\S+[ \t]*$/m,
      /^[ \t]+(?:server|bind)[ \t]+\S+/m,
    ],
    message: 'this is a configuration of HAProxy, which lvsctl does not read',
  },
  { signs: [/^[ \t]*\[(?:Unit|Service)\][ \t]*$/m], message: 'this is a unit of systemd' },
  {
    signs: [
      /^#!.*\b(?:ba|da|k|z)?sh\b|^[ \t]*[A-Za-z_]\w*=\S*[ \t]*$|^[ \t]*(?:if|for|case|while)[ \t].*$|^[ \t]*(?:sudo[ \t]+)?\S*ipvsadm[ \t].*\$/m,
      /\bipvsadm\b|\$[{(A-Za-z]/,
    ],
    message:
      'this is a shell script; run it, then make an lvsctl file of the live table: lvsctl ' +
      'import > lvs.yaml',
  },
  {
    is: 'lvsctl file',
    signs: [/^[ \t]*(?:\{[ \t]*)?["']?(?:services|vips)["']?[ \t]*:/m],
    message: 'this is an lvsctl file, not saved rules; lvsctl check reads it',
  },
  {
    is: 'saved rules',
    signs: [
      /^(?:ipvsadm[ \t]+)?(?:-[AaEe]|--add-\w+|--edit-\w+)[ \t]+(?:-[tuf6]|--(?:tcp|udp|sctp|fwmark)-service)\b/m,
    ],
    message:
      'these are saved rules of ipvsadm; make an lvsctl file of them: lvsctl import FILE > lvs.yaml',
  },
];
// biome-ignore-end format: a table

/** as much of a text as shows what it is */
const MAX_READ = 200_000;

/**
 * What a text is and what to do with it.
 * @returns undefined when it is of the expected kind, or none that is known
 */
export function otherKind(text: string, expected: FileKind): string | undefined {
  const beginning = text.slice(0, MAX_READ);
  const fits = ({ signs }: Row) => signs.every((sign) => sign.test(beginning));
  const own = ROWS.find(({ is }) => is === expected);
  if (expected === 'lvsctl file' && own && fits(own)) return undefined;
  const row = ROWS.find(fits);
  return row === own ? undefined : row?.message;
}

/** The program whose configuration a text is, of those that `lvsctl import` reads. */
export function programOf(text: string): 'keepalived' | 'ldirectord' | undefined {
  const beginning = text.slice(0, MAX_READ);
  const row = ROWS.find(({ signs }) => signs.every((sign) => sign.test(beginning)));
  return row?.is === 'keepalived' || row?.is === 'ldirectord' ? row.is : undefined;
}

/**
 * Whether a text is saved rules, as opposed to an lvsctl file: its first line that is not blank and
 * no comment begins with an option of ipvsadm. A list item (`- name`) and `---` are YAML.
 */
export function isRuleText(text: string): boolean {
  const first = /^(?!\s*#)[ \t\r]*\S.*$/m.exec(text.slice(0, MAX_READ))?.[0] ?? '';
  return /^\s*(?:ipvsadm\s+)?-(?:[A-Za-z]|-[a-z])/.test(first);
}
