"""`make notebooks`: runs what changed, once, and never leaves a broken notebook behind."""

import json

import nbformat
import pytest

from tools.publishing import execute


@pytest.fixture
def root(tmp_path):
    """A small book: helpers, pinned requirements and a notebook of one cell."""
    (tmp_path / "book").mkdir()
    (tmp_path / "helpers").mkdir()
    (tmp_path / "helpers" / "data.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("torch==1\n", encoding="utf-8")
    return tmp_path


def write(root, *sources, name="01_test.ipynb"):
    path = root / "book" / name
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_notebook_is_run_once_and_then_again_only_when_its_ground_changes(root):
    path = write(root, "print('one')\nprint('two')  # check_01_one")
    assert execute.execute(path, root=root) == "executed"
    stored = path.read_text(encoding="utf-8")
    assert "one" in stored and execute.execute(path, root=root) == "unchanged"
    (root / "helpers" / "data.py").write_text("x = 2\n", encoding="utf-8")
    assert execute.execute(path, root=root) == "executed" and path.read_text(encoding="utf-8") != stored
    stored = path.read_text(encoding="utf-8")
    assert execute.execute(path, force=True, root=root) and path.read_text(encoding="utf-8") == stored


def test_outputs_that_are_not_those_of_one_run_are_made_again(root):
    path = write(root, "print('one')", "print('two')")
    execute.execute(path, root=root)
    stored = path.read_text(encoding="utf-8")

    def by_hand(cells):
        cells[0].execution_count = 7

    def cleared(cells):
        for cell in cells:
            cell.update(execution_count=None, outputs=[])

    for edit in (by_hand, cleared):
        notebook = execute.read(stored)
        edit(notebook.cells)
        path.write_text(execute.written(notebook), encoding="utf-8")
        assert execute.execute(path, root=root) == "executed"
        assert path.read_text(encoding="utf-8") == stored
        assert execute.execute(path, root=root) == "unchanged"


def test_the_ground_of_a_notebook(root):
    """Its code, all of helpers but other chapters' checks, and the pins."""
    path = write(root, "print('one')  # check_01_one")

    def changed(name, text):
        before = execute.digest(nbformat.read(path, as_version=4), root)
        (root / name).write_text(text, encoding="utf-8")
        return execute.digest(nbformat.read(path, as_version=4), root) != before

    assert not changed("helpers/data.py", "x = 1\n")
    assert changed("helpers/data.py", "x = 2\n")
    (root / "helpers" / "exercises").mkdir()
    assert changed("helpers/exercises/__init__.py", "check_02_two = 2\n")
    assert not changed("helpers/exercises/ch02.py", "x = 2\n")
    assert changed("helpers/exercises/ch01.py", "x = 2\n")
    assert changed("requirements.txt", "torch==2\n")
    assert changed("book/01_test.ipynb", path.read_text(encoding="utf-8").replace("'one'", "'two'"))


def test_a_failing_cell_is_named_and_the_notebook_kept(root):
    path = write(root, "print('fine')", "1 / 0", "print('never')")
    before = path.read_bytes()
    with pytest.raises(SystemExit, match=r"01_test.ipynb, cell 2 failed(.|\n)*ZeroDivisionError"):
        execute.execute(path, root=root)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["01_test.ipynb"]


def test_a_described_picture_that_is_not_drawn_is_named_and_the_notebook_kept(root):
    path = write(root, "1")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].metadata.mystnb = {"image": {"alt": "A line that rises to 1."}}
    nbformat.write(notebook, path)
    before = path.read_bytes()
    with pytest.raises(SystemExit, match="cell 1: it describes a picture .* or delete metadata.mystnb"):
        execute.execute(path, root=root)
    assert path.read_bytes() == before


def test_normalise_removes_what_passes():
    cell = nbformat.v4.new_code_cell("1", metadata={"collapsed": True, "tags": ["keep"]})
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in "ab"]
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {}})
    notebook.metadata.executed = "stamp"
    execute.normalise(notebook)
    assert cell.metadata == {"tags": ["keep"]}
    assert [output.text for output in cell.outputs] == ["ab"]
    assert set(notebook.metadata) == {"kernelspec", "language_info", "executed"}


