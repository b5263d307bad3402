import back
back.run()
