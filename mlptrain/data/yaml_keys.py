"""Names of columns as keys of YAML, for messages that say what to write."""

import json
import re


def quote_yaml_key(name: str) -> str:
    """A column's name as a key of YAML, in a message."""
    return name if re.fullmatch(r"[\w.-]+(?: [\w.-]+)*", name) else json.dumps(name, ensure_ascii=False)
