"""The core: image bytes in, prediction out. It knows no server, no tracker and no page."""
