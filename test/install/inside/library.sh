# What the scripts of this folder share: recipes out of pages, and checks.
failures=0

# recipe FILE HEADING N: the N-th code block below a heading, up to the next heading.
recipe() {
  local text
  text=$(awk -v heading="$2" -v wanted="$3" '
    !code && /^#+ / { on = ($0 ~ "^#+ " heading "$"); next }
    /^```/ { code = !code; if (code && on) n++; next }
    code && on && n == wanted' "$1")
  [ -n "$text" ] || { echo "$1: no block $3 below \"$2\"" >&2; exit 1; }
  printf '%s\n' "$text"
}

# check TEXT COMMAND...: the command must succeed.
check() {
  local text=$1
  shift
  if "$@" >/tmp/answer 2>&1; then printf 'ok      %s\n' "$text"
  else
    printf 'FAILED  %s: %s\n' "$text" "$*"
    sed 's/^/        /' /tmp/answer
    failures=$((failures + 1))
  fi
}

# play TEXT: a recipe in a shell that has run ipvsadm before, as an administrator has.
play() {
  printf '\n%s\n' "$1" | sed '2,$s/^/  # /'
  (cd "$PWD" && bash -eo pipefail -c "ipvsadm -L >/dev/null 2>&1 || :
$1") >/tmp/played 2>&1 || { echo "FAILED  the recipe: $(tail -5 /tmp/played)"; failures=$((failures + 1)); }
}

is_ours() { LVS_BACKEND=memory "$1" -v | grep -q '^ipvsadm v1.31 (lvs-cli '; }
is_c_tool() { [ "$(head -c 4 "$1" | tail -c 3)" = ELF ]; }
absent() { [ ! -e "$1" ] && [ ! -L "$1" ]; }
# As a unit sees the machine: its PATH, no /root, /home and /tmp.
as_unit() {
  unshare --mount sh -c 'for d in /root /home /tmp; do mount -t tmpfs none "$d"; done; cd /
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$@"
}

# report: the end of a script.
report() {
  printf '\n%s\n' "$([ "$failures" = 0 ] && echo 'all recipes work' || echo "$failures failed")"
  [ "$failures" = 0 ]
}
