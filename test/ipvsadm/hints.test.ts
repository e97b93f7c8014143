// The second line at a terminal: the kind of mistake that explains a refusal, row by row.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { MemoryBackend } from '../../src/backend/memory/memory.js';
import { hint, hintOn, languageOf, MISTAKES, watchEffects } from '../../src/ipvsadm/hints/table.js';
import { mayChangeMore } from '../../src/ipvsadm/hints/watched.js';
import { noteRefusals } from '../../src/ipvsadm/refusals.js';
import { answer } from '../support/inprocess.js';

const BIN = new URL('../../bin/ipvsadm', import.meta.url).pathname;
const FILE = 'without IPVS, LVS_BACKEND=file:PATH keeps the rules in a file\n';
const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
const unicode = (text: string) => Buffer.from(text, 'latin1').toString('utf8');

interface Typed {
  readonly hint: string;
  readonly status: number;
  readonly stderr: string;
}

const BEFORE = [
  '-A -t 192.0.2.1:80 -s rr',
  '-a -t 192.0.2.1:80 -r 198.51.100.1 -m',
  '-a -t 192.0.2.1:80 -r 198.51.100.2',
  '-A -t 192.0.2.2:80 -s sh -p 300',
];

const before = (async () => {
  const backend = new MemoryBackend();
  await answer('ipvsadm', ['-R'], { backend, stdin: BEFORE.join('\n') });
  return backend.state();
})();

/** What a line answers at a terminal. */
async function typed(
  line: string | readonly string[],
  { stdin = '', restore = false, language = 'en' as 'en' | 'zh' } = {},
): Promise<Typed> {
  const args = (typeof line === 'string' ? line.split(' ') : line).map(bytes);
  const backend = new MemoryBackend(await before);
  const refusals = noteRefusals(args);
  const watched = mayChangeMore(args);
  const effect = watched ? await watchEffects(args.map(unicode), backend) : undefined;
  const program = restore ? 'ipvsadm-restore' : 'ipvsadm';
  const circumstances = { backend, stdin: bytes(stdin), refusals };
  const { status, stderr } = await answer(program, args, circumstances);
  const noted = refusals.noted.map((one) => ({
    ...one,
    args: one.args.map(unicode),
    message: unicode(one.message).split('\n')[0] ?? '',
  }));
  const text = status === 0 ? hint(effect, language) : hintOn(noted, undefined, true, language);
  return { hint: text.trimEnd().replace(/^hint: /, ''), status, stderr };
}

