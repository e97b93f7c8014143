// What each help text has beside the options: notes, examples, and the page with more.

export interface ManualRow {
  /** paragraphs */
  readonly notes: readonly string[];
  /** command lines without `lvsctl`, each with what it does */
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** below docs/ */
  readonly page: string;
}

const SERVER_NOTES = [
  'SERVER is an address, which means all its services and ports, or an address with a port: 10.0.0.1, 10.0.0.1:80, 2001:db8::1, [2001:db8::1]:80.',
  'The state survives restarts. If no monitor is running, give --file; the state takes effect when the monitor starts.',
];
const DIRECTOR = 'guide/director.md';
const MONITOR = 'guide/monitor.md';
const ENSURE = 'guide/ensure.md';
const TRANSACTIONS = 'reference/transactions.md';
const FILE_NOTE =
  'FILE is saved rules (ipvsadm -S) or an lvsctl file, which its content decides. Services that it does not name are left alone without --prune.';
const SHOW = 'reference/show.md';
const SERVE = 'reference/serve.md';
const TOP = 'reference/top.md';
const HA = 'reference/ha.md';
const FLEET = 'reference/fleet.md';

// biome-ignore format: a table
export const MANUAL: Readonly<Record<string, ManualRow>> = {
  '': { notes: ['`lvsctl help COMMAND` shows the options and exit statuses of a command.'], page: 'reference/cli.md', examples: [
    ['check lvs.yaml', 'validate a file'],
    ['director up lvs.yaml --dry-run', 'print the commands that it would take'],
    ['monitor status --watch', 'watch the real servers'],
  ] },
  check: { notes: [], page: 'reference/file.md', examples: [
    ['check lvs.yaml', 'validate a file'],
    ['check - < lvs.yaml', 'validate what is on stdin'],
  ] },
  import: { notes: ['The file is written to stdout. What a file of keepalived or ldirectord has and an lvsctl file has not is on stderr, with file and line.'], page: 'reference/import.md', examples: [
    ['import > lvs.yaml', 'from the live table'],
    ['import /etc/keepalived/keepalived.conf > lvs.yaml', 'from the virtual servers of keepalived'],
    ['import /etc/ipvsadm.rules --interface eth1 > lvs.yaml', 'from saved rules, VIPs on eth1'],
    ['import rules --mark 7=192.0.2.1:80,443', 'name the VIP and ports of mark 7'],
  ] },
  export: { notes: ['The text is written to stdout. What the other form cannot have is on stderr.'], page: 'reference/import.md', examples: [
    ['export keepalived lvs.yaml > keepalived.conf', 'virtual servers for keepalived'],
    ['export rules lvs.yaml > rules', 'lines for ipvsadm -R'],
    ['export nft lvs.yaml > marks.nft', 'the firewall marks, for nft -f'],
  ] },
  diff: { notes: [FILE_NOTE], page: TRANSACTIONS, examples: [
    ['diff lvs.yaml', 'what differs from the file'],
    ['diff /etc/ipvsadm.rules --prune', 'services that are not in the file count too'],
  ] },
  plan: { notes: [FILE_NOTE], page: TRANSACTIONS, examples: [
    ['plan lvs.yaml', 'the steps in their order'],
    ['plan lvs.yaml --keep-weights', 'live weights stay'],
  ] },
  apply: { notes: [FILE_NOTE, 'All or nothing: when a change is refused, those before it are taken back. With --confirm-timeout the command waits for ENTER or `lvsctl confirm`; a process of its own takes it back if neither comes.'], page: TRANSACTIONS, examples: [
    ['apply lvs.yaml', 'make the table the same as the file'],
    ['apply lvs.yaml --confirm-timeout 120', 'take it back after two minutes unless confirmed'],
    ['apply lvs.yaml --only add,edit', 'remove nothing'],
  ] },
  ensure: { notes: ['The options are those of ipvsadm without its command letter. What is not named keeps its value; a new service or server gets the default of ipvsadm. A bare -p is 360. Flags go with their scheduler.'], page: ENSURE, examples: [
    ['ensure -t 192.0.2.1:80 -s wrr', 'a service'],
    ['ensure -t 192.0.2.1:80 -r 10.0.0.11 -m -w 3', 'a server of it'],
    ['ensure - < lines', 'several, all or none'],
  ] },
  absent: { notes: [], page: ENSURE, examples: [
    ['absent -t 192.0.2.1:80 -r 10.0.0.11', 'remove a server'],
    ['absent -t 192.0.2.1:80', 'remove a service with its servers'],
  ] },
  set: { notes: ['As ensure, but nothing is added: what is not there is an error.'], page: ENSURE, examples: [
    ['set -t 192.0.2.1:80 -r 10.0.0.11 -w 5', 'change a weight and nothing else'],
    ['set -t 192.0.2.1:80 -s mh', 'change the scheduler; persistence stays'],
  ] },
  confirm: { notes: [], page: TRANSACTIONS, examples: [
    ['confirm', 'keep what waits for its confirmation'],
    ['history', 'show whether one waits'],
  ] },
  undo: { notes: ['Only services that the transaction touched are changed. An undo is a transaction itself and can be undone. Connections and counters of a removed service do not come back.'], page: TRANSACTIONS, examples: [
    ['undo', 'take the last transaction back'],
    ['undo 7 --dry-run', 'the steps that it would take'],
  ] },
  history: { notes: ['The last 50 are kept, in /var/lib/lvsctl/history; those of a table file are beside it.'], page: TRANSACTIONS, examples: [
    ['history', 'list the transactions'],
    ['history show 7', 'its user, time and steps'],
  ] },
  'history show': { notes: [], page: TRANSACTIONS, examples: [
    ['history show 7', 'its user, time and steps'],
    ['history show 7 --json', 'the same for a program'],
  ] },
  'history finish': { notes: [], page: TRANSACTIONS, examples: [
    ['history finish 7', 'make what is missing'],
    ['history finish 7 --dry-run', 'print the steps'],
  ] },
  rules: { notes: [], page: 'reference/rules.md', examples: [
    ['rules load --dry-run', 'print what loading would change'],
    ['rules save', 'save the live table'],
  ] },
  'rules load': { notes: [], page: 'reference/rules.md', examples: [
    ['rules load --dry-run', 'print the commands'],
    ['rules load', 'load the saved rules'],
  ] },
  'rules save': { notes: ['On a machine without saved rules --convention chooses which files to make.'], page: 'reference/rules.md', examples: [
    ['rules save', 'save the live table'],
    ['rules save --convention debian', 'save to /etc/ipvsadm.rules'],
  ] },
  'rules unload': { notes: [], page: 'reference/rules.md', examples: [
    ['rules unload --dry-run', 'print the commands'],
    ['rules unload', 'clear the table'],
  ] },
  director: { notes: [], page: DIRECTOR, examples: [
    ['director up lvs.yaml', 'make this machine the director'],
    ['director status lvs.yaml', 'compare desired and actual state'],
    ['director down lvs.yaml', 'revert what up changed'],
  ] },
  'director up': { notes: ['A second run changes only what differs. When a change fails, the changes of this run are reverted.'], page: DIRECTOR, examples: [
    ['director up lvs.yaml --dry-run', 'print the commands'],
    ['director up lvs.yaml', 'apply the file'],
  ] },
  'director down': { notes: ['The record of changes defines what to revert; the file itself is not read.'], page: DIRECTOR, examples: [
    ['director down lvs.yaml --dry-run', 'print the commands'],
    ['director down lvs.yaml', 'revert what up changed'],
  ] },
  'director status': { notes: [], page: DIRECTOR, examples: [
    ['director status lvs.yaml', 'compare, line by line'],
    ['director status lvs.yaml --json', 'the same for a program'],
  ] },
  realserver: { notes: [], page: DIRECTOR, examples: [
    ['realserver up lvs.yaml', 'prepare this real server'],
    ['realserver status lvs.yaml', 'compare desired and actual state'],
    ['realserver down lvs.yaml', 'revert what up changed'],
  ] },
  'realserver up': { notes: ['The addresses of this machine decide which servers of the file it is.', 'With --as the machine is taken to have these addresses on eth0 (MTU 1500), rp_filter 1, nft, and no other settings. Nothing is read of the machine that the command runs on.'], page: DIRECTOR, examples: [
    ['realserver up lvs.yaml --dry-run', 'print the commands'],
    ['realserver up lvs.yaml --dry-run --as 192.0.2.11', 'those of another machine'],
    ['realserver up lvs.yaml', 'apply the file'],
  ] },
  'realserver down': { notes: ['The record of changes defines what to revert; the file itself is not read.'], page: DIRECTOR, examples: [
    ['realserver down lvs.yaml --dry-run', 'print the commands'],
    ['realserver down lvs.yaml', 'revert what up changed'],
  ] },
  'realserver status': { notes: [], page: DIRECTOR, examples: [
    ['realserver status lvs.yaml', 'compare, line by line'],
    ['realserver status lvs.yaml --json', 'the same for a program'],
  ] },
  doctor: { notes: ['Nothing is changed: each finding has the command that repairs it.'], page: 'reference/doctor.md', examples: [
    ['doctor lvs.yaml', 'examine this machine for a file'],
    ['doctor --role realserver', 'examine a real server without a file'],
  ] },
  trace: { notes: ['With an lvsctl file alone the path is the intended one. With --facts it is the one that the machines take, and where the packet is lost. With neither it is that of this machine.'], page: 'reference/trace.md', examples: [
    ['trace 203.0.113.9 192.0.2.10:80 lvs.yaml', 'the intended path'],
    ['trace 203.0.113.9 192.0.2.10:80 --facts director.json rs1.json', 'the path through two machines'],
    ['trace 203.0.113.9:40000 192.0.2.10:53 --protocol udp', 'through this machine'],
  ] },
  monitor: { notes: ['SIGHUP reloads the file; a file with an error is refused and the previous one stays in force. SIGTERM and SIGINT stop the monitor.'], page: MONITOR, examples: [
    ['monitor lvs.yaml', 'run until a signal'],
    ['monitor lvs.yaml --once', 'check once, write the table, end'],
    ['monitor status', 'ask the running monitor'],
  ] },
  'monitor status': { notes: [], page: MONITOR, examples: [
    ['monitor status', 'show the servers'],
    ['monitor status --watch --interval 5', 'show them every five seconds'],
    ['monitor status --json', 'the same for a program'],
  ] },
  'monitor reload': { notes: ['A file with an error is refused and the previous one stays in force.'], page: MONITOR, examples: [
    ['monitor reload', 'read the file of the running monitor again'],
    ['monitor reload --socket /run/my.sock', 'of a monitor with a socket of its own'],
  ] },
  'monitor events': { notes: ['The monitor keeps the last 100 events. Each has a number, which begins at 1 when the monitor starts.'], page: 'reference/events.md', examples: [
    ['monitor events', 'show the latest events and wait for new ones'],
    ['monitor events --json --since 7', 'as JSON lines, from event 8 on'],
  ] },
  show: { notes: ['Without root the command shows what /proc gives to any user, and marks what is missing: "-" in a table, null in JSON.'], page: SHOW, examples: [
    ['show services', 'services, servers and their connections'],
    ['show connections --count client', 'the clients with most connections'],
    ['show all --json', 'the whole table for a program'],
  ] },
  'show services': { notes: [], page: SHOW, examples: [
    ['show services', 'as a table'],
    ['show services --json', 'the same for a program'],
  ] },
  'show stats': { notes: ['The last row counts all services, those that were removed included.'], page: SHOW, examples: [
    ['show stats', 'as a table'],
    ['show stats --json', 'exact numbers for a program'],
  ] },
  'show rates': { notes: ['The command takes the time of --interval. The kernel moves its counters every two seconds, so shorter times show nothing. A row that was zeroed during that time has no rate.'], page: SHOW, examples: [
    ['show rates', 'over four seconds'],
    ['show rates --interval 60', 'over a minute'],
  ] },
  'show connections': { notes: [
    'SERVICE and SERVER are an address, or an address with a port; IPv6 addresses with a port in brackets.',
    'A template is the memory of persistence and no connection: --count does not count it.',
    'JSON is one line a connection, so that a million of them take little memory; --sort without --limit holds them all.',
  ], page: SHOW, examples: [
    ['show connections --count client/24 --limit 10', 'the ten networks with most connections'],
    ['show connections --server 10.0.0.1:80 --state SYN_RECV', 'half-open ones of a server'],
    ['show connections --client 203.0.113.0/24 --json', 'of a network, for a program'],
  ] },
  'show timeouts': { notes: [], page: SHOW, examples: [
    ['show timeouts', 'as a table'],
    ['show timeouts --json', 'the same for a program'],
  ] },
  'show daemons': { notes: [], page: SHOW, examples: [
    ['show daemons', 'as a table'],
    ['show daemons --json', 'the same for a program'],
  ] },
  'show all': { notes: [], page: SHOW, examples: [
    ['show all', 'as tables'],
    ['show all --json', 'one document for a program'],
  ] },
  top: { notes: ['`?` shows the keys. Changes ask before they are made: a running monitor drains, disables and enables; without one a drain is weight 0, and weights are set as a transaction. In a pipe it prints tables as with --batch, the first when there are rates.'], page: TOP, examples: [
    ['top', 'watch the table'],
    ['top -b -n 1 --sort conns', 'print it once, the busiest first'],
    ['top -d 10 -o state,weight,conns,latency', 'every ten seconds, with these columns'],
    ['top --json -n 1', 'one sample for a program'],
  ] },
  serve: { notes: ['By default it listens on 127.0.0.1 alone and changes nothing. A token file has one line of at least 16 letters; clients send it as `Authorization: Bearer TOKEN`. SIGHUP reads token and certificate again.'], page: SERVE, examples: [
    ['serve', 'the status page at http://127.0.0.1:9912/'],
    ['serve --listen unix:/run/lvsctl/serve.sock', 'for a proxy on this machine'],
    ['serve --listen 192.0.2.9:9912 --tls-cert cert.pem --tls-key key.pem --token-file token', 'for others, with a token'],
    ['serve --once', 'print the metrics and end'],
  ] },
  ha: { notes: ['FILE needs the key ha.'], page: HA, examples: [
    ['ha render lvs.yaml > /etc/keepalived/keepalived.conf', 'what the engine needs, on each director'],
    ['ha status lvs.yaml', 'roles, VIPs and what is wrong'],
  ] },
  'ha render': { notes: ['The text is written to stdout. On every director the same file gives what that director needs.'], page: HA, examples: [
    ['ha render lvs.yaml', 'for this machine'],
    ['ha render lvs.yaml --as 10.0.0.11', 'for another director'],
  ] },
  'ha status': { notes: ['Of the other directors only what can be seen from here is shown: ? is unknown.'], page: HA, examples: [
    ['ha status lvs.yaml', 'as a table'],
    ['ha status lvs.yaml --json', 'the same for a program'],
  ] },
  'ha failover': { notes: ['Run it on the master. It gives the VIPs up, waits until another director answers for them, and is the backup then. If no director takes them, it takes them back.'], page: HA, examples: [
    ['ha failover lvs.yaml', 'planned failover'],
    ['ha failover lvs.yaml --wait 30', 'give the other director half a minute'],
  ] },
  'ha drain': { notes: ['With bird the VIPs are withdrawn from the routers. With keepalived the VIPs move. It lasts until resume, also across a reboot.'], page: HA, examples: [
    ['ha drain lvs.yaml', 'before maintenance of this director'],
    ['ha drain lvs.yaml --wait 1h', 'wait an hour for long connections'],
  ] },
  'ha resume': { notes: [], page: HA, examples: [
    ['ha resume lvs.yaml', 'after maintenance'],
    ['ha status lvs.yaml', 'see that it is a backup, or announces again'],
  ] },
  follow: { notes: ['SOURCE is etcd://HOST:PORT/KEY, with several endpoints separated by commas; etcds:// uses TLS; file:PATH follows a file that another program delivers.', 'A new version is checked, waits for its turn among the directors, and is put in force: by the running monitor, else as a transaction. FILE is the last good version; without etcd it stays in force. Administrative states of servers are shared with the other directors.'], page: FLEET, examples: [
    ['follow etcd://10.0.0.5:2379/lvs /etc/lvsctl/lvs.yaml', 'on each director, beside the monitor'],
    ['follow file:/srv/git/lvs.yaml /etc/lvsctl/lvs.yaml', 'a file that git or Ansible delivers'],
  ] },
  fleet: { notes: [], page: FLEET, examples: [
    ['fleet apply lvs.yaml etcd://10.0.0.5:2379/lvs', 'publish a file'],
    ['fleet status etcd://10.0.0.5:2379/lvs', 'what each director has'],
  ] },
  'fleet apply': { notes: ['The file is checked first. Of two that publish at the same time one succeeds. One director changes at a time; when it fails on one, the others keep what they have.'], page: FLEET, examples: [
    ['fleet apply lvs.yaml etcd://10.0.0.5:2379/lvs', 'publish, and wait for all'],
    ['fleet apply lvs.yaml etcds://db1,db2/lvs --cacert ca.pem --expect 42', 'only over version 42'],
  ] },
  'fleet status': { notes: ['A director that has not reported for 15 seconds is missing in the list.'], page: FLEET, examples: [
    ['fleet status etcd://10.0.0.5:2379/lvs', 'as a table'],
    ['fleet status etcd://10.0.0.5:2379/lvs --json', 'the same for a program'],
  ] },
  disable: { notes: SERVER_NOTES, page: MONITOR, examples: [
    ['disable 10.0.0.1 --reason "disk change"', 'take a server out of all services'],
    ['disable 10.0.0.1:80 --service web', 'take it out of one service'],
  ] },
  enable: { notes: SERVER_NOTES, page: MONITOR, examples: [
    ['enable 10.0.0.1', 'in all services'],
    ['enable 10.0.0.1:80 --service web', 'in one service'],
  ] },
  drain: { notes: [...SERVER_NOTES, 'Without --wait the command ends at once. With net.ipv4.vs.expire_quiescent_template 1 a persistence template does not bring its client back, and is not waited for.'], page: MONITOR, examples: [
    ['drain 10.0.0.1 --wait', 'wait for the last connection'],
    ['drain 10.0.0.1 --wait --timeout 600', 'wait ten minutes at most'],
  ] },
  explain: { notes: ['Without --live or --rules nothing is known of the table: what a line needs is taken to be in it, and stated. Names are looked up. Variables of a script are replaced; what only a shell can expand is skipped.', 'The language is that of LC_ALL, LC_MESSAGES or LANG.'], page: 'reference/explain.md', examples: [
    ["explain 'ipvsadm -A -t 192.0.2.1:80 -s wrr -p 300'", 'one command line'],
    ['explain tutorial.sh --lang zh', 'a script, in Chinese'],
    ['explain --live - < lines', 'what lines on stdin would change in the live table'],
  ] },
  simulate: { notes: [
    'RULES is a file of saved rules (ipvsadm -S) or an lvsctl file (.yaml), - for stdin; without it the live table is read (LVS_BACKEND). Only --keep changes it.',
    'Events, a line each: TIME fail|return|drain SERVER, TIME weight SERVER N. Arrivals, a line each: TIME CLIENT[:PORT] [SECONDS].',
    'With --keep the run happens in the table file: events change its servers, and its connections and counters are those of the report.',
    'With --show, a load is 256 x active + inactive connections, or active + 1 for sed and nq, divided by the weight.',
  ], page: 'reference/simulate.md', examples: [
    ['simulate rules --compare rr,wlc,sh', 'compare schedulers'],
    ['simulate rules --connections 10 --show', 'each connection with its reason'],
    ['simulate rules --events events --svg out.svg', 'servers that fail, as a chart'],
  ] },
  lab: { notes: ['A shell of the director; `on client COMMAND`, `on rs1` and `on rs2` are the other machines. Root is not needed. What is written in the lab is in memory and is lost at its end; this machine is not changed.', 'It needs user-mode Linux, which is a package of Debian and Ubuntu for x86-64.'], page: 'reference/lab.md', examples: [
    ['lab --mode dr', 'a shell with direct routing; type what its first lines show'],
    ['lab --ready --run "on client curl -s http://vip/"', 'commands, without a terminal'],
  ] },
  completion: { notes: ['The script completes commands, options, schedulers and flags, services and servers of the live table, of the running monitor and of the file. Packages install it; with npm add one of the lines below to the settings of the shell.'], page: 'guide/install.md', examples: [
    ['completion bash > /etc/bash_completion.d/lvsctl', 'for all users of bash'],
    ['completion zsh > /usr/local/share/zsh/site-functions/_lvsctl', 'for all users of zsh'],
    ['completion fish > ~/.config/fish/completions/lvsctl.fish', 'for one user of fish, and lvsctl'],
  ] },
};
