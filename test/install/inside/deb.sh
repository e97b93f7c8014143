#!/bin/bash
# The Debian package: installed in the place of Debian's ipvsadm, updated, with other Nodes,
# removed. run.sh runs it in a Debian that has that package and ldirectord.
set -euo pipefail
cd /root
. /root/library.sh
export DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1
deb=$(ls /root/lvs-cli_*.deb)
nodes=(/root/nodejs_*.deb)
installed=/usr/lib/lvs-cli

# what it recommends is not needed here
echo 'APT::Install-Recommends "false";' >/etc/apt/apt.conf.d/99test

# as an administrator has them
echo '-A -t 192.0.2.8:80 -s rr' >/etc/ipvsadm.rules
sed -i 's/^AUTO=.*/AUTO="true"/' /etc/default/ipvsadm
# where the scripts of the packages would change a table if they did
export LVS_BACKEND=file:/var/tmp/table.json
table() { cat /var/tmp/table.json /etc/ipvsadm.rules /etc/default/ipvsadm | cksum; }
has() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
cache() { ls "$installed"/dist/ipvsadm.v"$1".cache; }

check "before: /usr/sbin/ipvsadm is Debian's" is_c_tool /usr/sbin/ipvsadm
check 'ldirectord is there, which needs it' has ldirectord
dpkg -i "${nodes[0]}" >/dev/null 2>&1
version=$(node --version | tr -d v)

cp "$deb" /root/lvs-cli.deb
play "$(recipe install.md 'Debian package' 2)"
check 'installed' has lvs-cli
check 'it warns of a purge' grep -q "purging Debian's ipvsadm" /tmp/played
check 'no question about settings or rules' sh -c '! grep -i "configuration file\|conffile" /tmp/played'
check "Debian's ipvsadm is not" sh -c '! dpkg-query -W -f "\${db:Status-Status}" ipvsadm | grep -qx installed'
check 'ldirectord is still there' has ldirectord
check 'nothing is broken' sh -c '! dpkg --audit | grep .'
check '/usr/sbin/ipvsadm is ours' is_ours /usr/sbin/ipvsadm
check '/sbin/ipvsadm is ours' is_ours /sbin/ipvsadm
check 'the rules of the administrator stay' grep -q '192.0.2.8:80' /etc/ipvsadm.rules
check 'so do the settings' grep -q '^AUTO="true"' /etc/default/ipvsadm
check 'code caches for this Node' cache "$version"
check 'a unit finds lvsctl' as_unit /usr/bin/env lvsctl --version
check 'the kernel is asked through netlink' \
  sh -c 'env -u LVS_BACKEND ipvsadm -Ln 2>&1 | grep -q "^IP Virtual Server version\|Protocol not available"'
check 'the manual' sh -c 'man 8 ipvsadm | grep -q "lvsctl(8)" && man -w 8 lvsctl-monitor && man -w 5 lvsctl.yaml'
check 'the Chinese page' sh -c 'LC_ALL=C.UTF-8 man -L zh_CN -w 8 lvsctl | grep zh_CN'
check 'completion' bash -c '. /usr/share/bash-completion/completions/ipvsadm && complete -p ipvsadm lvsctl'
check 'lvsctl completion' sh -c 'lvsctl completion fish | grep -q "complete -c"'
check 'the documentation that a help text names' \
  sh -c 'test -e "$(lvsctl check --help | sed -n "s/^Documentation: //p")"'
check 'the licence' grep -q 'Permission is hereby granted' /usr/share/doc/lvs-cli/copyright
check 'files as packed' sh -c '! dpkg --verify lvs-cli | grep -v " c /etc/"'

check 'rules are loaded at boot, as AUTO has it' \
  test -e /etc/systemd/system/multi-user.target.wants/lvs-rules.service
check 'and by sysvinit' sh -c 'ls /etc/rc2.d/S*ipvsadm'
check 'systemd reads the units' sh -c 'cd /usr/lib/systemd/system &&
  ! systemd-analyze verify --man=yes lvs*.service lvs*.socket 2>&1 | grep "lvs\|ipvsadm"'
check 'ipvsadm.service is lvs-rules.service' \
  test "$(readlink -f /usr/lib/systemd/system/ipvsadm.service)" = /usr/lib/systemd/system/lvs-rules.service
check 'the init script loads' /etc/init.d/ipvsadm start
check 'what is in the file' sh -c 'ipvsadm -Sn | grep -qx -- "-A -t 192.0.2.8:80 -s rr"'
check 'and shows it' sh -c '/etc/init.d/ipvsadm status | grep -q "TCP  192.0.2.8:80 rr"'
check 'an unknown action is refused' sh -c '! /etc/init.d/ipvsadm nosuch'

ipvsadm -A -t 192.0.2.7:80 -s wrr
before=$(table)
check "purging Debian's package, of which settings are left" sh -c 'dpkg --purge ipvsadm'
check 'leaves the settings' grep -q '^AUTO="true"' /etc/default/ipvsadm
# what the page warns of
check 'but not the rules' absent /etc/ipvsadm.rules
echo '-A -t 192.0.2.8:80 -s rr' >/etc/ipvsadm.rules
check 'an update' dpkg -i "$deb"
check 'leaves table, settings and rules' test "$(table)" = "$before"
for node in "${nodes[@]:1}"; do
  dpkg -i "$node" >/dev/null 2>&1
  check "Node $(node --version): new caches" cache "$(node --version | tr -d v)"
  check "Node $(node --version): ipvsadm" is_ours /usr/sbin/ipvsadm
  check "Node $(node --version): lvsctl" lvsctl --version
  check 'the caches of the other Node are removed' sh -c "! ls $installed/dist/*.v$version.cache"
done

play "$(recipe install.md 'Debian package' 3)"
check 'removal leaves table, settings and rules' test "$(table)" = "$before"
check 'no program is left' absent /usr/sbin/ipvsadm
check 'nothing of the package is left' absent "$installed"
check 'no unit is left' sh -c '! ls /usr/lib/systemd/system/lvs* /usr/lib/systemd/system/ipvsadm* 2>/dev/null | grep .'

report
