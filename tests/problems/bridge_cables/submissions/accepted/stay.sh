#!/bin/bash
# Bash has no real numbers, so awk has to do the arithmetic.
# One awk for all heights (one per height was three times slower).

read -r n q
anchors=()
for ((i = 0; i < n; i++)); do
    read -r x w
    anchors+=("$x $w")
done

heights=()
while read -r h; do
    [[ -n $h ]] && heights+=("$h")
done

{
    printf '%s\n' "${anchors[@]}"
    echo "--"
    printf '%s\n' "${heights[@]}"
} | awk '
    $1 == "--" { asking = 1; next }
    !asking {
        x[++n] = $1; w[n] = $2
        if (n == 1 || $1 < left) left = $1
        if (n == 1 || $1 > right) right = $1
        next
    }
    {
        h = $1; lo = left; hi = right
        for (step = 0; step < 48; step++) {
            mid = (lo + hi) / 2
            s = 0
            for (i = 1; i <= n; i++)
                s += w[i] * (mid - x[i]) / sqrt((mid - x[i]) ^ 2 + h * h)
            if (s < 0) lo = mid; else hi = mid
        }
        cost = 0
        for (i = 1; i <= n; i++)
            cost += w[i] * sqrt((lo - x[i]) ^ 2 + h * h)
        printf "%.7f\n", cost
    }
'
