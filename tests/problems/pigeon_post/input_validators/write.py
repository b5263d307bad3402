import re
import sys

match = re.fullmatch(r"write\n(0|[1-9][0-9]{0,4})\n", sys.stdin.read())
sys.exit(42 if match and int(match[1]) <= 65535 else 43)
