"""What the blocks of a file see: its parameters, its blocks, its imports."""

from collections.abc import Callable, Iterator, Mapping

from archc.diagnostics import RuleViolation
from archc.expressions.syntax import NOWHERE
from archc.ir.runs import Template
from archc.layers.base import Layer
from archc.passes.elaboration.parameters import bind_parameters, check_variants
from archc.passes.elaboration.request import Imported
from archc.passes.elaboration.scope import FileScope
from archc.spec.model import Document
from archc.statements import Block

Report = Callable[[RuleViolation], None]
"""What takes a violation that does not end the pass."""


def documents_of(document: Document, imported: Mapping[str, Imported]) -> list[Document]:
    """Return a document and those it imports, each once."""
    files = {document.file: document}
    waiting = [*imported.values()]
    while waiting:
        item = waiting.pop()
        if item.document.file not in files:
            files[item.document.file] = item.document
            waiting += item.imported.values()
    return list(files.values())


def file_scope(
    document: Document,
    imported: Mapping[str, Imported],
    ops: Mapping[str, type[Layer]],
    report: Report,
) -> FileScope:
    """Return what a file's blocks see, its parameters excepted."""
    imported = {alias: item for alias, item in imported.items() if _is_there(item)}
    imports = {alias: _imported_scope(item, ops, report) for alias, item in imported.items()}
    named = {alias: item.block for alias, item in imported.items() if item.block}
    blocks = {name: Template(block, document.file) for name, block in document.blocks.items()}
    blocks |= {alias: imports[alias].blocks[block] for alias, block in named.items()}
    homes = {alias: imports[alias] for alias in named}
    model = None if document.lacks else model_template(document)
    permitted = {name: ops.get(name) or ops.get(target) for name, target in document.python.items()}
    unread = document.unread | {item.alias for item in document.imports} - imports.keys()
    return FileScope(
        document.file,
        {},
        blocks,
        imports,
        {},
        document,
        model,
        homes,
        permitted,
        unread,
        document.is_partial,
    )


def imported_files(file: FileScope) -> Iterator[FileScope]:
    """Yield the files that a file imports and those that they import, each once."""
    known = {file.file}
    waiting = [*file.imports.values()]
    while waiting:
        found = waiting.pop(0)
        if found.file not in known:
            known.add(found.file)
            yield found
            waiting += found.imports.values()


def _is_there(imported: Imported) -> bool:
    """Return whether the other file has the block that an import asks for, if it asks for one."""
    return not imported.block or imported.block in imported.document.blocks


def model_template(document: Document) -> Template:
    """Return the model as a block that takes its inputs and no arguments."""
    names = tuple(spec.name for spec in document.inputs)
    span = document.spans.get("name", NOWHERE)
    block = Block(document.name, (), names, document.model, span)
    return Template(block, document.file, is_model=True)


def _imported_scope(
    imported: Imported, ops: Mapping[str, type[Layer]], report: Report
) -> FileScope:
    blind = file_scope(imported.document, imported.imported, ops, report)
    bound = bind_parameters(imported.document, None, {}, blind)
    for violation in (*check_variants(imported.document, blind), *bound.violations):
        violation.span = violation.span or imported.document.spans.get("name")
        report(violation)
    return blind.with_parameters(bound.values, bound.lost)
