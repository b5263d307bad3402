#!/usr/bin/env bash
# Bash version of the table from the lecture.
# Only keeps total[] and one row per kind.

read -r len k
read -r -a size

declare -a total ends
for ((x = 0; x <= len; x++)); do
    total[x]=0
done
total[0]=1

mod=1000000007

for ((x = 1; x < len; x++)); do
    sum=0
    for ((i = 0; i < k; i++)); do
        b=$((x - size[i]))
        if ((b >= 0)); then
            ways=$(((total[b] - ${ends[b * k + i]:-0} + mod) % mod))
            ends[x * k + i]=$ways
            sum=$((sum + ways))
        fi
    done
    total[x]=$((sum % mod))
done

echo "${total[len]}"
