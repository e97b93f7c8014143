// The manual: one row a page, with the commands of lvsctl and the pages of docs/ that are in it.

export interface ManualPage {
  readonly name: string;
  readonly section: 5 | 8;
  /** the line of `man -k` */
  readonly summary: string;
  /** commands of lvsctl, as in `director`, with all that is below them */
  readonly commands: readonly string[];
  /** below docs/, in this order */
  readonly docs: readonly string[];
  /** other pages, as in `ipvsadm(8)` */
  readonly related: readonly string[];
}

const YAML = 'lvsctl.yaml(5)';

/** Commands that no row has are in lvsctl(8) with their options. */
// biome-ignore format: a table
export const PAGES: readonly ManualPage[] = [
  { name: 'ipvsadm', section: 8, summary: 'administer the Linux Virtual Server', commands: [], docs: ['reference/ipvsadm.md'], related: ['ipvsadm-save(8)', 'ipvsadm-restore(8)', 'lvsctl(8)'] },
  { name: 'ipvsadm-save', section: 8, summary: 'save the IPVS table', commands: [], docs: ['reference/ipvsadm-save.md'], related: ['ipvsadm-restore(8)', 'ipvsadm(8)', 'lvsctl-rules(8)'] },
  { name: 'ipvsadm-restore', section: 8, summary: 'restore the IPVS table', commands: [], docs: ['reference/ipvsadm-restore.md'], related: ['ipvsadm-save(8)', 'ipvsadm(8)', 'lvsctl-apply(8)'] },
  { name: 'lvsctl', section: 8, summary: 'set up, check and observe a Linux Virtual Server', commands: [], docs: ['reference/files-and-sockets.md'], related: [YAML, 'ipvsadm(8)'] },
  { name: 'lvsctl-import', section: 8, summary: 'make an lvsctl file from other files, and other files from it', commands: ['import', 'export'], docs: ['reference/import.md'], related: [YAML, 'lvsctl(8)', 'ipvsadm-save(8)'] },
  { name: 'lvsctl-apply', section: 8, summary: 'change the IPVS table all or nothing, and take it back', commands: ['diff', 'plan', 'apply', 'confirm', 'undo', 'history'], docs: ['reference/transactions.md'], related: ['lvsctl-ensure(8)', YAML, 'lvsctl(8)'] },
  { name: 'lvsctl-ensure', section: 8, summary: 'add, change or remove one service or server', commands: ['ensure', 'absent', 'set'], docs: ['guide/ensure.md'], related: ['lvsctl-apply(8)', 'ipvsadm(8)', 'lvsctl(8)'] },
  { name: 'lvsctl-rules', section: 8, summary: 'load and save the rules of this distribution', commands: ['rules'], docs: ['reference/rules.md'], related: ['ipvsadm-save(8)', 'ipvsadm-restore(8)', 'lvsctl(8)'] },
  { name: 'lvsctl-director', section: 8, summary: 'set up a director or a real server from a file', commands: ['director', 'realserver'], docs: ['reference/settings.md'], related: [YAML, 'lvsctl-doctor(8)', 'lvsctl(8)'] },
  { name: 'lvsctl-doctor', section: 8, summary: 'find what breaks LVS on this machine', commands: ['doctor'], docs: ['reference/doctor.md'], related: ['lvsctl-director(8)', YAML, 'lvsctl(8)'] },
  { name: 'lvsctl-monitor', section: 8, summary: 'run health checks and keep the IPVS table in sync', commands: ['monitor', 'disable', 'enable', 'drain'], docs: ['reference/monitor.md', 'reference/monitor-health.md', 'reference/events.md'], related: [YAML, 'lvsctl-show(8)', 'lvsctl(8)'] },
  { name: 'lvsctl-show', section: 8, summary: 'show services, traffic and connections', commands: ['show'], docs: ['reference/show.md'], related: ['ipvsadm(8)', 'lvsctl-monitor(8)', 'lvsctl(8)'] },
  { name: 'lvsctl-serve', section: 8, summary: 'status page, metrics, JSON and CSV over HTTP', commands: ['serve'], docs: ['reference/serve.md', 'reference/metrics.md'], related: ['lvsctl-show(8)', 'lvsctl-monitor(8)', 'lvsctl(8)'] },
  { name: 'lvsctl-top', section: 8, summary: 'watch services and servers live', commands: ['top'], docs: ['reference/top.md'], related: ['lvsctl-show(8)', 'lvsctl-monitor(8)', 'lvsctl(8)'] },
  { name: 'lvsctl-trace', section: 8, summary: 'follow a packet from client to real server and back', commands: ['trace'], docs: ['reference/trace.md'], related: ['lvsctl-doctor(8)', YAML, 'lvsctl(8)'] },
  { name: 'lvsctl-ha', section: 8, summary: 'several directors for the same services', commands: ['ha'], docs: ['reference/ha.md'], related: [YAML, 'lvsctl-director(8)', 'lvsctl(8)'] },
  { name: 'lvsctl-explain', section: 8, summary: 'explain command lines of ipvsadm', commands: ['explain'], docs: ['reference/explain.md'], related: ['ipvsadm(8)', 'lvsctl-simulate(8)', 'lvsctl(8)'] },
  { name: 'lvsctl-simulate', section: 8, summary: 'compare schedulers without a kernel', commands: ['simulate'], docs: ['reference/simulate.md'], related: ['ipvsadm(8)', YAML, 'lvsctl(8)'] },
  { name: 'lvsctl-lab', section: 8, summary: 'a real kernel with IPVS to learn with', commands: ['lab'], docs: ['reference/lab.md'], related: ['lvsctl-simulate(8)', 'lvsctl-trace(8)', 'lvsctl(8)'] },
  { name: 'lvsctl.yaml', section: 5, summary: 'the file of a director, its real servers and their checks', commands: [], docs: ['reference/file.md'], related: ['lvsctl(8)', 'lvsctl-director(8)', 'lvsctl-monitor(8)'] },
];

/** The page that has a command of lvsctl, by its first name. */
export function pageOf(command: string): ManualPage | undefined {
  return PAGES.find(({ commands }) => commands.includes(command));
}
