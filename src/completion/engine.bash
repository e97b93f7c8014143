__lvs_bash() {
  local program=${1##*/} line=${COMP_LINE:0:COMP_POINT} current='' opening='' prefix
  local -a words
  local __lvs_path __lvs_pending __lvs_count __lvs_commands __lvs_options __lvs_values
  [[ $program == lvs-cli ]] && program=lvsctl
  COMPREPLY=()
  # the words of bash are broken at colons, these at blanks
  read -ra words <<<"$line"
  while [[ ${#words[@]} -gt 0 && ${words[0]##*/} != "${1##*/}" ]]; do words=("${words[@]:1}"); done
  if [[ $line != *[[:space:]] ]]; then
    current=${words[${#words[@]} - 1]}
    unset "words[${#words[@]}-1]"
  fi
  words=("${words[@]//[\'\"]/}")
  if [[ $current == [\'\"]* ]]; then opening=1 current=${current:1}; fi

  __lvs_walk "$program" "${words[@]:1}"
  if [[ -n $__lvs_pending ]]; then
    __lvs_values=$__lvs_pending
  elif [[ $current == --*=* ]]; then
    __lvs_find "$program:$__lvs_path:${current%%=*}" || return
    [[ $COMP_WORDBREAKS == *=* ]] || prefix=${current%%=*}=
    current=${current#*=}
  elif [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$__lvs_options" -- "$current"))
    return
  else
    [[ $__lvs_count != 0 ]] || COMPREPLY=($(compgen -W "$__lvs_commands" -- "$current"))
    __lvs_argument "$program"
  fi
  __lvs_offer "${__lvs_values%% *}" "${__lvs_values#* }"
  if [[ ${#COMPREPLY[@]} == 0 && -z $current && -z $__lvs_pending ]]; then
    COMPREPLY=($(compgen -W "$__lvs_options"))
  fi
  [[ -z $prefix ]] || COMPREPLY=("${COMPREPLY[@]/#/$prefix}")
  # what is before the last colon is in the line already
  if [[ -z $opening && $COMP_WORDBREAKS == *:* && $current == *:* ]]; then
    prefix=${current%"${current##*:}"}
    COMPREPLY=("${COMPREPLY[@]#"$prefix"}")
  fi
}

# KIND DETAIL: adds what fits to COMPREPLY.
__lvs_offer() {
  local name
  case $1 in
    choices) COMPREPLY+=($(compgen -W "$2" -- "$current")) ;;
    list)
      compopt -o nospace 2>/dev/null
      for name in $2; do
        [[ ,$current, != *",$name,"* && $name == "${current##*,}"* ]] || continue
        COMPREPLY+=("${current%"${current##*,}"}$name")
      done
      ;;
    file)
      compopt -o filenames 2>/dev/null
      while IFS= read -r name; do COMPREPLY+=("$name"); done < <(compgen -f -- "$current")
      ;;
    ask)
      while IFS=$'\t' read -r name _; do
        [[ -n $name && $name == "$current"* ]] || continue
        [[ -n $opening || $name != *' '* ]] || printf -v name %q "$name"
        COMPREPLY+=("$name")
      done < <(lvsctl __complete "$2" "$program" -- "${words[@]:1}" 2>/dev/null)
      ;;
  esac
}

complete -F __lvs_bash lvsctl lvs-cli ipvsadm
