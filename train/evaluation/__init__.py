"""What a model is worth: numbers with their uncertainty, and the files that show them."""
