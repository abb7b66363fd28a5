"""Finds the metrics that a text names, be it PromQL, YAML, JSON or Markdown, and the labels that it gives them."""
import re

METRIC = re.compile(r'(?<![\w./:-])(job:ganserve_\w+:\w+|ganserve_[a-z]\w*|process_[a-z]\w*|up)(?![\w*/-]|\.\w)\s*(?:\{([^{}]*)\})?')
MATCHER = re.compile(r'(\w+)\s*(?:(=~|!~|!=|=)\s*"([^"]*)")?')
GROUPING = re.compile(r'\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)')


def selectors(text):
    """(metric, [(label, operator, value)]); operator and value are empty where the text has a bare label, as `jobs{state}`."""
    bare = GROUPING.sub(" ", text.replace('\\"', '"'))
    return [(found[1], MATCHER.findall(found[2] or "")) for found in METRIC.finditer(bare)]


def grouping_labels(text):
    return {label for labels in GROUPING.findall(text) for label in re.split(r"\s*,\s*", labels.strip()) if label}
