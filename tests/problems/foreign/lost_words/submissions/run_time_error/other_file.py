print(open("words.lst").read())
