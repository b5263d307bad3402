def words():
    with open("words.txt", encoding="utf-8") as file:
        return file.read().split()
