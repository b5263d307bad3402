#!/bin/bash
# lay REST LAST - adds the number of ways to $ways

ways=0
mod=1000000007

lay() {
    local rest=$1 last=$2 i
    if ((rest == 0)); then
        ways=$(((ways + 1) % mod))
        return
    fi
    for ((i = 0; i < k; i++)); do
        if ((i != last && slab[i] <= rest)); then
            lay $((rest - slab[i])) "$i"
        fi
    done
}

read -r length k
read -r -a slab
lay "$length" -1
echo "$ways"
