"""ISIC 2019's nine categories, in ISIC 2019's order, which never depends on a run."""

CODES = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC", "UNK")

# ISIC 2019 has no training image of UNK; a model has this column only if its user brought some.
WITHOUT_UNKNOWN = CODES[:-1]
