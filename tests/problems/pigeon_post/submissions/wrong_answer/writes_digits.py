verb, message = input(), input()
print(message)