def other_kernel(n):
    n["metadata"]["kernelspec"] = {"display_name": ".venv", "language": "python", "name": ".venv"}


def no_kernel(n):
    del n["metadata"]["kernelspec"]


def ids_in_the_metadata(n):
    n["nbformat_minor"] = 0
    for cell in n["cells"]:
        cell["metadata"]["id"] = cell.pop("id")


def widgets(n):
    n["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}


def colab(n):
    n["metadata"] |= {"colab": {"provenance": [], "toc_visible": True}, "accelerator": "GPU"}
    n["cells"][0]["metadata"] |= {"colab": {"base_uri": "x"}, "outputId": "1", "id": n["cells"][0]["id"]}


def folded_and_timed(n):
    n["cells"][0]["metadata"] |= {
        "collapsed": True, "scrolled": False, "jupyter": {"outputs_hidden": True}, "ExecuteTime": {"end": "2026"},
        "execution": {"iopub.status.busy": "2026"}, "vscode": {"languageId": "python"}, "pycharm": {"name": "#%%"},
    }  # fmt: skip
    n["cells"][0]["outputs"][0]["metadata"] = {} if "data" in n["cells"][0]["outputs"][0] else None
    if n["cells"][0]["outputs"][0]["metadata"] is None:
        del n["cells"][0]["outputs"][0]["metadata"]


@pytest.mark.parametrize(
    "edit", [other_kernel, no_kernel, ids_in_the_metadata, widgets, colab, folded_and_timed]
)
@pytest.mark.parametrize("indent, end", [(1, "\n"), (2, ""), (None, "")])
def test_what_an_editor_leaves_is_taken_out_without_a_run(root, monkeypatch, edit, indent, end):
    path = write(root, "print('one')", "2")
    execute.execute(path, root=root)
    stored = path.read_text(encoding="utf-8")
    monkeypatch.setattr(execute, "NotebookClient", lambda *args, **options: pytest.fail("it ran"))
    assert execute.execute(path, root=root) == "unchanged"
    edited = json.loads(stored)
    edit(edited)
    path.write_text(json.dumps(edited, indent=indent) + end, encoding="utf-8")
    assert execute.execute(path, root=root) == "normalised"
    assert path.read_text(encoding="utf-8") == stored
    assert execute.execute(path, root=root) == "unchanged"


def test_ids_that_are_missing_or_used_twice_are_given_anew_and_stay(root):
    path = write(root, "1", "2")
    execute.execute(path, root=root)
    edited = json.loads(path.read_text(encoding="utf-8"))
    edited["cells"][1]["id"] = edited["cells"][0]["id"]
    path.write_text(json.dumps(edited), encoding="utf-8")
    assert execute.execute(path, root=root) == "normalised"
    ids = [cell["id"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    assert len(set(ids)) == 2 and execute.execute(path, root=root) == "unchanged"


def test_chapters_are_chosen_by_the_beginning_of_their_names(root):
    first, second = write(root, "1"), write(root, "2", name="02_other.ipynb")
    assert execute.notebooks([], root) == [first, second]
    assert execute.notebooks(["02"], root) == [second]
    with pytest.raises(SystemExit, match="No chapter begins with '9'. There are: 01_test, 02_other"):
        execute.notebooks(["9"], root)


def test_tidy_keeps_what_is_said_and_drops_where():
    v4 = nbformat.v4
    warning = v4.new_output(
        "stream", name="stderr", text="/x/site-packages/a.py:3: UserWarning: size\n  f(x)\n"
    )
    frames = [
        "ValueError  Traceback",
        "Cell In[2], line 1\n----> 1 f(x)",
        "\x1b[31mFile /x/a.py:3, in f(x)",
        "ValueError: no",
    ]
    error = v4.new_output("error", ename="ValueError", evalue="no", traceback=frames)
    execute.tidy(warning)
    execute.tidy(error)
    assert warning.text == "UserWarning: size\n  f(x)\n"
    assert error.traceback == [frames[0], frames[1], frames[3]]
