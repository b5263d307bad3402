echo five hundred
