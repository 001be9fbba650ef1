"""Writes what is made from the schema, and the client without asyncio.

    python3 scripts/generate.py [--check]

With --check nothing is written, and a file that differs is an error.
"""

from __future__ import annotations

import ast
import json
import keyword
import re
import sys
import textwrap
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCHEMA = HERE.parent.parent.parent
PACKAGE = HERE.parent / "src" / "sandbox_agent"
WIDTH = 116
NOTE = "# Made by scripts/generate.py; changes belong there.\n"


def main() -> int:
    schema = json.loads((SCHEMA / "schema.json").read_text())
    api = json.loads((SCHEMA / "openapi.json").read_text())
    files = {
        "types.py": types_module(schema["$defs"]),
        "_routes.py": routes_module(api["paths"]),
        "_sync.py": sync_module((PACKAGE / "_client.py").read_text()),
    }
    differ = [name for name, text in files.items() if not (PACKAGE / name).exists() or (PACKAGE / name).read_text() != text]
    if "--check" in sys.argv:
        for name in differ:
            print(f"{name} is not what scripts/generate.py writes")
        return 1 if differ else 0
    for name in differ:
        (PACKAGE / name).write_text(files[name])
    return 0


# --- types

UNKNOWN = '''

@dataclass
class Unknown:
    """A variant of a union that came after this file was made."""

    type: str
    #: All that came.
    json: dict[str, Any]
'''

def types_module(defs: dict[str, Any]) -> str:
    out = [
        '"""The types of events, params and results, as the bridge\'s schema has them."""\n\n',
        NOTE,
        "\nfrom __future__ import annotations\n\n",
        "from dataclasses import dataclass, field\n",
        "from typing import Any, Literal, Union\n",
        UNKNOWN,
    ]
    aliases, classes = [], []
    for name, definition in sorted(defs.items()):
        if definition.get("type") == "object" and "properties" in definition:
            classes.append(dataclass_text(name, definition))
        else:
            aliases.append(alias_text(name, definition))
    return "".join(out) + "".join(classes) + "\n\n" + "\n".join(aliases)


def alias_text(name: str, definition: dict[str, Any]) -> str:
    text = comment(definition, "")
    variants = definition.get("oneOf") or definition.get("anyOf")
    if variants:
        names = [type_of(variant) for variant in variants]
        if all("$ref" in variant for variant in variants):
            names.append("Unknown")
        lines = "".join(f"    {each},\n" for each in names)
        return f"{text}{name} = Union[\n{lines}]\n"
    return f"{text}{name} = {wrapped(type_of(definition))}\n"


def wrapped(text: str) -> str:
    if len(text) < WIDTH - 20 or not text.startswith("Literal["):
        return text
    inner = textwrap.fill(text[len("Literal[") : -1], WIDTH, initial_indent="    ", subsequent_indent="    ")
    return f"Literal[\n{inner},\n]"


def comment(definition: dict[str, Any], indent: str) -> str:
    text = definition.get("description", "")
    return textwrap.fill(text, WIDTH, initial_indent=indent + "#: ", subsequent_indent=indent + "#: ") + "\n" if text else ""


def dataclass_text(name: str, definition: dict[str, Any]) -> str:
    required = set(definition.get("required", []))
    lines = [f"\n\n@dataclass(kw_only=True)\nclass {name}:\n"]
    if description := definition.get("description"):
        doc = textwrap.fill(description, WIDTH, initial_indent='    """', subsequent_indent="    ")
        lines.append(doc + '"""\n\n')
    for member, of in definition["properties"].items():
        lines.append(comment(of, "    "))
        hint = type_of(of)
        python = python_name(member)
        options = []
        if member not in required:
            hint = hint if hint == "Any" or hint.endswith("| None") else hint + " | None"
            options.append("default=None")
        if python != member:
            options.append(f'metadata={{"json": "{member}"}}')
        if options == ["default=None"]:
            lines.append(f"    {python}: {hint} = None\n")
        elif options:
            lines.append(f"    {python}: {hint} = field({', '.join(options)})\n")
        else:
            lines.append(f"    {python}: {hint}\n")
    lines.append("    #: What this version of the package doesn't know.\n")
    lines.append("    extra: dict[str, Any] = field(default_factory=dict)\n")
    return "".join(lines)


def python_name(member: str) -> str:
    name = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", member).lower()
    return name + "_" if keyword.iskeyword(name) or name == "extra" else name


SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def type_of(schema: Any) -> str:
    """The annotation of a JSON Schema."""
    if schema is True or not isinstance(schema, dict):
        return "Any"
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return f"Literal[{schema['const']!r}]".replace("'", '"')
    if "enum" in schema:
        return "Literal[" + ", ".join(json.dumps(each) for each in schema["enum"]) + "]"
    if "anyOf" in schema or "oneOf" in schema:
        return " | ".join(type_of(each) for each in schema.get("anyOf") or schema["oneOf"])
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(type_of({**schema, "type": each}) for each in kind)
    if kind == "array":
        return f"list[{type_of(schema.get('items', True))}]"
    if kind == "object":
        return f"dict[str, {type_of(schema.get('additionalProperties', True))}]"
    return SIMPLE.get(kind or "", "Any")


