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

@dataclass(kw_only=True)
class Unknown:
    """A variant of a union that came after this file was made. Its ``type`` is one that none of the others has, so
    that a comparison tells type checkers which one it is."""

    #: The type that it came with.
    name: str
    #: All that came.
    json: dict[str, Any]
    type: Literal["unknown"] = "unknown"
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
    bases: dict[str, str] = {}  # of variants
    aliases, classes = [], []
    for name, definition in sorted(defs.items()):
        if shared := shared_by_variants(definition, defs):
            base = short_name(name) + "Base"
            bases |= {variant: base for variant in variants_of(definition)}
            out.append(class_text(base, f"What every {name} has.", "", shared))
            text = f"A variant of {name} that came after this file was made."
            classes.append(class_text("Unknown" + short_name(name), text, f"{base}, Unknown", {"properties": {}}))
            for variant in variants_of(definition):
                members = {member: of for member, of in defs[variant]["properties"].items() if member not in shared["properties"]}
                defs = {**defs, variant: {**defs[variant], "properties": members}}
    for name, definition in sorted(defs.items()):
        if definition.get("type") == "object" and "properties" in definition:
            classes.append(dataclass_text(name, definition, bases.get(name, "")))
        else:
            known = any(variant in bases for variant in variants_of(definition))
            aliases.append(alias_text(name, definition, "Unknown" + short_name(name) if known else "Unknown"))
    return "".join(out) + "".join(classes) + "\n\n" + "\n".join(aliases)


def short_name(union: str) -> str:
    return union.removeprefix("Universal")


def variants_of(definition: dict[str, Any]) -> list[str]:
    return [variant["$ref"].rpartition("/")[2] for variant in definition.get("oneOf", []) if "$ref" in variant]


def shared_by_variants(definition: dict[str, Any], defs: dict[str, Any]) -> dict[str, Any]:
    """What all variants of a union must have, and so those that are not known too."""
    variants = [defs[name] for name in variants_of(definition)]
    if not variants:
        return {}
    shared = {
        member: of
        for member, of in variants[0]["properties"].items()
        if all(variant["properties"].get(member) == of and member in variant["required"] for variant in variants)
    }
    return {"properties": shared, "required": list(shared)} if shared else {}


def alias_text(name: str, definition: dict[str, Any], unknown: str) -> str:
    text = comment(definition, "")
    variants = definition.get("oneOf") or definition.get("anyOf")
    if variants and {variant.get("type") for variant in variants} >= {*SIMPLE, "array", "object"} - {"integer"}:
        return f"{text}{name} = Any\n"
    if variants:
        names = [type_of(variant) for variant in variants]
        if all("$ref" in variant for variant in variants):
            names.append(unknown)
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


def dataclass_text(name: str, definition: dict[str, Any], base: str) -> str:
    lines = [
        class_text(name, definition.get("description", ""), base, definition),
        "    #: What this version of the package doesn't know.\n",
        "    extra: dict[str, Any] = field(default_factory=dict)\n",
    ]
    return "".join(lines)


def class_text(name: str, description: str, base: str, definition: dict[str, Any]) -> str:
    required = set(definition.get("required", []))
    lines = [f"\n\n@dataclass(kw_only=True)\nclass {name}{f'({base})' if base else ''}:\n"]
    if description:
        doc = textwrap.fill(description, WIDTH, initial_indent='    """', subsequent_indent="    ")
        lines.append(doc + ('"""\n\n' if definition["properties"] else '"""\n'))
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
    if len(schema.get("allOf", [])) == 1:  # a reference with a description of its own
        return type_of(schema["allOf"][0])
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
        "from collections.abc import Generator, Mapping, Sequence\n",
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
    head = head.replace("async def", "def", 1).replace("AsyncSandboxAgent", "SandboxAgent")
    head = re.sub(r"AsyncGenerator\[([\w.]+), None\]", r"Generator[\1, None, None]", head)
    arguments = [f"{arg.arg}" for arg in node.args.args if arg.arg not in ("self", "cls")]
    arguments += [f"{arg.arg}={arg.arg}" for arg in node.args.kwonlyargs]
    if any(isinstance(each, ast.Name) and each.id == "classmethod" for each in node.decorator_list):
        maker = f"AsyncSandboxAgent.{node.name}"
        if isinstance(node, ast.FunctionDef):
            made = f"        client = {call(maker, arguments, 8)}\n        return cls(Loop(), client)\n"
        else:
            made = "        loop = Loop()\n        try:\n"
            made += f"            client = loop.run({call(maker, arguments, 12)})\n"
            made += "        except BaseException:\n            loop.close()\n            raise\n        return cls(loop, client)\n"
        return f"    @classmethod\n    {head}\n{made}"
    if node.name == "close":
        return f"    {head}\n        self._loop.close(self._client.close)\n"
    iterates = any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in ast.walk(node))
    verb = "self._loop.iterate" if iterates else "self._loop.run"
    return f"    {head}\n        return {verb}({call(f'self._client.{node.name}', arguments, 8)})\n"


def call(function: str, arguments: list[str], indent: int) -> str:
    """A call, on several lines where it is long."""
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= WIDTH - indent - 25:  # there is something before and behind it
        return line
    margin = " " * (indent + 4)
    return f"{function}(\n{textwrap.fill(', '.join(arguments), WIDTH, initial_indent=margin, subsequent_indent=margin)}\n{' ' * indent})"


if __name__ == "__main__":
    sys.exit(main())
