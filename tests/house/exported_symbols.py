#!/usr/bin/env python3
"""exported_symbols.py LIBRARY HEADER: the shared library exports the functions of the header, all of them and nothing else."""

import re
import subprocess
import sys
from pathlib import Path


def main():
    library, header = sys.argv[1:]
    listing = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    exported = {line.split()[-1].split("@")[0] for line in listing.splitlines()}
    text = re.sub(r"/\*.*?\*/", "", Path(header).read_text(), flags=re.S)
    declared = set(re.findall(r"ATTUNE_API[\w\s*]*?\b(attune_\w+)\s*\(", text))
    if len(declared) < 20:
        print(f"{header}: only {len(declared)} functions found; has the way they are declared changed?")
        return 1
    for name in sorted(exported - declared):
        print(f"{library} exports {name}, which {header} does not declare")
    for name in sorted(declared - exported):
        print(f"{header} declares {name}, which {library} does not export")
    return 0 if exported == declared else 1


if __name__ == "__main__":
    sys.exit(main())
