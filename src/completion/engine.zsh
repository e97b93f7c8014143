_lvsctl() {
  local program=${${words[1]:t}/#lvs-cli/lvsctl}
  local __lvs_path __lvs_pending __lvs_count __lvs_commands __lvs_values
  local -a __lvs_options __lvs_shown before
  before=("${(@Q)words[2,CURRENT-1]}")
  __lvs_walk "$program" "${before[@]}"
  if [[ -n $__lvs_pending ]]; then
    __lvs_offer "$__lvs_pending"
  elif [[ $PREFIX == --*=* ]]; then
    __lvs_find "$program:$__lvs_path:${PREFIX%%=*}" || return 1
    compset -P 1 '*='
    __lvs_offer "$__lvs_values"
  elif [[ $PREFIX == -* ]]; then
    _describe -o -t options option __lvs_options
  else
    local result=1
    if [[ $__lvs_count == 0 && -n $__lvs_commands ]]; then
      _describe -t commands command __lvs_shown && result=0
    fi
    __lvs_argument "$program"
    __lvs_offer "$__lvs_values" && result=0
    if [[ $result != 0 && -z $PREFIX ]]; then
      _describe -o -t options option __lvs_options && result=0
    fi
    return $result
  fi
}

# What a value can be: offers it.
__lvs_offer() {
  local detail=${1#* } name help
  local -a found
  case ${1%% *} in
    choices) compadd -- ${=detail} ;;
    list)
      compset -P '*,'
      before=(${(s:,:)IPREFIX##*=})
      found=(${=detail})
      found=(${found:|before})
      compadd -q -S , -- $found
      ;;
    file) _files ;;
    ask)
      lvsctl __complete "$detail" "$program" -- "${before[@]}" 2>/dev/null |
        while IFS=$'\t' read -r name help; do
          found+=("${name//:/\\:}${help:+:$help}")
        done
      [[ $#found -gt 0 ]] && _describe -t values value found
      ;;
    *) return 1 ;;
  esac
}

if [[ $funcstack[1] == _lvsctl ]]; then
  _lvsctl "$@"
else
  compdef _lvsctl lvsctl lvs-cli ipvsadm
fi
