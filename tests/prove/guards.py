"""The checks that keep archc's promises: how each is taken out, and the test that then fails."""

from msgspec import Struct

LIMITS = "limits/test_reading_limits.py::test_spec_past_a_limit_is_refused_with_its_code"
TEXTS = "hostile/test_texts.py::test_hostile_spec_ends_fairly_on_every_way_in"
BAD = "diagnostics/test_bad_specs.py::test_bad_spec_is_refused_at_the_marked_lines_alone"
PLACES = "cli/test_places.py::"
BUILD = "cli/test_build.py::"
BUILT = "cli/test_built_networks.py::"
FOLDER = "cli/test_build_folder.py::"


class Guard(Struct, frozen=True):
    """What is taken out of a file, in words and in code, and the test that shows it."""

    promise: str
    what: str
    test: str
    file: str
    old: str
    new: str
    besides: tuple[str, str] = ("", "")
    """What else has to go from the file, and what comes: one check may stand behind another."""

    def taken_out(self, text: str) -> str:
        """Return the text of the file without the guard."""
        return text.replace(self.old, self.new).replace(*self.besides)


IN_PLACE = (
    "files.py",
    "            _replace(target, data)",
    "            target.write_bytes(data)",
)

GUARDS = (
    Guard(
        "P1",
        "the limit of YAML's depth",
        f"{LIMITS}[depth of YAML]",
        "spec/tree.py",
        "        if depth > MAX_DEPTH:",
        "        if False:",
    ),
    Guard(
        "P1",
        "the limit of YAML's events",
        f"{LIMITS}[YAML events]",
        "spec/tree.py",
        "                if count > MAX_EVENTS:",
        "                if False:",
    ),
    Guard(
        "P1",
        "the limit of an expression's depth",
        f"{LIMITS}[nesting of an expression]",
        "expressions/parser.py",
        "MAX_NESTING = 32",
        "MAX_NESTING = 2**30",
    ),
    Guard(
        "P1",
        "the count of nodes before a repeat is expanded",
        TEXTS,
        "passes/elaboration/nodes.py",
        "        if len(self.nodes) + count > self.max_nodes:",
        "        if False:",
    ),
    Guard(
        "P1",
        "the count of lines that run, with layers or without",
        TEXTS,
        "passes/elaboration/nodes.py",
        "        if self.steps > self.max_steps:",
        "        if False:",
    ),
    Guard(
        "P1",
        "how many characters are read again to try repairs",
        "limits/test_hostile_specs.py",
        "spec/parse.py",
        "MAX_READ_AGAIN = 200_000",
        "MAX_READ_AGAIN = 200_000_000",
    ),
    Guard(
        "P1",
        "the count of a canonical form's values, before it is decoded",
        "hostile/test_canonical.py::test_long_canonical_form_ends_fairly",
        "spec/json_text.py",
        "    if passed := size.past(limits):",
        "    if passed := '':",
    ),
    Guard(
        "P1",
        "a canonical form's names, looked through for one that is there twice",
        "backends/test_canonical.py::test_canonical_form_that_is_malformed_is_refused",
        "spec/json_text.py",
        "            if name in opened[-1]:",
        "            if False:",
    ),
    Guard(
        "P1",
        "the limit of its depth",
        "backends/test_canonical.py::test_bytes_that_are_no_canonical_form_have_the_place_of_it",
        "spec/json_text.py",
        "            if len(opened) > MAX_DEPTH:",
        "            if False:",
    ),
    Guard(
        "P1",
        "the count of events of the spec in it",
        "limits/test_ways_in.py::test_limit_holds_on_each_way_in[YAML events-canonical]",
        "spec/canonical.py",
        "        if self.events > MAX_EVENTS:",
        "        if False:",
    ),
    Guard(
        "P1",
        "what nobody would read is not written",
        "limits/test_ways_in.py::test_canonical_form_that_nobody_would_read_is_not_written",
        "artefacts.py",
        "    if size_of(text.encode(), limits).past(limits):",
        "    if False:",
    ),
    Guard(
        "P1",
        "the limit of a manifest",
        "hostile/test_builds.py::test_hostile_manifest_ends_fairly",
        "manifest.py",
        "MAX_MANIFEST = 2 * 2**20",
        "MAX_MANIFEST = 2**60",
    ),
    Guard(
        "P1",
        "the limit of a build's files",
        "hostile/test_builds.py::test_file_of_a_hostile_build_is_not_waited_for",
        "manifest.py",
        "read_regular(folder / name, max_graph if name == GRAPH else left)",
        "read_regular(folder / name, 2**60)",
    ),
    Guard(
        "P2",
        "the answer to a path that is too long for the system",
        "hostile/test_files.py::test_file_that_is_no_spec_is_refused_soon",
        "spec/source.py",
        "    except OSError as error:\n        reason = (",
        "    except FileNotFoundError as error:\n        reason = (",
    ),
    Guard(
        "P2",
        "the limit of a file of weights, and the answer where memory ends",
        "hostile/test_weights.py::test_hostile_weights_are_refused_on_every_way_in",
        "runtime/weight_file.py",
        "            _check_size(path, before[0], limit)\n",
        "",
        ("    except MemoryError:", "    except ZeroDivisionError:"),
    ),
    Guard(
        "P2",
        "the kinds of what a caller gives as numbers",
        "runtime/test_calls.py::test_wrong_argument_of_load_is_an_error_of_the_call",
        "calling.py",
        "        if type(size) is not int:",
        "        if False:",
    ),
    Guard(
        "P3",
        "the status of files that cannot be read",
        "hostile/test_files.py::test_file_that_is_no_spec_is_refused_soon",
        "diagnostics/codes.py",
        "            return 3",
        "            return 1",
    ),
    Guard(
        "P3",
        "a pipe is opened without waiting for a reader",
        f"{PLACES}test_drawing_into_what_is_no_file_is_refused_and_not_waited_for[a pipe]",
        "files.py",
        "os.open(target, os.O_WRONLY | os.O_NONBLOCK)",
        "os.open(target, os.O_WRONLY)",
    ),
    Guard(
        "P3",
        "the status of a build that was changed: that of weights",
        "hostile/test_builds.py::test_hostile_manifest_ends_fairly",
        "diagnostics/codes.py",
        "4 if self in _WEIGHTS else 1",
        "4 if self in {*_WEIGHTS, Code.BUILD_CHANGED} else 1",
    ),
    Guard(
        "P4",
        "a call of `eval` was added to a file",
        "architecture/test_forbidden_calls.py::test_file_calls_nothing_forbidden",
        "files.py",
        '"""What opening a file answers',
        'eval("1")\n"""What opening a file answers',
    ),
    Guard(
        "P4",
        "the caller's leave for a Python layer: the class was imported",
        "runtime/test_python_layers.py::test_python_layer_is_refused_unless_the_caller_names_it",
        "passes/elaboration/callees.py",
        "        layer = file.python[name]\n",
        "        from archc.runtime.python_layers import imported, python_layers\n\n"
        "        target = file.document.python[name]\n"
        "        layer = python_layers(imported([target]))[target]\n",
    ),
    Guard(
        "P4",
        "a Python layer must be what its module has by that name",
        "runtime/test_python_layers.py::test_class_that_cannot_be_imported_is_refused",
        "runtime/python_layers.py",
        "    if getattr(sys.modules.get(python_class.__module__)",
        "    if False and getattr(sys.modules.get(python_class.__module__)",
    ),
    Guard(
        "P4",
        "imports lie inside the project",
        "cli/test_imports.py::test_import_outside_the_project_is_refused",
        "imports.py",
        "        if not Path(real).is_relative_to(self.root):",
        "        if False:",
    ),
    Guard(
        "P5",
        "the refusal to replace an edited build",
        f"{FOLDER}test_build_over_edited_files_is_refused_without_force",
        "runtime/build_folder.py",
        "        if touched and not force:",
        "        if False:",
    ),
    Guard(
        "P5",
        "the same, for files edited while the build is made",
        f"{FOLDER}test_edit_while_a_build_is_made_is_kept_without_force",
        "runtime/build_folder.py",
        "        self.check_free(name, force=force)\n",
        "",
    ),
    Guard(
        "P5",
        "the refusal to draw over what archc did not draw",
        "cli/test_draw.py::test_draw_over_a_foreign_file_is_refused_without_force",
        "cli/drawing.py",
        "not is_ours(path)",
        "False",
    ),
    Guard(
        "P5",
        "the one rename that turns the link of a build",
        "cli/test_faults.py::test_build_whose_nth_call_is_refused_leaves_a_whole_one",
        "runtime/build_folder.py",
        "            fresh.replace(link)",
        "            link.unlink(missing_ok=True)\n            fresh.replace(link)",
    ),
    Guard(
        "P5",
        "the same, and a moment between",
        "cli/test_kills.py::test_killed_builds_show_a_whole_one_and_the_next_removes_their_drafts",
        "runtime/build_folder.py",
        "            fresh.replace(link)",
        "            link.unlink(missing_ok=True)\n"
        '            __import__("time").sleep(1)\n            fresh.replace(link)',
    ),
    Guard(
        "P5",
        "the lock of a folder of builds",
        f"{FOLDER}test_build_waits_until_another_one_is_done",
        "runtime/build_folder.py",
        "            fcntl.flock(descriptor, fcntl.LOCK_EX)\n",
        "",
    ),
    Guard(
        "P5",
        "the removal of drafts that killed builds left",
        f"{FOLDER}test_draft_that_a_killed_build_left_makes_room_for_the_next",
        "runtime/build_folder.py",
        "            self._remove_dead_drafts()\n",
        "",
    ),
    Guard(
        "P5",
        "the removal of a build's draft after a failure",
        "cli/test_kills.py::test_full_disk_leaves_the_old_build_and_no_drafts",
        "runtime/build_folder.py",
        "        finally:\n            shutil.rmtree(folder, ignore_errors=True)",
        "        finally:\n            pass",
    ),
    Guard(
        "P5",
        "a file is drafted beside its place: it was written in place",
        "cli/test_faults.py::test_drawing_whose_nth_call_is_refused_leaves_a_whole_one",
        *IN_PLACE,
    ),
    Guard(
        "P5",
        "the same",
        "cli/test_faults.py::test_fix_whose_nth_call_is_refused_leaves_a_whole_spec",
        *IN_PLACE,
    ),
    Guard("P5", "the same", f"{PLACES}test_full_disk_leaves_what_was_there", *IN_PLACE),
    Guard(
        "P5",
        "the removal of a file's draft after Ctrl-C",
        f"{PLACES}test_ctrl_c_amid_writing_leaves_the_old_file",
        "files.py",
        "    except BaseException:",
        "    except Exception:",
    ),
    Guard(
        "P5",
        "the look at a spec before `--fix` writes it",
        "cli/test_fix.py::test_fix_refuses_a_file_that_changed_while_it_was_checked",
        "cli/fixing.py",
        "    if path.read_bytes() != data:",
        "    if False:",
    ),
    Guard(
        "P6",
        "the current folder was added to the manifest",
        f"{BUILD}test_build_elsewhere_has_the_same_bytes",
        "runtime/build.py",
        '        "archc": __version__,',
        '        "archc": __version__,\n        "folder": str(Path.cwd()),',
    ),
    Guard(
        "P6",
        "the order of the manifest's files: that of a set",
        "cli/test_same_bytes.py::test_builds_and_drawings_elsewhere_have_the_same_bytes",
        "runtime/build_folder.py",
        "for name in _files(folder)}",
        "for name in set(_files(folder))}",
    ),
    Guard(
        "P6",
        "UTF-8, for the encoding of the place",
        "cli/test_same_bytes.py::test_builds_and_drawings_elsewhere_have_the_same_bytes",
        "backends/rendering.py",
        "            input=dot_text.encode(),",
        '            input=dot_text.encode(__import__("locale").getencoding()),',
    ),
    Guard(
        "P6",
        "the locale of the renderer",
        "cli/test_same_bytes.py::test_builds_and_drawings_in_turkish_have_the_same_bytes",
        "backends/rendering.py",
        '            env={**os.environ, "LC_ALL": "C"},',
        "            env=None,",
    ),
    Guard(
        "P7",
        "the check of names under `declare:`",
        "hostile/test_strings.py::test_string_is_text_in_every_place",
        "spec/statement_reader.py",
        "                check_child_name(name.value)\n",
        "                pass\n",
    ),
    Guard(
        "P7",
        "the escaping of quoted text",
        TEXTS,
        "diagnostics/render.py",
        "        c if c.isprintable() else c.encode",
        "        c if c else c.encode",
    ),
    Guard(
        "P8",
        "the limit of a number in an argument",
        f"{LIMITS}[largest integer]",
        "expressions/tokens.py",
        "        if value > MAX_INTEGER:",
        "        if False:",
    ),
    Guard(
        "P8",
        "the comparison of another call of a module with the first",
        BAD,
        "passes/elaboration/nodes.py",
        "        if shared:\n            self._check_owner",
        "        if False:\n            self._check_owner",
    ),
    Guard(
        "P8",
        "the comparison of the operations that another call of a block runs",
        BAD,
        "passes/elaboration/replays.py",
        "            self._expect_alike(record, start, results, inputs, call)",
        "            pass",
    ),
    Guard(
        "P8",
        "the limit of parameters that are given memory",
        f"{BUILD}test_build_with_weights_past_the_limit_of_parameters_is_refused_before_it_writes",
        "runtime/load.py",
        "    if graph.parameter_count > limit:",
        "    if False:",
    ),
    Guard(
        "P9",
        "the comparison of a written module with its prediction",
        f"{BUILD}test_build_whose_source_is_not_as_predicted_is_our_fault",
        "runtime/build.py",
        '            prove(draft / "model.py", graph)\n',
        "",
    ),
    Guard(
        "P9",
        "the comparison of a build with what is made of its spec",
        f"{BUILT}test_artefact_that_is_not_made_of_the_spec_is_refused",
        "artefacts.py",
        "    if differing:\n        raise changed(build.shown, differing)",
        "    if False:\n        raise changed(build.shown, differing)",
    ),
    Guard(
        "P9",
        "the hashes of a build's files",
        f"{BUILT}test_file_of_a_build_that_differs_is_named",
        "manifest.py",
        "            if sha256(data) != manifest.files[name]:",
        "            if False:",
    ),
    Guard(
        "P9",
        "the hash that names a build's folder",
        f"{BUILT}test_manifest_that_was_edited_in_its_store_is_refused",
        "manifest.py",
        '    if folder.parent.name == STORE and folder.name.partition("-")[0] != sha256(data):',
        "    if False:",
    ),
    Guard(
        "P9",
        "`load` executed the build's `model.py`",
        f"{BUILT}test_model_of_a_build_is_never_executed",
        "opening.py",
        "    name = SPEC if SPEC in build.contents else GRAPH\n",
        "    name = SPEC if SPEC in build.contents else GRAPH\n"
        '    exec((build.folder / "model.py").read_text())\n',
    ),
    Guard(
        "P9",
        "a build imports its own files alone: it found those around it",
        f"{BUILT}test_spec_of_a_build_imports_nothing_from_outside",
        "opening.py",
        "BuiltFiles(build.shown, build.contents)), build=build)",
        "ProjectFolder(Path(shown), shown)), build=build)",
    ),
    Guard(
        "P9",
        "a manifest is opened only where it is a file",
        "hostile/test_builds.py::test_hostile_manifest_in_the_way_of_a_build_is_an_edited_one",
        "manifest.py",
        "        data = read_regular(folder / MANIFEST, MAX_MANIFEST)\n",
        "        data = (folder / MANIFEST).read_bytes()\n",
    ),
    Guard(
        "P10",
        "the comparison of weights with the model",
        "runtime/test_load.py::test_weights_that_do_not_fit_are_all_listed_and_change_nothing",
        "runtime/weights.py",
        "    if differences:",
        "    if False:",
    ),
    Guard(
        "P10",
        "the comparison before the first tensor is copied",
        "runtime/test_load.py::test_weights_that_do_not_fit_are_all_listed_and_change_nothing",
        "runtime/weights.py",
        "    absent = _checked(state, given, left, set(optional), narrowing)\n",
        "    with torch.no_grad():\n"
        "        for name in state.keys() & given.keys() - left:\n"
        "            if state[name].shape == given[name].shape:\n"
        "                state[name].copy_(given[name])\n"
        "    absent = _checked(state, given, left, set(optional), narrowing)\n",
    ),
    Guard(
        "P10",
        "the answer to what safetensors refuses",
        "hostile/test_weights.py::test_hostile_weights_are_refused_on_every_way_in",
        "runtime/weight_file.py",
        "    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:",
        "    except (KeyError, ValueError, RuntimeError) as error:",
    ),
    Guard(
        "P10",
        "the mark of a file that changes while it is read",
        "runtime/test_weight_file.py"
        "::test_file_that_changes_while_it_is_read_gives_the_old_content_or_an_error",
        "runtime/weight_file.py",
        "    if is_changed:",
        "    if False:",
    ),
    Guard(
        "P10",
        "the hash of a build's weights",
        f"{BUILT}test_edited_weights_of_a_build_are_refused_where_they_are_read",
        "runtime/weight_file.py",
        "    if build is not None and sha256(data) != build.manifest.files[path.name]:",
        "    if False:",
    ),
    Guard(
        "P10",
        "numbers are cut short only where it is asked for",
        "runtime/test_load.py"
        "::test_weights_convert_to_a_dtype_that_is_asked_for_and_to_no_narrower_one_else",
        "runtime/weights.py",
        "(narrowing or _WIDTHS[wanted] > _WIDTHS[given])",
        "True",
    ),
)
"""One place may have several guards, and one guard several tests."""
