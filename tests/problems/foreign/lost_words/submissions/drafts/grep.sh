grep -v x words.txt
