#!/usr/bin/env bash
# All numbers of the input in one array, then pile by pile.

read -r -d '' -a numbers     # up to the end of the file; returns 1 there

pile=()
answer=()

flip() {
    local left=0 right=$(($1 - 1)) t
    while ((left < right)); do
        t=${pile[left]}
        pile[left]=${pile[right]}
        pile[right]=$t
        ((left++, right--))
    done
    answer+=("$1")
}

at=0
while ((at < ${#numbers[@]})); do
    n=${numbers[at]}
    pile=("${numbers[@]:at+1:n}")
    answer=()
    for ((size = n; size > 1; size--)); do
        ((pile[size - 1] == size)) && continue
        for ((i = 0; pile[i] != size; i++)); do :; done
        ((i > 0)) && flip $((i + 1))
        flip "$size"
    done
    echo "${#answer[@]} ${answer[*]}"
    ((at += n + 1))
done
exit 0
