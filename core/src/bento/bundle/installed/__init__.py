"""What is installed here: distributions and their files, and wheels made of them again."""
