#!/bin/bash
# "Many hands make light work": a helper calls two more helpers.

helper() {
    helper | helper &
}

numbers=$(cat)
echo "${#numbers} characters to sort"
helper
wait
helper
exit 1
