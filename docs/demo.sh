#!/bin/sh
# The main job on two table files, without root and without IPVS: add, list, save, restore, compare.
# Every command is printed before it is run.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/bin:$PATH
tables=$(mktemp -d)
trap 'rm -rf "$tables"' EXIT

# an argument as it is typed into a shell
quoted() {
  case $1 in
    '' | *[!A-Za-z0-9_@%+=:,./-]*) printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")" ;;
    *) printf %s "$1" ;;
  esac
}

run() {
  printf '\n$'
  for arg in "$@"; do printf ' %s' "$(quoted "$arg")"; done
  printf '\n'
  "$@"
}

export LVS_BACKEND="file:$tables/one.json"
run ipvsadm -A -t 192.0.2.1:80 -s wrr -p 300
run ipvsadm -a -t 192.0.2.1:80 -r 198.51.100.11:8080 -m -w 3
run ipvsadm -a -t 192.0.2.1:80 -r 198.51.100.12:8080 -m -w 1 -x 1000 -y 800
run ipvsadm -A -f 80 -s sh -b sh-port
run ipvsadm -a -f 80 -r 198.51.100.13 -g
run ipvsadm -A -t '[2001:db8::1]:443' -s mh
run ipvsadm -a -t '[2001:db8::1]:443' -r '[2001:db8::11]:443' -i --tun-type gue --tun-port 6080
run ipvsadm -Ln

printf '\n$ ipvsadm-save -n > rules\n'
ipvsadm-save -n >"$tables/rules"
run cat "$tables/rules"

printf '\n# a second, empty table\n$ ipvsadm-restore < rules\n'
export LVS_BACKEND="file:$tables/two.json"
ipvsadm-restore <"$tables/rules"
run ipvsadm -Ln --thresholds
ipvsadm-save -n >"$tables/again"
run cmp "$tables/rules" "$tables/again"
printf '\nThe second table is the same as the first.\n'

cat <<END

To go on with a table of your own, without root, type this and then any ipvsadm or lvsctl command:

  export PATH=\$PWD/bin:\$PATH LVS_BACKEND=file:\$HOME/lvs.json
END
