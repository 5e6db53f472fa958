"""The project code that a step depends on, by name, as normalised syntax.

Comments, formatting and docstrings do not count; neither does what is imported from outside of the project (installed
packages, the standard library). Where names can't be followed, whole modules count.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from stackyard.analysis.code_reach import MODULE, ORDER, PROGRAM, CodeReach, Name, Reach
from stackyard.analysis.module_code import ModuleCode, UnreadableCodeError
from stackyard.engine.functions import load_function
from stackyard.engine.import_reads import ImportReads
from stackyard.engine.module_values import ModuleValues
from stackyard.engine.project_files import ProjectFiles
from stackyard.model.cache_key import NOT_COMPARABLE, OF_VALUE
from stackyard.model.digest import digest_bytes, digest_value
from stackyard.model.graph import StepSource

if TYPE_CHECKING:
    from stackyard.engine.captured import Captured
    from stackyard.engine.live_values import LiveValue

_MAIN = "__main__"
_Labels = list[tuple[str, str]]


class CodeDigests:
    """Digests of the code of one project, each file read once."""

    def __init__(self, roots: Iterable[str]) -> None:
        """Remember where modules are looked for that are not loaded.

        Args:
            roots: folders of project code, the most specific name in messages first.
        """
        self._roots = [Path(root).resolve() for root in roots if root]
        self._projects: dict[str, _ProjectCode] = {}
        self._known: dict[tuple[str, str, str], dict[str, str]] = {}
        self._labels: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._texts: dict[str, Callable[[], str]] = {}
        self.doubtful: dict[str, str] = {}
        """Label to the reason why its value can't be compared with that of another run: who uses it is not reused."""

    @property
    def root(self) -> Path:
        """Return the most specific root: the folder that modules of the project count from."""
        return self._roots[0] if self._roots else Path.cwd()

    def of(self, source: StepSource) -> dict[str, str]:
        """Return label to digest of all the project code that a step's function may use.

        A label is a file (relative to its root), a colon and a name of its module, a class by member:
        ``helpers.py:Config.rate``; ``helpers.py:<module>`` stands for the statements that have effects when the module
        is imported and bind no name, ``helpers.py:<order>`` for the places of names among these, ``helpers.py`` for a
        module of which all counts (see :meth:`whole`). A function without a file
        (a notebook cell, ``python -c``) counts by itself and all that it takes from around it; one that is defined in
        another function counts by both.
        """
        key = (source.file, source.qualname, source.pickled)
        if key not in self._known:
            self._known[key] = self._parts(source)
        return self._known[key]

    def whole(self, label: str) -> str:
        """Return why all of a module counts; empty: it does not."""
        return self._reasons.get(label, "")

    def text(self, label: str) -> str:
        """Return the source behind a label as it is written, without its indentation; empty if that is not known."""
        # What a cache policy names comes before the label.
        found = self._texts.get(label) or self._texts.get(label.partition(":")[2])
        return found() if found is not None else ""

    def imports_of(self, file: Path) -> set[str]:
        """Return the dotted names that a file and the project modules below it import."""
        names: set[str] = set()
        code = self._project(_MAIN)
        pending, found = [str(file.resolve())], set()
        while pending:
            one = pending.pop()
            if one in found:
                continue
            found.add(one)
            module = code.files.module(one)
            for target in module.all_imports if module is not None else ():
                dotted = code.reach.targets.absolute(one, target)
                names.add(dotted)
                if target.name not in ("", "*"):
                    names.add(f"{dotted}.{target.name}" if dotted else target.name)
                pending.extend(code.reach.targets.executed(one, target))
        return names

    def _parts(self, source: StepSource) -> dict[str, str]:
        path = Path(source.file)
        has_file = bool(source.file) and path.is_file()
        captured = None
        if source.pickled and (not has_file or "<locals>" in source.qualname or "<lambda>" in source.qualname):
            captured = _captured(source, with_globals=not has_file)
        file = str(path.resolve()) if has_file else ""
        code = self._project(file if source.module == _MAIN else "")
        names: list[Name] = []
        whole: dict[str, str] = {}
        if not has_file:
            parts = {"<step>": digest_bytes((source.pickled or source.qualname).encode())}
            if captured is not None:
                parts["<step>"] = digest_value("function/1", captured.digest)
        else:
            parts = {"<step>": digest_bytes(source.qualname.encode())}
            if source.pickled and ("<locals>" in source.qualname or "<lambda>" in source.qualname):
                # Which of several functions of that name it is, and what it took from around it, no file tells.
                text = captured.digest if captured is not None else source.pickled
                parts["<closure>"] = digest_bytes(text.encode())
            self._begin(code, file, source.qualname, names, whole)
        for module, qualname in captured.references if captured is not None else ():
            for found in code.files.files(module, file or str(self.root / "_")):
                self._begin(code, found, qualname, names, whole)
        open_function = None if captured is not None or not names else names[0]
        reach = code.reach.of(names, whole, open_function=open_function)
        for label, digest in self._labelled(code, reach):
            # Two files of one label (in two roots) count both.
            parts[label] = digest_bytes((parts[label] + digest).encode()) if label in parts else digest
        return parts

    def _begin(self, code: _ProjectCode, file: str, qualname: str, names: list[Name], whole: dict[str, str]) -> None:
        """Add a function, a class or (without a name) a module to what a walk begins with."""
        module = code.files.module(file)
        name = qualname.partition(".")[0]
        if module is None:
            whole[file] = "it can't be parsed"
        elif name and module.is_bound(name):
            names.append((file, name))
        else:
            whole[file] = f"it has no {name!r} of its own level" if name else "it is named as a whole"

    def _project(self, main: str) -> _ProjectCode:
        if main not in self._projects:
            self._projects[main] = _ProjectCode(ProjectFiles(self._roots, main=main), self._roots)
        return self._projects[main]

    def _labelled(self, code: _ProjectCode, reach: Reach) -> Iterable[tuple[str, str]]:
        for file in sorted(reach.whole):
            label = self._label(file)
            self._reasons[label] = reach.whole[file]
            self._texts[label] = lambda file=file: code.files.data(file).decode("utf-8", errors="replace")  # type: ignore[misc]
            yield label, code.whole_digest(file, exact=bool(reach.source))
        in_order: dict[str, list[str]] = {}
        doubtful: dict[Name, str] = {}
        added = {(file, name) for file in reach.whole for name in code.values.added(file)} - reach.names
        for key in sorted(reach.names | added):
            value, digests = self._of_name(code, key)
            if value is not None and value.doubt:
                doubtful[key] = value.doubt
            elif value is not None:
                yield self._label_of_value(key), value.digest
            if key[0] not in reach.whole:
                yield from digests
                in_order.setdefault(key[0], []).append(key[1])
        for key in sorted(doubtful.keys() & (code.reach.read(reach) | added)) if doubtful else ():
            label = self._label_of_value(key)
            self.doubtful[label] = doubtful[key]
            # Never the same: what it holds now may be something else than it held before.
            yield label, f"{NOT_COMPARABLE}{doubtful[key]} ({uuid4().hex[:8]})"
        for file, names in in_order.items():
            order = code.order(file, names)
            if order:
                yield f"{self._label(file)}:{ORDER}", order

    def _of_name(self, code: _ProjectCode, key: Name) -> tuple[LiveValue | None, _Labels]:
        """Return what stands for a name's value, if it counts, and label to digest of its code."""
        found = code.labels.get(key)
        if found is None:
            file, name = key
            label = f"{self._label(file)}:{name}"
            digests: _Labels = []
            for member, digest in code.digests(file, name).items():
                of_member = f"{label}.{member}" if member else label
                self._texts[of_member] = lambda member=member: code.text(file, name, member)  # type: ignore[misc]
                digests.append((of_member, digest))
            digests += [(f"{label} ({read})", digest) for read, digest in code.read_files(file, name).items()]
            found = code.labels[key] = (code.values.of(file, name), digests)
        return found

    def _label_of_value(self, key: Name) -> str:
        return f"{self._label(key[0])}:{key[1]}{OF_VALUE}"

    def _label(self, file: str) -> str:
        if file not in self._labels:
            path = Path(file)
            root = next((root for root in self._roots if path.is_relative_to(root)), path.parent)
            self._labels[file] = path.relative_to(root).as_posix()
        return self._labels[file]


