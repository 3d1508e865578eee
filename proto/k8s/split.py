#!/usr/bin/env python3
"""Takes the annotated .proto files apart for the build.

split.py strip SRC_ROOT OUT_ROOT FILE...  copies without comments and Skiff options: what C++ is generated from, so
                                          that a changed comment or rule recompiles nothing. Writes only what differs.
split.py docs SRC_ROOT OUT FILE...        the comments alone: sorted lines "full.name<TAB>comment" for messages and
                                          "full.name.member<TAB>comment" for fields, by JSON name.
"""
import os
import re
import sys

TEXT = r'(?:"(?:[^"\\]|\\.)*"|[^"])*?'
FIELD_OPTIONS = re.compile(r'\s*\[\(skiff\.schema\.field\) = \{' + TEXT + r'\}\](?=;)', re.S)
OPTION = re.compile(r'^ *option \(skiff\.schema\.\w+\) = \{' + TEXT + r'\};\n', re.S | re.M)
COMMENT = re.compile(r'^ *//.*\n', re.M)
MEMBER = re.compile(r'\s*(?:optional\b|repeated\b|map<[^>]*>).*?(\w+) = \d+(.*)')
JSON_NAME = re.compile(r'(?<!\w)json: "([^"]*)"')


def write_if_changed(path, text):
    if os.path.exists(path) and open(path, encoding="utf-8").read() == text:
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


def strip(src, out, files):
    for name in files:
        text = open(os.path.join(src, name), encoding="utf-8").read()
        text = FIELD_OPTIONS.sub("", text)
        text = OPTION.sub("", text)
        text = COMMENT.sub("", text)
        text = text.replace('import "skiff/schema.proto";\n', "")
        write_if_changed(os.path.join(out, name), text)


def docs(src, out, files):
    entries = []
    for name in files:
        package = message = ""
        comment = []
        lines = open(os.path.join(src, name), encoding="utf-8").read().split("\n")
        for i, line in enumerate(lines):
            text = line.strip()
            if text.startswith("//"):
                comment.append(text[2:].strip())
                continue
            if text.startswith("package "):
                package = text[8:].rstrip(";")
            elif line.startswith("message "):
                message = package + "." + line.split()[1].rstrip("{}")
                if comment:
                    entries.append((message, " ".join(comment)))
            elif comment and line.startswith("  ") and (match := MEMBER.match(line)):
                rest = match.group(2) + (lines[i + 1] if line.rstrip().endswith("{") else "")
                json_name = JSON_NAME.search(rest)
                member = json_name.group(1) if json_name else match.group(1)
                entries.append((message + "." + member, " ".join(comment)))
            comment = []
    write_if_changed(out, "".join(f"{path}\t{comment}\n" for path, comment in sorted(entries)))


if __name__ == "__main__":
    {"strip": strip, "docs": docs}[sys.argv[1]](sys.argv[2], sys.argv[3], sys.argv[4:])
