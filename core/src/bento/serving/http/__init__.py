"""HTTP: the app with its two lanes - plain ASGI for any server, and one below it for uvicorn - and the pages besides the apis."""
