#!/usr/bin/env python3
"""Types what the pages say (pages.py): run.py [-v] [WORD…], words select pages by name.

All blocks but those of other parts; and it fails where a block would be in no part.
"""
import sys

import pages


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    wanted = [path for path in pages.every_page()
              if not words or any(word in str(path.relative_to(pages.ROOT)) for word in words)]
    passed = failed = 0
    for path in wanted:
        name, wrong = path.relative_to(pages.ROOT), pages.lost(path)
        fault, count = pages.check(path, "docs") if pages.blocks_of(path, "docs") else (None, 0)
        for text in [*wrong, *filter(None, [fault])]:
            print(f"{text}\nFAILED {name}")
            failed += 1
        passed += 0 if fault else count
        if "-v" in sys.argv[1:] and count and not fault:
            print(f"ok {name}: {count} blocks")
    if not passed + failed:
        print("FAILED no page was found")
        failed = 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