// Every row of a table of mistakes that people made with tutorials, and others of the same kinds.
// biome-ignore format: a table
const ROWS: readonly (readonly [line: string | readonly string[], hint: RegExp])[] = [
  // dots, commas, letters, numbers of an address
  ['-a -t 192.0.2.1:80 -r 172.16.1..136 -g', /^'172\.16\.1\.\.136' has two dots in a row, .*'172\.16\.1\.136'$/],
  ['-A -t 172..16.1.136:80', /two dots in a row.*'172\.16\.1\.136:80'$/],
  ['-a -t 192.0.2.1:80 -r 172.16.1.256 -g', /has 256; the numbers of an address end at 255$/],
  ['-A -t 300.0.2.1:80', /has 300;/],
  ['-a -t 192.0.2.1:80 -r 172.16,1.136 -g', /has ',' where a dot or colon belongs: type '172\.16\.1\.136'$/],
  ['-a -t 192.0.2.1:80 -r 172.16.1.l36 -g', /has the letter 'l', not a digit: type '172\.16\.1\.136'$/],
  ['-A -t 1O.0.0.1:80', /has the letter 'O', not a digit: type '10\.0\.0\.1:80'$/],
  ['-A -t 10.0.0.1.80', /five numbers; .*'10\.0\.0\.1:80'$/],
  ['-A -t 10.0.0.1.', /dot at its beginning or end/],
  ['-A -t 10.0.0.1.2.3:80', /has 6 numbers/],
  ['-A -t 10.0.0.1:', /no port behind the colon/],
  ['-A -t 10.0.0.1: 80', /type '10\.0\.0\.1:80'$/],
  ['-A -t 10.0.0.1 :80', /type '10\.0\.0\.1:80'$/],
  ['-A -t 10.0.0.1:99999', /has port 99999; ports end at 65535$/],
  ['-A -t 10.0.0.1:8O', /letter in its port: type '10\.0\.0\.1:80'$/],
  ['-A -t 10.0.0.1:nosuchservice', /no service of \/etc\/services: 'nosuchservice'$/],
  ['-A -t 10.0.0.0/24:80', /has a prefix length, .* type '10\.0\.0\.0:80'$/],
  ['-A -t http://10.0.0.1:80', /is a URL; type the address alone: '10\.0\.0\.1:80'$/],
  ['-A -t 80', /is a port alone/],
  ['-A -t nosuchhost:80', /'nosuchhost:80' is no address, and no host of this name is known$/],
  [['-A', '-t', ''], /is empty: an unset variable\?$/],
  // IPv6
  ['-A -t fe80::1:80', /behind brackets: -t '\[fe80::1\]:80'$/],
  ['-A -u 2001:db8::5:53', /-u '\[2001:db8::5\]:53'$/],
  ['-A -t [2001:db8::1]', /needs a port behind the bracket/],
  ['-A -t [2001:db8::1:80', /one bracket of two/],
  ['-A -t [2001:db8::g]:80', /has 'g'; an IPv6 address has the digits/],
  ['-A -t [2001::db8::1]:80', /has '::' twice/],
  ['-A -t 2001:db8:::1', /three colons/],
  ['-A -t [fe80::1%eth0]:80', /has a zone/],
  // a missing port
  ['-A -t 192.168.1.103', /^the port is missing: -t '192\.168\.1\.103:PORT'; or -p,/],
  ['-A -u 192.168.1.103:0 -s rr', /-u '192\.168\.1\.103:PORT'/],
  // glued
  ['-A -t 192.168.50.1:80-s rr', /^a blank is missing in '192\.168\.50\.1:80-s': type '192\.168\.50\.1:80 -s'$/],
  ['-A -t 192.168.50.1:80 -s wrr-p 300', /type 'wrr -p'$/],
  ['-A -t 192.168.50.1:80 -s wrr-p300', /type 'wrr -p 300'$/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9-g -w 3', /type '198\.51\.100\.9 -g'$/],
  ['-A -t 192.0.2.9:80--scheduler rr', /type '192\.0\.2\.9:80 --scheduler'$/],
  ['-A-t 192.0.2.9:80', /type '-A -t'$/],
  ['-L-n', /type '-L -n'$/],
  ['-Ln--stats', /type '-Ln --stats'$/],
  // typographic dashes
  ['–A -t 192.0.2.9:80', /^'–A' begins with a typographic dash; type '-A'$/],
  ['-L -n —stats', /type '--stats'$/],
  ['-L -n –-stats', /type '--stats'$/],
  ['-a -t 192.0.2.1:80 -r 192.168.50.136–g –w 3', /^'192\.168\.50\.136–g' .*U\+2013.* type '192\.168\.50\.136 -g'$/],
  ['-A -t 192.0.2.9:80 -s wrr–p 300', /type 'wrr -p'$/],
  ['-A -t 192.0.2.9:80 −s rr', /type '-s'$/],
  ['-A -t web‑1:80 -s rr', /type 'web-1:80'$/],
  ['-L -n – -stats', /^'–' is a dash alone, and no option; leave it out$/],
  ['-L -n - ', /^'-' is a dash alone/],
  // full-width and invisible characters
  ['-A -t 192.168.1.103：80', /has a full-width colon \(U\+FF1A\) at position 14; type '192\.168\.1\.103:80'$/],
  ['-A -t １９２.168.1.103:80', /full-width 1 \(U\+FF11\) at position 1; type '192\.168\.1\.103:80'$/],
  ['-A -t 192。168.1.103:80', /full-width full stop \(U\+3002\) at position 4/],
  ['-A -t “192.0.2.9:80”', /typographic quote \(U\+201C\) at position 1/],
  [['-A', '-t', '192.0.2.9:80\u3000-s', 'rr'], /U\+3000.* at position 13; type '192\.0\.2\.9:80 -s'$/],
  [['-A', '-t', '192.0.2.9:80\u00a0-s', 'rr'], /U\+00A0/],
  [['-A', '-t', '192.0.2.9:\u200b80'], /invisible character \(U\+200B\) at position 11; type '192\.0\.2\.9:80'$/],
  [['-A', '-t', '192.0.2.9:80\ufeff'], /U\+FEFF/],
  [['-A', '-t', '192.0.2.9:80', '-s', 'rr\r'], /^'rr' ends in a carriage return/],
  [['-A', '-t', '192.0.2.9:80\u0007'], /invisible character \(U\+0007\)/],
  ['-A -t 192.0.2.9:80 -s ｒｒ', /full-width r \(U\+FF52\) at position 1; type 'rr'$/],
  // schedulers
  ['-A -t 192.0.2.9:80 -s RR', /^'RR': did you mean rr\? The schedulers are rr, wrr, lc,/],
  ['-A -t 192.0.2.9:80 -s wwr', /did you mean wrr\?/],
  ['-A -t 192.0.2.9:80 -s wlcc', /did you mean wlc\?/],
  ['-A -t 192.0.2.9:80 -s cl', /did you mean lc\?/],
  ['-A -t 192.0.2.9:80 -s round-robin', /did you mean rr\?/],
  ['-A -t 192.0.2.9:80 -s source_hash', /did you mean sh\?/],
  ['-A -t 192.0.2.9:80 -s maglev', /did you mean mh\?/],
  ['-A -t 192.0.2.9:80 -s xyzzy', /^'xyzzy': The schedulers are/],
  ['-E -t 192.0.2.1:80 -s leastconn', /did you mean lc\?/],
  ['-A -t 192.0.2.9:80 -p --pe ftp', /the only persistence engine is sip$/],
  ['-A -t 192.0.2.9:80 -s sh -b sh-fallbak', /the flags are sh-fallback/],
  ['-A -t 192.0.2.9:80 -s wrr -b mh-port', /belongs to the scheduler mh: -s mh -b mh-port$/],
  // near misses of options
  ['-L -n --stat', /^did you mean --stats\?$/],
  ['-L -n --rates', /did you mean --rate\?$/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 --masquerade', /did you mean --masquerading\?$/],
  ['-A -t 192.0.2.9:80 --schedule rr', /did you mean --scheduler\?$/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 --nat', /did you mean --masquerading\?$/],
  ['-L --Numeric', /did you mean --numeric\?$/],
  ['-L -N', /did you mean -n \(--numeric\)\?$/],
  ['-A -t 192.0.2.9:80 -s', /-s \(--scheduler\) needs a value: scheduler/],
  ['-L --stats=1', /--stats takes no value/],
  ['-L -n stats', /did you mean '--stats'\?$/],
  ['-L n', /did you mean '-n'\?$/],
  ['-A 192.0.2.9:80 -s rr', /did you mean '-t 192\.0\.2\.9:80'\?$/],
  ['-A -t 192.0.2.9:80 rr', /did you mean '-s rr'\?$/],
  ['-a -t 192.0.2.1:80 198.51.100.9', /did you mean '-r 198\.51\.100\.9'\?$/],
  ['-A -t 192.0.2.9:80 -s rr 300', /'300' belongs to no option/],
  ['-L -stats', /^'-stats' is read letter by letter; the long option is '--stats'$/],
  ['-List', /^'-List' is read letter by letter; the long option is '--list', or -L$/],
  ['-LIST', /the long option is '--list', or -L$/],
  ['-clear', /the long option is '--clear'$/],
  // no command
  ['-t 192.0.2.9:80 -A -s rr', /^the command comes first: ipvsadm -A -t 192\.0\.2\.9:80 -s rr$/],
  ['list', /^'list' is written as an option here: -L$/],
  ['add -t 192.0.2.9:80', /-A \(service\) \/ -a \(server\)$/],
  ['status', /: -L$/],
  ['-n', /begins with a command .*perhaps ipvsadm -L -n$/],
  ['-nL', /^the command comes first: -Ln$/],
  ['-s rr', /begins with a command .*perhaps ipvsadm -A -s rr$/],
  ['-t 192.0.2.1:80 -r 198.51.100.9', /perhaps ipvsadm -a -t/],
  ['L', /^a dash is missing: -L$/],
  ['-A -t 192.0.2.9:80 -L', /one command; type two: ipvsadm -A -t 192\.0\.2\.9:80; ipvsadm -L$/],
  // what goes together
  ['-A -t 192.0.2.9:80 -r 198.51.100.1', /-r is for a real server, which is a line of its own/],
  ['-A -t 192.0.2.9:80 -m', /is for a real server/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 -s rr', /-s is for the service: -A or -E/],
  ['-a -r 198.51.100.9', /^-a needs -t ADDRESS:PORT/],
  ['-a -t 192.0.2.1:80', /^-a needs -r ADDRESS/],
  ['-A -t 192.0.2.9:80 -s rr -s wrr', /^only one of -s in a line$/],
  ['-A -t 192.0.2.9:80 -u 192.0.2.9:80', /^only one of -t, -u, --sctp-service, -f in a line$/],
  ['-A -t 192.0.2.9:80 -o', /type -u in place of -t/],
  ['-a -t 192.0.2.1:80 -r 2001:db8::1 -m', /add -i \(tunnel\)/],
  ['-A -t 192.0.2.9:80 -n', /is for the list: ipvsadm -L -n$/],
  ['-D -t 192.0.2.1:80 -s rr', /^-D does not take -s; leave it out$/],
  ['-L --daemon --stats', /a list each/],
  // other values
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 -w 1.5', /'1\.5': a weight is a whole number from 0 to 2147483647$/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 -w -1', /'-1': a weight/],
  ['-A -t 192.0.2.9:80 -p 5m', /whole seconds, .*: type 300$/],
  ['-A -t 192.0.2.9:80 -p 99999999', /at most 2678400/],
  ['-A -t 192.0.2.9:80 -p 300 -M /24', /type 255\.255\.255\.0$/],
  ['-A -f 0', /'0': a firewall mark is a whole number from 1/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 -i --tun-type vxlan', /the tunnel types are ipip, gue and gre$/],
  ['--set 300', /^--set TCP TCPFIN UDP/],
  ['--start-daemon primary', /'master' or 'backup'$/],
  // what IPVS refuses
  ['-A -t 192.0.2.1:80', /-E changes a service that is there/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.1', /-e changes a server that is there/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.2:8080', /only -m \(masquerading\) changes the port/],
  ['-e -t 192.0.2.1:80 -r 198.51.100.77:8080 -w 3', /without -m '198\.51\.100\.77:8080' is looked for with the port of the service, 80/],
  ['-a -t 192.0.2.77:80 -r 198.51.100.1', /the service is not in the table/],
  ['-d -t 192.0.2.1:80 -r 198.51.100.77', /no such server in this service/],
  ['-D -u 192.0.2.1:80', /no such service/],
  // what is carried out, and changes more or less than it seems to
  ['-e -t 192.0.2.1:80 -r 198.51.100.1 -w 3', /^the server was masquerading, and is direct routing now.*add -m/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9:8080', /^the port of '198\.51\.100\.9:8080' is ignored: .*, 80$/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9:8080 -g', /is ignored: .*, 80$/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9:8080 -i', /is ignored: .*, 80$/],
  ['--add-server -t 192.0.2.1:80 -r 198.51.100.9:8080 --gatewaying -w 2', /is ignored: .*, 80$/],
  ['-e -t 192.0.2.1:80 -r 198.51.100.2:8080 -g -w 3', /is ignored: .*, 80$/],
  ['-a -t 192.0.2.1:80 -r 198.51.9 -m', /read as 198\.51\.0\.9$/],
  ['-A --tcp-service=192.0.2:80 -s rr', /read as 192\.0\.0\.2$/],
  ['-E -t 192.0.2.2:80 -p 300', /^the service had -s sh, .*-E replaces all settings/],
  ['-E -t 192.0.2.2:80 -s rr', /^the service had -p 300, /],
  ['--edit-service -t 192.0.2.2:80', /^the service had -s sh -p 300, /],
  ['-A -t 192.0.2.9:80 -p 60 -M 24', /^'24' is read as the mask 0\.0\.0\.24, .*: type 255\.255\.255\.0$/],
  ['-A -t 192.0.2.9:80 -p -M 9', /: type 255\.128\.0\.0$/],
  // copied from pages and scripts
  ['# ipvsadm -Ln', /^'# ipvsadm' is no part of the command's options; leave it out: ipvsadm -Ln$/],
  ['$ ipvsadm -A -t 192.0.2.9:80', /leave it out: ipvsadm -A -t 192\.0\.2\.9:80$/],
  ['[root@lvs ~]# ipvsadm -Ln', /^'\[root@lvs ~\]# ipvsadm' is no part/],
  ['sudo ipvsadm -Ln', /leave it out: ipvsadm -Ln$/],
  ['ipvsadm -Ln', /leave it out: ipvsadm -Ln$/],
  ["-A -t '192.0.2.9:80'", /quotes that no shell has taken away: type '192\.0\.2\.9:80'$/],
  ['-A -t 192.0.2.9:80 -s "rr"', /quotes .*: type 'rr'$/],
  ['-A -t ‘192.0.2.9:80’', /typographic quote \(U\+2018\).* type '192\.0\.2\.9:80'$/],
  ['-A -t VIP:80', /^'VIP:80' stands for a value of your own/],
  ['-A -t <VIP>:80', /stands for a value/],
  ['-A -t 192.0.2.x:80', /stands for a value/],
  ['-A -t 192.0.2.9:80 -s <wrr>', /stands for a value/],
  ['-A -t $VIP:80', /^\$VIP in '\$VIP:80' is a variable/],
  ['-A -t 192.0.2.9:80 -s rr;', /ends in ';', .*: type 'rr'$/],
  ['-A -t 192.0.2.9:80 -s rr。', /full-width full stop .* type 'rr'$/],
  ['-A -t 192.0.2.9:80，-s rr', /full-width comma .* type '192\.0\.2\.9:80 -s'$/],
  ['-A：-t 192.0.2.9:80', /full-width colon .* type '-A -t'$/],
  ['-A -t 192.0.2.9:80 -s、rr', /type '-s rr'$/],
  ['-A -t （192.0.2.9）:80', /full-width parenthesis .* type '192\.0\.2\.9:80'$/],
  ['-A -t 192.0.2.9:80 -s rr （注释）', /full-width parenthesis/],
  ['-Ａ -t 192.0.2.9:80', /full-width A \(U\+FF21\) at position 2; type '-A'$/],
  ['－Ｌｎ', /type '-Ln'$/],
  [['-A', '-t', '192.0.2.9:80', '-s', 'rr '], /^'rr ' has a blank at its beginning or end: type 'rr'$/],
  [['-A', '-t', '192.0.2.9:80', ' '], /^' ' is a blank in quotes, or behind a backslash/],
  ['-A -t 192.0.2.9:80 \\', /^'\\' continues a line only as its very last character/],
  ['-Ln | grep x', /^'\|' is for a shell, .*: type '-Ln' alone$/],
  ['-A -t 192.0.2.9:80 # comment', /^'#' is for a shell/],
  ['-A -t 192.0.2.9:80 && ipvsadm -Ln', /^'&&' is for a shell/],
  ['-R rules.txt', /^-R reads the rules from stdin: ipvsadm -R < rules\.txt$/],
  ['-R -f rules.txt', /ipvsadm -R < rules\.txt$/],
  ['-S rules.txt', /ipvsadm -Sn > rules\.txt$/],
  ['-A -s 192.0.2.9:80 -t rr', /exchanged: type '-t 192\.0\.2\.9:80 -s rr'$/],
  ['-A -t 192.0.2.9:80 -s wr r', /^there is a blank in 'wr r': type 'wrr'$/],
  ['-A -t 192.0.2.9 80', /type '192\.0\.2\.9:80'$/],
  ['-A -t 192 .0.2.9:80', /type '192\.0\.2\.9:80'$/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9,198.51.100.10 -m', /^one real server in a line/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 -r 198.51.100.10', /^one real server in a line/],
  ['-A -t 192.0.2.9/80', /'\/' where a colon belongs: type '192\.0\.2\.9:80'$/],
  ['-A -t 192.0.2.9::80', /colon too many.* type '192\.0\.2\.9:80'$/],
  ['-A -t 192:0.2.9:80', /type '192\.0\.2\.9:80'$/],
  ['-A -t 192.0.2.9:80,443', /has several ports: a service has one/],
  ['-A -t 192.0.2.9:8000-8100', /has several ports/],
  ['-A -t 192.0.2.9:*', /has several ports/],
  ['-A -t 192.0.2:80', /^'192\.0\.2:80' has fewer than four numbers, and is read as 192\.0\.0\.2$/],
  ['--add -t 192.0.2.9:80', /^did you mean --add-service\?$/],
  ['--add_service -t 192.0.2.9:80', /^did you mean --add-service\?$/],
  ['--add-services -t 192.0.2.9:80', /^did you mean --add-service\?$/],
  ['-V', /^did you mean -v\?$/],
  ['-F', /^did you mean -C\?$/],
  ['--list-services', /^did you mean --list\?$/],
  ['--clear-all', /^did you mean --clear\?$/],
  ['-A -t 192.0.2.9:80 -p -1', /^'-1' is below 0/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 -tun', /^did you mean -i\?$/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9-198.51.100.12 -m', /^one real server in a line/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9-12:80 -m', /^one real server in a line/],
  // letters of other scripts, characters with their right names
  ['-A -t 192.0.2.9:80 -s \u0455h', /^'\u0455h' has a Cyrillic letter \(U\+0455\) at position 1; type 'sh'$/],
  ['-A -t 192.0.2.9:80 -\u0440 300', /Cyrillic letter \(U\+0440\) at position 2; type '-p'$/],
  ['-\u0391 -t 192.0.2.9:80', /Greek letter \(U\+0391\) at position 2; type '-A'$/],
  ['-A -t 192.0.2.9:8\u041e', /Cyrillic letter .* type '192\.0\.2\.9:8O'$/],
  ['-A -t 192.0.2.9\u223680', /a character like a colon \(U\+2236\).*type '192\.0\.2\.9:80'$/],
  ['-A -t 192\u20240.2.9:80', /a character like a full stop \(U\+2024\)/],
  ['-A -t 192.0.2.9:80 -s wrr\u3164', /an invisible character \(U\+3164\) at position 4; type 'wrr'$/],
  ['-?', /^did you mean -h\?$/],
  ['-Ln --c', /written in full: --clear, --connection$/],
  ['-A -S rr -t 192.0.2.9:80', /^did you mean -s rr\?$/],
  ['-a -t 192.0.2.1:80 -R 198.51.100.9 -g', /^did you mean -r 198\.51\.100\.9\?$/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 -dr', /^did you mean -g\?$/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 -nat', /^did you mean -m\?$/],
  ['-A -t 192.0.2.9:80 -p 5分钟', /: type 300$/],
  ['-A -t 192.0.2.9:80 -s 轮询', /did you mean rr\?/],
  ['-A -t 192.0.2.9:80 -s 加权最少连接', /did you mean wlc\?/],
  ['-a -t 192.0.2.1:80 -r 198.51.100.9 -x 5 -y 9', /lower threshold \(-y\) is at most/],
];

describe('one hint for a mistake', () => {
  test.each(ROWS)('%j', async (line, expected) => {
    const { hint, status } = await typed(line);
    expect(hint).toMatch(expected);
    const zh = await typed(line, { language: 'zh' });
    expect({ ...zh, hint: '' }).toEqual({ hint: '', status, stderr: zh.stderr });
    expect(zh.hint).toMatch(/^提示：.*\p{Script=Han}/u);
  });

  test('every kind of the table has a row', async () => {
    const found = new Set<string>();
    for (const [line] of ROWS) {
      const args = typeof line === 'string' ? line.split(' ') : line;
      const backend = new MemoryBackend(await before);
      const { stderr } = await answer('ipvsadm', args.map(bytes), { backend });
      const message = unicode(stderr).split('\n')[0] ?? '';
      const codes = ['ENOENT', 'EEXIST', 'ESRCH', 'ERANGE', undefined];
      const operations = ['add-service', 'edit-service', 'add-destination', 'edit-destination'];
      for (const { name, find } of MISTAKES)
        if (
          !found.has(name) &&
          codes.some((code) =>
            operations.some((operation) => find({ args, message, code, operation })),
          )
        )
          found.add(name);
    }
    expect(MISTAKES.map(({ name }) => name).filter((name) => !found.has(name))).toEqual([]);
  });
});

// biome-ignore format: a table
test.each([
  '-Ln', '-L -n --stats', '-e -t 192.0.2.1:80 -r 198.51.100.1 -m -w 3', '-e -t 192.0.2.1:80 -r 198.51.100.2 -w 3',
  '-a -t 192.0.2.1:80 -r 198.51.100.9', '-a -t 192.0.2.1:80 -r 198.51.100.9:80', '-a -t 192.0.2.1:80 -r 198.51.100.9:8080 -m',
  '-a -t 192.0.2.1:http -r 198.51.100.9:80 -g', '-a -t 192.0.2.1:80 -r 198.51.100.9:080 -g', '-E -t 192.0.2.2:80 -s rr -p 60', '-E -t 192.0.2.1:80 -s wlc',
  '-A -f 4 -6 -p 60 -M 64', '-A -t [2001:db8::9]:80 -p 60 -M 32', '-A -t 192.0.2.9:80 -p 60 -M 255.255.255.0',
  '-A -u 192.0.2.9:53 -s rr -o', '-A -f 3 -s wrr -p 300',
])('nothing is explained where nothing is wrong: %s', async (line) => {
  expect(await typed(line)).toMatchObject({ hint: '', status: 0 });
});

describe('restore', () => {
  const stdin =
    '-A -t 192.0.2.7:80 -s rr\n-A -t 192.0.2.8:80 -s wwr\n\n-A -t 192.0.2.8:81 -s lcc\n';
  test('the line is named, and the others that were refused', async () => {
    expect((await typed('-R', { stdin })).hint).toMatch(
      /^line 2: 'wwr': did you mean wrr\?.*; refused too: line 4$/,
    );
    expect((await typed('-R', { stdin, language: 'zh' })).hint).toMatch(
      /^提示：第 2 行：.*第 4 行/,
    );
  });
  test('that ends at the first refusal', async () => {
    const { hint } = await typed('-R', { stdin: '-A -t 192.0.2.7:80\n-A -t 192.0.2.8..1:80\n' });
    expect(hint).toMatch(/^line 2: '192\.0\.2\.8\.\.1:80' has two dots/);
  });
  test('ipvsadm-restore, which changes nothing', async () => {
    const answer = await typed([], {
      stdin: '-A -t 1.2.3.4:80\n–A -t 1.2.3.5:80\n',
      restore: true,
    });
    expect(answer).toMatchObject({
      status: 2,
      hint: expect.stringMatching(/^line 2: '–A' begins/),
    });
  });
});

test.each([
  [{}, 'en'],
  [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
  [{ LANG: 'zh_TW.utf8' }, 'zh'],
  [{ LANG: 'zh_CN' }, 'zh'],
  [{ LANG: 'zh_CN.GBK' }, 'en'],
  [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, 'en'],
  [{ LANG: 'de_DE.UTF-8', LC_MESSAGES: 'zh_CN.UTF-8' }, 'zh'],
  [{ LANG: 'zh_CN.UTF-8', LC_MESSAGES: 'en_US.UTF-8' }, 'en'],
  [{ LANG: 'zhx' }, 'en'],
] as const)('language of %j is %s', (env, language) => {
  expect(languageOf(env)).toBe(language);
});

test.each([
  ['ENOPROTOOPT', false, `hint: this kernel has no IPVS (module ip_vs); ${FILE}`],
  [
    'EPERM',
    false,
    `hint: IPVS needs root (try sudo), and the kernel module ip_vs, which is not loaded; ${FILE}`,
  ],
  ['EPERM', true, 'hint: IPVS needs root; try sudo\n'],
  ['ENOMEM', false, ''],
])('%s, IPVS in the kernel: %s', (failure, loaded, hint) => {
  expect(hintOn([], failure, loaded, 'en')).toBe(hint);
});

test('the hints are a file of their own, which start-up does not read', () => {
  const main = readFileSync(new URL('../../dist/local.cjs', import.meta.url), 'latin1');
  expect(main).toContain('./hints.cjs');
  expect(main).not.toContain('typographic');
});

test('as a process: one line more at a terminal, in the language of the locale', () => {
  const env = { LVS_BACKEND: 'memory', PATH: '/bin:/usr/bin' };
  const run = (locale: object, ...args: readonly string[]) =>
    spawnSync(
      '/usr/bin/script',
      ['-qec', [process.execPath, BIN, ...args].join(' '), '/dev/null'],
      { env: { ...env, ...locale }, encoding: 'utf8' },
    ).stdout.replaceAll('\r', '');
  const args = ['-A', '-t', '192.168.1.103：80'];
  const first = 'illegal virtual server address[:port] specified\n';
  expect(run({}, ...args)).toMatch(
    new RegExp(
      `^${first.replace(/[[\]]/g, '\\$&')}hint: '192.168.1.103：80' has a full-width colon`,
    ),
  );
  expect(run({ LC_ALL: 'zh_CN.UTF-8' }, ...args)).toMatch(
    /\n提示：'192.168.1.103：80' 第 14 个字符是 U\+FF1A，不是 :；请输入 '192.168.1.103:80'\n$/,
  );
  // carried out
  expect(run({}, '-A', '-t', '192.0.2:80')).toMatch(/^hint: .* read as 192\.0\.0\.2\n$/);
  const piped = spawnSync(process.execPath, [BIN, ...args], { env, encoding: 'utf8' });
  expect(piped).toMatchObject({ stdout: '', stderr: first, status: 2 });
});

test.runIf(!existsSync('/proc/net/ip_vs') && process.getuid?.() === 0)(
  'at a terminal, without root, on a machine without IPVS',
  () => {
    // the capability is what tells root apart, so that the checkout may be unreadable for others
    const { stdout } = spawnSync(
      '/usr/bin/script',
      [
        '-qec',
        `/usr/bin/setpriv --bounding-set=-all --inh-caps=-all ${process.execPath} ${BIN} -Ln`,
        '/dev/null',
      ],
      { env: { PATH: '/bin:/usr/bin' }, encoding: 'utf8' },
    );
    expect(stdout.replaceAll('\r', '')).toContain(
      `hint: IPVS needs root (try sudo), and the kernel module ip_vs, which is not loaded; ${FILE}`,
    );
  },
);