class _ProjectCode:
    """The digests of a project's names."""

    def __init__(self, files: ProjectFiles, roots: list[Path]) -> None:
        self.files = files
        self.values = ModuleValues(files, [str(root) for root in roots])
        self.reach = CodeReach(files)
        self._reads = ImportReads(files, self.reach.targets, roots)
        self._whole: dict[tuple[str, bool], str] = {}
        self._sequences: dict[str, list[list[str]]] = {}
        self.labels: dict[Name, tuple[LiveValue | None, _Labels]] = {}
        """What stands for a name's value, and how :class:`CodeDigests` calls the digests of its code."""

    def digests(self, file: str, name: str) -> dict[str, str]:
        """Return the digests of a name by member; an empty text: of itself."""
        module = self.files.module(file)
        if module is None:
            return {}
        if name == MODULE:
            return {"": digest_value("statements/1", self._statements(module, self.reach.quiet.loud(file)))}
        if name == PROGRAM:
            return {"": digest_value("statements/1", [module.pieces[i].syntax() for i in sorted(module.guarded)])}
        try:
            return {member: digest_value("code/1", syntax) for member, syntax in module.parts(name).items()}
        except UnreadableCodeError:
            return {"": digest_bytes(module.data)}

    def read_files(self, file: str, name: str) -> dict[str, str]:
        """Return name to digest of the files that a name's statements read, where no value shows what that was."""
        module = self.files.module(file)
        if module is None or (name != MODULE and self.files.loaded_module(file) is not None):
            return {}
        places = self.reach.quiet.loud(file) if name == MODULE else module.names.get(name, ())
        nodes = [module.pieces[i].node for i in places]
        is_def = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        return self._reads.of(file, [node for node in nodes if not isinstance(node, is_def)])

    def order(self, file: str, names: list[str]) -> str:
        """Return the digest of where names stand among what may change them at import; empty: nothing does."""
        module, quiet = self.files.module(file), self.reach.quiet
        if module is None or not quiet.volatile(file):
            return ""
        if file not in self._sequences:
            self._sequences[file] = self._sequence(file, module)
        ranks = {name: [quiet.rank(file, i) for i in module.names.get(name, ())] for name in names}
        return digest_value("order/1", [self._sequences[file], ranks])

    def whole_digest(self, file: str, *, exact: bool) -> str:
        """Return the digest of a whole module; ``exact``: comments, docstrings and places count."""
        key = (file, exact)
        if key not in self._whole:
            module = self.files.module(file)
            try:
                text = "" if module is None or exact else module.syntax
            except UnreadableCodeError:
                text = ""
            data = text.encode("utf-8", errors="surrogatepass") if text else self.files.data(file)
            self._whole[key] = digest_bytes(data)
        return self._whole[key]

    def text(self, file: str, name: str, member: str) -> str:
        """Return the source of a name, or of a member of it."""
        module = self.files.module(file)
        if module is None:
            return ""
        if name == MODULE:
            places = self.reach.quiet.loud(file)
            return module.text_of_pieces([i for i in places if not module.pieces[i].is_definition])
        if name == PROGRAM:
            return module.text_of_pieces(sorted(module.guarded))
        return module.text(name, member)

    def _statements(self, module: ModuleCode, places: list[int]) -> list[str]:
        """Return the statements that no name stands for."""
        pieces = [module.pieces[i] for i in places]
        return [piece.syntax() for piece in pieces if not piece.is_definition]

    def _sequence(self, file: str, module: ModuleCode) -> list[list[str]]:
        """Return what may change something while a module is imported, in its order."""
        loud = set(self.reach.quiet.loud(file))
        found: list[list[str]] = []
        for i in self.reach.quiet.volatile(file):
            piece = module.pieces[i]
            found.append([piece.syntax()] if piece.is_import else sorted(piece.names))
            if i in loud:
                roots = {ref.root for ref in piece.reads().references if isinstance(ref.root, str)}
                found.append(["before", *sorted(root for root in roots if module.names.get(root, [0])[0] > i)])
        return found


def _captured(source: StepSource, *, with_globals: bool) -> Captured | None:
    """Return what a function that travels by value takes along; None: when in doubt, its pickled form counts."""
    from stackyard.engine.captured import captured_by  # noqa: PLC0415  # only for code that can't be imported

    try:
        return captured_by(load_function(source), with_globals=with_globals)
    except Exception:  # noqa: BLE001  # unpickling and reducing run the user's code, which can raise anything
        return None