# --- routes


def routes_module(paths: dict[str, Any]) -> str:
    routes: dict[str, tuple[str, list[str]]] = {}
    for path, operations in paths.items():
        for verb, operation in operations.items():
            method = operation.get("x-method")
            if not method:
                continue
            name = re.sub(r"/(.)", lambda match: match[1].upper(), method)
            # Other operations of a method are this one with a param filled in.
            if operation["operationId"] == name or operation["operationId"].startswith(name + "Without"):
                routes.setdefault(method, (verb.upper(), []))[1].append(path)
    lines = ['"""Where each method is over HTTP, the path with the most params first."""\n\n', NOTE]
    lines.append("\nROUTES: dict[str, tuple[str, tuple[str, ...]]] = {\n")
    for method, (verb, places) in sorted(routes.items()):
        places.sort(key=lambda path: -path.count("{"))
        quoted = ", ".join(f'"{path}"' for path in places) + ("," if len(places) == 1 else "")
        lines.append(f'    "{method}": ("{verb}", ({quoted})),\n')
    return "".join(lines) + "}\n"


# --- the client without asyncio


def sync_module(source: str) -> str:
    """The methods of the client for asyncio, each as a call that waits."""
    module = ast.parse(source)
    client = next(node for node in module.body if isinstance(node, ast.ClassDef))
    out = [
        '"""The client for programs without asyncio."""\n\n',
        NOTE,
        "\nfrom __future__ import annotations\n\n",
        "import ssl\n",
        "from collections.abc import Iterator, Mapping, Sequence\n",
        "from types import TracebackType\n",
        "from typing import Any, Literal\n\n",
        "from . import types as t\n",
        "from ._client import AsyncSandboxAgent\n",
        "from ._loop import Loop\n\n\n",
        "class SandboxAgent:\n",
        '    """A bridge to coding agents. Make one with :meth:`connect` or :meth:`start`.\n\n',
        "    Close it, or use it with ``with``. It may be used by several threads. Errors\n",
        '    are :class:`SandboxAgentError`.\n    """\n\n',
        "    def __init__(self, loop: Loop, client: AsyncSandboxAgent) -> None:\n",
        "        self._loop = loop\n",
        "        self._client = client\n",
    ]
    for node in client.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_"):
            out.append("\n" + sync_method(node, source))
    out += [
        "\n    def __enter__(self) -> SandboxAgent:\n        return self\n",
        "\n    def __exit__(\n",
        "        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None\n",
        "    ) -> None:\n        self.close()\n",
    ]
    return "".join(out)


def sync_method(node: ast.FunctionDef | ast.AsyncFunctionDef, source: str) -> str:
    text = ast.get_source_segment(source, node) or ""
    body = node.body[0]
    # The head with the documentation, as it is written.
    head = "\n".join(text.split("\n")[: (body.end_lineno or 0) - node.lineno + 1])
    head = head.replace("async def", "def", 1).replace("AsyncSandboxAgent", "SandboxAgent").replace("AsyncIterator", "Iterator")
    arguments = [f"{arg.arg}" for arg in node.args.args if arg.arg not in ("self", "cls")]
    arguments += [f"{arg.arg}={arg.arg}" for arg in node.args.kwonlyargs]
    call = f"{node.name}({', '.join(arguments)})"
    if any(isinstance(each, ast.Name) and each.id == "classmethod" for each in node.decorator_list):
        kind = "make" if isinstance(node, ast.FunctionDef) else "run"
        made = {
            "make": f"client = AsyncSandboxAgent.{call}\n        return cls(Loop(), client)",
            "run": "loop = Loop()\n        try:\n            return cls(loop, loop.run("
            + f"AsyncSandboxAgent.{call}))\n        except BaseException:\n            loop.close()\n            raise",
        }[kind]
        return f"    @classmethod\n    {head}\n        {filled(made)}\n"
    if node.name == "close":
        return f"    {head}\n        if not self._loop.closed:\n            self._loop.run(self._client.close())\n            self._loop.close()\n"
    iterates = any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in ast.walk(node))
    verb = "self._loop.iterate" if iterates else "self._loop.run"
    return f"    {head}\n        return {filled(f'{verb}(self._client.{call})')}\n"


def filled(call: str) -> str:
    """Breaks a call whose line is too long."""
    if max(len(line) for line in call.split("\n")) <= WIDTH - 12:
        return call
    head, _, rest = call.partition("(")
    if head.startswith("self._loop"):
        inner, _, arguments = rest[:-1].partition("(")
        lines = textwrap.fill(arguments[:-1], WIDTH - 16, initial_indent=" " * 16, subsequent_indent=" " * 16)
        return f"{head}(\n            {inner}(\n{lines}\n            )\n        )"
    return call


if __name__ == "__main__":
    sys.exit(main())
