"""Archives and their versions, each a Ray Serve application of its own."""
