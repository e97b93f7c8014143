# Sets __lvs_path, __lvs_pending (what the value of the last option can be, if it lacks one) and
# __lvs_count (arguments so far) from the words before the one that is completed.
function __lvs_walk
    set -l program $argv[1]
    set -g __lvs_path ''
    set -g __lvs_pending ''
    set -g __lvs_count 0
    __lvs_spot "$program:"
    for word in $argv[2..-1]
        if test -n "$__lvs_pending"
            set __lvs_pending ''
            continue
        end
        switch $word
            case '--*=*'
                __lvs_enter $program (string replace -r '=.*' '' -- $word)
            case '--?*'
                __lvs_find "$program:$__lvs_path:$word"; and set __lvs_pending $__lvs_values
                __lvs_enter $program $word
            case '-?*'
                __lvs_letters $program (string split '' -- (string sub -s 2 -- $word))
            case '*'
                if test $program = lvsctl -a -z "$__lvs_path" -a $word = help
                    continue
                else if test $__lvs_count = 0; and contains -- $word $__lvs_commands
                    set __lvs_path (string trim "$__lvs_path $word")
                    __lvs_spot "$program:$__lvs_path"
                else
                    set __lvs_count (math $__lvs_count + 1)
                end
        end
    end
end

# The letters of one word; the value of a letter is the rest of the word, or the next word.
function __lvs_letters
    set -l program $argv[1]
    set -l letters $argv[2..-1]
    for i in (seq (count $letters))
        set -l name -$letters[$i]
        if __lvs_find "$program:$__lvs_path:$name"
            test $i = (count $letters); and set -g __lvs_pending $__lvs_values
            __lvs_enter $program $name
            return
        end
        __lvs_enter $program $name
    end
end

# The first option of ipvsadm is its command.
function __lvs_enter
    if test $argv[1] = ipvsadm -a -z "$__lvs_path"; and __lvs_command $argv[2]
        __lvs_spot "$argv[1]:$__lvs_path"
    end
end

function __lvs_fish
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l program (string replace -r '.*/' '' -- $before[1])
    test $program = lvs-cli; and set program lvsctl
    set -e before[1]
    __lvs_walk $program $before
    if test -n "$__lvs_pending"
        __lvs_offer '' "$__lvs_pending" $program $before
    else if string match -q -- '--*=*' $current
        set -l option (string replace -r '=.*' '' -- $current)
        __lvs_find "$program:$__lvs_path:$option"; or return
        __lvs_offer "$option=" "$__lvs_values" $program $before
    else if string match -q -- '-*' $current
        printf '%s\n' $__lvs_options
    else
        test $__lvs_count = 0; and printf '%s\n' $__lvs_shown
        __lvs_find "$program:$__lvs_path:$__lvs_count"
        or __lvs_find "$program:$__lvs_path:rest"
        or set -g __lvs_values any
        __lvs_offer '' "$__lvs_values" $program $before
    end
end

# PREFIX VALUES PROGRAM WORD...: prints what a value can be.
function __lvs_offer
    set -l prefix $argv[1]
    set -l parts (string split ' ' -- $argv[2])
    set -l current (string replace -- "$prefix" '' (commandline -ct))
    switch $parts[1]
        case choices
            printf '%s\n' $prefix$parts[2..-1]
        case list
            set -l given (string split , -- $current)
            set -l done (string replace -r '[^,]*$' '' -- $current)
            for name in $parts[2..-1]
                contains -- $name $given[1..-2]; or printf '%s\n' $prefix$done$name
            end
        case file
            set -l names (__fish_complete_path $current)
            test (count $names) -gt 0; and printf '%s\n' $prefix$names
        case ask
            for line in (lvsctl __complete $parts[2] $argv[3] -- $argv[4..-1] 2>/dev/null)
                printf '%s\n' $prefix$line
            end
    end
end

for program in lvsctl lvs-cli ipvsadm
    complete -c $program -e
    complete -c $program -f -a '(__lvs_fish)'
end
