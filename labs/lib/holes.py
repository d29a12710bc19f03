"""Cuts functions out of source files and puts others in, by name: universal-ctags says where a function lies.

A hole keeps the function's head and the comment above it; its body becomes the stub. Nothing in the kernel marks it.
"""
import json
import re
import subprocess
from pathlib import Path


class LabError(Exception):
    pass


def functions(path, text):
    """{name: (first line, last line)} of the definitions in a C file, or of the global labels of an .asm file; from 0."""
    if path.endswith(".asm"):
        return labels(text)
    run = subprocess.run(["ctags", "--language-force=C", "--c-kinds=f", "--fields=+ne", "--output-format=json", "-f", "-",
                          "--_interactive=default"], capture_output=True, text=True,
                         input=json.dumps({"command": "generate-tags", "filename": path, "size": len(text.encode())}) + "\n" + text)
    found, lines = {}, text.split("\n")
    for entry in map(json.loads, run.stdout.splitlines()):
        if entry.get("_type") != "tag":
            continue
        first = entry["line"] - 1
        while first and lines[first - 1].strip() and not re.search(r"(^[#}]|[;}]|\*/)\s*$|^#", lines[first - 1]):
            first -= 1                      # the head may lie on several lines
        found[entry["name"]] = (first, entry["end"] - 1)
    return found


def labels(text):
    found, lines, open_label = {}, text.split("\n"), None
    for nr, line in enumerate(lines + ["global"]):
        if open_label and re.match(r"\w+:|(global|section|align|extern)\b|;\s*\S.*\(", line):
            last = nr - 1
            while not lines[last].strip() or lines[last].startswith(";"):
                last -= 1
            found[open_label[0]] = (open_label[1], last)
            open_label = None
        if label := re.match(r"(\w+):", line):
            open_label = label[1], nr
    return found


def place(path, text, name):
    try:
        return functions(path, text)[name]
    except KeyError:
        raise LabError(f"{path} has no function {name}") from None


def head_of(path, lines):
    """The lines of a definition up to where its body begins, without the brace."""
    if path.endswith(".asm"):
        return lines[0]
    text = "\n".join(lines)
    depth, seen = 0, False
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        seen |= c == "("
        if c == "{" and seen and not depth:
            return text[:i].rstrip()
    raise LabError(f"{path}: no body in {lines[0]}")


def comment_above(lines, first):
    """Where the comment that ends right above line `first` begins, or `first`."""
    start = first
    if start and lines[start - 1].rstrip().endswith("*/"):
        start -= 1
        while start and "/*" not in lines[start]:
            start -= 1
    else:
        while start and lines[start - 1].startswith(";"):
            start -= 1
    return start


def cut(path, text, hole):
    first, last = place(path, text, hole["function"])
    lines = text.split("\n")
    if hole.get("remove"):
        first = comment_above(lines, first)
        last += last + 1 < len(lines) and not lines[last + 1].strip()
        return "\n".join(lines[:first] + lines[last + 1:])
    head = head_of(path, lines[first:last + 1])
    asm = path.endswith(".asm")
    body = [("\t" + line if line.strip() else "") for line in hole["stub"].strip("\n").split("\n")]
    new = [head] + ([] if asm else ["{"]) + ["\t; Yours: see LAB.md." if asm else "\t/* Yours: see LAB.md. */"] + body + ([] if asm else ["}"])
    return "\n".join(lines[:first] + new + lines[last + 1:])


def starter_texts(tree, lab):
    """{path: text} of the files that have holes."""
    texts = {}
    for hole in lab["hole"]:
        path = hole["file"]
        text = texts.get(path) or (Path(tree) / path).read_text()
        texts[path] = cut(path, text, hole)
    return texts


def wrong_header(path):
    """(what, [tests that fail], hint) of a wrong solution, from its opening comment."""
    words = {}
    for line in path.read_text().splitlines()[:20]:
        if m := re.match(r"[\s*;/]*(wrong|fails|hint):\s*(.*?)\s*(\*/)?$", line):
            words[m[1]] = (words.get(m[1], "") + " " + m[2]).strip()
    if set(words) != {"wrong", "fails", "hint"}:
        raise LabError(f"{path}: the opening comment has no {' or '.join({'wrong', 'fails', 'hint'} - set(words))}: line")
    return words["wrong"], words["fails"].split(), words["hint"]


def wrong_texts(tree, lab, path):
    """{path: text} of the tree's files with the definitions of a wrong solution in place of their own."""
    source = path.read_text()
    lines = source.split("\n")
    opening = next(i for i, line in enumerate(lines) if "*/" in line) + 1 if path.suffix == ".c" else \
        next(i for i, line in enumerate(lines) if not line.startswith(";"))
    texts = {f: (Path(tree) / f).read_text() for f in lab["files"]}
    waiting, done = "", opening
    for name, (first, last) in sorted(functions(path.name, source).items(), key=lambda item: item[1]):
        new = waiting + "\n".join(lines[done:last + 1]).strip("\n")
        done = last + 1
        home = next((f for f in lab["files"] if f.endswith(path.suffix) and name in functions(f, texts[f])), None)
        if not home:
            waiting = new + "\n\n"          # a helper of its own: it goes above the function that follows
            continue
        waiting = ""
        old = texts[home].split("\n")
        start, end = place(home, texts[home], name)
        texts[home] = "\n".join(old[:start] + new.split("\n") + old[end + 1:])
    if waiting:
        raise LabError(f"{path}: no function of {', '.join(lab['files'])} follows {waiting.strip().splitlines()[0]}")
    return texts
