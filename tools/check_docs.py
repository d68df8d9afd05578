#!/usr/bin/python3
"""Checks that the links in all Markdown files lead somewhere, and that every decision is listed.

    tools/check_docs.py [--root DIR]     check a tree; 1 and one line per problem if there are any
    tools/check_docs.py --self-test      plant broken links in a scratch tree and expect each to be found

A link is relative to its file and stays inside the repository; its #anchor is a heading there.
Links to other sites are not followed: the check needs no network.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse

FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
INLINE_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'(][^)]*)?\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)>?", re.MULTILINE)
HTML_LINK = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"([^\"\s]+)", re.IGNORECASE)
HTML_ANCHOR = re.compile(r"<[a-z]+\b[^>]*?\b(?:id|name)=\"([^\"]+)\"", re.IGNORECASE)
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$")
SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*:")
DECISION = re.compile(r"^(\d{4})-[a-z0-9-]+\.md$")
SKIPPED_FOLDERS = {".git", "build", "node_modules"}


def markdown_files(root):
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        capture_output=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        paths = [root / name for name in listed.stdout.decode().split("\0") if name]
    else:
        paths = [p for p in root.rglob("*.md") if not SKIPPED_FOLDERS & set(p.relative_to(root).parts)]
    return sorted(p for p in paths if p.is_file())


def prose(text):
    """The text with fenced blocks and inline code blanked, line for line."""
    lines, fence = [], None
    for line in text.splitlines():
        mark = FENCE.match(line)
        if fence is None and mark:
            fence = mark.group(1)
            lines.append("")
        elif fence is not None:
            if mark and mark.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = None
            lines.append("")
        else:
            lines.append(line)
    return lines


def slug(heading):
    """The anchor that Git hosts make of a heading."""
    heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    heading = re.sub(r"<[^>]+>", "", heading).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(file):
    found, counts = set(), {}
    for line in prose(file.read_text(encoding="utf-8")):
        heading = HEADING.match(line)
        if heading:
            name = slug(heading.group(1))
            number = counts.get(name, 0)
            counts[name] = number + 1
            found.add(f"{name}-{number}" if number else name)
        found.update(HTML_ANCHOR.findall(line))
    return found


def links(file):
    for number, line in enumerate(prose(file.read_text(encoding="utf-8")), 1):
        line = CODE.sub(lambda m: " " * len(m.group(0)), line)
        for pattern in (INLINE_LINK, REFERENCE, HTML_LINK):
            for match in pattern.finditer(line):
                yield number, match.group(1)


def check_link(root, file, link):
    """What is wrong with the link, or None."""
    if SCHEME.match(link) or link.startswith("//"):
        return None
    path, _, anchor = link.partition("#")
    path = urllib.parse.unquote(path.partition("?")[0])
    if path.startswith("/"):
        return "is absolute; make it relative to its file"
    target = (file.parent / path).resolve() if path else file
    if not target.is_relative_to(root.resolve()):
        return "leaves the repository"
    if not target.exists():
        return "leads nowhere"
    if anchor and target.suffix == ".md" and urllib.parse.unquote(anchor) not in anchors(target):
        return "names a heading that is not there"
    return None


def check_decisions(root):
    folder = root / "docs/decisions"
    numbers = {}
    index = folder / "README.md"
    listed = {link.partition("#")[0] for _, link in links(index)} if index.exists() else set()
    for file in sorted(folder.glob("*.md")):
        if file.name == "README.md":
            continue
        name = file.relative_to(root).as_posix()
        match = DECISION.match(file.name)
        if not match:
            yield f"{name}: a decision is called NNNN-lower-case-words.md"
            continue
        if match.group(1) in numbers:
            yield f"{name}: {numbers[match.group(1)]} has the same number"
        numbers[match.group(1)] = file.name
        if file.name not in listed:
            yield f"{name}: not listed in docs/decisions/README.md"


def check(root):
    problems = []
    for file in markdown_files(root):
        for line, link in links(file):
            wrong = check_link(root, file, link)
            if wrong:
                problems.append(f"{file.relative_to(root)}:{line}: {link} {wrong}")
    return problems + list(check_decisions(root))


GOOD = {
    "README.md": "# Top\n[a](docs/a.md#two-words-c20), [t](#top), ![p](docs/p.svg) `[no](code.md)` [w](https://example.org/x)\n",
    "docs/a.md": "## Two *words* `C++20`\n```\n[in a fence](gone.md)\n```\n[up](../README.md \"title\")\n[r]: a.md\n",
    "docs/p.svg": "<svg/>",
    "docs/decisions/README.md": "[1](0001-one.md)\n",
    "docs/decisions/0001-one.md": "# One\n",
}
PLANTED = [
    ("README.md", "[x](gone.md)", "README.md:1: gone.md leads nowhere"),
    ("docs/a.md", "one\n[x](../README.md#gone)", "docs/a.md:2: ../README.md#gone names a heading"),
    ("docs/b.md", "[x](#gone)", "names a heading"),
    ("docs/b.md", "[x](../../outside.md)", "leaves the repository"),
    ("docs/b.md", "[x](/README.md)", "is absolute"),
    ("docs/b.md", '<img alt="x" src="gone.svg">', "gone.svg leads nowhere"),
    ("docs/b.md", "[r]: gone.md", "gone.md leads nowhere"),
    ("docs/decisions/0002-two.md", "# Two", "not listed"),
    ("docs/decisions/two.md", "# Two", "is called NNNN"),
    ("docs/b.md", "```\n[x](gone.md)\n```\n`[x](gone.md)`", ""),
]


def self_test():
    failures = 0
    for name, text, expected in PLANTED:
        with tempfile.TemporaryDirectory() as scratch:
            root = pathlib.Path(scratch)
            for other, content in {**GOOD, name: text if name not in GOOD else text + "\n" + GOOD[name]}.items():
                (root / other).parent.mkdir(parents=True, exist_ok=True)
                (root / other).write_text(content)
            problems = check(root)
        good = len(problems) == 1 and expected in problems[0] if expected else not problems
        if not good:
            failures += 1
            print(f"self-test: {text!r}: expected {expected or 'no problem'!r}, got {problems}", file=sys.stderr)
    print(f"self-test: {len(PLANTED) - failures} of {len(PLANTED)} planted files judged right")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    problems = check(options.root)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
