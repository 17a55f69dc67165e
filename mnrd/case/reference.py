"""The reference of all keys of a case file, written from the descriptions in the nouns."""


def reference() -> str:
    return ""
