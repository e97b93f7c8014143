// Machines of the guides on several directors: each with files below /etc, /run and /var/lib of its
// own, a host name, and a systemctl that runs what a unit names, since there is no systemd.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { sh } from './host.js';

const PATH = `${resolve('bin')}:/usr/sbin:/sbin:/usr/bin:/bin`;
/** a drained director keeps closed connections for two minutes */
const LIMIT_MS = 240_000;
/** own directories, by the name below the place of a machine */
const OWN = {
  etc: '/etc',
  run: '/run',
  'lib-lvsctl': '/var/lib/lvsctl',
  'lib-etcd': '/var/lib/etcd',
  log: '/var/log/lvsctl',
} as const;

/** `systemctl enable --now UNIT…`, `restart`, `stop`: the program, its rights and its environment. */
const SYSTEMCTL = `#!/bin/bash
place=$GUIDE_PLACE
verb=$1; shift; [ "$1" = --now ] && shift
one() {
  local unit=\${1%.service} file ended line
  file=$GUIDE_UNITS/$unit.service; [ -f "$file" ] || file=/lib/systemd/system/$unit.service
  [ -f "$file" ] || { echo "Unit $unit.service not found."; return 5; }
  lines() { sed -n "s/^$1=//p" "$file" $(ls "/etc/systemd/system/$unit.service.d/"*.conf 2>/dev/null); }
  if [ -f "$place/$unit.pid" ]; then
    kill "$(cat "$place/$unit.pid")"; for _ in {1..100}; do kill -0 "$(cat "$place/$unit.pid")" 2>/dev/null || break; sleep 0.1; done
    rm "$place/$unit.pid"
  fi
  [ "$verb" = stop ] && return 0
  for condition in $(lines ConditionPathExists); do [ -e "$condition" ] || { echo "$unit: $condition is missing"; return 1; }; done
  set -a; while read -r line; do eval "$line"; done <<<"$(lines Environment | sed "s/%H/$(hostname)/")"
  while read -r line; do line=\${line#-}; line=\${line/%%p/$unit}; [ -f "$line" ] && . "$line"; done <<<"$(lines EnvironmentFile)"; set +a
  while read -r line; do ended=\${line#-}; ended=\${ended#+}; eval "$ended" >>"$place/$unit.log" 2>&1 || [ "$line" != "$ended" ] || return 1; done <<<"$(lines ExecStartPre)"
  local rights=() bounds groups
  bounds=$(lines CapabilityBoundingSet | head -1); groups=$(lines SupplementaryGroups | tail -1)
  [ -n "$bounds" ] && rights=(setpriv --inh-caps -all --bounding-set "-all,+\${bounds#CAP_}")
  [ -n "$groups" ] && rights+=(--groups "$groups")
  rights=("\${rights[@],,}")
  line=$(lines ExecStart | head -1)
  if lines Type | grep -q oneshot; then eval "\${rights[*]} $line" >>"$place/$unit.log" 2>&1; return; fi
  eval "setsid \${rights[*]} $line" >>"$place/$unit.log" 2>&1 </dev/null &
  echo $! >"$place/$unit.pid"
}
for unit in "$@"; do one "$unit" || { status=$?; cat "$place/$unit.log" 2>/dev/null; exit $status; }; done
`;

export class GuideMachines {
  readonly #place = mkdtempSync('/tmp/guide-');

  /** A file system of this kernel: keepalived hears of changes only there. */
  constructor() {
    sh('/bin/mount', '-t', 'tmpfs', 'tmpfs', this.#place);
    mkdirSync(`${this.#place}/bin`);
    writeFileSync(`${this.#place}/bin/systemctl`, SYSTEMCTL);
    chmodSync(`${this.#place}/bin/systemctl`, 0o755);
  }

  /** The directories of a machine; its /etc is a copy, with nothing of another page in it. */
  prepare(name: string): void {
    for (const [own, path] of Object.entries(OWN)) {
      mkdirSync(path, { recursive: true });
      mkdirSync(`${this.#place}/${name}/${own}`, { recursive: true, mode: 0o755 });
    }
    for (const path of ['bird', 'lvsctl', 'lock'])
      mkdirSync(`${this.#place}/${name}/run/${path}`, { recursive: true });
    sh('/bin/cp', '-a', '/etc/.', `${this.#place}/${name}/etc`);
    for (const path of ['lvs.yaml', 'lvsctl', 'keepalived/keepalived.conf', 'default/etcd'])
      rmSync(`${this.#place}/${name}/etc/${path}`, { recursive: true, force: true });
  }

  /** @param path below /etc */
  write(name: string, path: string, text: string): void {
    writeFileSync(`${this.#place}/${name}/etc/${path}`, text);
  }

  /** @returns stdout and stderr @throws when the command fails */
  run(name: string, command: string): string {
    const place = `${this.#place}/${name}`;
    const binds = Object.entries(OWN).map(([own, path]) => `mount --bind ${place}/${own} ${path}`);
    const line = command.endsWith('&')
      ? `${command.slice(0, -1)} >/dev/null 2>&1 </dev/null & sleep 1`
      : `${command} 2>&1`;
    const script = `${binds.join(' && ')} || exit 99
hostname ${name}
${line}`;
    const args = [
      'netns',
      'exec',
      name,
      '/usr/bin/unshare',
      '--uts',
      '/bin/bash',
      '--norc',
      '-c',
      script,
    ];
    const env = {
      PATH: `${this.#place}/bin:${PATH}`,
      GUIDE_PLACE: place,
      GUIDE_UNITS: resolve('share/systemd'),
    };
    const { stdout, status } = spawnSync('/sbin/ip', args, {
      encoding: 'utf8',
      env,
      timeout: LIMIT_MS,
    });
    if (status !== 0) throw new Error(`${name}# ${command}: exit status ${status}\n${stdout}`);
    return stdout;
  }

  remove(): void {
    spawnSync('/bin/umount', ['-l', this.#place]);
  }
}
