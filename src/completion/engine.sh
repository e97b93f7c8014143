# Sets __lvs_path, __lvs_pending (what the value of the last option can be, if it lacks one) and
# __lvs_count (arguments so far) from the words before the one that is completed.
__lvs_walk() {
  local program=$1 word name rest
  shift
  __lvs_path='' __lvs_pending='' __lvs_count=0
  __lvs_spot "$program:"
  for word in "$@"; do
    if [[ -n $__lvs_pending ]]; then
      __lvs_pending=''
      continue
    fi
    case $word in
      --*=*) __lvs_enter "$program" "${word%%=*}" ;;
      --?*)
        if __lvs_find "$program:$__lvs_path:$word"; then __lvs_pending=$__lvs_values; fi
        __lvs_enter "$program" "$word"
        ;;
      -?*)
        rest=${word:1}
        while [[ -n $rest ]]; do
          name=-${rest:0:1} rest=${rest:1}
          if __lvs_find "$program:$__lvs_path:$name"; then
            [[ -n $rest ]] || __lvs_pending=$__lvs_values
            rest=''
          fi
          __lvs_enter "$program" "$name"
        done
        ;;
      *)
        if [[ $program == lvsctl && -z $__lvs_path && $word == help ]]; then :
        elif [[ $__lvs_count == 0 && " $__lvs_commands " == *" $word "* ]]; then
          __lvs_path=${__lvs_path:+$__lvs_path }$word
          __lvs_spot "$program:$__lvs_path"
        else
          __lvs_count=$((__lvs_count + 1))
        fi
        ;;
    esac
  done
}

# The first option of ipvsadm is its command.
__lvs_enter() {
  if [[ $1 == ipvsadm && -z $__lvs_path ]] && __lvs_command "$2"; then
    __lvs_spot "$1:$__lvs_path"
  fi
}

# Sets __lvs_values to what the next argument can be.
__lvs_argument() {
  __lvs_find "$1:$__lvs_path:$__lvs_count" || __lvs_find "$1:$__lvs_path:rest" || __lvs_values=any
}
