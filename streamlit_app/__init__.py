"""The page: pictures in, categories in words out, by whichever backend is chosen."""
