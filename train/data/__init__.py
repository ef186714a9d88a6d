"""From the folder a user has to batches of images, split by lesion."""
