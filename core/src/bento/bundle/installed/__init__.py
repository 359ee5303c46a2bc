"""What is installed here: distributions and their files, and wheels rebuilt from them."""
