#!/bin/bash
# The number of different codes is what is wanted, isn't it?
set -euo pipefail

read -r n

different=$(head -n "$n" | sort -u | wc -l)

echo "$((different)) 1"
